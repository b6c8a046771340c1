import { Text } from "@mantine/core";
import type { SyncInfo, SyncRunInfo } from "../../generated/rpc";
import { EmptyState } from "../../shared/EmptyState";
import { count, counted } from "../../shared/format";
import common from "./migrate.module.css";
import type { useStart } from "./queries";
import { RunReport } from "./RunReport";
import classes from "./report.module.css";
import { runFacts, type Tone, total, verdict } from "./verdict";

interface ReportProps {
  /** The tables of one run, in order. */
  runs: SyncRunInfo[];
  sync: SyncInfo;
  start: ReturnType<typeof useStart>;
}

/** What a run did: the verdict in a sentence, then every table. */
export function Report({ runs, sync, start }: ReportProps) {
  if (runs.length === 0) {
    return (
      <EmptyState title="It has not run yet">
        Run it to send {sync.doc.everything ? "the whole workspace" : "what was chosen"} to {sync.connection_name}.
      </EmptyState>
    );
  }
  const { text, tone } = summary(runs, sync.connection_name);
  return (
    <div className={classes.report}>
      <div className={classes.verdict} data-tone={tone} role="status">
        <Text fw={600}>{text}</Text>
        <div className={common.facts}>
          {runFacts(runs).map((fact) => (
            <span key={fact}>{fact}</span>
          ))}
        </div>
      </div>
      {runs.map((run) => (
        <RunReport key={run.run} run={run} opened={runs.length === 1 || verdict(run).tone !== "good"} start={start} />
      ))}
    </div>
  );
}

/** A run in a sentence, and how good it is. */
export function summary(runs: readonly SyncRunInfo[], where: string): { text: string; tone: Tone } {
  const [delivered, rejected, pending] = [
    total(runs, (run) => run.delivered + run.superseded),
    total(runs, (run) => run.rejected),
    total(runs, (run) => run.pending),
  ];
  const some = (state: string) => runs.filter((run) => run.state === state).length;
  const failed = some("failed") + some("abandoned");
  if (failed > 0) {
    const tables =
      runs.length === 1 ? "It was not sent" : `${count(failed)} of ${counted(runs.length, "table")} were not sent`;
    return { text: `${tables}${delivered > 0 ? `; ${counted(delivered, "row")} are in ${where}` : ""}.`, tone: "bad" };
  }
  if (some("cancelled") + some("interrupted") + some("running") > 0) {
    const how = some("cancelled") > 0 ? "Cancelled" : "Interrupted";
    return {
      text: `${how}: ${counted(delivered, "row")} confirmed, ${count(pending)} to go. It goes on where it stopped.`,
      tone: "warn",
    };
  }
  const refused = rejected > 0 ? `, ${count(rejected)} rejected` : "";
  const words = runs.map(verdict).map(({ word }) => word);
  if (words.includes("differs")) {
    const different = words.filter((word) => word === "differs").length;
    const text =
      runs.length === 1
        ? `The target in ${where} differs from what was sent.`
        : `${count(different)} of ${runs.length} targets in ${where} differ${different === 1 ? "s" : ""} from what was sent.`;
    return { text, tone: "bad" };
  }
  if (rejected > 0) return { text: `${counted(delivered, "row")} are in ${where}${refused}.`, tone: "warn" };
  if (words.includes("done, not compared")) {
    return {
      text: `${counted(delivered, "row")} delivered to ${where}; not everything could be compared.`,
      tone: "plain",
    };
  }
  return { text: `All ${counted(delivered, "row")} are in ${where}, compared and the same.`, tone: "good" };
}
