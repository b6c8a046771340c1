import { Switch } from "@mantine/core";
import { type FieldProps, useProblemAt } from "./context";
import { help } from "./naming";

/** Yes or no. */
export function BooleanField({ schema, path, value, onChange, label, bare, autoFocus }: FieldProps) {
  const refused = useProblemAt(path);
  return (
    <Switch
      label={label}
      description={bare ? undefined : help(schema)}
      title={bare ? schema.description : undefined}
      my={bare ? 6 : undefined}
      error={refused}
      autoFocus={autoFocus}
      checked={value === true}
      onChange={(event) => onChange(event.currentTarget.checked)}
    />
  );
}
