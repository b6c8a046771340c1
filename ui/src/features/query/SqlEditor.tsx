import type { EditorView } from "@codemirror/view";
import CodeMirror from "@uiw/react-codemirror";
import { type Ref, useEffect, useImperativeHandle, useMemo, useRef } from "react";
import type { Vocabulary } from "../../generated/rpc";
import { baseExtensions, completes, errorMark, keys } from "./editorExtensions";
import type { Range } from "./errorPosition";

/** What the page can do with the editor. */
export interface EditorHandle {
  /** Writes a text at the cursor, in place of what is selected. */
  insert(text: string): void;
  focus(): void;
}

interface Props {
  ref?: Ref<EditorHandle>;
  value: string;
  onChange(value: string): void;
  onRun(): void;
  onCancel(): void;
  vocabulary: Vocabulary | undefined;
  /** The part of the query an error is about. */
  error: Range | null;
}

/** The query editor: SQL colours, completion from the vocabulary, Ctrl-Enter runs, Esc cancels. */
export function SqlEditor({ ref, value, onChange, onRun, onCancel, vocabulary, error }: Props) {
  const view = useRef<EditorView | null>(null);
  // The extensions are built once; they read what changes with every render from here.
  const latest = useRef({ onRun, onCancel, vocabulary });
  latest.current = { onRun, onCancel, vocabulary };

  const extensions = useMemo(
    () => [
      ...baseExtensions,
      keys({ run: () => latest.current.onRun(), cancel: () => latest.current.onCancel() }),
      completes(() => latest.current.vocabulary),
    ],
    [],
  );

  useImperativeHandle(ref, () => ({
    insert(text) {
      const editor = view.current;
      if (!editor) return;
      editor.dispatch(editor.state.replaceSelection(text));
      editor.focus();
    },
    focus: () => view.current?.focus(),
  }));

  useEffect(() => {
    if (view.current) view.current.dispatch({ effects: errorMark.of(error) });
  }, [error]);

  return (
    <CodeMirror
      value={value}
      onChange={onChange}
      onCreateEditor={(editor) => {
        view.current = editor;
      }}
      extensions={extensions}
      height="100%"
      style={{ height: "100%" }}
      theme="none"
      autoFocus
      indentWithTab={false}
      basicSetup={{
        autocompletion: false,
        syntaxHighlighting: false,
        foldGutter: false,
        highlightSelectionMatches: false,
      }}
    />
  );
}
