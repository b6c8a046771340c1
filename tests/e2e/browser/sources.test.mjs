// Connections and sources as a person uses them in a browser: a web interface behind a token, and an SQLite file.

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { choosePassphrase, imported, waitForCell, waitForColumn } from "../support/actions.mjs";
import { launch, newPage, stepsOf, visit } from "../support/browser.mjs";
import { temporaryFolder } from "../support/paths.mjs";
import { serve } from "../support/server.mjs";
import { sqlite, stationsApi } from "../support/services.mjs";

const TOKEN = "a-token-that-must-never-be-shown";
const database = join(temporaryFolder(), "shop.sqlite");
let api;
let server;
let browser;
before(async () => {
  sqlite(
    database,
    `CREATE TABLE orders (id INTEGER PRIMARY KEY, customer TEXT, amount REAL);
     INSERT INTO orders VALUES (1, 'Ada', 12.5), (2, 'Grace', 7), (3, 'Edsger', 199.99);`,
  );
  api = await stationsApi(TOKEN);
  // The keyring of the machine is nobody's business in a test.
  process.env.PULSE_SECRETS = "file";
  server = await serve();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
  await api?.stop();
});

/** The row of a source in the list. */
const row = (page, name) => page.getByRole("article", { name, exact: true });

test("a database file: connect, look around, preview, import, refresh", async (t) => {
  const page = await newPage(browser);
  t.after(() => page.context().close());
  const step = stepsOf(t, page);
  await page.goto(server.url);

  await step("the import offers every kind of connection", async () => {
    await page.getByRole("link", { name: /^Or import from a connection/ }).click();
    await page.getByRole("heading", { name: "What do you want to connect to?" }).waitFor();
    await page.getByRole("button", { name: /^SQLite/ }).click();
  });

  await step("a wrong path is told by the test before anything is saved", async () => {
    await page.getByRole("textbox", { name: "Path" }).fill(join(database, "nowhere"));
    await page.getByRole("button", { name: "Test" }).click();
    await page.getByText("It does not work").or(page.getByText("The test could not be run")).waitFor();
    assert.deepEqual(await server.rpc("connection_list"), []);
  });

  await step("the right one works, is saved and opens", async () => {
    await page.getByRole("textbox", { name: "Name" }).fill("Shop");
    await page.getByRole("textbox", { name: "Path" }).fill(database);
    await page.getByRole("button", { name: "Test" }).click();
    await page.getByText("It works").waitFor();
    await page.getByRole("button", { name: "Save and look around" }).click();
    await page.getByRole("heading", { name: "Shop" }).waitFor();
  });

  await step("a table shows its columns and is previewed", async () => {
    await page.getByRole("button", { name: /^orders/ }).click();
    await page.getByRole("complementary", { name: "About it" }).getByText("customer").waitFor();
    await page.getByRole("button", { name: "Preview this table" }).click();
    await page.getByRole("cell", { name: "Edsger" }).waitFor();
  });

  await step("the import merges by the table's key and says what came", async () => {
    await page.getByRole("radio", { name: /^Merge by key/ }).check();
    await page.getByText(/into the new table bronze\.orders/).waitFor();
    await page.getByRole("button", { name: "Import", exact: true }).click();
    assert.match(await imported(page, "orders"), /3 rows added/);
    await page.locator("#page").getByRole("link", { name: "Open bronze.orders" }).click();
    await waitForColumn(page, "customer");
    await waitForCell(page, "Grace");
    await page.getByText("fed by").waitFor();
  });

  await step("a refresh tells what has changed", async () => {
    sqlite(database, "INSERT INTO orders VALUES (4, 'Barbara', 45); UPDATE orders SET amount = 8 WHERE id = 2;");
    await page.getByRole("link", { name: "Sources", exact: true }).click();
    await page.getByRole("button", { name: "Refresh orders" }).click();
    await row(page, "orders").getByText("1 row added").waitFor();
    await row(page, "orders").getByText("1 row changed").waitFor();
    const table = (await server.rpc("tables")).find((one) => one.table === "bronze.orders");
    assert.equal(table.rows, 4);
  });

  await step("a new column is shown before it comes", async () => {
    sqlite(database, "ALTER TABLE orders ADD COLUMN status TEXT; UPDATE orders SET status = 'paid';");
    await page.getByRole("link", { name: "orders", exact: true }).click();
    await page.getByRole("region", { name: "What will happen to the columns" }).getByText("status").waitFor();
    await page.getByRole("radio", { name: /^Pause and ask/ }).check();
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByRole("button", { name: "Refresh orders" }).click();
    await page.getByText("Paused: its columns have changed").waitFor();
    await page.getByRole("button", { name: "Accept and go on" }).click();
    await row(page, "orders").getByText("new column status").waitFor();
  });

  await step("the connection is not deleted while the source uses it", async () => {
    await page.getByRole("link", { name: "Connections", exact: true }).click();
    await page.getByRole("link", { name: /^Shop/ }).click();
    await page.getByRole("button", { name: "Delete" }).click();
    await page.getByRole("dialog").getByText("orders").waitFor();
    assert.equal(await page.getByRole("button", { name: "Delete connection" }).count(), 0);
    const [{ id }] = await server.rpc("connection_list");
    await assert.rejects(server.rpc("connection_delete", { id }), /orders/);
    await page.getByRole("dialog").getByRole("button", { name: "Close" }).last().click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
  });

  await step("a deleted source leaves its table, and then the connection can go", async () => {
    await page.getByRole("link", { name: "Sources", exact: true }).click();
    await page.getByRole("button", { name: "More for orders" }).click();
    await page.getByRole("menuitem", { name: "Delete" }).click();
    await page.getByRole("button", { name: "Delete source" }).click();
    await page.getByRole("heading", { name: "There are no sources yet" }).waitFor();
    assert.ok((await server.rpc("tables")).some((one) => one.table === "bronze.orders"));
    const [{ id }] = await server.rpc("connection_list");
    await visit(page, `/connections?id=${id}`);
    await page.getByRole("button", { name: "Delete" }).click();
    await page.getByRole("button", { name: "Delete connection" }).click();
    await page.getByRole("heading", { name: "What do you want to connect to?" }).waitFor();
  });

  await step("nothing went wrong behind the scenes", () => assert.deepEqual(page.errors, []));
});

test("a web interface: a token under a passphrase, pages, places in the response", async (t) => {
  const page = await newPage(browser);
  t.after(() => page.context().close());
  const step = stepsOf(t, page);
  await page.goto(server.url);

  await step("the first secret asks for a passphrase", async () => {
    await visit(page, "/sources/new");
    await page.getByRole("button", { name: /^REST API/ }).click();
    await page.getByRole("textbox", { name: "Name" }).fill("Weather");
    await page.getByRole("textbox", { name: "Base URL" }).fill(api.url);
    await page.getByRole("combobox", { name: "Auth" }).click();
    await page.getByRole("option", { name: /token/i }).first().click();
    await page.getByLabel("Token", { exact: true }).fill(TOKEN);
    await page.getByRole("button", { name: "More settings" }).first().click();
    await page.getByRole("switch", { name: "Allow private" }).click({ force: true });
    await page.getByRole("button", { name: "Save and look around" }).click();
    await choosePassphrase(page);
    await page.getByRole("heading", { name: "What is read" }).waitFor();
  });

  await step("the preview finds the records and the pages, and shows the response", async () => {
    await page.getByRole("textbox", { name: "Path", exact: true }).fill("stations");
    await page.getByRole("button", { name: "Preview", exact: true }).first().click();
    await page.getByRole("cell", { name: "Zurich" }).waitFor();
    await page.getByRole("region", { name: "Detected" }).getByText("data.items").waitFor();
    await page.getByText("Response", { exact: true }).click();
    await page.getByRole("region", { name: "The first response" }).getByText("list of 2").waitFor();
  });

  await step("a click on a place in the response writes it into the form", async () => {
    await page.getByRole("button", { name: "Use data.items as Records path" }).click();
    assert.equal(await page.getByRole("textbox", { name: "Records path" }).first().inputValue(), "data.items");
    await page.getByText("Rows", { exact: true }).click();
    assert.ok(await page.getByRole("button", { name: "Import", exact: true }).isDisabled(), "not yet previewed");
    await page.getByRole("button", { name: "Preview", exact: true }).first().click();
    await page.getByText("3 rows into the new table bronze.stations").waitFor();
  });

  await step("the import brings all pages", async () => {
    await page.getByRole("textbox", { name: "Name of the table in bronze" }).fill("stations");
    await page.getByRole("button", { name: "Import", exact: true }).click();
    assert.match(await imported(page, "stations"), /3 rows added/);
  });

  await step("one of several is refreshed, and a recorded read is replayed without the network", async () => {
    api.stations.push({ id: 4, name: "Basle", height: 260, place: { canton: "BS" } });
    await visit(page, "/sources");
    await page.getByRole("button", { name: "Refresh all" }).click();
    await waitForRows(4);
    await api.stop();
    await page.getByRole("button", { name: "More for stations" }).click();
    await page.getByRole("menuitem", { name: /^Replay/ }).click();
    await row(page, "stations").getByRole("progressbar").waitFor({ state: "detached" });
    await waitForRows(4);
  });

  await step("a server that is gone is told with what to do, and the table stays", async () => {
    await page.getByRole("button", { name: "Refresh stations" }).click();
    await page.getByText("The last refresh failed").waitFor();
    await page.getByRole("button", { name: "Retry" }).waitFor();
    await waitForRows(4);
  });

  await step("the token is nowhere to be seen", async () => {
    const { id } = (await server.rpc("connection_list")).find((one) => one.kind === "rest");
    await visit(page, `/connections?id=${id}`);
    const field = page.getByLabel("Token", { exact: true });
    await field.waitFor();
    assert.equal(await field.inputValue(), "");
    assert.equal(await field.getAttribute("placeholder"), "saved");
    for (const command of ["connection_list", "source_list", "jobs"]) {
      assert.ok(!JSON.stringify(await server.rpc(command)).includes(TOKEN), command);
    }
  });

  await step("nothing went wrong behind the scenes", () => assert.deepEqual(page.errors, []));

  async function waitForRows(rows) {
    for (;;) {
      const table = (await server.rpc("tables")).find((one) => one.table === "bronze.stations");
      const [source] = await server.rpc("source_list");
      if (table?.rows === rows && source.state !== "running") return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
});
