import { useMutation, useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { useRef } from "react";
import { useLocation } from "wouter";
import type { ColumnInfo, SyncFrom, SyncInfo, SyncStart } from "../../generated/rpc";
import { rpc, toProblem } from "../../platform";
import { syncAddress } from "../../shared/addresses";
import { openSecrets } from "../../shared/passphrase";
import { useJobsChanged, useWatched } from "../../shared/queries";

/** The runs of a sync, newest first. */
export function useRuns(id: string, enabled: boolean) {
  return useQuery({ queryKey: ["sync runs", id], queryFn: () => rpc("sync_runs", { id }), enabled });
}

/** All recipes. */
export function useRecipes() {
  return useQuery({ queryKey: ["recipes"], queryFn: () => rpc("recipe_list", {}) });
}

/** The columns of what is sent, as far as they are known: a query's only after it was checked. */
export function useColumnsOf(parts: readonly SyncFrom[]): (readonly ColumnInfo[] | undefined)[] {
  const found = useQueries({
    queries: parts.map((from) => ({
      queryKey: ["table", sentTable(from), (from.kind === "table" ? from.version : undefined) ?? "newest"],
      queryFn: () =>
        rpc("table_show", { table: sentTable(from), version: from.kind === "table" ? from.version : undefined }),
      enabled: from.kind === "table",
    })),
  });
  return found.map(({ data }) => data?.columns);
}

function sentTable(from: SyncFrom): string {
  return from.kind === "table" ? from.table : "";
}

/** To be called by what shows a sync: the end of its job is not announced elsewhere, even after it is no longer named. */
export function useSyncWatched({ job }: SyncInfo): void {
  const last = useRef<string | null>(null);
  last.current = job ?? last.current;
  useWatched(last.current);
}

/** What a sync is asked to do. */
export type Start = SyncStart | { run: string };

/** Starts a sync, or sends the rejected rows of a run again; unlocks the secrets first where they are locked. */
export function useStart(id: string) {
  const client = useQueryClient();
  const jobsChanged = useJobsChanged();
  const [, navigate] = useLocation();
  const ask = (start: Start) => ("run" in start ? rpc("sync_retry", start) : rpc("sync_start", start));
  return useMutation({
    mutationFn: async (start: Start) => {
      try {
        return await ask(start);
      } catch (error) {
        if (toProblem(error).code !== "secrets_locked" || !(await openSecrets())) throw error;
        return ask(start);
      }
    },
    onSuccess: (_, start) => navigate(syncAddress("run" in start ? id : start.id)),
    onSettled: async () => {
      // First the syncs: they show the job, so that its end is not announced besides.
      await client.invalidateQueries({ queryKey: ["syncs"] });
      await jobsChanged();
    },
  });
}
