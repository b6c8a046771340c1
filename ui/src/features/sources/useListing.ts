import { useInfiniteQuery } from "@tanstack/react-query";
import type { Listing, ListingEntry } from "../../generated/rpc";
import { browse } from "./browse";

/** How long a listing is shown again without asking, in ms. */
const FRESH_MS = 60_000;

/** One level of a connection, page by page. */
export function useListing(connection: string, path: string[], search: string, filters: unknown) {
  const query = useInfiniteQuery({
    queryKey: ["browse", connection, path, search, filters],
    queryFn: ({ pageParam, signal }) => browse({ connection, path, search, filters, page: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last: Listing) => last.next,
    staleTime: FRESH_MS,
  });
  const entries: ListingEntry[] = query.data?.pages.flatMap((page) => page.entries) ?? [];
  return { ...query, entries, about: query.data?.pages[0]?.about };
}
