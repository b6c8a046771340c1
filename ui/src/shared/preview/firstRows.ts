import { tableFromIPC } from "apache-arrow";
import type { ImportColumn, ImportPreview, Problem } from "../../generated/rpc";
import { rpc } from "../../platform";

/** Rows shown before the import; more is for the table itself. */
const SHOWN_ROWS = 50;
/** Cells shown at the most, so that wide files stay fast. */
const SHOWN_CELLS = 6000;
/** A column of the first rows; one that the import adds itself has no type to choose. */
export interface ShownColumn extends ImportColumn {
  added: boolean;
}

/** The first rows as they will become. */
export interface FirstRows {
  columns: ShownColumn[];
  /** Each row a list of texts in the order of the columns. */
  rows: (string | null)[][];
}

/** The preview as the page shows it. */
export interface ShownPreview {
  /** The newest preview; the one before while a newer one is read. */
  shown: ImportPreview | undefined;
  first: FirstRows;
  /** Whether a newer preview is being read. */
  reading: boolean;
  /** Why there is no preview. */
  problem: Problem | null;
}

/** What stands there before anything was read. */
export const NO_ROWS: FirstRows = { columns: [], rows: [] };

/** Fetches the first rows of a preview. */
export async function readFirstRows(preview: ImportPreview): Promise<FirstRows> {
  const affordable = Math.max(10, Math.floor(SHOWN_CELLS / Math.max(1, preview.columns.length)));
  const limit = Math.min(SHOWN_ROWS, affordable, preview.sample_rows);
  const arrow = await rpc("rows", { source: { kind: "import", id: preview.id }, offset: 0, limit });
  return firstRows(preview, arrow);
}

/** The rows in the order of their own columns: among them are columns that the import adds, such as the file's name. */
function firstRows(preview: ImportPreview, arrow: Uint8Array): FirstRows {
  const table = tableFromIPC(arrow);
  const planned = new Map(preview.columns.map((column) => [column.name, column]));
  const columns = table.schema.fields.map(({ name }): ShownColumn => {
    const plan = planned.get(name);
    if (plan) return { ...plan, added: false };
    return { name, type: "text", why: "The import adds this column.", overridden: false, added: true };
  });
  const vectors = columns.map(({ name }) => table.getChild(name));
  const rows = Array.from({ length: table.numRows }, (_, row) =>
    vectors.map((vector) => (vector?.get(row) as string | null | undefined) ?? null),
  );
  return { columns, rows };
}
