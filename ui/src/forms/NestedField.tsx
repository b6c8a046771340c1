import { Fieldset, Input, Switch } from "@mantine/core";
import type { FieldProps } from "./context";
import classes from "./forms.module.css";
import { help } from "./naming";
import { ObjectFields } from "./ObjectFields";
import { asMembers, initial } from "./schema";

/** An object inside the settings. An optional one is switched on before it has fields. */
export function NestedField({ schema, path, value, onChange, label, optional, autoFocus }: FieldProps) {
  const on = !optional || (value !== null && value !== undefined);
  return (
    <Fieldset legend={label} classNames={{ root: classes.nested, legend: classes.legend }}>
      {optional && (
        <Switch
          label={on ? "Used" : "Not used"}
          aria-label={label}
          description={help(schema)}
          checked={on}
          onChange={(event) =>
            onChange(event.currentTarget.checked ? initial({ ...schema, default: undefined }) : null)
          }
        />
      )}
      {!optional && schema.description && <Input.Description>{help(schema)}</Input.Description>}
      {on && (
        <ObjectFields schema={schema} path={path} value={asMembers(value)} onChange={onChange} autoFocus={autoFocus} />
      )}
    </Fieldset>
  );
}
