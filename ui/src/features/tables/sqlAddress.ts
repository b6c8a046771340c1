/** The address of the SQL page with a query in its editor. */
export function sqlAddress(query: string): string {
  return `/sql?${new URLSearchParams({ q: query })}`;
}

/** A column's name as SQL needs it: quoted where it is more than a plain word. */
export function sqlName(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}
