import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { tableFromArrays, tableToIPC } from "apache-arrow";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { Router } from "wouter";
import { memoryLocation } from "wouter/memory-location";
import type { ImportPreviewRequest, Problem } from "../../generated/rpc";
import ImportPage from "./ImportPage";

const { answer } = vi.hoisted(() => ({ answer: vi.fn() }));

vi.mock("../../platform", async (original) => ({
  ...(await original<typeof import("../../platform")>()),
  rpc: answer,
}));

/** What the engine answers; a test replaces single answers. */
const engine: Record<string, (request: never) => unknown> = {};
const asked: [string, unknown][] = [];

beforeEach(() => {
  asked.length = 0;
  answer.mockImplementation(async (command: string, request: never) => {
    asked.push([command, request]);
    return engine[command]?.(request);
  });
  Object.assign(engine, {
    tables: () => [],
    workspace: () => ({ path: "/w", name: "w", program_version: "1", samples: [] }),
    import_inspect: () => ({
      suggested_table: "prices",
      files: [{ path: "/d/prices.csv", name: "prices.csv", bytes: 10, members: [], problem: null }],
    }),
    import_preview: ({ options }: ImportPreviewRequest) => ({
      id: "p",
      settings: [{ key: "delimiter", value: options.delimiter ?? ";", confidence: 0.99, why: "The file has it." }],
      columns: [{ name: "code", type: options.types?.code ?? "text", why: "text: leading zeros", overridden: false }],
      records: 3,
      rows: 2,
      rejected: 1,
      complete: true,
      sample_rows: 2,
      warnings: [],
      ledger: [
        { kind: "record", source: "prices.csv", line: 4, row: null, column: null, value: "x", reason: "It is short." },
      ],
      seconds: 0.1,
    }),
    rows: () => tableToIPC(tableFromArrays({ code: ["004", "008"] })),
    import_start: () => ({ job: "7" }),
    jobs: () => [],
  });
});

const user = userEvent.setup();

function show() {
  const { hook, searchHook, history } = memoryLocation({ path: "/import?path=/d/prices.csv", record: true });
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  render(
    <MantineProvider env="test">
      <QueryClientProvider client={client}>
        <Router hook={hook} searchHook={searchHook}>
          <ImportPage />
        </Router>
      </QueryClientProvider>
    </MantineProvider>,
  );
  return history;
}

const requests = (command: string) => asked.filter(([name]) => name === command).map(([, request]) => request);

describe("the import", () => {
  it("shows the rows, the account, the misfits and what will happen", async () => {
    show();
    expect(await screen.findByText("004")).toBeTruthy();
    expect(screen.getByText("3 records = 2 rows + 1 in the ledger only")).toBeTruthy();
    expect(screen.getByText("It is short.")).toBeTruthy();
    expect(screen.getByText("2 rows into bronze.prices, 1 record to the ledger")).toBeTruthy();
    expect(screen.getByText("Sure, 99%.")).toBeTruthy();
  });

  it("asks again with a chosen type", async () => {
    show();
    await user.click(await screen.findByRole("button", { name: /^Type of code: text/ }));
    await user.click(screen.getByRole("menuitem", { name: "integer" }));
    expect(await screen.findByRole("button", { name: /^Type of code: integer/ })).toBeTruthy();
    expect(requests("import_preview").at(-1)).toMatchObject({ options: { types: { code: "integer" } } });
  });

  it("starts with the name the user gave and shows the job", async () => {
    const history = show();
    const name = await screen.findByRole("textbox", { name: "Name of the table in bronze" });
    await user.clear(name);
    expect(screen.getByRole("button", { name: "Import" }).hasAttribute("disabled"), "without a name").toBe(true);
    await user.type(name, "codes");
    await waitFor(() => expect(screen.getByRole("button", { name: "Import" }).hasAttribute("disabled")).toBe(false));
    await user.click(screen.getByRole("button", { name: "Import" }));
    expect(requests("import_start")).toMatchObject([{ table: "bronze.codes", mode: "create" }]);
    expect(history.at(-1)).toContain("job=7");
  });

  it("says what replacing keeps where the table exists", async () => {
    engine.tables = () => [{ table: "bronze.prices", rows: 9, version: 4 }];
    show();
    expect(
      await screen.findByText(/replace bronze\.prices, 1 record to the ledger; its 9 rows stay as version 4/),
    ).toBeTruthy();
    await user.click(screen.getByRole("radio", { name: "Append" }));
    expect(screen.getByText(/2 rows added to the 9 rows of bronze\.prices/)).toBeTruthy();
  });

  it("shows a problem in place and goes back to what was detected", async () => {
    const problem: Problem = { code: "invalid_input", message: "That is no delimiter.", hint: "Take another." };
    const preview = engine.import_preview;
    engine.import_preview = (request: never) => {
      if ((request as ImportPreviewRequest).options.delimiter === "|") throw problem;
      return preview?.(request);
    };
    show();
    await user.click((await screen.findAllByLabelText("Delimiter"))[0] as HTMLElement);
    await user.click(screen.getByRole("option", { name: "Bar |" }));
    expect(await screen.findByText("That is no delimiter.")).toBeTruthy();
    expect(screen.getByRole("button", { name: "Import" }).hasAttribute("disabled")).toBe(true);
    await user.click(screen.getByRole("button", { name: "Use the detected settings" }));
    expect(await screen.findByText("004")).toBeTruthy();
  });
});
