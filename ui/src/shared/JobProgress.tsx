import { Progress, Text } from "@mantine/core";
import type { JobInfo } from "../generated/rpc";
import { bytes, count, counted, duration } from "./format";
import classes from "./JobProgress.module.css";
import { isActive, jobShare } from "./queries";

/** How far a job is: its stage, a bar, rows, bytes, rate and the time left. */
export function JobProgress({ job }: { job: JobInfo }) {
  const share = jobShare(job);
  const facts = progressFacts(job);
  return (
    <div className={classes.progress}>
      <Text size="xs">{job.state === "queued" ? "Waiting for its turn" : job.stage || "Starting"}</Text>
      <Progress
        value={share === null ? 100 : share * 100}
        animated={share === null && isActive(job.state)}
        striped={share === null}
        size="sm"
        aria-label={`Progress of ${job.title}`}
      />
      <div className={classes.facts}>
        {facts.map((fact) => (
          <span key={fact}>{fact}</span>
        ))}
      </div>
    </div>
  );
}

/** What is known about a running job, in a few words each. */
export function progressFacts(job: JobInfo): string[] {
  const facts: string[] = [];
  if (job.rows > 0) {
    facts.push(
      job.rows_total > 0 ? `${count(job.rows)} of ${counted(job.rows_total, "row")}` : counted(job.rows, "row"),
    );
  }
  if (job.bytes > 0) {
    facts.push(job.bytes_total > 0 ? `${bytes(job.bytes)} of ${bytes(job.bytes_total)}` : bytes(job.bytes));
  }
  if (job.rows_per_second >= 1) facts.push(`${counted(Math.round(job.rows_per_second), "row")}/s`);
  if (job.seconds_left !== null) facts.push(`${duration(job.seconds_left)} left`);
  else if (job.seconds >= 1) facts.push(duration(job.seconds));
  return facts;
}
