/** The part of JSON Schema that forms are made from, as schemars writes it with inlined schemas. */
export interface FormSchema {
  type?: string | string[];
  title?: string;
  description?: string;
  default?: unknown;
  const?: unknown;
  enum?: unknown[];
  oneOf?: FormSchema[];
  anyOf?: FormSchema[];
  properties?: Record<string, FormSchema>;
  required?: string[];
  items?: FormSchema;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  minItems?: number;
  format?: string;
  "x-widget"?: string;
  "x-language"?: string;
  "x-placeholder"?: string;
  "x-suggestions"?: string[];
  "x-advanced"?: boolean;
  /** A password, key or token. */
  "x-secret"?: boolean;
  /** The value is a place in a response, which can be chosen on a sample: see `responseFields`. */
  "x-response-path"?: unknown;
  "x-depends-on"?: { field: string; values: unknown[] };
}

/** An object's members. */
export type Members = Record<string, unknown>;

/** One option of a choice. */
export interface Option {
  value: string;
  label: string;
}

/** One variant of a tagged union. */
export interface Variant extends Option {
  /** The variant's fields without the tag. */
  schema: FormSchema;
}

/** A value as an object; what is none has no members. */
export function asMembers(value: unknown): Members {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Members) : {};
}

/** Words that are written in capital letters. */
const CAPITALS = new Set("api ca csv http https id json mb sql ssl tls uri url utc".split(" "));

/** A field's name in words: `missing_last` becomes "Missing last", `base_url` "Base URL". */
export function words(name: string): string {
  const parts = name.split("_").map((part) => (CAPITALS.has(part) ? part.toUpperCase() : part));
  const text = parts.join(" ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The schema without the possibility of null, and whether there was one. */
export function withoutNull(schema: FormSchema): { schema: FormSchema; optional: boolean } {
  const { type, anyOf, oneOf } = schema;
  if (Array.isArray(type) && type.includes("null")) {
    const rest = type.filter((one) => one !== "null");
    return { schema: { ...schema, type: rest.length === 1 ? rest[0] : rest }, optional: true };
  }
  const alternatives = anyOf ?? oneOf;
  const values = alternatives?.filter((one) => one.type !== "null");
  if (!alternatives || !values || values.length === alternatives.length) return { schema, optional: false };
  const { anyOf: _, oneOf: __, ...outer } = schema;
  // The outer schema's words describe the field, those of the alternative only its type.
  const inner = values.length === 1 ? { ...values[0], ...outer } : { ...outer, oneOf: values };
  return { schema: inner, optional: true };
}

/** The options of a choice among texts; nothing where the schema is no choice. */
export function options(schema: FormSchema): Option[] | null {
  if (schema.enum) return schema.enum.map((value) => ({ value: String(value), label: words(String(value)) }));
  const alternatives = schema.oneOf ?? schema.anyOf;
  if (!alternatives?.length) return null;
  const found: Option[] = [];
  for (const one of alternatives) {
    if (typeof one.const === "string") {
      found.push({ value: one.const, label: one.title ?? asLabel(one.description) ?? words(one.const) });
    } else if (one.enum && !one.properties) {
      found.push(...one.enum.map((value) => ({ value: String(value), label: words(String(value)) })));
    } else return null;
  }
  return found;
}

/** A doc comment as the label of an option: without the stop of a sentence. */
function asLabel(description: string | undefined): string | undefined {
  return description?.replace(/\.$/, "");
}

/** The tag and the variants of a union of objects that differ in a constant member; nothing for other schemas. */
export function variants(schema: FormSchema): { tag: string; variants: Variant[] } | null {
  const alternatives = schema.oneOf ?? schema.anyOf;
  const first = alternatives?.[0]?.properties;
  if (!alternatives || !first) return null;
  const tag = Object.keys(first).find((name) => alternatives.every((one) => isText(one.properties?.[name]?.const)));
  if (tag === undefined) return null;
  return {
    tag,
    variants: alternatives.map((one) => {
      const { [tag]: constant, ...properties } = one.properties ?? {};
      const value = String(constant?.const);
      return { value, label: one.title ?? asLabel(one.description) ?? words(value), schema: { ...one, properties } };
    }),
  };
}

/** The value a new field starts with. */
export function initial(schema: FormSchema): unknown {
  // Null would remove a secret that is kept.
  if (schema["x-secret"]) return "";
  if (schema.default !== undefined) return schema.default;
  if (schema.const !== undefined) return schema.const;
  const { schema: inner, optional } = withoutNull(schema);
  if (optional) return inner["x-secret"] ? "" : null;
  const choice = options(inner);
  if (choice) return choice[0]?.value ?? "";
  const union = variants(inner);
  const members = fieldsOf(inner).map(([name, field]) => [name, initial(field)]);
  const first = union?.variants[0];
  if (union && first) return Object.fromEntries([...members, ...variantMembers(union.tag, first)]);
  switch (inner.type) {
    case "boolean":
      return false;
    case "integer":
    case "number":
      return inner.minimum ?? 0;
    case "array":
      return [];
    case "object":
      return Object.fromEntries(members);
    default:
      return inner.properties ? Object.fromEntries(members) : "";
  }
}

/** A value with everything that the schema knows and the value lacks as a new form has it. */
export function completed(schema: FormSchema, value: unknown): unknown {
  if (value === undefined) return initial(schema);
  const { schema: inner } = withoutNull(schema);
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map((one) => (inner.items ? completed(inner.items, one) : one));
  const members = value as Members;
  const union = variants(inner);
  const variant = union?.variants.find((one) => one.value === members[union.tag]) ?? union?.variants[0];
  const tag = union && variant ? { [union.tag]: variant.value } : {};
  const fields = [...fieldsOf(inner), ...(variant ? fieldsOf(variant.schema) : [])];
  return {
    ...members,
    ...tag,
    ...Object.fromEntries(fields.map(([name, field]) => [name, completed(field, members[name])])),
  };
}

/** The members a value has when it becomes a variant. */
export function variantMembers(tag: string, variant: Variant): [string, unknown][] {
  return [
    [tag, variant.value],
    ...fieldsOf(variant.schema).map(([name, field]): [string, unknown] => [name, initial(field)]),
  ];
}

/** An object's fields in order. */
export function fieldsOf(schema: FormSchema): [string, FormSchema][] {
  return Object.entries(schema.properties ?? {});
}

/** Whether a field is shown beside its siblings' values. */
export function isShown(field: FormSchema, siblings: Members): boolean {
  const depends = field["x-depends-on"];
  return !depends || depends.values.includes(siblings[depends.field]);
}

/** What is wrong with a value, in words, or null. The engine checks the rest. */
export function complaint(schema: FormSchema, value: unknown): string | null {
  if (typeof value === "number") return numberComplaint(schema, value);
  if (typeof value === "string") {
    const { minLength = 0, maxLength = Number.POSITIVE_INFINITY, pattern } = schema;
    if (value.length < minLength)
      return minLength === 1 ? "This cannot be empty." : `At least ${minLength} characters.`;
    if (value.length > maxLength) return `At most ${maxLength} characters.`;
    if (pattern !== undefined && !new RegExp(pattern, "u").test(value)) return `This must match ${pattern}.`;
  }
  if (Array.isArray(value) && value.length < (schema.minItems ?? 0)) return `At least ${schema.minItems} are needed.`;
  return null;
}

function numberComplaint({ minimum, maximum, exclusiveMinimum, type }: FormSchema, value: number): string | null {
  if (type === "integer" && !Number.isInteger(value)) return "A whole number is needed.";
  const tooSmall = minimum !== undefined && value < minimum;
  const tooLarge = maximum !== undefined && value > maximum;
  if (tooSmall || tooLarge) {
    if (maximum === undefined) return `At least ${minimum}.`;
    return minimum === undefined ? `At most ${maximum}.` : `From ${minimum} to ${maximum}.`;
  }
  if (exclusiveMinimum !== undefined && value <= exclusiveMinimum) return `More than ${exclusiveMinimum}.`;
  return null;
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}
