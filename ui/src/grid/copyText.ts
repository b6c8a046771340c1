import type { GridSelection } from "@glideapps/glide-data-grid";
import type { RowPage } from "./rowPage";
import { PAGE_ROWS } from "./rowPages";
import type { DataColumn } from "./types";

/** The cells of a selection. */
export interface Picked {
  /** Rows of the source. */
  rows: number[];
  columns: string[];
  /** Whether these are all rows of the selection. */
  complete: boolean;
}

/** The cells that are selected, at most so many rows; nothing where nothing is selected. */
export function pickedBy(
  selection: GridSelection,
  columns: readonly DataColumn[],
  rowOf: (row: number) => number,
  rowCount: number,
  most: number,
): Picked | null {
  const range = selection.current?.range;
  const whole = selection.columns.toArray();
  if (!range && whole.length === 0) return null;
  const first = range ? range.y : 0;
  const wanted = range ? range.height : rowCount;
  const length = Math.min(wanted, most, rowCount - first);
  const names = range ? columns.slice(range.x, range.x + range.width) : whole.map((index) => columns[index]);
  return {
    rows: Array.from({ length }, (_, index) => rowOf(first + index)),
    columns: names.flatMap((column) => (column ? [column.name] : [])),
    complete: length === wanted,
  };
}

/** Tab-separated text as spreadsheets read it: what holds a tab, a break or a quote is quoted; null is nothing. */
export function copyText(picked: Picked, pageOf: (row: number) => RowPage | undefined): string {
  const cell = (row: number, column: string) => {
    const text = pageOf(row)?.text(column, row % PAGE_ROWS) ?? "";
    return /[\t\r\n"]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return picked.rows.map((row) => picked.columns.map((column) => cell(row, column)).join("\t")).join("\n");
}
