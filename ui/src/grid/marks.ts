import type { RowPage } from "./rowPage";

/** What a preview says about a cell: nothing, or what the steps did to it. */
export type CellMark =
  | { kind: "none" }
  | { kind: "removed" }
  | { kind: "added" }
  | { kind: "changed"; old: string | null };

/** A column's status in a preview. */
export type ColumnStatus = "kept" | "added" | "removed" | "changed";

const NONE: CellMark = { kind: "none" };
const REMOVED: CellMark = { kind: "removed" };
const ADDED: CellMark = { kind: "added" };

/**
 * The mark of a cell. A removed row stays readable as one whole, so it wins over everything; then what is new, because
 * a new cell has no old value.
 */
export function cellMark(page: RowPage, row: number, column: string, status?: string): CellMark {
  const rowMark = page.text("__mark", row);
  if (rowMark === "removed" || status === "removed") {
    return REMOVED;
  }
  if (rowMark === "added" || status === "added") {
    return ADDED;
  }
  if (page.flag(`__changed:${column}`, row)) {
    return { kind: "changed", old: page.text(`__old:${column}`, row) ?? null };
  }
  return NONE;
}

/** Whether the steps did anything to the row, apart from adding or removing whole columns. */
export function rowIsMarked(page: RowPage, row: number, columns: readonly string[]): boolean {
  const rowMark = page.text("__mark", row);
  return (
    rowMark === "removed" || rowMark === "added" || columns.some((column) => page.flag(`__changed:${column}`, row))
  );
}

/** The mark as words, for the tooltip, the status line and screen readers. */
export function markWords(mark: CellMark): string | undefined {
  switch (mark.kind) {
    case "removed":
      return "removed";
    case "added":
      return "added";
    case "changed":
      return `changed, was ${quoted(mark.old)}`;
    default:
      return undefined;
  }
}

/** A value as it is named in a sentence: null stands apart from the text "null". */
export function quoted(value: string | null | undefined): string {
  return value === null || value === undefined ? "null" : `“${value}”`;
}
