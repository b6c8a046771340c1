import type { DestinationInfo, SyncMode } from "../../generated/rpc";

/** What became of a row in an example. */
export type Mark = "added" | "changed" | "removed" | "";

/** A row of an example: key, value, mark. */
export type ExampleRow = readonly [string, string, Mark];

/** A way in which rows meet, explained. */
export interface ExplainedMode {
  label: string;
  /** One sentence. */
  says: string;
  before: readonly ExampleRow[];
  sent: readonly ExampleRow[];
  after: readonly ExampleRow[];
}

const BEFORE: readonly ExampleRow[] = [
  ["A", "1", ""],
  ["B", "2", ""],
];
const SENT: readonly ExampleRow[] = [
  ["B", "5", ""],
  ["C", "3", ""],
];
const GONE: ExampleRow = ["A", "1", "removed"];
const KEPT: ExampleRow = ["A", "1", ""];
const CHANGED: ExampleRow = ["B", "5", "changed"];
const NEW: ExampleRow = ["C", "3", "added"];

/** Every way in which rows that are sent meet those at the target. */
export const MODES: Readonly<Record<SyncMode, ExplainedMode>> = {
  replace: {
    label: "Replace",
    says: "The target holds exactly these rows afterwards; what it held before is gone.",
    before: BEFORE,
    sent: SENT,
    after: [
      ["B", "5", "added"],
      ["C", "3", "added"],
    ],
  },
  append: {
    label: "Append",
    says: "These rows are added to what is there, even where some are the same.",
    before: BEFORE,
    sent: SENT,
    after: [...BEFORE, ["B", "5", "added"], NEW],
  },
  upsert: {
    label: "Merge by key",
    says: "New rows are added, rows with a known key take the new values, all others stay.",
    before: BEFORE,
    sent: SENT,
    after: [KEPT, CHANGED, NEW],
  },
  mirror: {
    label: "Mirror by key",
    says: "As merging, and rows whose key is not among those sent are deleted.",
    before: BEFORE,
    sent: SENT,
    after: [GONE, CHANGED, NEW],
  },
  incremental: {
    label: "Only changes",
    says: "Only rows that came, changed or vanished since the last sync are sent; the first sync sends all of them.",
    before: [...BEFORE, ["D", "4", ""]],
    sent: [["A", "delete", "removed"], ["B", "5", "changed"], NEW],
    after: [GONE, CHANGED, NEW, ["D", "4", ""]],
  },
};

/** Whether rows are found again by a key. */
export function needsKey(mode: SyncMode): boolean {
  return mode === "upsert" || mode === "mirror" || mode === "incremental";
}

/** Whether key columns can be chosen: where rows are found again by them, and where they go along with each row. */
export function takesKey(mode: SyncMode, { keyed }: DestinationInfo): boolean {
  return needsKey(mode) || (keyed && mode === "append");
}
