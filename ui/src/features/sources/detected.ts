import { withMember } from "../../forms/responsePath";
import {
  asMembers,
  type FormSchema,
  fieldsOf,
  type Members,
  options,
  variantMembers,
  variants,
  withoutNull,
} from "../../forms/schema";
import type { ImportSetting } from "../../generated/rpc";

/**
 * A selection with a detected setting written into its form, so that it can be changed there; what was detected and
 * makes sense only beside it comes with it.
 */
export function withDetected(
  schema: FormSchema,
  selection: unknown,
  key: string,
  detected: readonly ImportSetting[],
): Members {
  const isMeant = (one: ImportSetting) =>
    one.key === key || fieldAt(schema, selection, one.key.split("."))?.["x-depends-on"]?.field === key;
  let result = asMembers(selection);
  for (const one of detected.filter(isMeant)) {
    const field = fieldAt(schema, selection, one.key.split("."));
    result = withMember(result, one.key, field ? asValue(field, one.value) : one.value);
  }
  return result;
}

/** A detected setting in the words of its form. */
export function detectedText(schema: FormSchema, selection: unknown, { key, value }: ImportSetting): string {
  const field = fieldAt(schema, selection, key.split("."));
  const inner = field && withoutNull(field).schema;
  const choices = inner ? (options(inner) ?? variants(inner)?.variants) : null;
  return choices?.find((one) => one.value === value)?.label ?? (value === "" ? "none" : value);
}

function fieldAt(schema: FormSchema, value: unknown, [name, ...rest]: string[]): FormSchema | null {
  if (name === undefined) return schema;
  const { schema: inner } = withoutNull(schema);
  const members = asMembers(value);
  const union = variants(inner);
  const variant = union?.variants.find((one) => one.value === members[union.tag]);
  const fields = new Map([...fieldsOf(inner), ...(variant ? fieldsOf(variant.schema) : [])]);
  const field = fields.get(name);
  return field ? fieldAt(field, members[name], rest) : null;
}

function asValue(field: FormSchema, text: string): unknown {
  const { schema } = withoutNull(field);
  const union = variants(schema);
  const variant = union?.variants.find(({ value, label }) => value === text || label === text);
  if (union && variant) return Object.fromEntries(variantMembers(union.tag, variant));
  if (schema.type === "boolean") return text === "true";
  if (schema.type === "integer" || schema.type === "number") return Number(text);
  if (schema.type === "array") return text === "" ? [] : text.split(",").map((part) => part.trim());
  return text;
}
