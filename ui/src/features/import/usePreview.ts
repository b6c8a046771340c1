import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { tableFromIPC } from "apache-arrow";
import { useMemo, useState } from "react";
import type { ImportColumn, ImportFile, ImportPreview, Problem, ReadOptions } from "../../generated/rpc";
import { rpc, toProblem } from "../../platform";

/** Rows shown before the import; more is for the table itself. */
const SHOWN_ROWS = 50;
/** Cells shown at the most, so that wide files stay fast. */
const SHOWN_CELLS = 6000;
/** How long settings rest before the preview follows them, in ms. */
const REST_MS = 150;

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

const NOTHING: FirstRows = { columns: [], rows: [] };

/** Reads the first rows as they will become; keeps the old ones while it reads. */
export function usePreview(files: ImportFile[], options: ReadOptions): ShownPreview {
  const [request] = useDebouncedValue(JSON.stringify({ files, options }), REST_MS);
  const [last, setLast] = useState<ImportPreview>();
  const { data, error, isFetching } = useQuery({
    queryKey: ["import_preview", request],
    queryFn: () => read(JSON.parse(request)),
    enabled: files.length > 0,
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
  });
  // A failed preview has no settings to change, so the panel keeps those of the one before.
  if (data && data.preview !== last) setLast(data.preview);
  return useMemo(
    () => ({
      shown: data?.preview ?? last,
      first: data?.first ?? NOTHING,
      reading: isFetching,
      problem: error ? toProblem(error) : null,
    }),
    [data, last, isFetching, error],
  );
}

async function read(request: { files: ImportFile[]; options: ReadOptions }) {
  const preview = await rpc("import_preview", request);
  const affordable = Math.max(10, Math.floor(SHOWN_CELLS / Math.max(1, preview.columns.length)));
  const limit = Math.min(SHOWN_ROWS, affordable, preview.sample_rows);
  const arrow = await rpc("rows", { source: { kind: "import", id: preview.id }, offset: 0, limit });
  return { preview, first: firstRows(preview, arrow) };
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
