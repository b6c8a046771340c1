import { useEffect, useState, useSyncExternalStore } from "react";
import type { Problem, SqlResult } from "../../generated/rpc";
import { RpcProblem, rpc } from "../../platform";

/** A query that is running or has ended. */
export interface QueryRun {
  id: string;
  sql: string;
  state: "running" | "done" | "failed" | "cancelled";
  /** `performance.now()` at the start. */
  started: number;
  result: SqlResult | null;
  problem: Problem | null;
}

// The run lives outside the page, so that going to a table and back shows the result at once, or the query still
// running: its rows stay in the engine under the result's id.
let current: QueryRun | null = null;
const listeners = new Set<() => void>();

function show(next: QueryRun) {
  current = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The newest run, if there was one. */
export function useQueryRun(): QueryRun | null {
  return useSyncExternalStore(subscribe, () => current);
}

/** Runs a query, one at a time; resolves when it has ended. */
export async function startQuery(sql: string): Promise<void> {
  if (sql.trim() === "" || current?.state === "running") return;
  const begun: QueryRun = {
    id: crypto.randomUUID(),
    sql,
    state: "running",
    started: performance.now(),
    result: null,
    problem: null,
  };
  show(begun);
  const ended = await answer(begun);
  // A query that was cancelled, or replaced after that, never shows its late answer.
  if (current === begun) show(ended);
}

/** Cancels the query that is running. */
export async function cancelQuery(): Promise<void> {
  if (current?.state !== "running") return;
  const { id } = current;
  show({ ...current, state: "cancelled" });
  await rpc("sql_cancel", { id }).catch((error) => {
    // A query that ended in the meantime cannot be cancelled any more, which is as good.
    if (!(error instanceof RpcProblem)) throw error;
  });
}

async function answer(run: QueryRun): Promise<QueryRun> {
  try {
    return { ...run, state: "done", result: await rpc("sql_run", { id: run.id, sql: run.sql }) };
  } catch (error) {
    if (!(error instanceof RpcProblem)) throw error;
    return { ...run, state: error.problem.code === "cancelled" ? "cancelled" : "failed", problem: error.problem };
  }
}

/** Seconds since `started`, renewed while `active`. */
export function useElapsed(started: number, active: boolean): number {
  const [now, setNow] = useState(() => performance.now());
  useEffect(() => {
    if (!active) return;
    const timer = setInterval(() => setNow(performance.now()), 100);
    return () => clearInterval(timer);
  }, [active]);
  return Math.max(0, (now - started) / 1000);
}
