import type { JobInfo, SyncInfo, SyncPart, SyncRunInfo } from "../../generated/rpc";
import { sentName } from "./draft";

/** One table of a sync on its way. */
export interface ProgressRow {
  key: string;
  /** What is to be sent; absent for tables that are sent because everything is. */
  part?: SyncPart;
  /** Its run; absent while it waits. */
  run?: SyncRunInfo;
  /** Rows on the other side, or on their way. */
  sent: number;
  /** Whether its rows are being sent now. */
  active: boolean;
  done: boolean;
}

/** How far each table is. Until the first one has begun, the runs known are those of the time before: none is shown. */
export function progressRows({ last, doc }: SyncInfo, job: JobInfo | undefined): ProgressRow[] {
  if (!isCurrent(last, job)) return [];
  const active = last.findLast(({ state }) => state === "running") ?? last.find((run) => !isDone(run));
  const place = active ? last.indexOf(active) : last.length;
  const rows = last.map((run, at): ProgressRow => {
    const known = run.total - run.pending;
    const isActive = run === active;
    // Receipts may come only when all rows are there; what the job has handed over is further.
    const handed =
      isActive && job && job.rows_total > 0 && job.rows_total <= run.total ? run.total - job.rows_total + job.rows : 0;
    return {
      key: run.run,
      run,
      sent: Math.min(run.total, Math.max(known, handed)),
      active: isActive,
      // One that failed is left behind by those after it.
      done: isDone(run) || at < place,
    };
  });
  const waiting = doc.parts.filter((part) => !last.some((run) => isRunOf(run, part)));
  return [...rows, ...waiting.map((part, at) => ({ key: `waiting ${at}`, part, sent: 0, active: false, done: false }))];
}

function isCurrent(last: readonly SyncRunInfo[], job: JobInfo | undefined): boolean {
  return last.some((run) => !isDone(run) || (job !== undefined && run.at_ms >= job.created_ms));
}

function isDone({ state, pending }: SyncRunInfo): boolean {
  return state === "abandoned" || (state === "done" && pending === 0);
}

/** Whether a run sent a part; a query or a table is never sent twice to one target. */
function isRunOf({ origin, target }: SyncRunInfo, { from, target: to }: SyncPart): boolean {
  const name = from.kind === "sql" ? `query ${sentName(from)}` : sentName(from);
  const same = origin === name || origin.startsWith(`${name}@`);
  return same && (typeof to !== "object" || to === null || Object.values(to).includes(target));
}
