/** A value and what it becomes; null makes it missing. */
export interface Pair {
  from: string;
  to: string | null;
}

/** The pairs of a setting's value. */
export function asPairs(value: unknown): Pair[] {
  if (!Array.isArray(value)) return [];
  return value.map((one) => ({
    from: String(one?.from ?? ""),
    to: one?.to === null || one?.to === undefined ? null : String(one.to),
  }));
}

/**
 * The pairs in text copied from a spreadsheet: a line each, the two cells parted by a tabulator. Null where the text is
 * no such list, so that it is pasted as text.
 */
export function pastedPairs(text: string): Pair[] | null {
  const lines = text.replace(/\r\n?/g, "\n").replace(/\n$/, "").split("\n");
  if (!lines.every((line) => line.includes("\t"))) return null;
  return lines.map((line) => {
    const [from = "", to = ""] = line.split("\t");
    return { from, to };
  });
}
