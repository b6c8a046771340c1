// Chromium on the served window.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { failures } from "./paths.mjs";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
];

/** Starts Debian's Chromium. */
export function launch() {
  return chromium.launch({ executablePath: process.env.CHROMIUM_BIN ?? "/usr/bin/chromium", args: FLAGS });
}

/** A page of 1280 x 800 whose errors are collected in `page.errors`. */
export async function newPage(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  context.setDefaultTimeout(15_000);
  // As in the desktop window, where no code may change what all objects inherit.
  await context.addInitScript(() => Object.freeze(Object.prototype));
  const page = await context.newPage();
  page.errors = [];
  page.on("pageerror", (error) => page.errors.push(error.message));
  page.on("console", (message) => {
    // A refused command is an answer that the page shows; everything else on the console is a mistake.
    if (message.type() === "error" && !message.text().includes("Failed to load resource")) {
      page.errors.push(message.text());
    }
  });
  return page;
}

/** Names the steps of one long test; the first that fails leaves a screenshot and ends the test. */
export function stepsOf(t, page) {
  return async (name, work) => {
    let failure;
    await t.test(name, async () => {
      try {
        await work();
      } catch (error) {
        failure = error;
        await picture(page, `${t.name} ${name}`);
        throw error;
      }
    });
    if (failure) throw new Error(`stopped at “${name}”`);
  };
}

/** Runs a test's work and leaves a screenshot where it fails. */
export async function withPicture(t, page, work) {
  try {
    await work();
  } catch (error) {
    await picture(page, t.name);
    throw error;
  }
}

async function picture(page, name) {
  mkdirSync(failures, { recursive: true });
  const path = join(failures, `${name.replace(/\W+/g, "-")}.png`);
  // The page may be what failed; its picture must not hide why.
  await page.screenshot({ path }).then(
    () => console.error(`screenshot: ${path}`),
    () => undefined,
  );
}

/** Opens a view by its address behind the `#`, as a link would. */
export async function visit(page, hash) {
  await page.evaluate((to) => {
    window.location.hash = to;
  }, hash);
}
