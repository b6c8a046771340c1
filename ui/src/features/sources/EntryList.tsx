import { ActionIcon, Button, Checkbox, Skeleton, Stack } from "@mantine/core";
import { IconChevronRight } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import type { ListingEntry } from "../../generated/rpc";
import { EmptyState } from "../../shared/EmptyState";
import { bytes, counted } from "../../shared/format";
import classes from "./sources.module.css";
import { TicketProgress } from "./TicketProgress";
import type { useListing } from "./useListing";

interface EntryListProps {
  listing: ReturnType<typeof useListing>;
  focused: string | null;
  /** The entries that are read together. */
  checked: ReadonlySet<string>;
  onCheck(checked: ReadonlySet<string>): void;
  /** An entry was chosen to be looked at. */
  onFocus(entry: ListingEntry): void;
  onOpen(entry: ListingEntry): void;
}

/** The entries of a level, page by page. */
export function EntryList(props: EntryListProps) {
  const { listing, focused, checked, onCheck, onFocus, onOpen } = props;
  const { entries, isPending, hasNextPage, isFetchingNextPage, fetchNextPage } = listing;
  if (isPending && listing.fetchStatus === "idle") {
    return (
      <div className={classes.entries}>
        <EmptyState
          title="Looking around was stopped"
          action={
            <Button variant="default" onClick={() => void listing.refetch()}>
              Look again
            </Button>
          }
        />
      </div>
    );
  }
  if (isPending) return <Loading ticket={listing.ticket} onStop={listing.stop} />;
  if (entries.length === 0) {
    return (
      <div className={classes.entries}>
        <EmptyState title="There is nothing here">Search for something else, or go a level up.</EmptyState>
      </div>
    );
  }
  const several = entries.filter((entry) => entry.several);
  const toggle = (ids: string[], on: boolean) => {
    const next = new Set(checked);
    for (const id of ids) on ? next.add(id) : next.delete(id);
    onCheck(next);
  };
  return (
    <section className={classes.entries} aria-label="What is there" aria-busy={listing.isFetching}>
      {several.length > 1 && (
        <Checkbox
          className={classes.all}
          label={`${checked.size} of ${counted(several.length, "entry", "entries")} chosen`}
          checked={checked.size === several.length}
          indeterminate={checked.size > 0 && checked.size < several.length}
          onChange={(event) =>
            toggle(
              several.map(({ id }) => id),
              event.currentTarget.checked,
            )
          }
        />
      )}
      <ul className={classes.entryList}>
        {entries.map((entry) => (
          <li key={entry.id} className={classes.entry} data-focused={entry.id === focused || undefined}>
            {several.length > 1 && (
              <Checkbox
                aria-label={`Choose ${entry.name}`}
                disabled={!entry.several}
                checked={checked.has(entry.id)}
                onChange={(event) => toggle([entry.id], event.currentTarget.checked)}
              />
            )}
            <button
              type="button"
              className={classes.entryName}
              aria-pressed={entry.id === focused}
              onClick={() => onFocus(entry)}
              onDoubleClick={() => entry.opens && onOpen(entry)}
            >
              <span className={classes.entryHead}>
                <strong>{entry.name}</strong>
                <span className={classes.entryKind}>{entry.kind}</span>
                <Size entry={entry} />
              </span>
              {entry.summary !== "" && <span className={classes.summary}>{entry.summary}</span>}
              {entry.facts.length > 0 && (
                <span className={classes.facts}>
                  {entry.facts.map(({ label, value }) => (
                    <span key={label} title={label}>
                      {label} {value}
                    </span>
                  ))}
                </span>
              )}
            </button>
            {entry.opens && (
              <ActionIcon aria-label={`Open ${entry.name}`} onClick={() => onOpen(entry)}>
                <IconChevronRight size={16} />
              </ActionIcon>
            )}
          </li>
        ))}
      </ul>
      {hasNextPage && (
        <Button variant="default" m={12} loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          More
        </Button>
      )}
    </section>
  );
}

function Size({ entry: { rows, bytes: size } }: { entry: ListingEntry }) {
  const parts = [rows === null ? "" : counted(rows, "row"), size === null ? "" : bytes(size)];
  return <span className={classes.size}>{parts.filter((part) => part !== "").join(" · ")}</span>;
}

/** How long looking around may take before it is said how far it is, in ms. */
const SLOW_MS = 1500;

function Loading({ ticket, onStop }: { ticket: string | null; onStop(): void }) {
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), SLOW_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <Stack className={classes.entries} p="md" gap={8} aria-busy aria-label="Looking around">
      {slow && ticket !== null && <TicketProgress ticket={ticket} what="Looking around" onCancel={onStop} />}
      {[0, 1, 2, 3, 4].map((row) => (
        <Skeleton key={row} h={44} />
      ))}
    </Stack>
  );
}
