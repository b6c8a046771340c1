import { Anchor } from "@mantine/core";
import { Link } from "wouter";
import type { SyncInfo, SyncRunInfo } from "../../generated/rpc";
import { syncAddress } from "../../shared/addresses";
import { EmptyState } from "../../shared/EmptyState";
import { bytes, count, counted, duration, localMoment, moment } from "../../shared/format";
import classes from "./report.module.css";
import { StateBadge } from "./StateBadge";
import { total, verdict } from "./verdict";

interface HistoryProps {
  sync: SyncInfo;
  /** The tables of every run, newest first. */
  batches: SyncRunInfo[][];
}

const WORST = ["bad", "warn", "busy", "plain", "good"];

/** Every run of a sync; each leads to its report. */
export function History({ sync, batches }: HistoryProps) {
  if (batches.length === 0) return <EmptyState title="It has not run yet">Every run is kept here.</EmptyState>;
  return (
    <div className={classes.scroll}>
      <table className={classes.table} aria-label={`Runs of ${sync.doc.name}`}>
        <thead>
          <tr>
            <th>Began</th>
            <th>Result</th>
            <th>Sent</th>
            <th className={classes.right}>Delivered</th>
            <th className={classes.right}>Rejected</th>
            <th className={classes.right}>Deleted</th>
            <th className={classes.right}>Time</th>
            <th className={classes.right} title="While rows were sent; the time includes checking and comparing">
              Rows/s
            </th>
            <th className={classes.right}>Bytes</th>
          </tr>
        </thead>
        <tbody>
          {batches.map((runs) => (
            <Row key={runs[0]?.batch} sync={sync} runs={runs} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ sync, runs }: { sync: SyncInfo; runs: SyncRunInfo[] }) {
  const [first] = runs;
  const began = Math.min(...runs.map((run) => run.at_ms));
  const worst = runs.map(verdict).sort((one, other) => WORST.indexOf(one.tone) - WORST.indexOf(other.tone))[0];
  const seconds = total(runs, (run) => run.seconds);
  const sending = total(runs, (run) => run.sending_seconds);
  const delivered = total(runs, (run) => run.delivered);
  return (
    <tr>
      <td title={localMoment(began)}>
        <Anchor component={Link} href={syncAddress(sync.id, { batch: first?.batch })} inherit>
          {moment(began)}
        </Anchor>
      </td>
      <td>{worst && <StateBadge word={worst.word} tone={worst.tone} />}</td>
      <td>{runs.length === 1 ? first?.origin : counted(runs.length, "table")}</td>
      <td className={classes.right}>{count(delivered)}</td>
      <td className={classes.right}>{count(total(runs, (run) => run.rejected))}</td>
      <td className={classes.right}>{count(total(runs, (run) => run.deleted))}</td>
      <td className={classes.right}>{duration(seconds)}</td>
      <td className={classes.right}>{sending > 0 ? count(delivered / sending) : ""}</td>
      <td className={classes.right}>{bytes(total(runs, (run) => run.bytes))}</td>
    </tr>
  );
}
