import type { FieldProps } from "./context";

/** What the controls of the component library are told about a field's name, help and complaint. */
export function naming({ schema, label, bare, autoFocus }: FieldProps, error: string | undefined) {
  const common = { error, autoFocus };
  if (bare) return { ...common, "aria-label": label, title: schema.description };
  return { ...common, label, description: schema.description };
}
