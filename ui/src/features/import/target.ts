import type { ImportMode, ImportPreview, TableInfo } from "../../generated/rpc";
import { counted } from "../../shared/format";
import { counts } from "../../shared/preview/counts";

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
