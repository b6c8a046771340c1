import { MultiSelect } from "@mantine/core";
import { columnNames, renderColumn } from "./columnOptions";
import { type FieldProps, useColumns, useProblemAt } from "./context";
import classes from "./forms.module.css";
import { naming } from "./naming";

/** Several columns of the table, in the order in which they are chosen. */
export function ColumnsField(props: FieldProps) {
  const { schema, path, value, onChange } = props;
  const columns = useColumns();
  const refused = useProblemAt(path, true);
  const chosen = Array.isArray(value) ? value.map(String) : [];
  return (
    <MultiSelect
      {...naming(props, refused)}
      data={columnNames(columns, chosen)}
      value={chosen}
      onChange={onChange}
      renderOption={renderColumn}
      classNames={{ pill: classes.pill, inputField: chosen.length > 0 ? classes.pillInput : undefined }}
      searchable
      clearable
      hidePickedOptions
      clearSearchOnChange
      nothingFoundMessage="No other column has that name"
      placeholder={chosen.length === 0 ? (schema["x-placeholder"] ?? "Choose columns") : undefined}
    />
  );
}
