// The real window: it opens, imports, cleans, asks and scrolls.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { foodPrices, temporaryFolder } from "../support/paths.mjs";
import { By, Key, openWindow } from "../support/window.mjs";

let window;
before(async () => {
  window = await openWindow();
});
after(() => window?.close());

/** A test that leaves a screenshot where it fails. */
function step(name, work) {
  test(name, async () => {
    try {
      await work();
    } catch (error) {
      console.error(`screenshot: ${await window.picture(name)}`);
      throw error;
    }
  });
}

step("the window opens on the welcome page", async () => {
  await window.see("Start with some data");
  await window.see("Or open a sample");
  assert.equal(await window.session.getTitle(), "Cloud Pulse");
});

/** Imports a file through the page that a dropped file opens; dropping itself cannot be driven. */
async function importFile(path, table) {
  await window.visit(`/import?path=${encodeURIComponent(path)}`);
  await window.see("The first rows as they will become");
  await window.see("What does not fit");
  const name = await window.session.findElement(By.css("[aria-label='Name of the table in bronze']"));
  await name.sendKeys(Key.chord(Key.CONTROL, "a"));
  await name.sendKeys(table);
  await window.see(`into bronze.${table}`);
  await window.click("Import");
}

step("a file shows its rows as they will become and is imported", async () => {
  await importFile(foodPrices, "prices");
  await window.cell("Country");
  await window.cell("kg");
});

step("a step is previewed in the grid and applied", async () => {
  await window.visit("/tables/bronze.prices/clean");
  await window.see("Add the first step");
  const find = await window.session.findElement(By.css("[aria-label='Find a step']"));
  await find.sendKeys("whitespace", Key.ENTER);
  await window.see("changed");
  await window.click("Apply");
  await window.see("Wrote silver.prices version 0");
});

step("a query over two versions answers", async () => {
  const sql =
    "SELECT count(*) AS counted, 'asked' AS word FROM silver.prices@0 AS s JOIN bronze.prices@0 AS b ON s.Unit = b.Unit";
  await window.visit(`/sql?q=${encodeURIComponent(sql)}`);
  await window.see("counted");
  await window.click("Run");
  await window.see("1 row · 2 columns");
  await window.cell("asked");
});

step("a wrong query says that it failed and why", async () => {
  await window.visit(`/sql?q=${encodeURIComponent("SELECT nobody FROM silver.prices")}`);
  await window.see("nobody");
  await window.click("Run");
  await window.see("The query failed");
  const alert = await window.session.findElement(By.css("main [role=alert]"));
  assert.match(await alert.getText(), /nobody/);
});

step("a million rows scroll from the first to the last", async () => {
  const path = join(temporaryFolder(), "million.csv");
  const lines = Array.from({ length: 1_000_000 }, (_, row) => `${row},name ${row},${row % 97}.5`);
  writeFileSync(path, `id,name,value\n${lines.join("\n")}\n`);
  await importFile(path, "million");
  await window.cell("name 0");
  const scroll = (share) =>
    window.session.executeScript(
      "const box = document.querySelector('.dvn-scroller'); box.scrollTop = arguments[0] * box.scrollHeight",
      share,
    );
  await scroll(0.5);
  await window.cell("name 50");
  await scroll(1);
  await window.cell("name 999999");
  await scroll(0);
  await window.cell("name 0");
});
