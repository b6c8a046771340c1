import type { CellInfo } from "../../grid";
import { count } from "../../shared/format";

/** Where the keyboard is in the grid, and the whole value there. */
export function CellStatus({ cell }: { cell: CellInfo | null }) {
  if (!cell || cell.value === undefined) return null;
  const value = cell.value === null ? "null" : cell.value.length > 80 ? `${cell.value.slice(0, 80)}…` : cell.value;
  return (
    <span aria-live="polite" style={{ marginLeft: "auto", overflow: "hidden", whiteSpace: "nowrap" }}>
      {cell.column}, row {count(cell.row + 1)}: {value}
    </span>
  );
}
