import { useState } from "react";
import { useLocation } from "wouter";
import type { ImportMode, Inspected, Problem, ReadOptions } from "../../generated/rpc";
import { rpc, toProblem } from "../../platform";
import { importAddress } from "../../shared/addresses";
import { EmptyState } from "../../shared/EmptyState";
import { ProblemNotice } from "../../shared/ProblemNotice";
import { LedgerPeek } from "../../shared/preview/LedgerPeek";
import { PreviewTable } from "../../shared/preview/PreviewTable";
import { SettingsPanel } from "../../shared/preview/SettingsPanel";
import { withType } from "../../shared/preview/settings";
import { useJobsChanged, useTables, useWorkspace, watchUntilShown } from "../../shared/queries";
import { BRONZE } from "../../shared/tableName";
import { FileList } from "./FileList";
import { ImportBar } from "./ImportBar";
import classes from "./import.module.css";
import { chosenInputs, firstChoice, importable } from "./inputs";
import { usePreview } from "./usePreview";

interface WorkbenchProps {
  paths: string[];
  inspected: Inspected;
}

/** The import of inspected files: everything the user decides, and what comes of it. */
export function Workbench({ paths, inspected }: WorkbenchProps) {
  const [chosen, setChosen] = useState(() => firstChoice(inspected));
  const [options, setOptions] = useState<ReadOptions>({});
  const [name, setName] = useState<string | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [, navigate] = useLocation();
  const tables = useTables();
  const workspace = useWorkspace();
  const jobsChanged = useJobsChanged();

  const files = chosenInputs(inspected, chosen);
  const preview = usePreview(files, options);
  const sample = workspace.data?.samples.find(({ path }) => path === files[0]?.path);
  const tableName = name ?? sample?.table.replace(BRONZE, "") ?? inspected.suggested_table;

  const start = async (mode: ImportMode) => {
    setProblem(null);
    try {
      const { job } = await rpc("import_start", { files, options, table: `${BRONZE}${tableName}`, mode });
      watchUntilShown(job);
      await jobsChanged();
      navigate(`${importAddress(paths)}&job=${encodeURIComponent(job)}`);
    } catch (error) {
      setProblem(toProblem(error));
    }
  };

  return (
    <div className={classes.bench}>
      <FileList inspected={inspected} chosen={chosen} onChoose={setChosen} paths={paths} />
      <div className={classes.middle}>
        {files.length === 0 && <NothingChosen inspected={inspected} />}
        {files.length > 0 && preview.problem && (
          <div className={classes.notice}>
            <ProblemNotice
              problem={preview.problem}
              action={
                Object.keys(options).length > 0
                  ? { label: "Use the detected settings", run: () => setOptions({}) }
                  : undefined
              }
            />
          </div>
        )}
        {files.length > 0 && !preview.problem && (
          <PreviewTable
            preview={preview}
            types={options.types ?? {}}
            onType={(column, type) => setOptions(withType(options, column, type))}
          />
        )}
        {files.length > 0 && !preview.problem && preview.shown && <LedgerPeek preview={preview.shown} />}
      </div>
      <div className={classes.side}>
        <SettingsPanel
          settings={preview.shown?.settings ?? []}
          problem={preview.problem}
          options={options}
          files={files.length}
          onChange={setOptions}
        />
      </div>
      <ImportBar
        name={tableName}
        onName={setName}
        preview={files.length > 0 && !preview.problem ? preview.shown : undefined}
        tables={tables.data ?? []}
        problem={problem}
        onStart={start}
      />
    </div>
  );
}

function NothingChosen({ inspected }: { inspected: Inspected }) {
  const [, navigate] = useLocation();
  const refused = inspected.files.find(({ problem }) => problem !== null);
  if (importable(inspected).length === 0 && refused?.problem) {
    return (
      <div className={classes.notice}>
        <ProblemNotice
          problem={refused.problem}
          action={{ label: "Choose other files", run: () => navigate("/import") }}
        />
      </div>
    );
  }
  return <EmptyState title="Nothing is chosen">Choose at least one file on the left to see its rows.</EmptyState>;
}
