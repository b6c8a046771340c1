import { asMembers, type Members } from "../../forms/schema";
import type { BrowseRequest, Listing, ListingEntry } from "../../generated/rpc";
import { rpc } from "../../platform";

/** A ticket that no other request has. */
export function newTicket(): string {
  return crypto.randomUUID();
}

/** Looks around; ends at the engine too when the page no longer waits for it. */
export function browse(request: BrowseRequest, ticket: string, signal: AbortSignal): Promise<Listing> {
  // Whether the engine still knows the ticket does not matter to a page that has gone on.
  const stop = () => void rpc("ticket_cancel", { ticket }).catch(() => undefined);
  signal.addEventListener("abort", stop, { once: true });
  return rpc("source_browse", { ...request, ticket }).finally(() => signal.removeEventListener("abort", stop));
}

/** The selection that reads several entries together: their arrays joined, everything else as in the first. */
export function joined(selections: readonly unknown[]): Members {
  const [first, ...others] = selections.map(asMembers);
  const all: Members = { ...first };
  for (const one of others) {
    for (const [name, value] of Object.entries(one)) {
      const before = all[name];
      if (!Array.isArray(value) || !Array.isArray(before)) continue;
      const known = new Set(before.map((item) => JSON.stringify(item)));
      all[name] = [...before, ...value.filter((item) => !known.has(JSON.stringify(item)))];
    }
  }
  return all;
}

/** Whether an entry can be read. */
export function isReadable(entry: ListingEntry): boolean {
  return entry.selection !== null && entry.selection !== undefined;
}
