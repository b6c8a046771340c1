import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";
import NewSyncPage from "./NewSyncPage";
import { checked, engine, requests, reset, show } from "./testHost";

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

describe("the check of a sync", () => {
  it("shows what would fail, the worst first, and starts nothing that is stopped", async () => {
    const finding = { column: "name", rows: 3, examples: [{ row: 6, value: "Ä" }], hint: "Use a recipe." };
    engine.sync_preflight = () => [
      {
        ...checked,
        ready: false,
        findings: [
          { ...finding, severity: "rejects", text: "3 values are too long." },
          { ...finding, severity: "stops", text: "The room is locked.", column: "", rows: 0, examples: [] },
        ],
      },
    ];
    show(<NewSyncPage />, "/migrate/new");
    await choosePrices();
    await check();
    const findings = within(screen.getByRole("list", { name: "Findings" })).getAllByText(/\.$/);
    expect(findings[0]?.textContent).toBe("The room is locked.");
    expect(screen.getByText("row 7:")).toBeTruthy();
    expect(screen.getByRole("button", { name: "Save and run" }).hasAttribute("disabled")).toBe(true);
  });

  it("sends edited statements, and none after a reset", async () => {
    show(<NewSyncPage />, "/migrate/new");
    await choosePrices();
    await check();
    await user.click(screen.getByRole("button", { name: /^Show what will be run/ }));
    await user.type(screen.getByRole("textbox", { name: "Create the shelf" }), " OF OAK");
    expect(screen.getByText("The sync has changed; check it again.")).toBeTruthy();
    await user.click(screen.getByRole("button", { name: "Save" }));
    expect(sent().parts[0]?.edits).toEqual({ create: "CREATE SHELF OF OAK" });
    await user.click(screen.getByRole("button", { name: "Reset" }));
    await waitFor(() => expect(requests("sync_preflight"), "it is checked again").toHaveLength(2));
    await user.click(screen.getByRole("button", { name: "Save" }));
    expect(sent().parts[0]?.edits).toEqual({});
  });

  it("stops a check that is not waited for", async () => {
    engine.sync_preflight = () => new Promise(() => undefined);
    show(<NewSyncPage />, "/migrate/new");
    await choosePrices();
    const bar = within(screen.getByRole("form", { name: "Save and run" }));
    await user.click(bar.getByRole("button", { name: "Check" }));
    await user.click(await screen.findByRole("button", { name: "Cancel" }));
    const [{ ticket }] = requests("sync_preflight") as [{ ticket: string }];
    expect(requests("ticket_cancel")).toEqual([{ ticket }]);
  });
});
