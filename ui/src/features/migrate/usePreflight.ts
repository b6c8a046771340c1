import { useCallback, useEffect, useRef, useState } from "react";
import type { Problem, SyncDoc, SyncPreflight } from "../../generated/rpc";
import { rpc, toProblem } from "../../platform";
import { checkedPart } from "./draft";

/** A check as the page shows it. */
export interface Checking {
  /** What the newest check found, a target each; null before the first. */
  found: SyncPreflight[] | null;
  /** Whether a document is what was checked. */
  covers(doc: SyncDoc): boolean;
  /** Under which ticket a check is running. */
  ticket: string | null;
  /** Why nothing could be checked. */
  problem: Problem | null;
  run(doc: SyncDoc): void;
  cancel(): void;
}

/** Checks syncs when asked to. A newer check stops the one before. */
export function usePreflight(): Checking {
  const [shown, setShown] = useState<{ found: SyncPreflight[] | null; of: string }>({ found: null, of: "" });
  const [problem, setProblem] = useState<Problem | null>(null);
  const [ticket, setTicket] = useState<string | null>(null);
  const current = useRef<string | null>(null);

  const cancel = useCallback(() => {
    const running = current.current;
    current.current = null;
    setTicket(null);
    // A check that ended in the meantime has nothing left to stop.
    if (running !== null) void rpc("ticket_cancel", { ticket: running }).catch(() => undefined);
  }, []);
  useEffect(() => cancel, [cancel]);

  const run = useCallback(
    async (doc: SyncDoc) => {
      cancel();
      const mine = crypto.randomUUID();
      current.current = mine;
      setTicket(mine);
      setProblem(null);
      try {
        const found = await rpc("sync_preflight", { doc, ticket: mine });
        if (current.current === mine) setShown({ found, of: checkedPart(doc) });
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
  return {
    found: shown.found,
    covers: (doc) => shown.found !== null && shown.of === checkedPart(doc),
    ticket,
    problem,
    run: (doc) => void run(doc),
    cancel,
  };
}
