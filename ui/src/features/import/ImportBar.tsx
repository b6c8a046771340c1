import { Button, SegmentedControl, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import type { ImportMode, ImportPreview, Problem, TableInfo } from "../../generated/rpc";
import { ProblemNotice } from "../../shared/ProblemNotice";
import panel from "../../shared/preview/preview.module.css";
import { BRONZE, nameProblem } from "../../shared/tableName";
import classes from "./import.module.css";
import { importSentence } from "./target";

interface ImportBarProps {
  /** The table's name without its layer. */
  name: string;
  onName(name: string): void;
  /** What will be imported, once it is known. */
  preview: ImportPreview | undefined;
  tables: TableInfo[];
  /** Why the import did not start. */
  problem: Problem | null;
  onStart(mode: ImportMode): Promise<void>;
}

/** What will happen, where to, and the button that does it. */
export function ImportBar({ name, onName, preview, tables, problem, onStart }: ImportBarProps) {
  const [wanted, setWanted] = useState<ImportMode>("replace");
  const [starting, setStarting] = useState(false);
  const table = `${BRONZE}${name}`;
  const existing = tables.find((one) => one.table === table);
  const mode = existing ? wanted : "create";
  const invalid = nameProblem(name);
  const atName = problem?.field === "table";
  const start = async () => {
    setStarting(true);
    await onStart(mode);
    setStarting(false);
  };
  return (
    <form
      className={`${panel.bar} ${classes.bar}`}
      aria-label="Import"
      onSubmit={(event) => {
        event.preventDefault();
        if (preview && !invalid) void start();
      }}
    >
      {problem && !atName && <ProblemNotice problem={problem} compact />}
      <div className={panel.barRow}>
        <Text className={panel.sentence} role="status">
          {preview && !invalid ? importSentence(preview, table, mode, existing) : " "}
        </Text>
        {existing && (
          <SegmentedControl
            aria-label="What happens to the table that exists"
            value={mode}
            onChange={(value) => setWanted(value as ImportMode)}
            data={[
              { value: "replace", label: "Replace" },
              { value: "append", label: "Append" },
            ]}
          />
        )}
        <TextInput
          aria-label="Name of the table in bronze"
          leftSection={<span className={panel.prefix}>{BRONZE}</span>}
          leftSectionWidth={64}
          value={name}
          error={invalid ?? (atName ? `${problem.message} ${problem.hint ?? ""}` : undefined)}
          onChange={(event) => onName(event.currentTarget.value)}
          className={panel.name}
          spellCheck={false}
        />
        <Button type="submit" loading={starting} disabled={!preview || invalid !== null}>
          Import
        </Button>
      </div>
    </form>
  );
}
