import { asMembers, type FormSchema, fieldsOf, variants, withoutNull } from "./schema";

/** Whether a secret was written into a form's value. */
export function writesSecret(schema: FormSchema, value: unknown): boolean {
  const { schema: inner } = withoutNull(schema);
  if (inner["x-secret"]) return typeof value === "string" && value !== "";
  if (Array.isArray(value)) return value.some((one) => inner.items !== undefined && writesSecret(inner.items, one));
  const members = asMembers(value);
  const union = variants(inner);
  const variant = union?.variants.find((one) => one.value === members[union.tag]);
  const fields = [...fieldsOf(inner), ...(variant ? fieldsOf(variant.schema) : [])];
  return fields.some(([name, field]) => writesSecret(field, members[name]));
}
