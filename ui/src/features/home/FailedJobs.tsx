import { Stack } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import type { JobInfo, Problem } from "../../generated/rpc";
import { rpc, toProblem } from "../../platform";
import { ProblemNotice } from "../../shared/ProblemNotice";
import { useJobsChanged } from "../../shared/queries";
import { failedJobs } from "./failedJobs";

/** How many failed jobs are shown; the Jobs page has them all. */
const SHOWN = 3;

/** Jobs that failed or were interrupted and have not been done since. */
export function FailedJobs({ jobs }: { jobs: JobInfo[] }) {
  const failed = failedJobs(jobs).slice(0, SHOWN);
  if (failed.length === 0) return null;
  return (
    <Stack gap="xs" role="region" aria-label="Failed jobs">
      {failed.map((job) => (
        <FailedJob key={job.id} job={job} />
      ))}
    </Stack>
  );
}

const INTERRUPTED: Problem = {
  code: "interrupted",
  message: "The program ended while it ran; nothing was written.",
  hint: "Start it again.",
};

function FailedJob({ job }: { job: JobInfo }) {
  const changed = useJobsChanged();
  const retry = useMutation({ mutationFn: () => rpc("job_retry", { id: job.id }), onSettled: changed });
  const problem = retry.error ? toProblem(retry.error) : (job.problem ?? INTERRUPTED);
  return (
    <ProblemNotice
      title={`${job.title}: ${job.state}`}
      problem={problem}
      action={{ label: "Retry", run: () => retry.mutate() }}
    />
  );
}
