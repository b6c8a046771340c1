import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { tableFromArrays, tableToIPC } from "apache-arrow";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { Router } from "wouter";
import { memoryLocation } from "wouter/memory-location";
import type { SourcePreviewRequest } from "../../generated/rpc";
import NewSourcePage from "./NewSourcePage";

const { answer } = vi.hoisted(() => ({ answer: vi.fn() }));

vi.mock("../../platform", async (original) => ({
  ...(await original<typeof import("../../platform")>()),
  rpc: answer,
}));

const asked: [string, unknown][] = [];
const requests = (command: string) => asked.filter(([name]) => name === command).map(([, request]) => request);
const engine: Record<string, (request: never) => unknown> = {};

const entry = {
  summary: "",
  rows: null,
  bytes: 12,
  facts: [],
  columns: [],
  opens: false,
  selection: null,
  several: false,
};
const column = { name: "code", type: "text", why: "The server says so.", overridden: false };
const connector = {
  kind: "box",
  title: "Box",
  summary: "Boxes.",
  description: "",
  group: "Things",
  browsing: "tree",
  main: "files",
  ready: true,
  settings: { type: "object", properties: { verify: { type: "boolean", default: true } } },
  selection: {
    type: "object",
    properties: {
      set: { type: "string", default: "" },
      files: { type: "array", items: { type: "string" }, default: [], "x-widget": "tokens" },
    },
  },
  filters: { type: "object" },
};

beforeEach(() => {
  asked.length = 0;
  answer.mockImplementation(async (command: string, request: never) => {
    asked.push([command, request]);
    return engine[command]?.(request);
  });
  Object.assign(engine, {
    tables: () => [],
    jobs: () => [],
    source_list: () => [],
    connector_catalogue: () => [connector],
    connection_list: () => [{ id: "c", name: "My box", kind: "box", kind_title: "Box", risks: [], used_by: [] }],
    connection_save: () => ({ id: "new" }),
    source_browse: ({ path }: { path: string[] }) =>
      path.length === 0
        ? { entries: [{ ...entry, id: "shelf", name: "Shelf", kind: "folder", opens: true }] }
        : {
            entries: ["a.csv", "b.csv"].map((name) => ({
              ...entry,
              id: name,
              name,
              kind: "file",
              selection: { set: "shelf", files: [name] },
              several: true,
            })),
          },
    source_preview: ({ source }: SourcePreviewRequest) => ({
      import: {
        id: "p",
        settings: [],
        columns: [column],
        records: 2,
        rows: 2,
        rejected: 0,
        complete: true,
        sample_rows: 2,
        warnings: [],
        ledger: [],
        seconds: 0.1,
      },
      detected: [],
      key: ["code"],
      drift: [],
      suggested_table: `from_${(source.selection as { set: string }).set}`,
      incremental: true,
    }),
    rows: () => tableToIPC(tableFromArrays({ code: ["004", "008"] })),
    source_save: () => ({ id: "s" }),
    source_refresh: () => ({ jobs: [{ source: "s", job: "7" }] }),
    ticket_cancel: () => ({}),
    ticket_progress: () => ({ running: true, stage: "Reading", rows: 0, bytes: 0, bytes_total: 0, line: "" }),
  });
});

const user = userEvent.setup();

function show(path: string) {
  const { hook, searchHook, history } = memoryLocation({ path, record: true });
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  render(
    <MantineProvider env="test">
      <QueryClientProvider client={client}>
        <Router hook={hook} searchHook={searchHook}>
          <NewSourcePage />
        </Router>
      </QueryClientProvider>
    </MantineProvider>,
  );
  return history;
}

describe("an import through a connection", () => {
  it("uses a kind that is ready without settings", async () => {
    engine.connection_list = () => [];
    show("/sources/new");
    await user.click(await screen.findByRole("button", { name: "Use Box without settings" }));
    expect(requests("connection_save")).toEqual([{ name: "Box", kind: "box", settings: { verify: true } }]);
  });

  it("opens levels, reads several entries together, previews them and imports", async () => {
    const history = show("/sources/new?connection=c");
    await user.click(await screen.findByRole("button", { name: /^Shelf/ }));
    await user.click(await screen.findByRole("checkbox", { name: "Choose a.csv" }));
    await user.click(screen.getByRole("checkbox", { name: "Choose b.csv" }));
    await user.click(screen.getByRole("button", { name: "Preview 2 files" }));
    expect(await screen.findByText("004")).toBeTruthy();
    expect(requests("source_preview")).toMatchObject([
      { source: { connection: "c", selection: { set: "shelf", files: ["a.csv", "b.csv"] }, table: "" } },
    ]);
    expect(screen.getByText("2 rows into the new table bronze.from_shelf")).toBeTruthy();
    expect(screen.getByRole<HTMLInputElement>("radio", { name: /Merge by key/ }).checked).toBe(true);
    await user.click(screen.getByRole("button", { name: "Import" }));
    await waitFor(() => expect(history.at(-1)).toBe("/sources/s?job=7"));
    expect(requests("source_save")).toMatchObject([
      { name: "from_shelf", table: "bronze.from_shelf", loading: { mode: "merge", key: ["code"] } },
    ]);
    expect(requests("source_refresh")).toMatchObject([{ sources: ["s"], full: false }]);
  });

  it("imports nothing that was not previewed", async () => {
    const selection = encodeURIComponent(JSON.stringify({ set: "shelf", files: ["a.csv"] }));
    show(`/sources/new?connection=c&selection=${selection}`);
    await screen.findByText("004");
    await user.type(screen.getByRole("textbox", { name: "Set" }), "2");
    expect(screen.getByText("What is read has changed; preview it again.")).toBeTruthy();
    expect(screen.getByRole("button", { name: "Import" }).hasAttribute("disabled")).toBe(true);
    await user.click(screen.getByRole("button", { name: "Preview" }));
    await screen.findByText("2 rows into the new table bronze.from_shelf2");
    expect(requests("source_preview")).toHaveLength(2);
  });

  it("shows why a preview failed at the field it names", async () => {
    engine.source_preview = () => {
      throw { code: "not_found", message: "There is no such set.", field: "selection.set" };
    };
    show(`/sources/new?connection=c&selection=${encodeURIComponent('{"set":"x"}')}`);
    await waitFor(() => expect(screen.getByRole("textbox", { name: "Set" }).getAttribute("aria-invalid")).toBe("true"));
  });
});
