import { Loader, Skeleton, Stack, Text, Title } from "@mantine/core";
import { memo, useState } from "react";
import type { ImportColumn } from "../../generated/rpc";
import { count, counted, duration } from "../format";
import { Prose } from "../Prose";
import { TypeBadge } from "../TypeBadge";
import { counts } from "./counts";
import type { FirstRows, ShownColumn, ShownPreview } from "./firstRows";
import classes from "./preview.module.css";
import { TypeMenu } from "./TypeMenu";

interface PreviewTableProps {
  preview: ShownPreview;
  /** The types the user chose. */
  types: Readonly<Record<string, string>>;
  /** Absent where the types are those of the outside system and cannot be chosen. */
  onType?(column: string, type: string | undefined): void;
}

/** The first rows as they will become; every column's type says why and can be changed. */
export function PreviewTable({ preview, types, onType }: PreviewTableProps) {
  const [open, setOpen] = useState<{ column: ImportColumn; badge: HTMLElement } | null>(null);
  const { shown, first, reading } = preview;
  if (!shown) return <Loading />;
  return (
    <>
      <div className={`${classes.panelHead} ${classes.rowsHead}`}>
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
        <Rows first={first} onOpen={onType && setOpen} />
        {first.rows.length === 0 && !reading && (
          <Text p="md">No row: {counts(shown, shown.records, "record")} read.</Text>
        )}
        {shown.rows > first.rows.length && first.rows.length > 0 && (
          <Text size="xs" c="dimmed" p={8}>
            The first {count(first.rows.length)} of {counts(shown, shown.rows, "row")}
          </Text>
        )}
      </section>
      {open && onType && (
        <TypeMenu
          column={open.column}
          badge={open.badge}
          chosen={types[open.column.name]}
          onType={(type) => onType(open.column.name, type)}
          onClose={() => setOpen(null)}
        />
      )}
    </>
  );
}

interface RowsProps {
  first: FirstRows;
  onOpen?(at: { column: ImportColumn; badge: HTMLElement }): void;
}

/** Drawn again only for other rows: typing elsewhere on the page must not wait for thousands of cells. */
const Rows = memo(function Rows({ first: { columns, rows }, onOpen }: RowsProps) {
  return (
    <table className={classes.table}>
      <thead>
        <tr>
          <th className={classes.rowNumber} aria-label="Row" />
          {columns.map((column) => (
            <th key={column.name} scope="col" data-number={isNumber(column) || undefined}>
              <span className={classes.columnName} title={column.name}>
                {column.name}
              </span>
              <Type column={column} onOpen={onOpen && ((badge) => onOpen({ column, badge }))} />
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: rows have no other name than their place.
          <tr key={index}>
            <td className={classes.rowNumber}>{index + 1}</td>
            {columns.map((column, at) => (
              <td key={column.name} data-number={isNumber(column) || undefined}>
                <Cell value={row[at] ?? null} />
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
});

function Type({ column, onOpen }: { column: ShownColumn; onOpen?: (badge: HTMLElement) => void }) {
  const why = column.why.replaceAll("`", "");
  if (column.added || !onOpen) return <TypeBadge type={column.type} why={why} />;
  return (
    <button
      type="button"
      className={classes.type}
      data-chosen={column.overridden || undefined}
      title={why}
      aria-haspopup="menu"
      aria-label={`Type of ${column.name}: ${column.type}. ${why}`}
      onClick={(event) => onOpen(event.currentTarget)}
    >
      <TypeBadge type={column.type} />
    </button>
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
