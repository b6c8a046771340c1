import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Listing, ListingEntry } from "../../generated/rpc";
import { browse, newTicket } from "./browse";

/** How long a listing is shown again without asking, in ms. */
const FRESH_MS = 60_000;

/** One level of a connection, page by page. */
export function useListing(connection: string, path: string[], search: string, filters: unknown) {
  const client = useQueryClient();
  const [ticket, setTicket] = useState<string | null>(null);
  const queryKey = ["browse", connection, path, search, filters];
  const query = useInfiniteQuery({
    queryKey,
    queryFn: ({ pageParam, signal }) => {
      const mine = newTicket();
      setTicket(mine);
      return browse({ connection, path, search, filters, page: pageParam }, mine, signal);
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last: Listing) => last.next,
    staleTime: FRESH_MS,
  });
  const entries: ListingEntry[] = query.data?.pages.flatMap((page) => page.entries) ?? [];
  return {
    ...query,
    entries,
    about: query.data?.pages[0]?.about,
    /** Under which ticket it is looked around now. */
    ticket: query.isFetching ? ticket : null,
    stop: () => void client.cancelQueries({ queryKey }),
  };
}
