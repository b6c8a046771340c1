import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import type { ImportFile, ImportPreview, ReadOptions } from "../../generated/rpc";
import { rpc, toProblem } from "../../platform";
import { NO_ROWS, readFirstRows, type ShownPreview } from "../../shared/preview/firstRows";

/** How long settings rest before the preview follows them, in ms. */
const REST_MS = 150;

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
      first: data?.first ?? NO_ROWS,
      reading: isFetching,
      problem: error ? toProblem(error) : null,
    }),
    [data, last, isFetching, error],
  );
}

async function read(request: { files: ImportFile[]; options: ReadOptions }) {
  const preview = await rpc("import_preview", request);
  return { preview, first: await readFirstRows(preview) };
}
