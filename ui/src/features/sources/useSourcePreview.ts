import { useCallback, useEffect, useRef, useState } from "react";
import type { Problem, SourceDoc, SourcePreview } from "../../generated/rpc";
import { rpc, toProblem } from "../../platform";
import { type FirstRows, NO_ROWS, readFirstRows } from "../../shared/preview/firstRows";
import { newTicket } from "./browse";

/** A preview of a source as the page shows it. */
export interface ShownSource {
  /** The newest preview; the one before while a newer one is read. */
  preview: SourcePreview | null;
  first: FirstRows;
  /** What was previewed. */
  of: SourceDoc | null;
  /** Under which ticket a preview is being read. */
  ticket: string | null;
  problem: Problem | null;
  run(doc: SourceDoc): void;
  cancel(): void;
}

/** Reads previews when asked to. A newer one stops the one before. */
export function useSourcePreview(onPreview: (preview: SourcePreview) => void): ShownSource {
  const [shown, setShown] = useState<Pick<ShownSource, "preview" | "first" | "of">>(NOTHING);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [ticket, setTicket] = useState<string | null>(null);
  const current = useRef<string | null>(null);
  const told = useRef(onPreview);
  told.current = onPreview;

  const cancel = useCallback(() => {
    const running = current.current;
    current.current = null;
    setTicket(null);
    // A request that ended in the meantime has nothing left to stop.
    if (running !== null) void rpc("ticket_cancel", { ticket: running }).catch(() => undefined);
  }, []);
  useEffect(() => cancel, [cancel]);

  const run = useCallback(
    async (doc: SourceDoc) => {
      cancel();
      const mine = newTicket();
      current.current = mine;
      setTicket(mine);
      setProblem(null);
      try {
        const preview = await rpc("source_preview", { source: doc, ticket: mine });
        const first = await readFirstRows(preview.import);
        if (current.current !== mine) return;
        setShown({ preview, first, of: doc });
        told.current(preview);
      } catch (error) {
        if (current.current === mine) setProblem(toProblem(error));
      } finally {
        if (current.current === mine) {
          current.current = null;
          setTicket(null);
        }
      }
    },
    [cancel],
  );
  return { ...shown, problem, ticket, run: (doc) => void run(doc), cancel };
}

const NOTHING = { preview: null, first: NO_ROWS, of: null };
