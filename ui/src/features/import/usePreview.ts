import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { tableFromIPC } from "apache-arrow";
import { useState } from "react";
import type { ImportFile, ImportPreview, Problem, ReadOptions } from "../../generated/rpc";
import { rpc, toProblem } from "../../platform";

/** Rows shown before the import; more is for the table itself. */
const SHOWN_ROWS = 50;
/** How long settings rest before the preview follows them, in ms. */
const REST_MS = 150;

/** The preview as the page shows it. */
export interface ShownPreview {
  /** The newest preview; the one before while a newer one is read. */
  shown: ImportPreview | undefined;
  /** The first rows, each a list of texts in the order of the columns. */
  rows: (string | null)[][];
  /** Whether a newer preview is being read. */
  reading: boolean;
  /** Why there is no preview. */
  problem: Problem | null;
}

/** Reads the first rows as they will become; keeps the old ones while it reads. */
export function usePreview(files: ImportFile[], options: ReadOptions): ShownPreview {
  const [request] = useDebouncedValue(JSON.stringify({ files, options }), REST_MS);
  const [last, setLast] = useState<ImportPreview>();
  const query = useQuery({
    queryKey: ["import_preview", request],
    queryFn: () => read(JSON.parse(request)),
    enabled: files.length > 0,
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
  });
  // A failed preview has no settings to change, so the panel keeps those of the one before.
  if (query.data && query.data.preview !== last) setLast(query.data.preview);
  return {
    shown: query.data?.preview ?? last,
    rows: query.data?.rows ?? [],
    reading: query.isFetching,
    problem: query.error ? toProblem(query.error) : null,
  };
}

async function read(request: { files: ImportFile[]; options: ReadOptions }) {
  const preview = await rpc("import_preview", request);
  const limit = Math.min(SHOWN_ROWS, preview.sample_rows);
  const arrow = await rpc("rows", { source: { kind: "import", id: preview.id }, offset: 0, limit });
  const table = tableFromIPC(arrow);
  const columns = preview.columns.map(({ name }) => table.getChild(name));
  const rows = Array.from({ length: table.numRows }, (_, row) =>
    columns.map((column) => (column?.get(row) as string | null | undefined) ?? null),
  );
  return { preview, rows };
}
