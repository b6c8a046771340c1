import { Button } from "@mantine/core";
import {
  IconAlertTriangle,
  IconCheck,
  IconClock,
  IconLoader2,
  IconPlayerStop,
  type TablerIcon,
} from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import type { JobInfo, JobState } from "../generated/rpc";
import { platform, rpc, toProblem } from "../platform";
import { tableAddress } from "../shared/addresses";
import { ago, bytes, counted, duration, fileName, localMoment } from "../shared/format";
import { JobProgress } from "../shared/JobProgress";
import { ProblemNotice } from "../shared/ProblemNotice";
import { isActive, jobProduct, useJob, useJobsChanged, useWatched } from "../shared/queries";
import classes from "./JobList.module.css";

const STATES: Record<JobState, { word: string; icon: TablerIcon }> = {
  queued: { word: "waiting", icon: IconClock },
  running: { word: "running", icon: IconLoader2 },
  succeeded: { word: "done", icon: IconCheck },
  failed: { word: "failed", icon: IconAlertTriangle },
  cancelled: { word: "cancelled", icon: IconPlayerStop },
  interrupted: { word: "interrupted", icon: IconAlertTriangle },
};

/** One job: how far it is or how it ended, its log, and what can be done about it. */
export function JobCard({ job, onLeave }: { job: JobInfo; onLeave?(): void }) {
  const [showsLog, setShowsLog] = useState(false);
  useWatched(job.id);
  const { word, icon: Icon } = STATES[job.state];
  return (
    <article className={classes.card} aria-label={job.title}>
      <div className={classes.head}>
        <span className={classes.title}>{job.title}</span>
        <span className={classes.state} data-state={job.state}>
          <Icon size={16} aria-hidden />
          {word}
        </span>
      </div>
      {isActive(job.state) ? <JobProgress job={job} /> : <Outcome job={job} />}
      {job.problem && job.state !== "cancelled" && <ProblemNotice problem={job.problem} compact />}
      <div className={classes.actions}>
        <Product job={job} onLeave={onLeave} />
        <Act job={job} />
        <Button variant="subtle" color="gray" aria-expanded={showsLog} onClick={() => setShowsLog(!showsLog)}>
          {showsLog ? "Hide the log" : "Log"}
        </Button>
      </div>
      {showsLog && <Log id={job.id} />}
    </article>
  );
}

function Outcome({ job }: { job: JobInfo }) {
  const result = (job.result ?? {}) as Record<string, unknown>;
  const facts: string[] = [];
  if (typeof result.rows === "number") facts.push(counted(result.rows, "row"));
  if (typeof result.bytes === "number") facts.push(bytes(result.bytes));
  if (typeof result.ledger === "number" && result.ledger > 0)
    facts.push(`${counted(result.ledger, "entry", "entries")} in the ledger`);
  if (job.state === "cancelled") facts.push("nothing was changed");
  facts.push(`${job.state === "succeeded" ? "in" : "after"} ${duration(job.seconds)}`);
  return (
    <div className={classes.facts}>
      {facts.map((fact) => (
        <span key={fact}>{fact}</span>
      ))}
      <span title={localMoment(job.created_ms)}>{ago(job.created_ms, Date.now())}</span>
    </div>
  );
}

function Product({ job, onLeave }: { job: JobInfo; onLeave?(): void }) {
  const { table, path } = jobProduct(job);
  if (table) {
    return (
      <Button component="a" variant="light" href={`#${tableAddress(table)}`} onClick={onLeave}>
        Open {table}
      </Button>
    );
  }
  if (!path) return null;
  if (platform.kind === "browser") {
    return (
      <Button variant="light" onClick={() => platform.download(path)}>
        Download {fileName(path)}
      </Button>
    );
  }
  return <span title={path}>{path}</span>;
}

function Act({ job }: { job: JobInfo }) {
  const changed = useJobsChanged();
  const act = useMutation({
    mutationFn: async () =>
      void (isActive(job.state) ? await rpc("job_cancel", { id: job.id }) : await rpc("job_retry", { id: job.id })),
    onSettled: changed,
  });
  if (act.error) return <ProblemNotice problem={toProblem(act.error)} compact />;
  if (job.state === "succeeded") return null;
  return (
    <Button variant="default" loading={act.isPending} onClick={() => act.mutate()}>
      {isActive(job.state) ? "Cancel" : "Retry"}
    </Button>
  );
}

function Log({ id }: { id: string }) {
  const detail = useJob(id);
  if (detail.error) return <ProblemNotice problem={toProblem(detail.error)} compact />;
  const lines = detail.data?.log ?? [];
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable for the keyboard to scroll it.
    <pre className={classes.log} role="log" tabIndex={0} aria-label="Log">
      {detail.data && lines.length === 0 ? "The log is empty." : lines.join("\n")}
    </pre>
  );
}
