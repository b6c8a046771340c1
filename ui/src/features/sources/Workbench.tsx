import { useState } from "react";
import type { ConnectorInfo, Problem, SourceDoc } from "../../generated/rpc";
import { withType } from "../../shared/preview/settings";
import { LoadingPanel } from "./LoadingPanel";
import { loadingProblem } from "./loading";
import { PreviewPane } from "./PreviewPane";
import { SelectionPanel } from "./SelectionPanel";
import { SidePanel } from "./SidePanel";
import { SourceBar } from "./SourceBar";
import classes from "./sources.module.css";
import { useSaveSource } from "./useSaveSource";
import { useSourceDraft } from "./useSourceDraft";

interface WorkbenchProps {
  connector: ConnectorInfo;
  /** The source to begin with. */
  start: SourceDoc;
  /** Whether enough is known to preview without being asked. */
  previewAtOnce: boolean;
  /** Back to where it was chosen. */
  onBack(): void;
}

/** A source: what is read, the rows as they will become, how they are loaded, and what will happen. */
export function Workbench({ connector, start, previewAtOnce, onBack }: WorkbenchProps) {
  const draft = useSourceDraft(start, previewAtOnce);
  const { doc, shown, change } = draft;
  const [columns, setColumns] = useState<{ name: string; type: string }[]>([]);
  const saving = useSaveSource(draft.request, draft.saved);
  // Columns that a narrower selection leaves out stay to choose from.
  const fresh = shown.preview?.import.columns.filter(({ name }) => !columns.some((one) => one.name === name)) ?? [];
  if (fresh.length > 0) setColumns([...columns, ...fresh.map(({ name, type }) => ({ name, type }))]);

  const problemIn = (part: string) => within(saving.problem, part) ?? within(shown.problem, part);
  const current = shown.preview?.import.columns ?? [];
  return (
    <div className={classes.bench}>
      <SelectionPanel
        connector={connector}
        doc={doc}
        columns={columns}
        problem={problemIn("selection")}
        detected={shown.preview?.detected ?? []}
        outdated={shown.preview === null || draft.outdated}
        reading={shown.ticket !== null}
        onChange={change}
        onPreview={draft.preview}
        onBack={onBack}
      />
      <PreviewPane
        shown={shown}
        connector={connector}
        doc={doc}
        onType={(column, type) => change({ options: withType(doc.options, column, type) })}
        onSelection={(selection) => change({ selection })}
        onPreview={draft.preview}
      />
      <SidePanel
        preview={shown.preview}
        options={doc.options}
        problem={shown.problem}
        onOptions={(options) => change({ options })}
      >
        <LoadingPanel
          loading={doc.loading}
          columns={current}
          preview={shown.preview}
          suggested={draft.isNew}
          exists={draft.existing !== undefined}
          problem={problemIn("loading")}
          onChange={(loading) => change({ loading })}
        />
      </SidePanel>
      <SourceBar
        doc={doc}
        isNew={draft.isNew}
        preview={shown.preview}
        existing={draft.existing}
        blocked={blocked(draft)}
        saving={saving}
        onChange={change}
      />
    </div>
  );
}

/** Why the import cannot start yet, as a sentence, or null. */
function blocked({ doc, isNew, shown, outdated }: ReturnType<typeof useSourceDraft>): string | null {
  if (isNew && !shown.preview) return "Preview it first: nothing is imported before you have seen the rows.";
  if (isNew && outdated) return "What is read has changed; preview it again.";
  return loadingProblem(doc.loading);
}

/** A problem that names a field of a part, with the field's name inside the part. */
function within(problem: Problem | null, part: string): Problem | null {
  if (!problem?.field) return null;
  if (problem.field === part) return { ...problem, field: undefined };
  return problem.field.startsWith(`${part}.`) ? { ...problem, field: problem.field.slice(part.length + 1) } : null;
}
