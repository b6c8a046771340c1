import type { DataColumn, rowPages } from "../../grid";

/** The columns of every ledger. */
export const LEDGER_COLUMNS: DataColumn[] = [
  { name: "reason", type: "text" },
  { name: "column", type: "text" },
  { name: "value", type: "text" },
  { name: "line", type: "integer" },
  { name: "row", type: "integer" },
  { name: "source", type: "text" },
  { name: "step", type: "text" },
  { name: "kind", type: "text" },
];

/** Beyond this many entries the first ones are counted: they show what is wrong. */
const COUNTED = 10_000;
const SHOWN = 8;

export interface Reasons {
  reasons: { reason: string; entries: number }[];
  counted: number;
  complete: boolean;
}

/** The most frequent reasons with their number of entries. */
export async function reasonCounts(pages: ReturnType<typeof rowPages>): Promise<Reasons> {
  const entries = new Map<string, number>();
  const counted = Math.min(pages.rowCount, COUNTED);
  for (const page of await pages.read(0, counted - 1)) {
    for (let row = 0; row < page.rows; row++) {
      const reason = page.text("reason", row) ?? "no reason given";
      entries.set(reason, (entries.get(reason) ?? 0) + 1);
    }
  }
  const sorted = [...entries]
    .map(([reason, each]) => ({ reason, entries: each }))
    .sort((a, b) => b.entries - a.entries);
  return { reasons: sorted.slice(0, SHOWN), counted, complete: counted === pages.rowCount };
}
