// Takes the pictures of docs/screenshots from the window itself: `node tests/e2e/screenshots.mjs [folder]`.

import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { runQuery, waitForCell, waitForColumn, writeQuery } from "./support/actions.mjs";
import { launch, newPage, visit } from "./support/browser.mjs";
import { foodPrices, root, temporaryFolder } from "./support/paths.mjs";
import { finished, importFile, serve } from "./support/server.mjs";
import { sqlite } from "./support/services.mjs";

const folder = process.argv[2] ?? join(root, "docs", "screenshots");
const recipe = readFileSync(join(root, "datasets", "recipes", "food_prices.recipe.json"), "utf8");
const TABLE = "bronze.food_prices";
const QUERY = `SELECT Country, Commodity, round(avg("Price USD"), 2) AS average, count(*) AS counted
FROM silver.food_prices
GROUP BY ALL
ORDER BY counted DESC`;

const SHOP = `CREATE TABLE customers (name TEXT PRIMARY KEY, country TEXT);
INSERT INTO customers VALUES ('Ada', 'GB'), ('Edsger', 'NL'), ('Grace', 'US');
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer TEXT, amount REAL, placed_at TEXT);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400)
INSERT INTO orders SELECT i, CASE i % 3 WHEN 0 THEN 'Ada' WHEN 1 THEN 'Grace' ELSE 'Edsger' END,
  round(i * 37 % 211 + i * 0.01, 2), datetime('2026-11-20', '+' || (i * 7) || ' minutes') FROM n;`;

/** Goes through the main job in one colour scheme and takes its pictures. */
async function take(browser, scheme) {
  const workspace = join(temporaryFolder(), "CloudPulse");
  mkdirSync(workspace);
  const server = await serve(workspace);
  try {
    const page = await newPage(browser, { colorScheme: scheme });
    const picture = async (name) => {
      // The pointer would leave a mark where it rests.
      await page.mouse.move(0, 799);
      await page.waitForTimeout(500);
      await page.screenshot({ path: join(folder, `${name}-${scheme}.png`) });
    };
    await page.goto(server.url);
    await page.getByText("Or open a sample").waitFor();
    await picture("welcome");

    await visit(page, "/sql");
    await page.getByText("No tables to ask yet").waitFor();
    await picture("empty");

    await visit(page, `/import?path=${encodeURIComponent(foodPrices)}`);
    await page.getByText(/records = /).waitFor();
    await picture("import");

    await importFile(server, foodPrices, TABLE);
    const { id, steps } = await server.rpc("recipe_import", { table: TABLE, text: recipe });
    await cleaning(page, steps, picture);

    const { job } = await server.rpc("recipe_apply", { recipe: id });
    await finished(server, job);
    await page.reload();
    await asking(page, picture);

    await visit(page, "/tables/silver.food_prices");
    await waitForColumn(page, "Country");
    await page.waitForTimeout(1000);
    await picture("table");
    await connecting(page, server, workspace, picture);
    await migrating(page, server, workspace, picture);
    await visit(page, "/");
    await page.getByText("food_prices").first().waitFor();
    await picture("home");
    if (page.errors.length > 0) throw new Error(page.errors.join("\n"));
    await page.context().close();
  } finally {
    await server.stop();
  }
}

async function cleaning(page, steps, picture) {
  await visit(page, `/tables/${TABLE}/clean?step=${steps[0].id}`);
  await page
    .getByText(/cells? changed/)
    .first()
    .waitFor();
  await waitForCell(page, "Afghanistan");
  await picture("clean");
}

async function asking(page, picture) {
  await visit(page, "/sql");
  await runQuery(page, QUERY);
  await waitForColumn(page, "average");
  await page.keyboard.press("Control+Home");
  await picture("sql");
  await page.getByRole("button", { name: "Export result" }).click();
  await page.getByRole("dialog").waitFor();
  await picture("export");
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await writeQuery(page, QUERY.replace("GROUP BY ALL", "GROUP BY Contry"));
  await page.keyboard.press("Control+Enter");
  await page.getByRole("main").getByRole("alert").waitFor();
  await picture("error");
}

async function connecting(page, server, workspace, picture) {
  const path = join(workspace, "..", "shop.sqlite");
  sqlite(path, SHOP);
  const { id } = await server.rpc("connection_save", { name: "Shop", kind: "sqlite", settings: { path } });
  await visit(page, `/connections?id=${id}`);
  await page.getByRole("button", { name: "Test" }).click();
  await page.getByText("It works").waitFor();
  await picture("connections");
  await visit(page, `/sources/new?connection=${id}`);
  await page.getByRole("button", { name: /^orders/ }).click();
  await page.getByRole("button", { name: "Preview this table" }).click();
  await page.getByRole("radio", { name: /^Merge by key/ }).check();
  await page.getByText(/into the new table bronze\.orders/).waitFor();
  await picture("source");
  await page.getByRole("button", { name: "Import", exact: true }).click();
  await page.getByText(/ is in bronze\.orders/).waitFor();
  sqlite(path, "INSERT INTO orders SELECT id + 400, customer, amount, placed_at FROM orders WHERE id < 30;");
  await visit(page, "/sources");
  await page.getByRole("button", { name: "Refresh orders" }).click();
  await page.getByText(/the same/).waitFor();
  await picture("sources");
}

async function migrating(page, server, workspace, picture) {
  const settings = { folder: join(workspace, "..", "archive") };
  mkdirSync(settings.folder);
  const { id } = await server.rpc("connection_save", { name: "Archive", kind: "folder", settings });
  await visit(page, `/migrate/new?table=silver.food_prices&connection=${id}`);
  await page
    .getByRole("form", { name: "Save and run" })
    .getByRole("button", { name: /^Check/ })
    .click();
  const check = page.getByRole("article", { name: /^Check of/ });
  await check.getByText("ready", { exact: true }).waitFor();
  await picture("migrate");
  await page.getByRole("button", { name: "Save and run" }).click();
  await page.getByText(/compared and the same/).waitFor();
  await picture("report");
}

mkdirSync(folder, { recursive: true });
const browser = await launch();
try {
  for (const scheme of ["light", "dark"]) await take(browser, scheme);
} finally {
  await browser.close();
}
