import { BooleanField } from "./BooleanField";
import { ChoiceField } from "./ChoiceField";
import { CodeField } from "./CodeField";
import { ColumnField } from "./ColumnField";
import { ColumnsField } from "./ColumnsField";
import type { FieldProps } from "./context";
import { FileField } from "./FileField";
import { ListField } from "./ListField";
import { MappingField } from "./MappingField";
import { NestedField } from "./NestedField";
import { NumberField } from "./NumberField";
import { PairsField } from "./PairsField";
import { SecretField } from "./SecretField";
import { type FormSchema, options, variants, withoutNull } from "./schema";
import { TextField } from "./TextField";
import { TokensField } from "./TokensField";

/** The controls that a schema asks for by name in `x-widget`. */
const WIDGETS: Record<string, React.ComponentType<FieldProps>> = {
  column: ColumnField,
  columns: ColumnsField,
  new_column: TextField,
  code: CodeField,
  tokens: TokensField,
  mapping: MappingField,
  condition: ListField,
  file: FileField,
  pairs: PairsField,
};

/** One field: the control that fits its schema. */
export function Field(props: FieldProps) {
  const { schema, optional } = withoutNull(props.schema);
  const Control = controlFor(schema);
  return <Control {...props} schema={schema} optional={optional || props.optional} />;
}

function controlFor(schema: FormSchema): React.ComponentType<FieldProps> {
  if (schema["x-secret"]) return SecretField;
  const widget = WIDGETS[schema["x-widget"] ?? ""];
  if (widget) return widget;
  if (variants(schema) || schema.properties) return NestedField;
  if (options(schema)) return ChoiceField;
  switch (schema.type) {
    case "boolean":
      return BooleanField;
    case "integer":
    case "number":
      return NumberField;
    case "array":
      return ListField;
    default:
      return TextField;
  }
}
