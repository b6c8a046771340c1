import type { RecipePreview, TableInfo } from "../../generated/rpc";
import type { CellInfo } from "../../grid";
import { count, counted } from "../../shared/format";
import { StatusLine } from "../../shared/StatusLine";

interface Props {
  info: TableInfo;
  preview: RecipePreview | null;
  counted: boolean;
  selected: string | undefined;
  cell: CellInfo | null;
}

/** What the numbers on the page are based on, and the cell the keyboard is on with its old value. */
export function CleanStatus({ info, preview, counted: exact, selected, cell }: Props) {
  const position = preview ? preview.steps.findIndex((step) => step.id === selected) + 1 : 0;
  return (
    <StatusLine>
      {preview && (
        <span>
          {preview.sample_rows < preview.table_rows
            ? `grid shows the first ${count(preview.sample_rows)} of ${counted(preview.table_rows, "row")}`
            : `grid shows all ${counted(preview.table_rows, "row")}`}
        </span>
      )}
      {preview && preview.sample_rows < preview.table_rows && (
        <span>{exact ? "step counts cover the whole table" : "step counts are of the shown rows"}</span>
      )}
      <span>version {info.version}</span>
      <span>{position > 0 ? `marks show step ${position}` : "marks show all steps together"}</span>
      {cell && cell.value !== undefined && (
        <span aria-live="polite" style={{ marginLeft: "auto", overflow: "hidden", whiteSpace: "nowrap" }}>
          {cell.column}, row {count(cell.row + 1)}: {short(cell.value)}
          {cell.mark && ` (${cell.mark})`}
        </span>
      )}
    </StatusLine>
  );
}

function short(value: string | null): string {
  if (value === null) return "null";
  return value.length > 60 ? `${value.slice(0, 60)}…` : value;
}
