import { withMember } from "../../forms/responsePath";
import {
  asMembers,
  type FormSchema,
  fieldsOf,
  type Members,
  variantMembers,
  variants,
  withoutNull,
} from "../../forms/schema";

/** A selection with a detected setting written into its form, so that it can be changed there. */
export function withDetected(schema: FormSchema, selection: unknown, key: string, text: string): Members {
  const field = fieldAt(schema, selection, key.split("."));
  return withMember(selection, key, field ? asValue(field, text) : text);
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
