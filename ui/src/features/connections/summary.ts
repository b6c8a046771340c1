import { asMembers, type FormSchema, fieldsOf, withoutNull } from "../../forms/schema";

/** How many settings tell a connection from another at a glance. */
const SHOWN = 3;

/** The first plain settings of a connection in a line, such as `db.example.org · 5432 · shop`. */
export function settingsSummary(schema: unknown, settings: unknown): string {
  const members = asMembers(settings);
  const values = fieldsOf(schema as FormSchema).flatMap(([name, field]) => {
    const value = members[name];
    if (field["x-advanced"] || withoutNull(field).schema["x-secret"]) return [];
    if (typeof value === "number") return [String(value)];
    return typeof value === "string" && value !== "" ? [value] : [];
  });
  return values.slice(0, SHOWN).join(" · ");
}
