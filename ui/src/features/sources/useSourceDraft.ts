import { useDebouncedCallback } from "@mantine/hooks";
import { useEffect, useRef, useState } from "react";
import type { SourceDoc, SourcePreview } from "../../generated/rpc";
import { freeName, useSources } from "../../shared/connections";
import { useTables } from "../../shared/queries";
import { BRONZE } from "../../shared/tableName";
import { suggestedLoading } from "./loading";
import { useSourcePreview } from "./useSourcePreview";

/** How long settings rest before the preview follows them, in ms. */
const REST_MS = 500;
/** A preview that took longer, in seconds, is read again only when asked for. */
const QUICK_SECONDS = 3;

/** A source while it is edited, with its preview. The table's name is without its layer. */
export function useSourceDraft(start: SourceDoc, previewAtOnce: boolean) {
  const [doc, setDoc] = useState(() => ({ ...start, table: start.table.replace(BRONZE, "") }));
  const [own, setOwn] = useState<ReadonlySet<keyof SourceDoc>>(new Set());
  const tables = useTables();
  const sources = useSources();
  const isNew = doc.id === undefined;
  const names = sources.data?.filter(({ id }) => id !== doc.id).map((one) => one.doc.name) ?? [];

  const taken = tables.data?.map(({ table }) => table.replace(BRONZE, "")) ?? [];

  /** What the user has not decided follows from what was read. */
  const onPreview = (preview: SourcePreview) => {
    if (!isNew) return;
    setDoc((before) => ({
      ...before,
      table: own.has("table") ? before.table : freeName(preview.suggested_table, taken, "_"),
      name: own.has("name") ? before.name : freeName(preview.suggested_table, names),
      loading: own.has("loading") ? before.loading : suggestedLoading(preview),
    }));
  };
  const shown = useSourcePreview(onPreview);
  const existing = tables.data?.find(({ table }) => table === `${BRONZE}${doc.table}`);
  const request = withLayer(doc);

  const change = (part: Partial<SourceDoc>) => {
    setDoc((before) => ({ ...before, ...part }));
    setOwn((before) => new Set([...before, ...(Object.keys(part) as (keyof SourceDoc)[])]));
  };
  const preview = () => shown.run(request);

  const first = useRef(previewAtOnce);
  useEffect(() => {
    if (first.current) shown.run(request);
    first.current = false;
  });

  const { of, preview: last, ticket } = shown;
  const selectionChanged = of !== null && !same([of.selection, of.connection], [doc.selection, doc.connection]);
  const readingChanged = of !== null && !same(of.options, doc.options);
  // How a source is loaded matters to the preview only beside a table whose columns may differ.
  const loadingChanged =
    of !== null && existing !== undefined && !same([of.table, of.loading], [request.table, doc.loading]);
  const later = useDebouncedCallback(preview, REST_MS);
  const quick = last !== null && last.import.seconds < QUICK_SECONDS;
  const follows = ticket === null && quick && !selectionChanged && (readingChanged || loadingChanged);
  const key = JSON.stringify([doc.options, doc.loading, doc.table]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` is what a preview follows.
  useEffect(() => {
    if (follows) later();
  }, [follows, key]);

  return {
    doc,
    isNew,
    request,
    existing,
    shown,
    change,
    preview,
    /** Whether what would be read is not what the preview shows. */
    outdated: selectionChanged || readingChanged,
    saved: (id: string) => setDoc((before) => ({ ...before, id })),
  };
}

/** A source as the engine takes it. */
function withLayer(doc: SourceDoc): SourceDoc {
  return { ...doc, name: doc.name.trim(), table: doc.table === "" ? "" : `${BRONZE}${doc.table}` };
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
