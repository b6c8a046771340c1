import { Skeleton } from "@mantine/core";
import { lazy, Suspense } from "react";
import type { CodeMirrorProps } from "./CodeMirrorEditor";

const CodeMirrorEditor = lazy(() => import("./CodeMirrorEditor"));

/** A text in a language, to be read or edited; the editor is loaded when the first one is shown. */
export function CodeEditor(props: CodeMirrorProps) {
  return (
    <Suspense fallback={<Skeleton h={72} />}>
      <CodeMirrorEditor {...props} />
    </Suspense>
  );
}
