import { useQuery } from "@tanstack/react-query";
import { rpc } from "../../platform";

/** How often a running request is asked how far it is, in ms. */
const POLL_MS = 300;

/** How far the request of a ticket is; nothing without a ticket. */
export function useTicketProgress(ticket: string | null) {
  return useQuery({
    queryKey: ["ticket", ticket],
    queryFn: () => rpc("ticket_progress", { ticket: ticket ?? "" }),
    enabled: ticket !== null,
    refetchInterval: POLL_MS,
    gcTime: 0,
  }).data;
}
