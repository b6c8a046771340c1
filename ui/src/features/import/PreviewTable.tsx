import { Loader, Skeleton, Stack, Text, Title } from "@mantine/core";
import type { ImportColumn } from "../../generated/rpc";
import { count, counted, duration } from "../../shared/format";
import { Prose } from "../../shared/Prose";
import classes from "./import.module.css";
import { TypeMenu } from "./TypeMenu";
import type { ShownPreview } from "./usePreview";

interface PreviewTableProps {
  preview: ShownPreview;
  /** The types the user chose. */
  types: Readonly<Record<string, string>>;
  onType(column: string, type: string | undefined): void;
}

/** The first rows as they will become; every column's type says why and can be changed. */
export function PreviewTable({ preview, types, onType }: PreviewTableProps) {
  const { shown, rows, reading } = preview;
  if (!shown) return <Loading />;
  return (
    <>
      <div className={classes.panelHead}>
        <Title order={2}>The first rows as they will become</Title>
        <Text size="xs" c="dimmed" role="status" className={classes.reading}>
          {reading ? <Loader size={12} aria-label="Reading again" /> : null}
          {reading ? "Reading" : `${counted(shown.columns.length, "column")}, read in ${duration(shown.seconds)}`}
        </Text>
      </div>
      {shown.warnings.map((warning) => (
        <Text key={warning} size="xs" className={classes.warning}>
          <Prose text={warning} />
        </Text>
      ))}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable for the keyboard to scroll it. */}
      <section className={classes.scroller} tabIndex={0} aria-label="The first rows" aria-busy={reading}>
        <table className={classes.table}>
          <thead>
            <tr>
              <th className={classes.rowNumber} aria-label="Row" />
              {shown.columns.map((column) => (
                <th key={column.name} scope="col" data-number={isNumber(column) || undefined}>
                  <span className={classes.columnName} title={column.name}>
                    {column.name}
                  </span>
                  <TypeMenu column={column} chosen={types[column.name]} onType={(type) => onType(column.name, type)} />
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: rows have no other name than their place.
              <tr key={index}>
                <td className={classes.rowNumber}>{index + 1}</td>
                {shown.columns.map((column, at) => (
                  <td key={column.name} data-number={isNumber(column) || undefined}>
                    <Cell value={row[at] ?? null} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
        {rows.length === 0 && !reading && <Text p="md">No row: {counted(shown.records, "record")} were read.</Text>}
        {shown.rows > rows.length && rows.length > 0 && (
          <Text size="xs" c="dimmed" p={8}>
            The first {count(rows.length)} of {shown.complete ? "" : "about "}
            {counted(shown.rows, "row")}
          </Text>
        )}
      </section>
    </>
  );
}

function isNumber({ type }: ImportColumn): boolean {
  return /^(integer|decimal|number)/.test(type);
}

function Cell({ value }: { value: string | null }) {
  if (value === null) return <span className={classes.faint}>null</span>;
  if (value === "") return <span className={classes.faint}>""</span>;
  return value;
}

function Loading() {
  return (
    <Stack p="md" gap={6} aria-busy aria-label="Reading the first rows">
      <Skeleton h={24} w={280} />
      <Skeleton h={44} />
      <Skeleton h={320} />
    </Stack>
  );
}
