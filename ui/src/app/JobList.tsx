import { Skeleton, Stack } from "@mantine/core";
import { IconListCheck } from "@tabler/icons-react";
import { toProblem } from "../platform";
import { EmptyState } from "../shared/EmptyState";
import { ProblemNotice } from "../shared/ProblemNotice";
import { useJobs } from "../shared/queries";
import { JobCard } from "./JobCard";

/** All jobs, newest first. */
export function JobList({ onLeave }: { onLeave?(): void }) {
  const jobs = useJobs();
  if (jobs.error) {
    return (
      <ProblemNotice problem={toProblem(jobs.error)} action={{ label: "Try again", run: () => void jobs.refetch() }} />
    );
  }
  if (!jobs.data) return <Skeleton h={96} />;
  if (jobs.data.length === 0) {
    return (
      <EmptyState title="No jobs yet" icon={<IconListCheck size={32} stroke={1.4} />}>
        Imports, applied recipes and exports appear here with their progress and log.
      </EmptyState>
    );
  }
  return (
    <Stack gap="xs">
      {jobs.data.map((job) => (
        <JobCard key={job.id} job={job} onLeave={onLeave} />
      ))}
    </Stack>
  );
}
