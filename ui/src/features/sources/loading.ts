import type { Deletes, DriftPolicy, Loading, LoadMode, SourcePreview, TableInfo } from "../../generated/rpc";
import { counted } from "../../shared/format";
import { counts } from "../../shared/preview/counts";

/** A choice with its meaning in a sentence. */
export interface Explained<T extends string> {
  value: T;
  label: string;
  says: string;
}

/** How rows meet those that are there, each with an example. */
export const MODES: readonly Explained<LoadMode>[] = [
  {
    value: "replace",
    label: "Replace",
    says: "Each refresh replaces all rows: 100 today and 120 tomorrow make 120. Older versions stay.",
  },
  {
    value: "append",
    label: "Append",
    says: "Each refresh adds its rows: 100 today and 20 tomorrow make 120, even where some are the same.",
  },
  {
    value: "merge",
    label: "Merge by key",
    says: "Rows with the same key are one row, the newest wins: 100 today and 20 tomorrow, 5 of them known, make 115.",
  },
];

/** What happens to rows that vanish or are marked as deleted. */
export const DELETES: readonly Explained<Deletes>[] = [
  { value: "keep", label: "Keep them", says: "A row that is gone at the source stays in the table." },
  { value: "remove", label: "Remove them", says: "It is removed; an older version of the table still has it." },
  { value: "mark", label: "Mark them", says: "It stays, and `_deleted_at` says when it vanished." },
];

/** What happens when the columns of the source change. */
export const POLICIES: readonly Explained<DriftPolicy>[] = [
  {
    value: "evolve",
    label: "Follow",
    says: "New columns are added and types widened where nothing is lost; columns that are gone stay, empty in new rows.",
  },
  { value: "freeze", label: "Fail", says: "The refresh fails and changes nothing." },
  {
    value: "ledger",
    label: "Keep the columns",
    says: "The table's columns stay as they are; what does not fit is kept in the ledger.",
  },
  { value: "ask", label: "Pause and ask", says: "The refresh stops before anything is written and waits for you." },
];

/** How a new source is loaded. */
export const NEW_LOADING: Loading = { mode: "replace", key: [], deletes: "keep", history: false, drift: "evolve" };

/** The loading that fits what the outside system says about its rows. */
export function suggestedLoading({ key, incremental }: SourcePreview): Loading {
  if (incremental && key.length > 0) return { ...NEW_LOADING, mode: "merge", key };
  return { ...NEW_LOADING, mode: incremental ? "append" : "replace", key };
}

/** Why a loading was suggested, as a sentence. */
export function suggestionReason({ key, incremental }: SourcePreview): string {
  if (!incremental) return "Every refresh reads everything, so replacing gives what is there now.";
  if (key.length > 0) return `A refresh reads only what is new, and the source names ${key.join(", ")} as its key.`;
  return "A refresh reads only what is new, and the source names no key.";
}

/** What is missing before a source can be loaded like this, or null. */
export function loadingProblem(loading: Loading): string | null {
  if (loading.mode !== "merge") return null;
  if (loading.key.length === 0) return "Choose the columns that together name a row.";
  if (loading.history && loading.deletes === "remove")
    return "Keeping the history and removing deleted rows exclude each other; mark them instead.";
  return null;
}

/** What an import will do, as a sentence without its end. */
export function sourceSentence(preview: SourcePreview, table: string, mode: LoadMode, existing?: TableInfo): string {
  const { import: first, drift } = preview;
  const rows = first.complete ? counts(first, first.rows, "row") : "All rows";
  const begin = rows.charAt(0).toUpperCase() + rows.slice(1);
  const there = existing ? counted(existing.rows, "row") : "";
  const stops = drift.some((one) => one.stops);
  if (existing && stops) return `The refresh of ${table} would stop: its columns have changed`;
  if (existing && mode === "append") return `${begin} added to the ${there} of ${table}`;
  if (existing && mode === "merge") return `${begin} merged by key into the ${there} of ${table}`;
  if (existing) return `${begin} replace ${table}; its ${there} stay as version ${existing.version}`;
  return `${begin} into the new table ${table}`;
}
