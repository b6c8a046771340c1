import { Prose } from "../shared/Prose";
import type { FieldProps } from "./context";
import type { FormSchema } from "./schema";

/** What the controls of the component library are told about a field's name, help and complaint. */
export function naming({ schema, label, bare, autoFocus }: FieldProps, error: string | undefined) {
  const common = { error, autoFocus };
  if (bare) return { ...common, "aria-label": label, title: schema.description };
  return { ...common, label, description: help(schema) };
}

/** A field's help as it is shown. */
export function help({ description }: FormSchema) {
  return description && <Prose text={description} />;
}
