import type { ComboboxItem, ComboboxLikeRenderOptionInput } from "@mantine/core";
import type { ColumnInfo } from "../generated/rpc";
import { TypeBadge } from "../shared/TypeBadge";
import { useColumns } from "./context";
import classes from "./forms.module.css";

/** The names to choose from: the columns, and chosen names that are no column (any more). */
export function columnNames(columns: readonly ColumnInfo[], chosen: readonly string[]): string[] {
  const names = columns.map(({ name }) => name);
  return [...names, ...chosen.filter((name) => name !== "" && !names.includes(name))];
}

/** Shows a column in a list with its type. */
export function renderColumn({ option }: ComboboxLikeRenderOptionInput<ComboboxItem>) {
  return <ColumnOption name={option.value} />;
}

function ColumnOption({ name }: { name: string }) {
  const column = useColumns().find((one) => one.name === name);
  return (
    <span className={classes.columnOption}>
      <span>{name}</span>
      {column ? <TypeBadge type={column.type} /> : <span className={classes.missing}>not in the table</span>}
    </span>
  );
}
