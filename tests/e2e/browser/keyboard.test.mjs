// The main actions by keyboard alone, and the look that the reader chose.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { dropFile, waitForColumn } from "../support/actions.mjs";
import { launch, newPage, visit, withPicture } from "../support/browser.mjs";
import { temporaryFolder } from "../support/paths.mjs";
import { importFile, serve } from "../support/server.mjs";

const folder = temporaryFolder();
const file = join(folder, "cities.csv");
let server;
let browser;
let page;
before(async () => {
  writeFileSync(file, "city,people\nBerne,134000\nGeneva,203000\n");
  server = await serve();
  browser = await launch();
  await importFile(server, file, "bronze.cities");
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

/** Presses Tab until the control of that name has the focus. */
async function tabTo(name, role) {
  for (let presses = 0; presses < 80; presses++) {
    const reached = await page.evaluate(
      ([wanted, kind]) => {
        const at = document.activeElement;
        const label = at?.getAttribute("aria-label") ?? at?.textContent?.trim() ?? "";
        const roleOf = at?.getAttribute("role") ?? { A: "link", BUTTON: "button" }[at?.tagName] ?? "";
        return label.startsWith(wanted) && roleOf === kind;
      },
      [name, role],
    );
    if (reached) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`Tab never reaches the ${role} “${name}”`);
}

for (const [name, hash] of [
  ["Import", "/import"],
  ["Tables", "/tables"],
  ["SQL", "/sql"],
  ["Jobs", "/jobs"],
]) {
  test(`the page ${name} is reached by keyboard`, (t) =>
    withPicture(t, page, async () => {
      await tabTo(name, "link");
      await page.keyboard.press("Enter");
      await page.waitForURL(new RegExp(`#${hash}`));
    }));
}

test("the actions of a table are reached by keyboard", (t) =>
  withPicture(t, page, async () => {
    await visit(page, "/tables/bronze.cities");
    await waitForColumn(page, "people");
    for (const name of ["Clean", "Query", "Export"]) await tabTo(name, "button");
    await page.keyboard.press("Enter");
    await page.getByRole("dialog", { name: /Export/ }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
  }));

test("a column's menu opens with Shift-F10 on a cell and closes with Esc", (t) =>
  withPicture(t, page, async () => {
    await visit(page, "/tables/bronze.cities");
    await waitForColumn(page, "people");
    await page.locator(".dvn-scroller").click({ position: { x: 80, y: 130 } });
    await page.keyboard.press("Shift+F10");
    await page.getByRole("menuitem", { name: "Clean this column" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("menu").waitFor({ state: "detached" });
  }));

test("the query editor does not trap the focus", (t) =>
  withPicture(t, page, async () => {
    await visit(page, "/sql");
    await page.getByRole("textbox", { name: "SQL query" }).focus();
    await page.keyboard.type("SELECT 1 AS one ");
    await page.keyboard.press("Escape");
    await page.keyboard.press("Tab");
    assert.notEqual(await page.evaluate(() => document.activeElement?.getAttribute("aria-label")), "SQL query");
  }));

test("Ctrl-K finds a table and opens it", (t) =>
  withPicture(t, page, async () => {
    await page.getByRole("button", { name: /Search or do anything/ }).waitFor();
    await page.keyboard.press("Control+k");
    await page.getByRole("dialog").getByRole("textbox").fill("cities");
    await page.getByRole("dialog").getByText("bronze.cities").first().waitFor();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.waitForURL(/#\/tables\/bronze\.cities/);
  }));

test("a dropped file opens the import, wherever it is dropped", (t) =>
  withPicture(t, page, async () => {
    await visit(page, "/sql");
    await page.getByRole("textbox", { name: "SQL query" }).waitFor();
    await dropFile(page, file);
    await page.getByRole("columnheader", { name: /people/ }).waitFor();
  }));

for (const scheme of ["light", "dark"]) {
  test(`no text is lost in the ${scheme} scheme`, async (t) => {
    const other = await newPage(browser, { colorScheme: scheme });
    t.after(() => other.context().close());
    await withPicture(t, other, async () => {
      await other.goto(`${server.url}#/tables/bronze.cities`);
      await waitForColumn(other, "people");
      const contrast = await other.evaluate(worstContrast);
      assert.ok(contrast.ratio >= 4.5, `${contrast.ratio.toFixed(2)} for “${contrast.text}”`);
    });
  });
}

/** The lowest contrast (WCAG 2, 1.4.3) of any visible text to the first painted background behind it. */
function worstContrast() {
  const channel = (value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
  const parse = (colour) => colour.match(/[\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  let worst = { ratio: 21, text: "" };
  for (const element of document.querySelectorAll("body *")) {
    const text = [...element.childNodes]
      .filter((node) => node.nodeType === 3 && node.textContent.trim())
      .map((node) => node.textContent.trim())
      .join(" ");
    if (
      !text ||
      !element.checkVisibility({ opacityProperty: true }) ||
      element.closest("canvas,:disabled,[data-disabled]")
    )
      continue;
    const box = element.getBoundingClientRect();
    if (box.width < 2 || box.height < 2) continue;
    const [a, b] = [luminance(parse(getComputedStyle(element).color)), luminance(behind(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < worst.ratio) worst = { ratio, text: text.slice(0, 60) };
  }
  return worst;
}
