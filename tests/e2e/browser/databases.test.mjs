// A PostgreSQL server as an analyst uses it in a browser: connect, look around, import, refresh.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { choosePassphrase, fillForm, imported, waitForCell, waitForColumn } from "../support/actions.mjs";
import { launch, newPage, stepsOf, visit } from "../support/browser.mjs";
import { serve } from "../support/server.mjs";
import { skip, startServices } from "../support/services.mjs";

let services;
let server;
let browser;
const sql = (text) => services.ask({ do: "sql", sql: text });
before(async () => {
  if (skip) return;
  services = await startServices("postgres");
  await sql(`CREATE SCHEMA shop;
    CREATE TABLE shop.orders (id int PRIMARY KEY, customer text NOT NULL, total numeric(12,2), at timestamptz, tags text[]);
    COMMENT ON TABLE shop.orders IS 'What was sold';
    INSERT INTO shop.orders VALUES
      (1, 'Ada', 12.50, '2026-01-05 10:00+01', '{new}'), (2, 'Grace', 7.00, '2026-01-06 11:00+01', '{}'),
      (3, 'Edsger', 199.99, '2026-01-07 12:00+01', '{old,big}');
    CREATE VIEW shop.totals AS SELECT customer, sum(total) AS total FROM shop.orders GROUP BY customer;
    ANALYZE shop.orders;`);
  // The keyring of the machine is nobody's business in a test.
  process.env.PULSE_SECRETS = "file";
  server = await serve();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
  await services?.stop();
});

test("a database server: connect, look around, preview, merge by key, refresh", { skip }, async (t) => {
  const page = await newPage(browser);
  t.after(() => page.context().close());
  const step = stepsOf(t, page);
  const { host, port, database, user, password } = services.at.postgres;
  const verdict = page.getByRole("region", { name: "Test" });
  const about = page.getByRole("complementary", { name: "About it" });
  await page.goto(server.url);

  await step("a wrong password is told at the step that failed", async () => {
    await visit(page, "/sources/new");
    await page.getByRole("button", { name: /^PostgreSQL/ }).click();
    const wrong = "a-wrong-password";
    await fillForm(page, { Name: "Shop", Host: host, Port: port, Database: database, User: user, Password: wrong });
    await page.getByRole("button", { name: "Test" }).click();
    await verdict.getByText("It does not work").waitFor();
    const failed = verdict.getByRole("listitem").filter({ has: page.getByLabel("failed") });
    assert.match(await failed.textContent(), /Sign in/);
    assert.ok((await verdict.getByLabel("done").count()) > 0, "the steps before it are told, too");
    assert.ok(!(await page.getByRole("main").textContent()).includes(wrong));
  });

  await step("a wrong host is told, too", async () => {
    await fillForm(page, { Host: "no-such-host.invalid", Password: password });
    await page.getByRole("button", { name: "Test" }).click();
    await verdict.getByText("It does not work").waitFor();
    await verdict
      .getByText(/no-such-host\.invalid/)
      .first()
      .waitFor();
  });

  await step("the right ones work and are saved", async () => {
    await fillForm(page, { Host: host });
    await page.getByRole("button", { name: "Test" }).click();
    await verdict.getByText("It works").waitFor();
    await page.getByRole("button", { name: "Save and look around" }).click();
    await choosePassphrase(page);
    await page.getByRole("heading", { name: "Shop" }).waitFor();
  });

  await step("schemas hold tables and views with their columns", async () => {
    await page.getByRole("button", { name: /^shop/ }).click();
    await page.getByRole("button", { name: /^totals/ }).waitFor();
    await page.getByRole("button", { name: /^orders/ }).click();
    await about.getByText("numeric(12,2)").waitFor();
    await about.getByLabel("part of the key").waitFor();
    await about.getByText("What was sold").waitFor();
  });

  await step("the preview shows the rows, typed", async () => {
    await page.getByRole("button", { name: "Preview this table" }).click();
    await page.getByRole("cell", { name: "Edsger" }).waitFor();
    await page.getByRole("cell", { name: "199.99" }).waitFor();
  });

  await step("the import merges by the primary key", async () => {
    await page.getByRole("radio", { name: /^Merge by key/ }).check();
    await page.getByText(/into the new table bronze\.orders/).waitFor();
    await page.getByRole("button", { name: "Import", exact: true }).click();
    assert.match(await imported(page, "orders"), /3 rows added/);
    await page.locator("#page").getByRole("link", { name: "Open bronze.orders" }).click();
    await waitForColumn(page, "tags");
    await waitForCell(page, "Grace");
  });

  await step("a refresh tells what was added, changed and deleted", async () => {
    await sql(`INSERT INTO shop.orders VALUES (4, 'Barbara', 45, now(), '{}');
      UPDATE shop.orders SET total = 8 WHERE id = 2; DELETE FROM shop.orders WHERE id = 3;`);
    await page.getByRole("link", { name: "Sources", exact: true }).click();
    await page.getByRole("link", { name: "orders", exact: true }).click();
    await page.getByRole("radio", { name: /^Remove them/ }).check();
    await page.getByRole("button", { name: "Save and refresh" }).click();
    await imported(page, "orders");
    for (const part of ["1 row added", "1 row changed", "1 row deleted"]) await page.getByText(part).waitFor();
    const table = (await server.rpc("tables")).find((one) => one.table === "bronze.orders");
    assert.equal(table.rows, 3);
  });

  await step("a server that lost its table is told, and what is here stays", async () => {
    await sql("DROP TABLE shop.orders CASCADE");
    await page.getByRole("link", { name: "Sources", exact: true }).click();
    await page.getByRole("button", { name: "Refresh orders" }).click();
    await page.getByText("The last refresh failed").waitFor();
    const table = (await server.rpc("tables")).find((one) => one.table === "bronze.orders");
    assert.equal(table.rows, 3);
  });

  await step("nothing went wrong behind the scenes", () => assert.deepEqual(page.errors, []));
});
