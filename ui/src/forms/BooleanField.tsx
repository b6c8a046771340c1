import { Switch } from "@mantine/core";
import { type FieldProps, useProblemAt } from "./context";

/** Yes or no. */
export function BooleanField({ schema, path, value, onChange, label, autoFocus }: FieldProps) {
  const refused = useProblemAt(path);
  return (
    <Switch
      label={label}
      description={schema.description}
      error={refused}
      autoFocus={autoFocus}
      checked={value === true}
      onChange={(event) => onChange(event.currentTarget.checked)}
    />
  );
}
