import { Select } from "@mantine/core";
import { columnNames, renderColumn } from "./columnOptions";
import { type FieldProps, useColumns, useProblemAt } from "./context";
import { naming } from "./naming";

/** One column of the table. */
export function ColumnField(props: FieldProps) {
  const { schema, path, value, onChange, optional, bare, label } = props;
  const columns = useColumns();
  const refused = useProblemAt(path);
  const chosen = typeof value === "string" && value !== "" ? value : null;
  return (
    <Select
      {...naming(props, refused)}
      data={columnNames(columns, chosen === null ? [] : [chosen])}
      value={chosen}
      onChange={(next) => onChange(next ?? (optional ? null : ""))}
      renderOption={renderColumn}
      searchable
      clearable={optional}
      allowDeselect={false}
      nothingFoundMessage="No column has that name"
      placeholder={schema["x-placeholder"] ?? (bare ? label : "Choose a column")}
    />
  );
}
