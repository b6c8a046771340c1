import { asMembers, type FormSchema, fieldsOf, isShown, type Members, variants, withoutNull, words } from "./schema";

/** A field whose value is a place in a response. */
export interface ResponseField {
  /** The dotted path of the field in the form's value. */
  path: string;
  label: string;
  /** `list` takes lists, `record` a value in a record, `any` a value outside of lists. */
  takes: "list" | "record" | "any";
  /** The place it names now. */
  value: string;
}

/** The shown fields of a form that name a place in a response. */
export function responseFields(schema: FormSchema, value: unknown, above = ""): ResponseField[] {
  const { schema: inner } = withoutNull(schema);
  const members = asMembers(value);
  const union = variants(inner);
  const variant = union?.variants.find((one) => one.value === members[union.tag]);
  const fields = [...fieldsOf(inner), ...(variant ? fieldsOf(variant.schema) : [])];
  return fields.flatMap(([name, field]) => {
    if (!isShown(field, members)) return [];
    const path = above === "" ? name : `${above}.${name}`;
    const kind = field["x-response-path"] ?? withoutNull(field).schema["x-response-path"];
    if (kind === undefined || kind === false) return responseFields(field, members[name], path);
    const text = members[name];
    const label = field.title ?? words(name);
    return [{ path, label, takes: takes(kind), value: typeof text === "string" ? text : "" }];
  });
}

function takes(kind: unknown): ResponseField["takes"] {
  if (kind === "list" || kind === "array" || kind === "records") return "list";
  return kind === "record" || kind === "field" ? "record" : "any";
}

/** A form's value with one member, named by its dotted path, set. */
export function withMember(value: unknown, path: string, next: unknown): Members {
  const [first = "", ...rest] = path.split(".");
  const members = asMembers(value);
  return { ...members, [first]: rest.length === 0 ? next : withMember(members[first], rest.join("."), next) };
}
