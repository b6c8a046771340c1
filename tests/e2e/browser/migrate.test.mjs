// Sending tables to a PostgreSQL server from a browser: check, send, compare, rejected rows, retry.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { runQuery } from "../support/actions.mjs";
import { launch, newPage, stepsOf, visit } from "../support/browser.mjs";
import { temporaryFolder } from "../support/paths.mjs";
import { importFile, serve } from "../support/server.mjs";
import { skip, startServices } from "../support/services.mjs";

let services;
let server;
let browser;
/** What psql prints for a query, without blanks around it. */
const sql = async (text) => String(await services.ask({ do: "sql", sql: text })).trim();
before(async () => {
  if (skip) return;
  services = await startServices("postgres");
  // The keyring of the machine is nobody's business in a test.
  process.env.PULSE_SECRETS = "file";
  server = await serve();
  await server.rpc("secrets_unlock", { passphrase: "correct horse" });
  const file = join(temporaryFolder(), "stations.csv");
  const rows = Array.from({ length: 500 }, (_, at) => `${at + 1},${at === 6 ? "Lauterbrunnen" : `S${at}`},${at / 4}`);
  writeFileSync(file, ["id,name,height", ...rows].join("\n"));
  await importFile(server, file, "bronze.stations");
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
  await services?.stop();
});

/** Checks what is being edited and returns what the check says about the table. */
async function checked(page) {
  await page
    .getByRole("form", { name: "Save and run" })
    .getByRole("button", { name: /^Check/ })
    .click();
  return page.getByRole("article", { name: /^Check of/ });
}

test("a table goes to a database server", { skip }, async (t) => {
  const page = await newPage(browser);
  t.after(() => page.context().close());
  const step = stepsOf(t, page);
  await page.goto(server.url);

  await step("without a place to send to, a connection comes first", async () => {
    await page.getByRole("link", { name: "Migrate", exact: true }).click();
    await page.getByRole("link", { name: "New connection" }).waitFor();
    const settings = services.at.postgres;
    await server.rpc("connection_save", { name: "Warehouse", kind: "postgres", settings });
  });

  await step("a table is chosen, and its target is named like it", async () => {
    await visit(page, "/");
    await visit(page, "/migrate");
    await page.getByRole("link", { name: "New sync" }).click();
    await page.getByRole("checkbox", { name: "bronze.stations" }).check();
    assert.equal(await page.getByRole("textbox", { name: "Table", exact: true }).inputValue(), "stations");
  });

  await step("the check says what will be made and changes nothing", async () => {
    const found = await checked(page);
    await found.getByText("ready", { exact: true }).waitFor();
    await found.getByRole("button", { name: /^Show what will be run/ }).click();
    await found.getByText("CREATE TABLE").first().waitFor();
    assert.equal(await sql("SELECT to_regclass('public.stations') IS NULL"), "t");
  });

  await step("it is sent and found to be the same", async () => {
    await page.getByRole("button", { name: "Save and run" }).click();
    await page.getByText("All 500 rows are in Warehouse, compared and the same.").waitFor();
    assert.equal(await sql("SELECT count(*) || ' ' || sum(id) FROM public.stations"), "500 125250");
  });

  await step("a merge by key asks for the key, and the history remembers both runs", async () => {
    await page.getByRole("link", { name: "Edit" }).click();
    await page.getByRole("radio", { name: /^Merge by key/ }).click();
    await page.getByRole("combobox", { name: "Key columns of bronze.stations" }).click();
    await page.getByRole("option", { name: "id" }).click();
    await page.keyboard.press("Escape");
    await checked(page);
    await page.getByRole("button", { name: "Save and run" }).click();
    await page.getByText("All 500 rows are in Warehouse, compared and the same.").waitFor();
    await page.getByRole("tab", { name: "History" }).click();
    await page.getByRole("row").nth(2).waitFor();
    assert.equal(await page.getByRole("row").count(), 3);
  });

  await step("the result of a query goes there, too", async () => {
    await visit(page, "/sql");
    await runQuery(page, "SELECT id, height FROM bronze.stations WHERE height > 100");
    await page.getByRole("button", { name: "Send result" }).click();
    const name = page.getByRole("textbox", { name: "The result is called" });
    await name.fill("high stations");
    assert.equal(await page.getByRole("textbox", { name: "Table", exact: true }).inputValue(), "high stations");
    await checked(page);
    await page.getByRole("button", { name: "Save and run" }).click();
    await page.getByText("All 99 rows are in Warehouse, compared and the same.").waitFor();
    assert.equal(await sql('SELECT count(*) FROM public."high stations"'), "99");
  });

  await step("nothing went wrong behind the scenes", () => assert.deepEqual(page.errors, []));
});

test("rows that the server refuses are told beforehand, listed and sent again", { skip }, async (t) => {
  const page = await newPage(browser);
  t.after(() => page.context().close());
  const step = stepsOf(t, page);
  await page.goto(server.url);
  await sql("CREATE TABLE public.narrow (id bigint, name varchar(8), height double precision)");

  await step("the check names the column and the row", async () => {
    await visit(page, "/migrate/new?table=bronze.stations");
    await page.getByRole("textbox", { name: "Table", exact: true }).fill("narrow");
    await page.getByRole("radio", { name: /^Append/ }).click();
    const found = await checked(page);
    await found.getByText("rows will be rejected").first().waitFor();
    await found.getByText("Lauterbrunnen").waitFor();
    await found.getByText("row 7:").waitFor();
  });

  await step("all others are sent", async () => {
    await page.getByRole("button", { name: "Save and run" }).click();
    await page.getByText("499 rows are in Warehouse, 1 rejected.").waitFor();
    const row = page.getByRole("region", { name: "Rejected rows" }).getByRole("row").nth(1);
    assert.match(await row.textContent(), /Lauterbrunnen/);
    assert.equal(await sql("SELECT count(*) FROM public.narrow"), "499");
  });

  await step("after a fix the row is sent again", async () => {
    await sql("ALTER TABLE public.narrow ALTER name TYPE text");
    await page.getByRole("button", { name: "Retry this row" }).click();
    await page.getByText("All 500 rows are in Warehouse, compared and the same.").waitFor();
    assert.equal(await sql("SELECT count(*) FROM public.narrow WHERE id = 7"), "1");
  });

  await step("a deleted sync leaves what it sent", async () => {
    await page.getByRole("button", { name: /^More for/ }).click();
    await page.getByRole("menuitem", { name: "Delete" }).click();
    await page.getByRole("button", { name: "Delete sync" }).click();
    await page.getByRole("list", { name: "Syncs" }).waitFor();
    assert.equal((await server.rpc("sync_list")).length, 2);
    assert.equal(await sql("SELECT count(*) FROM public.narrow"), "500");
  });

  await step("nothing went wrong behind the scenes", () => assert.deepEqual(page.errors, []));
});
