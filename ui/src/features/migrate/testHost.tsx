import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render } from "@testing-library/react";
import type { ReactNode } from "react";
import { Route, Router } from "wouter";
import { memoryLocation } from "wouter/memory-location";

// The engine that the tests of this folder talk to instead of the real one.

const asked: [string, unknown][] = [];

/** What was asked of a command. */
export const requests = (command: string) => asked.filter(([name]) => name === command).map(([, request]) => request);

/** The answers by command; a test replaces those it is about. */
export const engine: Record<string, (request: never) => unknown> = {};

/** Answers as the engine does. */
export async function answer(command: string, request: never): Promise<unknown> {
  asked.push([command, request]);
  return engine[command]?.(request);
}

/** A kind of connection that can be written to. */
export const box = {
  kind: "box",
  title: "Box",
  summary: "Boxes.",
  description: "",
  group: "Things",
  settings: {},
  destination: {
    modes: ["replace", "upsert"],
    keyed: false,
    main: "shelf",
    target: {
      type: "object",
      properties: { shelf: { type: "string", default: "" }, room: { type: "string", default: "hall" } },
    },
  },
};

/** One table of a run that went well. */
export const report = {
  run: "r",
  batch: "b",
  origin: "silver.prices@3",
  target: "prices",
  state: "done",
  at_ms: 0,
  seconds: 2,
  sending_seconds: 1,
  total: 120,
  delivered: 120,
  superseded: 0,
  rejected: 0,
  pending: 0,
  rows: 120,
  deleted: 0,
  bytes: 1000,
  warnings: [],
  verification: {
    matched: true,
    comparisons: [{ name: "Rows", here: "120", there: "120" }],
    differing: [],
    note: "",
  },
};

/** A saved sync. */
export const sync = {
  id: "s",
  doc: {
    id: "s",
    name: "Prices",
    connection: "c",
    mode: "replace",
    parts: [
      { from: { kind: "table", table: "silver.prices" }, target: { shelf: "prices" }, columns: [], key: [], edits: {} },
    ],
    everything: false,
    rest: {},
    refresh: [],
    apply: [],
  },
  connection_name: "My box",
  kind_title: "Box",
  state: "done",
  last: [report],
};

const table = { table: "silver.prices", version: 3, rows: 120, problem: null };

/** What a check finds where nothing is wrong. */
export const checked = {
  origin: "silver.prices@3",
  target: { shelf: "prices", room: "hall" },
  state: "There is no such shelf; it is created.",
  rows: 120,
  deleted: 0,
  columns: [{ column: "id", type_word: "integer", name: "id", target_type: "bigint", note: "", skip: false }],
  statements: [{ id: "create", title: "Create the shelf", text: "CREATE SHELF", language: "sql", editable: true }],
  findings: [] as unknown[],
  ready: true,
};

/** The engine as it is before each test. */
export function reset(): void {
  asked.length = 0;
  for (const command of Object.keys(engine)) delete engine[command];
  const info = {
    id: "9",
    title: "Sync Prices",
    state: "running",
    stage: "Sending silver.more@1 to prices",
    created_ms: 0,
    seconds: 15,
    rows: 75,
    rows_total: 100,
    bytes: 0,
    bytes_total: 0,
    rows_per_second: 5,
    seconds_left: 5,
    problem: null,
    result: null,
  };
  Object.assign(engine, {
    jobs: () => [],
    job_show: () => ({ info, log: [] }),
    job_cancel: () => info,
    tables: () => [table, { ...table, table: "bronze.prices", rows: 130 }],
    table_show: () => ({
      info: table,
      columns: [
        { name: "id", type: "integer" },
        { name: "name", type: "text" },
      ],
    }),
    source_list: () => [],
    recipe_list: () => [],
    connector_catalogue: () => [box, { ...box, kind: "read", title: "Read", destination: undefined }],
    connection_list: () => [
      { id: "c", name: "My box", kind: "box", kind_title: "Box", risks: [], used_by: [] },
      { id: "d", name: "Only read", kind: "read", kind_title: "Read", risks: [], used_by: [] },
    ],
    sync_list: () => [sync],
    sync_save: () => ({ ...sync, id: "new" }),
    sync_start: () => ({ job: "9" }),
    sync_retry: () => ({ job: "9" }),
    sync_delete: () => ({}),
    sync_runs: () => [report],
    sync_rejected: () => [],
    sync_preflight: () => [checked],
    ticket_progress: () => ({ running: true, stage: "", rows: 0, bytes: 0, bytes_total: 0, line: "" }),
    ticket_cancel: () => ({}),
  });
}

/** Shows a page at an address; answers the addresses that were visited. */
export function show(page: ReactNode, path: string, route?: string): string[] {
  const { hook, searchHook, history } = memoryLocation({ path, record: true });
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  render(
    <MantineProvider env="test">
      <QueryClientProvider client={client}>
        <Router hook={hook} searchHook={searchHook}>
          {route ? <Route path={route}>{page}</Route> : page}
        </Router>
      </QueryClientProvider>
    </MantineProvider>,
  );
  return history;
}
