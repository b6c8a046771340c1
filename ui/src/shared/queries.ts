import { queryOptions, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect } from "react";
import type { JobInfo, JobState } from "../generated/rpc";
import { rpc } from "../platform";

/** How often running jobs are asked for, in ms. */
const BUSY_MS = 400;
/** How often jobs are asked for while none runs, in ms; another process may start one. */
const IDLE_MS = 5000;

/** Whether a job waits or runs. */
export function isActive(state: JobState): boolean {
  return state === "queued" || state === "running";
}

/** The open workspace. */
export function useWorkspace() {
  return useQuery({
    queryKey: ["workspace"],
    queryFn: () => rpc("workspace", {}),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** All tables at their newest version. */
export function useTables() {
  return useQuery(tablesQuery);
}

/** The query behind `useTables`. */
export const tablesQuery = queryOptions({ queryKey: ["tables"], queryFn: () => rpc("tables", {}) });

/** All jobs, newest first; follows running ones. */
export function useJobs() {
  return useQuery({
    queryKey: ["jobs"],
    queryFn: () => rpc("jobs", {}),
    refetchInterval: ({ state }) => (state.data?.some((job) => isActive(job.state)) ? BUSY_MS : IDLE_MS),
  });
}

/** Jobs that pages show by themselves, and how many do. */
const watched = new Map<string, number>();
/** Jobs whose end a page has shown. */
const seenEnding = new Set<string>();

/** Whether a page shows or has shown how a job ended, so that its end needs no announcement. */
export function isWatched(id: string): boolean {
  return (watched.get(id) ?? 0) > 0 || seenEnding.has(id);
}

function watch(id: string): () => void {
  watched.set(id, (watched.get(id) ?? 0) + 1);
  return () => void watched.set(id, (watched.get(id) ?? 1) - 1);
}

/** To be called by what shows a job: its end is not announced elsewhere meanwhile. */
export function useWatched(id: string | null): void {
  useEffect(() => (id === null ? undefined : watch(id)), [id]);
}

/** How long it may take until a page that was gone to is there, in ms. */
const ARRIVAL_MS = 3000;

/** To be called by what starts a job and then goes to the page that shows it: a quick job may end before it is there. */
export function watchUntilShown(id: string): void {
  setTimeout(watch(id), ARRIVAL_MS);
}

/** One job with its log; follows it while it runs. */
export function useJob(id: string | null) {
  useWatched(id);
  return useQuery({
    queryKey: ["job", id],
    queryFn: async () => {
      const detail = await rpc("job_show", { id: id ?? "" });
      if (!isActive(detail.info.state)) seenEnding.add(detail.info.id);
      return detail;
    },
    enabled: id !== null,
    refetchInterval: ({ state }) => (state.data && !isActive(state.data.info.state) ? false : BUSY_MS),
  });
}

/** To be called after starting, cancelling or retrying a job: the list of jobs is asked for at once. */
export function useJobsChanged(): () => Promise<void> {
  const client = useQueryClient();
  return useCallback(async () => {
    await Promise.all([
      client.invalidateQueries({ queryKey: ["jobs"] }),
      client.invalidateQueries({ queryKey: ["job"] }),
    ]);
  }, [client]);
}

/** The share a job has done of its stage, from 0 to 1; null where it cannot be told. */
export function jobShare(job: JobInfo): number | null {
  if (job.rows_total > 0) return Math.min(1, job.rows / job.rows_total);
  if (job.bytes_total > 0) return Math.min(1, job.bytes / job.bytes_total);
  return null;
}

/** What a job produced, as far as the window links to it. */
export function jobProduct(job: JobInfo): { table?: string; path?: string; matched?: boolean } {
  const result = (job.result ?? {}) as Record<string, unknown>;
  return {
    table: typeof result.table === "string" ? result.table : undefined,
    path: typeof result.path === "string" ? result.path : undefined,
    matched: typeof result.matched === "boolean" ? result.matched : undefined,
  };
}
