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

/** The address of the connections: one of them, or a new one of a kind. `next` says where saving leads. */
export function connectionsAddress(at: { id?: string; kind?: string; next?: "source" | "sync" } = {}): string {
  return withSearch("/connections", at);
}

/** The address of an import through a connection. */
export function newSourceAddress(connection?: string): string {
  return withSearch("/sources/new", { connection });
}

/** The address of a saved source, with the job that refreshes it where one is to be shown. */
export function sourceAddress(id: string, job?: string): string {
  return withSearch(`/sources/${encodeURIComponent(id)}`, { job });
}

/** The address of a new sync: of a table, at a version where given, of a query, or through a connection. */
export function newSyncAddress(
  of: { table?: string; version?: number; sql?: string; connection?: string } = {},
): string {
  return withSearch("/migrate/new", { ...of, version: of.version?.toString() });
}

/** The address of a saved sync: its last run, or an earlier one, or all of them. */
export function syncAddress(id: string, at: { batch?: string; tab?: "history" } = {}): string {
  return withSearch(`/migrate/${encodeURIComponent(id)}`, at);
}

/** The address where a saved sync is changed. */
export function editSyncAddress(id: string): string {
  return `/migrate/${encodeURIComponent(id)}/edit`;
}

function withSearch(path: string, parts: Record<string, string | undefined>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parts)) if (value !== undefined) search.set(name, value);
  const query = search.toString();
  return `${path}${query && `?${query}`}`;
}
