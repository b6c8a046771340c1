import { Button, Progress, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import type { JobInfo, SyncInfo, SyncRunInfo } from "../../generated/rpc";
import { rpc, toProblem } from "../../platform";
import { count, counted, duration } from "../../shared/format";
import { ProblemNotice } from "../../shared/ProblemNotice";
import { useJob, useJobsChanged } from "../../shared/queries";
import { originOf } from "./draft";
import classes from "./migrate.module.css";
import { type ProgressRow, progressRows } from "./progress";
import { StateBadge } from "./StateBadge";
import { verdict } from "./verdict";

/** A sync on its way: what is done now, how far each table is, and the way to stop. */
export function RunProgress({ sync }: { sync: SyncInfo }) {
  const job = useJob(sync.job ?? null).data?.info;
  const jobsChanged = useJobsChanged();
  const cancel = useMutation({
    mutationFn: () => rpc("job_cancel", { id: sync.job ?? "" }),
    onSettled: jobsChanged,
  });
  const rows = progressRows(sync, job);
  return (
    <section className={classes.running} aria-label={`Progress of ${sync.doc.name}`}>
      <div className={classes.runningHead}>
        <Text size="xs" fw={600} role="status">
          {job?.state === "queued" ? "Waiting for its turn" : job?.stage || "Starting"}
        </Text>
        <span className={classes.dimmed}>{job ? duration(job.seconds) : ""}</span>
        <span className={classes.rest} />
        <Button variant="default" size="compact-xs" loading={cancel.isPending} onClick={() => cancel.mutate()}>
          Cancel
        </Button>
      </div>
      {cancel.error && <ProblemNotice problem={toProblem(cancel.error)} compact />}
      {rows.length === 0 && (
        <Progress value={100} animated striped size="sm" aria-label={`Progress of ${sync.doc.name}`} />
      )}
      <ul className={classes.progressRows}>
        {rows.map((row) => (
          <li key={row.key}>{row.run ? <Sending row={row} run={row.run} job={job} /> : <Waiting row={row} />}</li>
        ))}
      </ul>
    </section>
  );
}

function Waiting({ row }: { row: ProgressRow }) {
  return (
    <div className={classes.progressRow}>
      <span>{row.part ? originOf(row.part.from) : ""}</span>
      <span className={classes.dimmed}>waiting</span>
    </div>
  );
}

function Sending({ row, run, job }: { row: ProgressRow; run: SyncRunInfo; job: JobInfo | undefined }) {
  const what = `${run.origin} to ${run.target}`;
  const facts = [`${count(row.sent)} of ${counted(run.total, "row")}`];
  if (run.rejected > 0) facts.push(`${count(run.rejected)} rejected`);
  if (row.active && job) {
    if (job.rows_per_second >= 1) facts.push(`${counted(Math.round(job.rows_per_second), "row")}/s`);
    if (job.seconds_left !== null) facts.push(`${duration(job.seconds_left)} left`);
  } else if (row.done) facts.push(duration(run.seconds));
  const { word, tone } = row.done ? verdict(run) : { word: row.active ? "sending" : "waiting", tone: "busy" as const };
  return (
    <>
      <div className={classes.progressRow}>
        <span>{what}</span>
        {row.done ? <StateBadge word={word} tone={tone} /> : null}
        <span className={classes.rest} />
        <span className={classes.facts}>
          {facts.map((fact) => (
            <span key={fact}>{fact}</span>
          ))}
        </span>
      </div>
      <Progress
        value={run.total > 0 ? (row.sent / run.total) * 100 : row.done ? 100 : 0}
        color={row.done && tone !== "good" && tone !== "plain" ? "yellow" : undefined}
        size="sm"
        aria-label={`Progress of ${what}`}
      />
    </>
  );
}
