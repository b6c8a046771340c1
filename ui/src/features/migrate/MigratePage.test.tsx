import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";
import MigratePage from "./MigratePage";
import SyncPage from "./SyncPage";
import { box, engine, report, requests, reset, show, sync } from "./testHost";

vi.mock("../../platform", async (original) => ({
  ...(await original<typeof import("../../platform")>()),
  rpc: (await import("./testHost")).answer,
}));

beforeEach(reset);
const user = userEvent.setup();

describe("the list of syncs", () => {
  it("leads to a new sync where something can be written to, else to a new connection", async () => {
    engine.sync_list = () => [];
    show(<MigratePage />, "/migrate");
    expect((await screen.findByRole("link", { name: "New sync" })).getAttribute("href")).toBe("/migrate/new");
  });

  it("asks for a connection first where nothing can be written to", async () => {
    engine.sync_list = () => [];
    engine.connector_catalogue = () => [{ ...box, destination: undefined }];
    show(<MigratePage />, "/migrate");
    expect(await screen.findByRole("link", { name: "New connection" })).toBeTruthy();
  });

  it("runs a sync and shows it", async () => {
    const history = show(<MigratePage />, "/migrate");
    const card = within(await screen.findByRole("article", { name: "Prices" }));
    expect(card.getByText("matched")).toBeTruthy();
    await user.click(card.getByRole("button", { name: "Run Prices" }));
    await waitFor(() => expect(history.at(-1)).toBe("/migrate/s"));
    expect(requests("sync_start")).toEqual([{ id: "s", anew: false }]);
  });

  it("goes on with an unfinished run, or gives it up and begins anew", async () => {
    engine.sync_list = () => [{ ...sync, state: "cancelled", last: [{ ...report, state: "cancelled", pending: 5 }] }];
    show(<MigratePage />, "/migrate");
    await user.click(await screen.findByRole("button", { name: "Go on with Prices" }));
    expect(requests("sync_start")).toEqual([{ id: "s", anew: false }]);
    await user.click(screen.getByRole("button", { name: "More for Prices" }));
    await user.click(await screen.findByRole("menuitem", { name: /^Begin anew/ }));
    expect(requests("sync_start").at(-1)).toEqual({ id: "s", anew: true });
  });

  it("deletes only after saying what stays", async () => {
    show(<MigratePage />, "/migrate");
    await user.click(await screen.findByRole("button", { name: "More for Prices" }));
    await user.click(await screen.findByRole("menuitem", { name: "Delete" }));
    const dialog = within(await screen.findByRole("dialog"));
    expect(dialog.getByText(/What it has sent stays in My box/)).toBeTruthy();
    expect(requests("sync_delete")).toEqual([]);
    await user.click(dialog.getByRole("button", { name: "Delete sync" }));
    expect(requests("sync_delete")).toEqual([{ id: "s" }]);
  });

  it("names what refused a start", async () => {
    engine.sync_start = () => {
      throw { code: "conflict", message: "The sync “Other” is writing to the same target now.", hint: "Wait." };
    };
    show(<MigratePage />, "/migrate");
    await user.click(await screen.findByRole("button", { name: "Run Prices" }));
    expect(await screen.findByText(/“Other” is writing to the same target/)).toBeTruthy();
  });
});

describe("the report of a run", () => {
  const page = () => show(<SyncPage />, "/migrate/s", "/migrate/:sync");

  it("says that all rows are there and the same", async () => {
    page();
    expect(await screen.findByText("All 120 rows are in My box, compared and the same.")).toBeTruthy();
    expect(screen.getByText("1 comparison with the target, all the same.")).toBeTruthy();
  });

  it("shows rejected rows with their values, and sends them again", async () => {
    const text = '{"id":12345678901234567890,"name":"x"}';
    engine.sync_list = () => [{ ...sync, state: "rejected", last: [{ ...report, delivered: 119, rejected: 1 }] }];
    engine.sync_rejected = () => [{ row: 3, reason: "The name is too long.", text }];
    page();
    expect(await screen.findByText("The name is too long.")).toBeTruthy();
    expect(screen.getByText(/"id": 12345678901234567890,/), "numbers are kept digit for digit").toBeTruthy();
    await user.click(screen.getByRole("button", { name: "Retry this row" }));
    expect(requests("sync_retry")).toEqual([{ run: "r" }]);
  });

  it("shows what differs before what does not", async () => {
    const verification = {
      matched: false,
      comparisons: [
        { name: "Rows", here: "120", there: "120" },
        { name: "price, sum", here: "10", there: "9" },
      ],
      differing: ["id 7"],
      note: "",
    };
    engine.sync_list = () => [{ ...sync, state: "differs", last: [{ ...report, verification }] }];
    page();
    expect(await screen.findByRole("row", { name: /price, sum/ })).toBeTruthy();
    expect(screen.queryByRole("row", { name: /^Rows/ })).toBeNull();
    expect(screen.getByText("id 7")).toBeTruthy();
    await user.click(screen.getByRole("button", { name: "Show all" }));
    expect(screen.getByRole("row", { name: /^Rows/ })).toBeTruthy();
  });

  it("does not call a target matched that could not be compared", async () => {
    const verification = { matched: true, comparisons: [], differing: [], note: "The target could not be compared." };
    engine.sync_list = () => [{ ...sync, last: [{ ...report, verification }] }];
    page();
    expect(await screen.findByText(/not everything could be compared/)).toBeTruthy();
    expect(screen.queryByText("matched")).toBeNull();
  });

  it("follows a run table by table and cancels it", async () => {
    const running = {
      ...report,
      run: "r2",
      origin: "silver.more@1",
      state: "running",
      total: 100,
      pending: 60,
      delivered: 40,
    };
    engine.sync_list = () => [{ ...sync, state: "running", job: "9", last: [report, running] }];
    page();
    expect(await screen.findByText("Sending silver.more@1 to prices")).toBeTruthy();
    expect(await screen.findByText("75 of 100 rows")).toBeTruthy();
    expect(screen.getByText("5 rows/s")).toBeTruthy();
    expect(screen.getByText("5 s left")).toBeTruthy();
    await user.click(screen.getByRole("button", { name: "Cancel" }));
    expect(requests("job_cancel")).toEqual([{ id: "9" }]);
  });

  it("lists earlier runs, each with its report", async () => {
    engine.sync_runs = () => [report, { ...report, run: "r0", batch: "b0", delivered: 7 }];
    page();
    await user.click(await screen.findByRole("tab", { name: "History" }));
    const rows = await screen.findAllByRole("row");
    expect(rows).toHaveLength(3);
    await user.click(within(rows[2] as HTMLElement).getByRole("link"));
    expect(await screen.findByText("All 7 rows are in My box, compared and the same.")).toBeTruthy();
  });
});
