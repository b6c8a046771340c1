import type { GridSelection } from "@glideapps/glide-data-grid";
import { type RefObject, useCallback, useEffect, useState } from "react";
import { copyText, type Picked, pickedBy } from "./copyText";
import type { RowPages } from "./rowPages";
import type { DataColumn } from "./types";

/** More rows than this are an export, not a copy: browsers take a copy only within seconds of the key press. */
export const COPY_ROWS = 10_000;

/** What is to be said about a copy: that it holds the first rows only, or that it has to be asked for again. */
export type CopyOutcome = "cut" | "again" | null;

interface Copied {
  pages: RowPages;
  columns: readonly DataColumn[];
  rowOf: (row: number) => number;
  rowCount: number;
  selection: GridSelection;
}

/**
 * Copies the selected cells as tab-separated text when the grid has the focus. Glide's own copy cannot be used: what it
 * has to wait for never reaches the clipboard.
 */
export function useCopy(frame: RefObject<HTMLElement | null>, grid: Copied) {
  const [outcome, setOutcome] = useState<CopyOutcome>(null);
  const { pages, columns, rowOf, rowCount, selection } = grid;
  useEffect(() => {
    const onCopy = (event: ClipboardEvent) => {
      if (!frame.current?.contains(document.activeElement)) return;
      const picked = pickedBy(selection, columns, rowOf, rowCount, COPY_ROWS);
      if (!picked) return;
      event.preventDefault();
      const said: CopyOutcome = picked.complete ? null : "cut";
      if (picked.rows.every((row) => pages.peek(row))) {
        event.clipboardData?.setData(
          "text/plain",
          copyText(picked, (row) => pages.peek(row)),
        );
        setOutcome(said);
      } else {
        void copyLater(pages, picked).then((done) => setOutcome(done ? said : "again"));
      }
    };
    document.addEventListener("copy", onCopy);
    return () => document.removeEventListener("copy", onCopy);
  }, [frame, pages, columns, rowOf, rowCount, selection]);
  return { outcome, dismiss: useCallback(() => setOutcome(null), []) };
}

/** Copies rows that must be fetched first; false where this browser only copies at the very moment of the key press. */
async function copyLater(pages: RowPages, picked: Picked): Promise<boolean> {
  const text = pages
    .read(picked.rows[0] ?? 0, picked.rows[picked.rows.length - 1] ?? 0)
    .then(() => new Blob([copyText(picked, (row) => pages.peek(row))], { type: "text/plain" }));
  try {
    await navigator.clipboard.write([new ClipboardItem({ "text/plain": text })]);
    return true;
  } catch {
    // The rows are here in any case, so that the next copy finds them.
    await text.catch(() => undefined);
    return false;
  }
}
