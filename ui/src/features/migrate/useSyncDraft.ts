import { useState } from "react";
import type { ConnectionInfo, ConnectorInfo, DestinationInfo, SyncDoc } from "../../generated/rpc";
import { freeName } from "../../shared/connections";
import { whatWords, withConnection } from "./draft";

/** What a sync is made from. */
export interface Surroundings {
  connections: readonly ConnectionInfo[];
  connectors: readonly ConnectorInfo[];
  /** The names of other syncs. */
  taken: readonly string[];
}

/** A sync while it is edited. */
export interface SyncDraft {
  doc: SyncDoc;
  connection: ConnectionInfo | undefined;
  /** How the connection is written to. */
  destination: DestinationInfo | undefined;
  change(doc: SyncDoc): void;
  /** Sends it through another connection. */
  connect(connection: ConnectionInfo): void;
}

/** Edits a sync; its name follows from what it does until the user gives it one. */
export function useSyncDraft(start: SyncDoc, { connections, connectors, taken }: Surroundings): SyncDraft {
  const [kept, setKept] = useState(start);
  const destinationOf = (id: string) => destinationOfConnection(id, connections, connectors);
  const connection = connections.find(({ id }) => id === kept.connection);
  const destination = destinationOf(kept.connection);
  const words = `${whatWords(kept)}${connection ? ` to ${connection.name}` : ""}`;
  const isEmpty = kept.parts.length === 0 && !kept.everything;
  const suggested = isEmpty ? "" : freeName(words.replace(/^the /, "The "), taken);
  const [own, setOwn] = useState(start.name !== "");
  const doc = own ? kept : { ...kept, name: suggested };
  return {
    doc,
    connection,
    destination,
    change: (next) => {
      if (next.name !== doc.name || next.id !== undefined) setOwn(true);
      setKept(next);
    },
    connect: ({ id }) => {
      const after = destinationOf(id);
      if (after) setKept(withConnection(kept, id, destination, after));
    },
  };
}

/** How a connection is written to; nothing where it can only be read. */
export function destinationOfConnection(
  id: string,
  connections: readonly ConnectionInfo[],
  connectors: readonly ConnectorInfo[],
): DestinationInfo | undefined {
  const kind = connections.find((one) => one.id === id)?.kind;
  return connectors.find((one) => one.kind === kind)?.destination;
}
