import { codeOnly } from "./sqlText";

/** A range of characters in a query. */
export interface Range {
  from: number;
  to: number;
}

/**
 * Where in the query an error lies, as far as its message tells: the words "line 2, column 5", DuckDB's `LINE 2: …` with
 * a caret below it, or else the name that the message quotes, where the query has it once.
 */
export function errorRange(sql: string, message: string): Range | null {
  const named = /\bline (\d+)(?:,? (?:column|col) (\d+))?/i.exec(message);
  if (!named) return onlyMention(sql, message);
  const lines = sql.split("\n");
  const index = Number(named[1]) - 1;
  const line = lines[index];
  if (line === undefined) return null;
  const start = lines.slice(0, index).reduce((sum, each) => sum + each.length + 1, 0);
  const column = named[2] === undefined ? caretColumn(message, line) : Number(named[2]) - 1;
  if (column === null || column >= line.length) return { from: start, to: start + line.length };
  const word = /^(?:[\w.@]+|"[^"]*"?|'[^']*'?|.)/.exec(line.slice(column))?.[0] ?? " ";
  return { from: start + column, to: start + column + word.length };
}

/** The place of the first name that the message quotes, unless the query has it several times or not at all. */
function onlyMention(sql: string, message: string): Range | null {
  const name = /"([^"\n]+)"|\bwith name (\w+)/.exec(message)?.slice(1).find(Boolean);
  if (name === undefined) return null;
  const { code } = codeOnly(sql);
  const isWord = (at: number) => at >= 0 && at < code.length && /\w/.test(code[at] ?? "");
  const places: number[] = [];
  for (let at = code.indexOf(name); at >= 0; at = code.indexOf(name, at + 1)) {
    if (!isWord(at - 1) && !isWord(at + name.length)) places.push(at);
  }
  const [from] = places;
  return places.length === 1 && from !== undefined ? { from, to: from + name.length } : null;
}

/** The column below which the message has its caret; DuckDB shortens long lines with `...` on both sides. */
function caretColumn(message: string, line: string): number | null {
  const excerpt = /(LINE \d+: )(.*)\n( *)\^/.exec(message);
  if (!excerpt) return null;
  const [, label = "", shown = "", indent = ""] = excerpt;
  const inShown = indent.length - label.length;
  const cutLeft = shown.startsWith("...") ? 3 : 0;
  const core = shown.slice(cutLeft).replace(/\.\.\.$/, "");
  const at = line.indexOf(core);
  return inShown < cutLeft || at < 0 ? null : at + inShown - cutLeft;
}

/** The message without the place, which the editor marks, and without the excerpt of the query. */
export function withoutPlace(message: string): string {
  return message
    .replace(/^line \d+,? column \d+: /i, "")
    .replace(/\n+LINE \d+: [\s\S]*?\n *\^[ \t]*/, "")
    .trim();
}
