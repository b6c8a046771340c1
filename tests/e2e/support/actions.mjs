// What a person does in the served window, in words.

import { readFile } from "node:fs/promises";
import { basename } from "node:path";

/** Chooses a file with the button of the page on screen. */
export async function chooseFile(page, path) {
  const chooser = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Choose files" }).first().click();
  await (await chooser).setFiles(path);
}

/** Drops a file on the window, as a file manager does. */
export async function dropFile(page, path) {
  const file = { name: basename(path), bytes: (await readFile(path)).toString("base64") };
  const transfer = await page.evaluateHandle(({ name, bytes }) => {
    const data = new DataTransfer();
    data.items.add(new File([Uint8Array.from(atob(bytes), (char) => char.charCodeAt(0))], name));
    return data;
  }, file);
  await page.dispatchEvent("body", "dragenter", { dataTransfer: transfer });
  await page.getByText("Drop to import").waitFor();
  await page.dispatchEvent("body", "dragover", { dataTransfer: transfer });
  await page.dispatchEvent("body", "drop", { dataTransfer: transfer });
}

/** Waits until a cell of a grid holds the text. The grid is a canvas that carries a table for screen readers. */
export async function waitForCell(page, text, role = "gridcell") {
  await page.waitForFunction(
    ([wanted, kind]) =>
      [...document.querySelectorAll(`canvas [role=${kind}]`)].some((cell) => cell.textContent.includes(wanted)),
    [text, role],
  );
}

/** Waits until a grid has a column of that name. */
export const waitForColumn = (page, name) => waitForCell(page, name, "columnheader");

/** The texts of the cells on screen, row by row. */
export function shownRows(page, ariaLabel) {
  return page.evaluate((label) => {
    const grid = [...document.querySelectorAll("[aria-label]")].find((each) => each.ariaLabel === label) ?? document;
    return [...grid.querySelectorAll("canvas tbody [role=row]")].map((row) =>
      [...row.querySelectorAll("[role=gridcell]")].map((cell) => cell.textContent),
    );
  }, ariaLabel);
}

/** Writes a query into the editor of the SQL page, in place of what is there. */
export async function writeQuery(page, sql) {
  const editor = page.getByRole("textbox", { name: "SQL query" });
  await editor.click();
  await page.keyboard.press("Control+a");
  await page.keyboard.insertText(sql);
}

/** Runs a query on the SQL page and waits for its end, which the status line tells. */
export async function runQuery(page, sql) {
  await writeQuery(page, sql);
  await page.keyboard.press("Control+Enter");
  await page.getByText(/^[\d,]+ rows? · \d+ columns? · /).waitFor();
}

/** Fills a form: each label with its text; a label that is not a text field by what it is told to be. */
export async function fillForm(page, values) {
  for (const [label, value] of Object.entries(values)) {
    await page.getByLabel(label, { exact: true }).fill(String(value));
  }
}

/** Opens the further settings of a form and switches those on. */
export async function switchOn(page, ...labels) {
  const more = page.getByRole("button", { name: "More settings" }).first();
  if (await more.isVisible()) await more.click();
  for (const label of labels) await page.getByRole("switch", { name: label }).click({ force: true });
}

/** Waits for the end of an import or refresh on its page and returns what the page says. */
export async function imported(page, name) {
  await page.getByRole("heading", { name: new RegExp(`^${name} is in bronze\\.`) }).waitFor();
  const announced = page.getByRole("alert").filter({ hasText: `into bronze.` });
  if (await announced.count()) throw new Error(`announced besides: ${await announced.first().textContent()}`);
  return page.getByRole("main").textContent();
}

/** Chooses a passphrase for the first secret, as the dialog asks. */
export async function choosePassphrase(page) {
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Passphrase", { exact: true }).fill("correct horse");
  await dialog.getByLabel("Passphrase again").fill("correct horse");
  await dialog.getByRole("button", { name: "Choose this passphrase" }).click();
  await dialog.waitFor({ state: "detached" });
}
