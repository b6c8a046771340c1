import { Button, Group, Title } from "@mantine/core";
import { IconPencil } from "@tabler/icons-react";
import { useState } from "react";
import { useLocation, useSearch } from "wouter";
import { completed, type FormSchema, fieldsOf } from "../../forms/schema";
import type { ConnectionInfo, ConnectorInfo, ListingEntry } from "../../generated/rpc";
import { toProblem } from "../../platform";
import { connectionsAddress } from "../../shared/addresses";
import { ProblemNotice } from "../../shared/ProblemNotice";
import { isReadable, joined } from "./browse";
import { Crumbs } from "./Crumbs";
import { EntryDetail } from "./EntryDetail";
import { EntryList } from "./EntryList";
import { SearchBox } from "./SearchBox";
import classes from "./sources.module.css";
import { useListing } from "./useListing";

interface BrowserProps {
  connection: ConnectionInfo;
  connector: ConnectorInfo;
}

/** Looks around in a connection until something to read is found. Where one is stands in the address. */
export function Browser({ connection, connector }: BrowserProps) {
  const [, navigate] = useLocation();
  const address = new URLSearchParams(useSearch());
  const path = address.getAll("path");
  const wanted = address.get("q") ?? "";
  const [filters, setFilters] = useState<unknown>(() => {
    const schema = connector.filters as FormSchema;
    return fieldsOf(schema).length > 0 ? completed(schema, {}) : null;
  });
  const [names, setNames] = useState<Record<string, string>>({});
  const last = path.at(-1);
  const searching = connector.browsing === "search" && path.length === 0;
  const listing = useListing(connection.id, path, searching ? wanted : "", searching ? filters : null);

  const place = (to: string[], query = wanted) => {
    const parts = new URLSearchParams([["connection", connection.id], ...to.map((id) => ["path", id])]);
    if (query !== "") parts.set("q", query);
    return parts;
  };
  const go = (to: string[], query = wanted, replace = false) =>
    navigate(`/sources/new?${place(to, query)}`, { replace });
  const open = (entry: ListingEntry) => {
    setNames({ ...names, [entry.id]: entry.name });
    go([...path, entry.id]);
  };
  const read = (selection: unknown) => {
    // The place stays in the address, as the way back.
    const parts = place(path);
    parts.set("selection", JSON.stringify(selection));
    navigate(`/sources/new?${parts}`);
  };
  return (
    <div className={classes.browser}>
      <header className={classes.browserHead}>
        <Title order={1}>{connection.name}</Title>
        <Crumbs
          path={path}
          names={{ ...(last && listing.about ? { [last]: listing.about.title } : {}), ...names }}
          root={connector.browsing === "search" ? "Search" : "Top level"}
          onOpen={(to) => go(to)}
        />
        <span className={classes.rest} />
        <Button
          variant="subtle"
          color="gray"
          leftSection={<IconPencil size={14} aria-hidden />}
          title="Where you know what to read: fill in the form without looking around."
          onClick={() => read({})}
        >
          Write it myself
        </Button>
      </header>
      {searching && (
        <SearchBox
          wanted={wanted}
          onWanted={(query) => go([], query, true)}
          schema={connector.filters}
          filters={filters}
          onFilters={setFilters}
        />
      )}
      {listing.error ? (
        <div className={classes.notice}>
          <ProblemNotice
            problem={toProblem(listing.error)}
            action={{ label: "Try again", run: () => void listing.refetch() }}
          />
          <Group gap="xs" mt="sm">
            <Button variant="default" onClick={() => navigate(connectionsAddress({ id: connection.id }))}>
              Look at the connection
            </Button>
            <Button variant="default" onClick={() => read({})}>
              Write what is read
            </Button>
          </Group>
        </div>
      ) : (
        <Level key={JSON.stringify([path, wanted, filters])} listing={listing} onOpen={open} onRead={read} />
      )}
    </div>
  );
}

interface LevelProps {
  listing: ReturnType<typeof useListing>;
  onOpen(entry: ListingEntry): void;
  onRead(selection: unknown): void;
}

/** One level: its entries and what is known about the one in focus. */
function Level({ listing, onOpen, onRead }: LevelProps) {
  const [focused, setFocused] = useState<string | null>(null);
  const [checked, setChecked] = useState<ReadonlySet<string>>(new Set());
  const { entries, about } = listing;
  const entry = entries.find(({ id }) => id === focused);
  const chosen = entries.filter(({ id }) => checked.has(id));
  // Where entries can only be opened there is nothing to tell about one.
  const alone = !about && entries.length > 0 && !entries.some(isReadable);
  return (
    <div className={classes.level} data-alone={alone || undefined}>
      <EntryList
        listing={listing}
        focused={focused}
        checked={checked}
        onCheck={setChecked}
        onFocus={(one) => (isReadable(one) || !one.opens ? setFocused(one.id) : onOpen(one))}
        onOpen={onOpen}
      />
      {!alone && (
        <EntryDetail
          entry={entry}
          about={about}
          chosen={chosen}
          onReadChosen={() => onRead(joined(chosen.map(({ selection }) => selection)))}
          onOpen={onOpen}
          onRead={onRead}
        />
      )}
    </div>
  );
}
