import { Text, UnstyledButton } from "@mantine/core";
import { IconArrowNarrowRight, IconChevronDown, IconChevronRight, IconInfoCircle } from "@tabler/icons-react";
import { useId, useState } from "react";
import type { SyncRunInfo } from "../../generated/rpc";
import { bytes, count, duration } from "../../shared/format";
import { Linked } from "../../shared/Linked";
import { ProblemNotice } from "../../shared/ProblemNotice";
import { Comparison } from "./Comparison";
import common from "./migrate.module.css";
import type { useStart } from "./queries";
import { RejectedRows } from "./RejectedRows";
import classes from "./report.module.css";
import { StateBadge } from "./StateBadge";
import { rate, verdict } from "./verdict";

interface RunReportProps {
  run: SyncRunInfo;
  /** Whether its details are shown at first. */
  opened: boolean;
  start: ReturnType<typeof useStart>;
}

/** One table of a run: its counts, the comparison, rejected rows, warnings, and why it failed. */
export function RunReport({ run, opened, start }: RunReportProps) {
  const [open, setOpen] = useState(opened);
  const id = useId();
  const { word, tone } = verdict(run);
  const Chevron = open ? IconChevronDown : IconChevronRight;
  return (
    <article className={classes.runReport} aria-label={`${run.origin} to ${run.target}`}>
      <UnstyledButton
        className={classes.runHead}
        aria-expanded={open}
        aria-controls={id}
        onClick={() => setOpen(!open)}
      >
        <Chevron size={16} aria-hidden />
        <strong>{run.origin}</strong>
        <IconArrowNarrowRight size={16} aria-label="to" />
        <strong>{run.target}</strong>
        <StateBadge word={word} tone={tone} />
        <span className={common.rest} />
        <span className={common.dimmed}>{count(run.delivered)} rows</span>
      </UnstyledButton>
      {open && (
        <div id={id} className={classes.runBody}>
          {run.problem && run.state !== "cancelled" && <ProblemNotice problem={run.problem} compact />}
          <Counts run={run} />
          {run.warnings.map((warning) => (
            <Text key={warning} className={classes.warning}>
              <IconInfoCircle size={16} aria-hidden />
              <span>
                <Linked text={warning} />
              </span>
            </Text>
          ))}
          {run.rejected > 0 && <RejectedRows run={run} start={start} />}
          {run.verification && <Comparison found={run.verification} />}
        </div>
      )}
    </article>
  );
}

function Counts({ run }: { run: SyncRunInfo }) {
  const counts: [string, string][] = [
    ["Delivered", count(run.delivered)],
    ["Newer at the target", count(run.superseded)],
    ["Rejected", count(run.rejected)],
    ["Not sent", count(run.pending)],
    ["Deleted there", count(run.deleted)],
    ["Bytes", run.bytes > 0 ? bytes(run.bytes) : "0"],
    ["Time", duration(run.seconds)],
    ["Rows a second while sending", rate(run) >= 1 ? count(rate(run)) : "0"],
  ];
  const always = new Set(["Delivered", "Rejected", "Time"]);
  return (
    <dl className={classes.counts}>
      {counts
        .filter(([name, value]) => value !== "0" || always.has(name))
        .map(([name, value]) => (
          <div key={name} data-kind={name === "Rejected" && value !== "0" ? "rejected" : undefined}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}
