import { cleanup, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";
import NewSyncPage from "./NewSyncPage";
import { engine, requests, reset, show } from "./testHost";

vi.mock("../../platform", async (original) => ({
  ...(await original<typeof import("../../platform")>()),
  rpc: (await import("./testHost")).answer,
}));

// The test document has no layout for the real editor.
vi.mock("../../shared/editor/CodeEditor", () => ({
  CodeEditor: ({ label, value, onChange }: { label: string; value: string; onChange?(value: string): void }) => (
    <textarea aria-label={label} value={value} onChange={(event) => onChange?.(event.currentTarget.value)} />
  ),
}));

beforeEach(reset);
const user = userEvent.setup();
const sent = () => requests("sync_save").at(-1) as { parts: { target: object; edits: object }[] };

async function choosePrices() {
  await user.click(await screen.findByRole("checkbox", { name: "silver.prices" }));
}

async function check() {
  const bar = within(screen.getByRole("form", { name: "Save and run" }));
  await user.click(bar.getByRole("button", { name: /^Check/ }));
  await screen.findByRole("article", { name: /^Check of/ });
}

describe("a new sync", () => {
  it("sends a table to a target of its name, after a check", async () => {
    show(<NewSyncPage />, "/migrate/new");
    await choosePrices();
    expect(screen.queryByText("Only read"), "what can only be read is no place to send to").toBeNull();
    expect(screen.getByRole<HTMLInputElement>("textbox", { name: "Shelf" }).value).toBe("prices");
    expect(screen.queryByRole("button", { name: "Save and run" }), "nothing is sent unchecked").toBeNull();
    await check();
    expect(screen.getByText("Ready: 120 rows to 1 target")).toBeTruthy();
    await user.click(screen.getByRole("button", { name: "Save and run" }));
    await waitFor(() => expect(requests("sync_start")).toHaveLength(1));
    expect(sent()).toMatchObject({
      name: "silver.prices to My box",
      connection: "c",
      mode: "replace",
      parts: [{ from: { kind: "table", table: "silver.prices" }, target: { shelf: "prices", room: "hall" } }],
    });
    expect(requests("sync_start")).toEqual([{ id: "new", anew: false }]);
  });

  it("begins with the table and the version that the address names", async () => {
    show(<NewSyncPage />, "/migrate/new?table=silver.prices&version=2");
    await check2();
    expect(requests("sync_preflight")).toMatchObject([
      { doc: { parts: [{ from: { kind: "table", table: "silver.prices", version: 2 } }] } },
    ]);
  });

  it("offers the destination's own modes, and asks for a key where one needs it", async () => {
    show(<NewSyncPage />, "/migrate/new");
    await choosePrices();
    const modes = screen.getByRole("radiogroup", { name: "How rows meet" });
    expect(within(modes).getAllByRole("radio")).toHaveLength(2);
    await user.click(within(modes).getByRole("radio", { name: /^Merge by key/ }));
    const words = "Choose the columns that together name a row of silver.prices.";
    expect(screen.getAllByText(words).length).toBeGreaterThan(0);
    const bar = within(screen.getByRole("form", { name: "Save and run" }));
    expect(bar.getByRole("button", { name: "Check" }).hasAttribute("disabled")).toBe(true);
    await user.click(screen.getByRole("combobox", { name: "Key columns of silver.prices" }));
    await user.click(await screen.findByRole("option", { name: "id" }));
    await check();
    expect(requests("sync_preflight")).toMatchObject([{ doc: { mode: "upsert", parts: [{ key: ["id"] }] } }]);
  });

  it("sends columns under other names, or not at all", async () => {
    show(<NewSyncPage />, "/migrate/new");
    await choosePrices();
    await user.type(await screen.findByRole("textbox", { name: "Name of id at the target" }), "number");
    await user.click(screen.getByRole("checkbox", { name: "Send name" }));
    await check();
    expect(requests("sync_preflight")).toMatchObject([
      {
        doc: {
          parts: [
            {
              columns: [
                { column: "id", name: "number", skip: false },
                { column: "name", skip: true },
              ],
            },
          ],
        },
      },
    ]);
  });

  it("offers to refresh the source and to apply the recipe behind a table", async () => {
    engine.source_list = () => [
      {
        id: "src",
        connection_name: "Shop",
        kind_title: "Box",
        doc: { name: "orders", table: "bronze.prices", loading: { mode: "merge", key: ["id"] } },
      },
    ];
    engine.recipe_list = () => [
      { id: "rec", name: "Clean prices", input: "bronze.prices", output: "silver.prices", steps: [{}] },
    ];
    show(<NewSyncPage />, "/migrate/new");
    await choosePrices();
    await user.click(screen.getByRole("checkbox", { name: /^Refresh orders from Shop/ }));
    await user.click(screen.getByRole("checkbox", { name: /^Apply the recipe Clean prices/ }));
    await check();
    expect(requests("sync_preflight")).toMatchObject([
      { doc: { refresh: ["src"], apply: ["bronze.prices"], parts: [{ key: ["id"] }] } },
    ]);
  });

  it("sends the result of a query to a target of its name", async () => {
    show(<NewSyncPage />, "/migrate/new");
    await user.click(await screen.findByRole("button", { name: "Add a query" }));
    await user.type(screen.getByRole("textbox", { name: "Query result" }), "SELECT 1");
    const name = screen.getByRole("textbox", { name: "The result is called" });
    await user.clear(name);
    await user.type(name, "one");
    await check();
    expect(requests("sync_preflight")).toMatchObject([
      { doc: { parts: [{ from: { kind: "sql", name: "one", sql: "SELECT 1" }, target: { shelf: "one" } }] } },
    ]);
  });

  it("keeps what was chosen while a connection is made for it", async () => {
    const list = engine.connection_list;
    engine.connection_list = () => [];
    const history = show(<NewSyncPage />, "/migrate/new", "/migrate/new");
    await choosePrices();
    expect(screen.queryByRole("button", { name: /^Read/ }), "what can only be read is not offered").toBeNull();
    await user.click(screen.getByRole("button", { name: /^Box/ }));
    expect(history.at(-1)).toBe("/connections?kind=box&next=sync");
    cleanup();
    engine.connection_list = list as never;
    show(<NewSyncPage />, "/migrate/new?connection=c", "/migrate/new");
    expect((await screen.findByRole<HTMLInputElement>("checkbox", { name: "silver.prices" })).checked).toBe(true);
    expect(screen.getByRole<HTMLInputElement>("textbox", { name: "Shelf" }).value).toBe("prices");
  });

  it("can send the whole workspace", async () => {
    show(<NewSyncPage />, "/migrate/new");
    await user.click(await screen.findByRole("radio", { name: /^The whole workspace/ }));
    await check();
    expect(requests("sync_preflight")).toMatchObject([{ doc: { everything: true, parts: [] } }]);
    await user.click(screen.getByRole("button", { name: "Give silver.prices settings of its own" }));
    expect(screen.getByRole<HTMLInputElement>("checkbox", { name: "silver.prices" }).checked).toBe(true);
  });

  it("shows a refused name at the name", async () => {
    engine.sync_save = () => {
      throw { code: "already_exists", message: "There is another one.", field: "name" };
    };
    show(<NewSyncPage />, "/migrate/new");
    await choosePrices();
    await user.click(screen.getByRole("button", { name: "Save" }));
    const name = screen.getByRole("textbox", { name: "Name of the sync" });
    await waitFor(() => expect(name.getAttribute("aria-invalid")).toBe("true"));
  });
});

async function check2() {
  await screen.findByRole("checkbox", { name: "silver.prices" });
  await check();
}
