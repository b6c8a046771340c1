import { queryOptions, useQuery } from "@tanstack/react-query";
import { rpc } from "../platform";

/** How often running syncs are asked for, in ms. */
const BUSY_MS = 700;
/** How often syncs are asked for while none runs, in ms; another process may start one. */
const IDLE_MS = 5000;

/** The query behind `useSyncs`. */
export const syncsQuery = queryOptions({ queryKey: ["syncs"], queryFn: () => rpc("sync_list", {}) });

/** All syncs and how they stand; follows running ones. */
export function useSyncs() {
  return useQuery({
    ...syncsQuery,
    refetchInterval: ({ state }) => (state.data?.some((sync) => sync.state === "running") ? BUSY_MS : IDLE_MS),
  });
}
