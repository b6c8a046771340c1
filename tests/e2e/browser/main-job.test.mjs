// The main job on the bundled sample of food prices, as a person does it in a browser.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { chooseFile, runQuery, waitForCell, waitForColumn, writeQuery } from "../support/actions.mjs";
import { launch, newPage, stepsOf, visit } from "../support/browser.mjs";
import { foodPrices } from "../support/paths.mjs";
import { serve } from "../support/server.mjs";

let server;
let browser;
before(async () => {
  server = await serve();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** All numbers of a text such as `8,006 records = 8,001 rows + 5 in the ledger only`. */
function numbers(text) {
  return [...text.matchAll(/\d[\d,]*/g)].map(([digits]) => Number(digits.replaceAll(",", "")));
}

test("the main job", async (t) => {
  const page = await newPage(browser);
  t.after(() => page.context().close());
  const step = stepsOf(t, page);
  let rows = 0;
  let cleaned = 0;

  await step("the welcome page opens without the token in its address", async () => {
    await page.goto(server.url);
    await page.getByRole("heading", { name: "Start with some data" }).waitFor();
    assert.ok(!page.url().includes(server.token), page.url());
    assert.ok((await page.getByRole("region", { name: "Or open a sample" }).getByRole("link").count()) > 0);
  });

  await step("a chosen file shows what was detected and accounts for every record", async () => {
    await chooseFile(page, foodPrices);
    await page.getByRole("columnheader", { name: /^Country/ }).waitFor();
    assert.match(await page.getByRole("combobox", { name: "Encoding" }).inputValue(), /windows-1252|iso-8859-1/);
    assert.match(await page.getByLabel("Delimiter").first().inputValue(), /;/);
    const account = await page.getByText(/records = /).textContent();
    const [records, kept, rejected] = numbers(account);
    assert.equal(records, kept + rejected, account);
    rows = kept;
    assert.match(await page.getByRole("button", { name: /^Type of M49/ }).getAttribute("aria-label"), /text/);
  });

  await step("a changed setting answers at once and can be detected again", async () => {
    const header = page.getByRole("switch", { name: "The first record names the columns" });
    await header.click({ force: true });
    await page.getByRole("columnheader", { name: /^Country/ }).waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Detect again" }).click();
    await page.getByRole("columnheader", { name: /^Country/ }).waitFor();
  });

  await step("the import leads to the table with its rows and headers", async () => {
    await page.getByRole("textbox", { name: "Name of the table in bronze" }).fill("prices");
    await page.getByText(/into bronze\.prices/).waitFor();
    await page.getByRole("button", { name: "Import", exact: true }).click();
    await page.getByRole("heading", { name: /prices/ }).waitFor();
    for (const name of ["Country", "Market", "Price"]) await waitForColumn(page, name);
    await waitForCell(page, "kg");
    const [table] = await server.rpc("tables");
    assert.equal(table.rows, rows);
    assert.equal(numbers(await page.locator("#status-line").textContent())[0], rows);
  });

  await step("the ledger tab lists what did not fit", async () => {
    const [{ ledger_entries: entries }] = await server.rpc("tables");
    await page.getByRole("tab", { name: /^Ledger/ }).click();
    if (entries > 0) await waitForColumn(page, "reason").catch(() => waitForColumn(page, "Reason"));
    else await page.getByText("The ledger is empty").waitFor();
    await page.getByRole("tab", { name: "Data" }).click();
  });

  await step("a step from the catalogue marks what it changes", async () => {
    await page.getByRole("button", { name: "Clean", exact: true }).click();
    const find = page.getByRole("textbox", { name: "Find a step" });
    await find.fill("whitespace");
    await find.press("Enter");
    await page
      .getByText(/[\d,]+ cells? changed/)
      .first()
      .waitFor();
  });

  await step("a step from a column's menu follows it", async () => {
    await page.getByRole("switch", { name: "Step 1 on" }).waitFor({ state: "attached" });
    await openColumnMenu(page, "Market");
    await page.getByRole("menuitem", { name: "Change case" }).click();
    await page.getByRole("switch", { name: "Step 2 on" }).waitFor({ state: "attached" });
    await page
      .getByText(/[\d,]+ cells? changed/)
      .first()
      .waitFor();
  });

  await step("undo takes the step back and redo brings it again", async () => {
    const second = page.getByRole("switch", { name: "Step 2 on" });
    await page.getByRole("button", { name: "Undo" }).click();
    await second.waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Redo" }).click();
    await second.waitFor({ state: "attached" });
  });

  await step("a third step removes duplicates and shows its rows in and out", async () => {
    await page.getByRole("button", { name: /^Add (?:a|the first) step/ }).click();
    await page.getByRole("textbox", { name: "Find a step" }).fill("duplicates");
    await page.keyboard.press("Enter");
    await page.getByRole("switch", { name: "Step 3 on" }).waitFor({ state: "attached" });
    const counts = page.getByRole("listitem").filter({ has: page.getByRole("switch", { name: "Step 3 on" }) });
    await counts.getByText(/[\d,]+ → [\d,]+ rows/).waitFor();
    const [before, left] = numbers(await counts.getByText(/ → /).textContent());
    assert.ok(left < before, `${before} → ${left}`);
  });

  await step("a reload keeps the recipe", async () => {
    await page.waitForFunction(() => !document.querySelector("[aria-busy=true]"));
    await page.reload();
    for (const number of [1, 2, 3]) {
      await page.getByRole("switch", { name: `Step ${number} on` }).waitFor({ state: "attached" });
    }
  });

  await step("apply writes the silver table", async () => {
    await page.getByRole("button", { name: /^Apply/ }).click();
    await page.getByText(/Wrote silver\.prices version 0/).waitFor();
    await page.getByRole("link", { name: "Open silver.prices" }).click();
    await waitForColumn(page, "Country");
    const silver = (await server.rpc("tables")).find((table) => table.table === "silver.prices");
    cleaned = silver.rows;
    assert.ok(cleaned > 0 && cleaned < rows, `${cleaned} of ${rows} rows`);
  });

  await step("the editor completes tables, columns and versions", async () => {
    await page.getByRole("link", { name: "SQL", exact: true }).click();
    await page
      .getByRole("heading", { name: "silver" })
      .or(page.getByText("silver", { exact: true }))
      .first()
      .waitFor();
    await writeQuery(page, "SELECT ");
    await page.keyboard.type("1 FROM silver.pri");
    const offers = page.getByRole("listbox").getByRole("option");
    await offers.filter({ hasText: "prices" }).first().waitFor();
    // The list takes no key in its first 75 ms, so that nobody accepts an offer not yet seen.
    await page.waitForTimeout(150);
    await page.keyboard.press("Tab");
    await page.keyboard.type("@");
    await offers.filter({ hasText: "newest version" }).waitFor();
    await page.keyboard.press("Escape");
    await writeQuery(page, " FROM silver.prices");
    await page.keyboard.press("Control+Home");
    await page.keyboard.type("SELECT Coun");
    await offers.filter({ hasText: "Country" }).first().waitFor();
    await page.keyboard.press("Escape");
  });

  await step("a query answers with its rows, and its address brings it back", async () => {
    await runQuery(page, "SELECT Country, count(*) AS counted FROM silver.prices GROUP BY ALL ORDER BY counted DESC");
    await waitForColumn(page, "counted");
    await page.waitForURL(/#\/sql\?q=SELECT/);
    await page.reload();
    await page.getByText("count(*)").first().waitFor();
    await page.keyboard.press("Control+Enter");
    await waitForColumn(page, "counted");
    await page.getByRole("tab", { name: "History" }).click();
    await page.getByRole("button", { name: /^Bring back: SELECT Country/ }).waitFor();
  });

  await step("the result is exported and has as many lines as rows", async () => {
    await runQuery(page, "SELECT Country, Market, Price FROM silver.prices");
    await page.getByRole("button", { name: "Export result" }).click();
    await page.getByRole("radio", { name: /^CSV/ }).check();
    await page.getByRole("button", { name: "Export", exact: true }).click();
    const written = page.getByText(/rows? written/);
    await written.waitFor();
    assert.equal(numbers(await written.textContent())[0], cleaned);
    const download = page.waitForEvent("download");
    await page.getByRole("button", { name: /^Download/ }).click();
    const text = readFileSync(await (await download).path(), "utf8");
    assert.equal(text.trimEnd().split("\n").length, cleaned + 1, "a header and one line a row");
    await page.getByRole("dialog").getByRole("button", { name: "Close" }).last().click();
  });

  await step("an older version stays readable and can be brought back", async () => {
    await visit(page, "/tables/silver.prices?tab=history");
    await page
      .getByText(/version 0/i)
      .first()
      .waitFor();
  });

  await step("nothing went wrong behind the scenes", () => assert.deepEqual(page.errors, []));
});

/** Opens a column's menu by a right click below its header: the grid is a canvas, its headers have no elements. */
async function openColumnMenu(page, name) {
  await waitForColumn(page, name);
  const box = await page.locator(".dvn-scroller").first().boundingBox();
  for (let x = 80; x < box.width; x += 40) {
    await page.mouse.click(box.x + x, box.y + 130, { button: "right" });
    const menu = page.getByRole("menu", { name: /^Steps for/ });
    await menu.waitFor();
    if ((await menu.getAttribute("aria-label")) === `Steps for ${name}`) return;
    await page.keyboard.press("Escape");
    await menu.waitFor({ state: "detached" });
  }
  throw new Error(`no menu of the column ${name}`);
}
