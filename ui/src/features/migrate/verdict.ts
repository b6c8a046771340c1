import type { SyncInfo, SyncPreflight, SyncRunInfo } from "../../generated/rpc";
import { bytes, count, counted, duration } from "../../shared/format";

/** What a colour says; never without a word beside it. */
export type Tone = "good" | "warn" | "bad" | "busy" | "plain";

/** The states of a sync in words. */
export const STATES: Readonly<Record<string, { word: string; tone: Tone }>> = {
  new: { word: "not run yet", tone: "plain" },
  running: { word: "running", tone: "busy" },
  done: { word: "done", tone: "good" },
  rejected: { word: "rows rejected", tone: "warn" },
  differs: { word: "differs", tone: "bad" },
  failed: { word: "failed", tone: "bad" },
  cancelled: { word: "cancelled", tone: "warn" },
  interrupted: { word: "interrupted", tone: "warn" },
};

/** How the target of one table stands after a run. */
export function verdict(run: SyncRunInfo): { word: string; tone: Tone } {
  if (run.state !== "done") return STATES[run.state] ?? { word: run.state, tone: "plain" };
  const { verification: found } = run;
  if (found && !found.matched) return { word: "differs", tone: "bad" };
  if (run.rejected > 0) return { word: "rows rejected", tone: "warn" };
  // An empty comparison is none, whatever it says.
  if (!found || found.comparisons.length === 0) return { word: "done, not compared", tone: "plain" };
  return { word: "matched", tone: "good" };
}

/** Whether starting a sync goes on where it stopped. */
export function isUnfinished({ last }: SyncInfo): boolean {
  return last.some(({ state }) => state === "failed" || state === "cancelled" || state === "interrupted");
}

/** Rows a second that were delivered while rows were sent; checking and comparing takes time of its own. */
export function rate({ delivered, superseded, sending_seconds }: SyncRunInfo): number {
  return sending_seconds > 0 ? (delivered + superseded) / sending_seconds : 0;
}

/** The sum of a number over the tables of a run. */
export function total(runs: readonly SyncRunInfo[], of: (run: SyncRunInfo) => number): number {
  return runs.reduce((sum, run) => sum + of(run), 0);
}

/** What a run did, in a few words each. */
export function runFacts(runs: readonly SyncRunInfo[]): string[] {
  const [delivered, superseded, rejected, pending, deleted, size, seconds] = (
    ["delivered", "superseded", "rejected", "pending", "deleted", "bytes", "seconds"] as const
  ).map((name) => total(runs, (run) => run[name])) as [number, number, number, number, number, number, number];
  const facts = [`${counted(delivered, "row")} delivered`];
  if (superseded > 0) facts.push(`${count(superseded)} newer at the target`);
  if (deleted > 0) facts.push(`${count(deleted)} deleted`);
  if (rejected > 0) facts.push(`${count(rejected)} rejected`);
  if (pending > 0) facts.push(`${count(pending)} not sent`);
  if (size > 0) facts.push(bytes(size));
  facts.push(duration(seconds));
  const sending = total(runs, (run) => run.sending_seconds);
  if (sending > 0 && delivered > 0) facts.push(`${counted(Math.round(delivered / sending), "row")}/s while sending`);
  return facts;
}

/** The runs of tables that belong together, newest first. */
export function batches(runs: readonly SyncRunInfo[]): SyncRunInfo[][] {
  const found = new Map<string, SyncRunInfo[]>();
  for (const run of runs) {
    const same = found.get(run.batch);
    if (same) same.push(run);
    else found.set(run.batch, [run]);
  }
  return [...found.values()];
}

/** Findings by how bad they are, with the words for them. */
export const SEVERITIES: Readonly<Record<string, { word: string; tone: Tone; order: number }>> = {
  stops: { word: "stops the sync", tone: "bad", order: 0 },
  rejects: { word: "rows will be rejected", tone: "warn", order: 1 },
  notes: { word: "to know", tone: "plain", order: 2 },
};

/** What a check found, as a sentence. */
export function checkSentence(checked: readonly SyncPreflight[]): { text: string; ready: boolean } {
  const stopped = checked.filter(({ ready, problem }) => !ready || problem !== undefined).length;
  const targets = counted(checked.length, "target");
  if (stopped > 0) {
    const them = stopped === 1 ? "it is" : "they are";
    const which = checked.length === 1 ? "It" : `${count(stopped)} of ${counted(checked.length, "table")}`;
    const text = `${which} cannot be sent as ${them}.`;
    return { text, ready: false };
  }
  const rows = checked.reduce((sum, one) => sum + one.rows, 0);
  const deleted = checked.reduce((sum, one) => sum + one.deleted, 0);
  const rejecting = checked
    .flatMap(({ findings }) => findings)
    .filter(({ severity }) => severity === "rejects")
    .reduce((sum, { rows: some }) => sum + some, 0);
  const gone = deleted > 0 ? `, ${counted(deleted, "row")} deleted` : "";
  // A row can be in several findings.
  const refused = rejecting > 0 ? `; up to ${count(rejecting)} of them would be rejected` : "";
  return { text: `${counted(rows, "row")} to ${targets}${gone}${refused}`, ready: true };
}
