import { asMembers, type FormSchema, fieldsOf, options, withoutNull } from "../../forms/schema";

/** How many settings tell a connection from another at a glance. */
const SHOWN = 3;

/** The first plain settings of a connection in a line, such as `db.example.org · 5432 · shop`. */
export function settingsSummary(schema: unknown, settings: unknown): string {
  const members = asMembers(settings);
  const values = fieldsOf(schema as FormSchema).flatMap(([name, field]) => {
    const value = members[name];
    const { schema: plain } = withoutNull(field);
    // How one signs in tells no connection from another.
    if (field["x-advanced"] || plain["x-secret"] || options(plain)) return [];
    if (typeof value === "number") return [String(value)];
    return typeof value === "string" && value !== "" ? [value] : [];
  });
  return values.slice(0, SHOWN).join(" · ");
}
