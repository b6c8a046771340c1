import { StandardSQL } from "@codemirror/lang-sql";
import { syntaxHighlighting } from "@codemirror/language";
import { EditorView, placeholder as placeholderExtension } from "@codemirror/view";
import CodeMirror from "@uiw/react-codemirror";
import { useMemo } from "react";
import { colours } from "./colours";
import classes from "./editor.module.css";
import { editorTheme } from "./editorTheme";
import { json } from "./json";

export interface CodeMirrorProps {
  value: string;
  /** Absent for a text that is only read. */
  onChange?(value: string): void;
  /** `sql` or `json`; any other is plain text. */
  language: string;
  /** Its name for screen readers. */
  label: string;
  placeholder?: string;
}

/** The editor behind `CodeEditor`. Tab moves on, so that nobody is trapped. */
export default function CodeMirrorEditor({ value, onChange, language, label, placeholder = "" }: CodeMirrorProps) {
  const readOnly = onChange === undefined;
  const extensions = useMemo(
    () => [
      language === "sql" ? [StandardSQL.language] : language === "json" ? [json] : [],
      editorTheme,
      syntaxHighlighting(colours),
      EditorView.lineWrapping,
      EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "false" }),
      placeholderExtension(placeholder),
    ],
    [language, label, placeholder],
  );
  return (
    <CodeMirror
      className={classes.editor}
      value={value}
      onChange={onChange}
      readOnly={readOnly}
      extensions={extensions}
      maxHeight="320px"
      theme="none"
      indentWithTab={false}
      basicSetup={{
        autocompletion: false,
        syntaxHighlighting: false,
        foldGutter: false,
        highlightActiveLine: !readOnly,
        highlightActiveLineGutter: !readOnly,
        highlightSelectionMatches: false,
      }}
    />
  );
}
