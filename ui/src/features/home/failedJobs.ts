import type { JobInfo } from "../../generated/rpc";

/** The failed and interrupted jobs that no later job with the same title has made good, newest first. */
export function failedJobs(jobs: readonly JobInfo[]): JobInfo[] {
  const newestFirst = [...jobs].sort((a, b) => b.created_ms - a.created_ms);
  const seen = new Set<string>();
  return newestFirst.filter((job) => {
    const superseded = seen.has(job.title);
    seen.add(job.title);
    return !superseded && (job.state === "failed" || job.state === "interrupted");
  });
}
