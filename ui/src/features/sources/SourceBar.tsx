import { Button, Text, TextInput } from "@mantine/core";
import type { SourceDoc, SourcePreview, TableInfo } from "../../generated/rpc";
import { ProblemNotice } from "../../shared/ProblemNotice";
import panel from "../../shared/preview/preview.module.css";
import { BRONZE, nameProblem } from "../../shared/tableName";
import { sourceSentence } from "./loading";
import classes from "./sources.module.css";
import type { Saving } from "./useSaveSource";

interface SourceBarProps {
  doc: SourceDoc;
  isNew: boolean;
  preview: SourcePreview | null;
  /** The table that is there already. */
  existing: TableInfo | undefined;
  /** Why it cannot start, as a sentence. */
  blocked: string | null;
  saving: Saving;
  onChange(part: Partial<SourceDoc>): void;
}

/** What will happen, where to, and the buttons that do it. */
export function SourceBar({ doc, isNew, preview, existing, blocked, saving, onChange }: SourceBarProps) {
  const { problem, busy } = saving;
  const invalid = doc.table === "" && !preview ? null : nameProblem(doc.table);
  const said = (field: string) => (problem?.field === field ? `${problem.message} ${problem.hint ?? ""}` : undefined);
  const elsewhere = problem && !/^(name|table|selection|loading)\b/.test(problem.field ?? "");
  const unready = blocked !== null || invalid !== null || doc.table === "" || doc.name.trim() === "";
  const sentence =
    preview && !invalid ? sourceSentence(preview, `${BRONZE}${doc.table}`, doc.loading.mode, existing) : "";
  return (
    <form
      className={`${panel.bar} ${classes.bar}`}
      aria-label="Import"
      onSubmit={(event) => {
        event.preventDefault();
        if (!unready) saving.saveAndRefresh();
      }}
    >
      {elsewhere && <ProblemNotice problem={problem} compact />}
      <div className={panel.barRow}>
        <Text className={panel.sentence} role="status" data-blocked={blocked !== null || undefined}>
          {blocked ?? sentence}
        </Text>
        <TextInput
          aria-label="Name of the source"
          placeholder="Name of the source"
          value={doc.name}
          error={said("name")}
          onChange={(event) => onChange({ name: event.currentTarget.value })}
          className={classes.sourceName}
          spellCheck={false}
        />
        <TextInput
          aria-label="Name of the table in bronze"
          leftSection={<span className={panel.prefix}>{BRONZE}</span>}
          leftSectionWidth={64}
          value={doc.table}
          error={invalid ?? said("table")}
          onChange={(event) => onChange({ table: event.currentTarget.value })}
          className={classes.tableName}
          spellCheck={false}
        />
        {!isNew && (
          <Button variant="default" disabled={unready} loading={busy} onClick={saving.save}>
            Save
          </Button>
        )}
        <Button type="submit" loading={busy} disabled={unready}>
          {isNew ? "Import" : "Save and refresh"}
        </Button>
      </div>
    </form>
  );
}
