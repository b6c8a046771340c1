import { Button, Checkbox, Select, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import type { ColumnInfo, PreflightColumn, SyncDoc, SyncPart, SyncPreflight } from "../../generated/rpc";
import { Prose } from "../../shared/Prose";
import { TypeBadge } from "../../shared/TypeBadge";
import { columnOf, originOf, withColumn, withPart } from "./draft";
import common from "./migrate.module.css";
import classes from "./report.module.css";

interface ColumnsStepProps {
  doc: SyncDoc;
  /** The columns of each part. */
  columns: (readonly ColumnInfo[])[];
  /** What the check found about each part. */
  found: SyncPreflight[] | null;
  onChange(doc: SyncDoc): void;
}

/** What becomes of each column: its name and type at the target, and whether it is sent. */
export function ColumnsStep({ doc, columns, found, onChange }: ColumnsStepProps) {
  const [chosen, setChosen] = useState(0);
  const at = Math.min(chosen, doc.parts.length - 1);
  const part = doc.parts[at];
  if (!part) return <Text c="dimmed">Every table is sent with all its columns, under their names.</Text>;
  const known = columns[at] ?? [];
  return (
    <Stack gap="sm">
      {doc.parts.length > 1 && (
        <Select
          label="Columns of"
          maw={360}
          allowDeselect={false}
          value={String(at)}
          data={doc.parts.map(({ from }, index) => ({ value: String(index), label: originOf(from) }))}
          onChange={(value) => setChosen(Number(value))}
        />
      )}
      {known.length === 0 ? (
        <Text c="dimmed">The columns of a query are known once it was checked.</Text>
      ) : (
        <ColumnTable
          part={part}
          columns={known}
          found={found?.[at]?.columns ?? []}
          onChange={(next) => onChange(withPart(doc, at, next))}
        />
      )}
      {part.columns.length > 0 && (
        <Button variant="subtle" className={common.add} onClick={() => onChange(withPart(doc, at, { columns: [] }))}>
          Send all as they are
        </Button>
      )}
    </Stack>
  );
}

interface ColumnTableProps {
  part: SyncPart;
  columns: readonly ColumnInfo[];
  found: readonly PreflightColumn[];
  onChange(part: SyncPart): void;
}

function ColumnTable({ part, columns, found, onChange }: ColumnTableProps) {
  return (
    <div className={classes.scroll}>
      <table className={classes.table} aria-label={`Columns of ${originOf(part.from)}`}>
        <thead>
          <tr>
            <th>Send</th>
            <th>Column</th>
            <th>Type</th>
            <th>Name at the target</th>
            <th>Type at the target</th>
            <th>On the way</th>
          </tr>
        </thead>
        <tbody>
          {columns.map(({ name, type }) => {
            const own = columnOf(part, name);
            const there = found.find(({ column }) => column === name);
            const set = (change: Partial<typeof own>) => onChange(withColumn(part, name, change));
            return (
              <tr key={name} data-skip={own.skip || undefined}>
                <td>
                  <Checkbox
                    aria-label={`Send ${name}`}
                    checked={!own.skip}
                    onChange={(event) => set({ skip: !event.currentTarget.checked })}
                  />
                </td>
                <th scope="row" title={name}>
                  {name}
                </th>
                <td>
                  <TypeBadge type={type} />
                </td>
                <td>
                  <TextInput
                    aria-label={`Name of ${name} at the target`}
                    placeholder={there?.name || name}
                    value={own.name}
                    disabled={own.skip}
                    spellCheck={false}
                    onChange={(event) => set({ name: event.currentTarget.value })}
                  />
                </td>
                <td>
                  <TextInput
                    aria-label={`Type of ${name} at the target`}
                    placeholder={there?.target_type || "chosen there"}
                    value={own.type_word}
                    disabled={own.skip}
                    spellCheck={false}
                    onChange={(event) => set({ type_word: event.currentTarget.value })}
                  />
                </td>
                <td className={classes.note}>{own.skip ? "left out" : <Prose text={there?.note ?? ""} />}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
