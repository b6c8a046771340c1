/** What the search goes through. */
export interface Findable {
  label: string;
  description?: string;
}

/**
 * The entries in which every word of the query occurs, best first: names that begin with the query, then names with a
 * word that begins with it, then the rest; equals keep their order.
 */
export function find<T extends Findable>(entries: readonly T[], query: string, limit: number): T[] {
  const wanted = query.trim().toLowerCase();
  if (wanted === "") return entries.slice(0, limit);
  const words = wanted.split(/\s+/);
  return entries
    .map((entry, order) => ({ entry, order, rank: rank(entry, wanted, words) }))
    .filter(({ rank }) => rank < NOT_FOUND)
    .sort((a, b) => a.rank - b.rank || a.order - b.order)
    .slice(0, limit)
    .map(({ entry }) => entry);
}

const NOT_FOUND = 4;

function rank(entry: Findable, wanted: string, words: string[]): number {
  const label = entry.label.toLowerCase();
  const all = `${label} ${entry.description?.toLowerCase() ?? ""}`;
  if (!words.every((word) => all.includes(word))) return NOT_FOUND;
  if (label.startsWith(wanted)) return 0;
  const starts = label.split(/[\s._-]+/);
  if (words.every((word) => starts.some((start) => start.startsWith(word)))) return 1;
  return words.every((word) => label.includes(word)) ? 2 : 3;
}
