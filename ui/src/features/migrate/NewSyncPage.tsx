import { useState } from "react";
import { useSearch } from "wouter";
import type { SyncDoc, SyncFrom } from "../../generated/rpc";
import { NEW_SYNC, newPart, withConnection } from "./draft";
import { takeKeptDraft } from "./keptDraft";
import { Loaded } from "./Loaded";
import { SyncEditor } from "./SyncEditor";
import { destinationOfConnection, type Surroundings } from "./useSyncDraft";

/** A new sync, of what the address names: `table` with `version`, `sql`, `connection`. */
export default function NewSyncPage() {
  const search = useSearch();
  return <Loaded>{(around) => <Begun key={search} search={search} around={around} />}</Loaded>;
}

function Begun({ search, around }: { search: string; around: Surroundings }) {
  const [start] = useState(() => startOf(new URLSearchParams(search), around));
  return <SyncEditor start={start} around={around} />;
}

function startOf(search: URLSearchParams, { connections, connectors }: Surroundings): SyncDoc {
  const kept = takeKeptDraft();
  const froms: SyncFrom[] = [];
  const [table, version, sql] = [search.get("table"), search.get("version"), search.get("sql")];
  if (table !== null) froms.push({ kind: "table", table, version: version === null ? undefined : Number(version) });
  if (sql !== null) froms.push({ kind: "sql", name: "result", sql });
  const parts = froms.map((from) => newPart(from, [], undefined));
  // What the address names was asked for later than what was left behind.
  const doc = parts.length === 0 && kept ? kept : { ...NEW_SYNC, parts };
  // With a single place to send to there is nothing to choose.
  const able = connections.filter(({ id }) => destinationOfConnection(id, connections, connectors));
  const wanted = search.get("connection") ?? (doc.connection || (able.length === 1 && able[0]?.id) || "");
  const destinationOf = (id: string) => destinationOfConnection(id, connections, connectors);
  const after = destinationOf(wanted);
  if (!after || wanted === doc.connection) return doc;
  return withConnection(doc, wanted, destinationOf(doc.connection), after);
}
