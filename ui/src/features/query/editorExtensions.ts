import { acceptCompletion, autocompletion, type CompletionContext, closeCompletion } from "@codemirror/autocomplete";
import { SQLDialect, sql } from "@codemirror/lang-sql";
import { syntaxHighlighting } from "@codemirror/language";
import { type Extension, Prec, StateEffect, StateField } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView, keymap, placeholder } from "@codemirror/view";
import type { Vocabulary } from "../../generated/rpc";
import { colours } from "../../shared/editor/colours";
import { editorTheme } from "../../shared/editor/editorTheme";
import { offersAt } from "./completion";
import type { Range } from "./errorPosition";
import { RESERVED_WORDS } from "./sqlText";

/** DuckDB's words: those that cannot be names, and those that are read as keywords where they stand in a query. */
const duckdb = SQLDialect.define({
  keywords: `${RESERVED_WORDS} anti asof between by cross current escape except exclude exists filter first following full if ilike inner is join last left like natural nulls outer over partition positional preceding range recursive replace right row rows sample semi similar unbounded values within`,
  types:
    "bigint blob boolean bool date decimal double float hugeint int integer interval json numeric real smallint text time timestamp timestamptz tinyint ubigint uinteger usmallint utinyint uuid varchar",
  operatorChars: "+-*/<>=~!@#%^&|`?",
  doubleDollarQuotedStrings: true,
  caseInsensitiveIdentifiers: true,
});

/** Marks a range as wrong; null removes the mark, and so does any change of the query. */
export const errorMark = StateEffect.define<Range | null>();

const wrong = Decoration.mark({ class: "cm-wrong" });

const errorField = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, transaction) {
    let next = transaction.docChanged ? Decoration.none : marks;
    for (const effect of transaction.effects) {
      if (effect.is(errorMark)) next = decorate(effect.value, transaction.state.doc.length);
    }
    return next;
  },
  provide: (field) => EditorView.decorations.from(field),
});

function decorate(range: Range | null, length: number): DecorationSet {
  if (!range || range.from >= range.to || range.to > length) return Decoration.none;
  return Decoration.set([wrong.range(range.from, range.to)]);
}

/** Everything that is the same for every editor. */
export const baseExtensions: Extension[] = [
  sql({ dialect: duckdb, upperCaseKeywords: true }).language,
  editorTheme,
  syntaxHighlighting(colours),
  errorField,
  EditorView.lineWrapping,
  EditorView.contentAttributes.of({ "aria-label": "SQL query", spellcheck: "false" }),
  placeholder("SELECT * FROM silver.…"),
];

/** Ctrl-Enter runs, Esc cancels; Tab takes an offered completion and otherwise moves on, so that nobody is trapped. */
export function keys(actions: { run(): void; cancel(): void }): Extension {
  const run = (view: EditorView) => {
    // Otherwise Esc would close the offered completions instead of cancelling the query.
    closeCompletion(view);
    actions.run();
    return true;
  };
  return [
    Prec.highest(
      keymap.of([
        { key: "Mod-Enter", run },
        { key: "Tab", run: acceptCompletion },
      ]),
    ),
    Prec.low(
      keymap.of([
        {
          key: "Escape",
          run: () => {
            actions.cancel();
            return false;
          },
        },
      ]),
    ),
  ];
}

/** Completion from the vocabulary that `current` returns at that moment. */
export function completes(current: () => Vocabulary | undefined): Extension {
  const source = (context: CompletionContext) => {
    const vocabulary = current();
    if (!vocabulary) return null;
    const offers = offersAt(context.state.doc.toString(), context.pos, vocabulary, context.explicit);
    return offers && { ...offers, validFor: /^\w*$/ };
  };
  return autocompletion({ override: [source], icons: false });
}
