import type { ImportMode, ImportPreview, TableInfo } from "../../generated/rpc";
import { counted, estimate } from "../../shared/format";

/** The longest name of a table, in characters. */
const LONGEST = 63;

/** What is wrong with a table's name, or null. */
export function nameProblem(name: string): string | null {
  if (name === "") return "Give the table a name.";
  if (name.length > LONGEST) return `A name has at most ${LONGEST} characters.`;
  if (!/^[a-z_][a-z0-9_]*$/.test(name))
    return "Use lower-case letters, digits and underscores, starting with a letter.";
  return null;
}

/** What will happen, as a sentence without its end: "12,431 rows into bronze.prices, 3 records to the ledger". */
export function importSentence(preview: ImportPreview, table: string, mode: ImportMode, existing?: TableInfo): string {
  const rejected = preview.rejected > 0 ? `, ${counts(preview, preview.rejected, "record")} to the ledger` : "";
  const rows = counts(preview, preview.rows, "row");
  const sentence = rows.charAt(0).toUpperCase() + rows.slice(1);
  if (existing && mode === "append") {
    return `${sentence} added to the ${counted(existing.rows, "row")} of ${table}${rejected}`;
  }
  if (existing && mode === "replace") {
    return `${sentence} replace ${table}${rejected}; its ${counted(existing.rows, "row")} stay as version ${existing.version}`;
  }
  return `${sentence} into ${table}${rejected}`;
}

/** A count of a preview with its noun; an estimated one says so and has two digits only. */
export function counts(preview: ImportPreview, value: number, noun: string): string {
  if (preview.complete) return counted(value, noun);
  return `about ${estimate(value)} ${value === 1 ? noun : `${noun}s`}`;
}
