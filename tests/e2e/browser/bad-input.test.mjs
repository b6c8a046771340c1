// Inputs that cannot become a table and queries that cannot run: what went wrong is said where it happened.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { gzipSync } from "node:zlib";
import { chooseFile, runQuery, writeQuery } from "../support/actions.mjs";
import { launch, newPage, visit, withPicture } from "../support/browser.mjs";
import { temporaryFolder } from "../support/paths.mjs";
import { importFile, serve } from "../support/server.mjs";

const folder = temporaryFolder();
let server;
let browser;
let page;
before(async () => {
  server = await serve();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});
beforeEach(async () => {
  page = await newPage(browser);
  await page.goto(server.url);
});
afterEach(() => page.context().close());

/** A file of the test's own. */
function file(name, content) {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const gzip = gzipSync(Buffer.from("a,b\n1,2\n".repeat(5000)));
const BAD_FILES = [
  ["an empty file", "empty.csv", "", /empty|no (?:data|rows|records)/i],
  [
    "a binary file",
    "program.csv",
    Buffer.from(Array.from({ length: 4096 }, (_, at) => (at * 7) % 256)),
    /binary|not text|cannot be read/i,
  ],
  ["a truncated gzip", "cut.csv.gz", gzip.subarray(0, gzip.length - 20), /truncated|damaged|ends|incomplete|cut/i],
];
for (const [name, fileName, content, said] of BAD_FILES) {
  test(`${name} is refused with a reason and leaves no table`, (t) =>
    withPicture(t, page, async () => {
      await chooseFile(page, file(fileName, content));
      const alert = page.getByRole("alert").first();
      await alert.waitFor();
      assert.match(await alert.textContent(), said);
      assert.equal(await page.getByRole("button", { name: "Import", exact: true }).isEnabled(), false);
      assert.deepEqual(await server.rpc("tables"), []);
    }));
}

test("JSON that breaks off is accounted for: what is whole becomes rows, the rest goes to the ledger", (t) =>
  withPicture(t, page, async () => {
    await chooseFile(page, file("cut.json", '[{"a": 1}, {"a": '));
    await page.getByText("2 records = 1 row + 1 in the ledger only").waitFor();
    await page.getByText("The record is not valid JSON.").waitFor();
  }));

test("a file that is not there says so and offers to choose another", (t) =>
  withPicture(t, page, async () => {
    await visit(page, `/import?path=${encodeURIComponent("/nowhere/at/all.csv")}`);
    await page.getByRole("alert").first().waitFor();
    assert.match(await page.getByRole("alert").first().textContent(), /all\.csv/);
  }));

test("an unknown table says so and leads back", (t) =>
  withPicture(t, page, async () => {
    await visit(page, "/tables/silver.nothing");
    await page
      .getByRole("alert")
      .getByText(/silver\.nothing/)
      .first()
      .waitFor();
  }));

test("an unknown page says so", (t) =>
  withPicture(t, page, async () => {
    await visit(page, "/nowhere");
    await page.getByText("There is no such page").waitFor();
  }));

test("wrong queries say what, why and where, and the next query runs", (t) =>
  withPicture(t, page, async () => {
    const path = file("small.csv", "city,people\nBerne,134000\nGeneva,203000\n");
    await importFile(server, path, "bronze.small");
    await visit(page, "/sql");
    const alert = page.getByRole("main").getByRole("alert");

    await writeQuery(page, "SELECT city\nFORM bronze.small");
    await page.keyboard.press("Control+Enter");
    await alert
      .getByText(/line 2/)
      .first()
      .waitFor();
    assert.match(await page.locator(".cm-wrong").textContent(), /bronze\.small|FORM/i);

    await writeQuery(page, "SELECT * FROM silver.nothing");
    await page.keyboard.press("Control+Enter");
    await alert
      .getByText(/nothing/)
      .first()
      .waitFor();

    await writeQuery(page, "SELECT nobody FROM bronze.small");
    await page.keyboard.press("Control+Enter");
    await alert
      .getByText(/nobody/)
      .first()
      .waitFor();

    for (const forbidden of [
      "SELECT * FROM read_csv('/etc/passwd')",
      "SET threads = 64",
      "COPY bronze.small TO '/tmp/x.csv'",
    ]) {
      await writeQuery(page, forbidden);
      await page.keyboard.press("Control+Enter");
      await page.getByRole("status").getByText("The query failed").waitFor();
      assert.ok(!(await page.getByRole("main").textContent()).includes("root:"), `${forbidden} leaked a file`);
    }

    await runQuery(page, "SELECT sum(people) AS people FROM bronze.small");
    assert.deepEqual(page.errors, []);
  }));

test("a long query is cancelled with Esc and the page stays usable", (t) =>
  withPicture(t, page, async () => {
    await visit(page, "/sql");
    await writeQuery(page, "SELECT count(*) FROM range(10000000000) a(i), range(1000) b(j) WHERE (i * j) % 7 = 3");
    await page.keyboard.press("Control+Enter");
    await page
      .getByRole("status")
      .getByText(/Running for/)
      .waitFor();
    await page.keyboard.press("Escape");
    await page.getByText("The query was cancelled").waitFor();
    await runQuery(page, "SELECT 1 AS one");
  }));
