import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { RefreshRequest } from "../../generated/rpc";
import { rpc } from "../../platform";
import { useJobsChanged } from "../../shared/queries";

/** Starts refreshes: of the named sources, of all where none is named. */
export function useRefresh() {
  const client = useQueryClient();
  const jobsChanged = useJobsChanged();
  return useMutation({
    mutationFn: (request: Partial<RefreshRequest>) =>
      rpc("source_refresh", { sources: [], full: false, replay: false, accept_drift: false, ...request }),
    onSettled: async () => {
      // First the sources: they show these jobs, so that their end is not announced besides.
      await client.invalidateQueries({ queryKey: ["sources"] });
      await jobsChanged();
    },
  });
}
