import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { RowSource } from "../generated/rpc";
import { type RowPages, rowPages } from "./rowPages";

const SETTLE_MS = 120;

/**
 * The pages of a source. `arrived` changes a moment after pages came, for what must be rendered again (the
 * accessibility tree, the copy); the canvas itself is repainted at once through `repaint`.
 */
export function useRows(source: RowSource, rowCount: number, repaint: () => void) {
  const key = JSON.stringify(source);
  // The source is compared by what it says: callers may build it anew with every render.
  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` stands for `source`
  const pages: RowPages = useMemo(() => rowPages(source, rowCount), [key, rowCount]);
  const [arrived, setArrived] = useState(0);
  const latest = useRef(repaint);
  latest.current = repaint;

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let frame = 0;
    const stop = pages.subscribe(() => {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(() => latest.current());
      clearTimeout(timer);
      timer = setTimeout(() => setArrived((count) => count + 1), SETTLE_MS);
    });
    return () => {
      stop();
      clearTimeout(timer);
      cancelAnimationFrame(frame);
    };
  }, [pages]);

  const ready = useFirstPage(pages);
  const retry = useCallback(() => pages.retry(), [pages]);
  return { pages, arrived, ready, problem: pages.problem, retry };
}

/** Whether the first rows are here (or known to fail), so that nothing is laid out twice. */
function useFirstPage(pages: RowPages): boolean {
  const [ready, setReady] = useState(false);
  const here = pages.rowCount === 0 || pages.peek(0) !== undefined || ready;
  useEffect(() => {
    if (here) return;
    let current = true;
    const done = () => current && setReady(true);
    pages.read(0, 0).then(done, done);
    return () => {
      current = false;
    };
  }, [pages, here]);
  return here;
}
