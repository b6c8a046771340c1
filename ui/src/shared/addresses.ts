/** The address of the import of files. */
export function importAddress(paths: readonly string[]): string {
  return `/import?${new URLSearchParams(paths.map((path) => ["path", path]))}`;
}

/** The address of a table, at a version and a tab where given. */
export function tableAddress(table: string, at: { version?: number; tab?: string; column?: string } = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(at)) if (value !== undefined) search.set(name, String(value));
  const query = search.toString();
  return `/tables/${encodeURIComponent(table)}${query && `?${query}`}`;
}

/** The address of a table's recipe. */
export function cleanAddress(table: string): string {
  return `/tables/${encodeURIComponent(table)}/clean`;
}
