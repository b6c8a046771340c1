// Sending a table to a topic of Kafka from a browser: the key, the check with its statement, the run, the receipts.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { runQuery, waitForCell } from "../support/actions.mjs";
import { launch, newPage, stepsOf, visit } from "../support/browser.mjs";
import { temporaryFolder } from "../support/paths.mjs";
import { importFile, serve } from "../support/server.mjs";
import { skip, startServices } from "../support/services.mjs";

let services;
let server;
let browser;
let connection;
before(async () => {
  if (skip) return;
  services = await startServices("kafka");
  process.env.PULSE_SECRETS = "file";
  server = await serve();
  await server.rpc("secrets_unlock", { passphrase: "correct horse" });
  const settings = { brokers: services.at.kafka, tls: false };
  connection = (await server.rpc("connection_save", { name: "Stream", kind: "kafka", settings })).id;
  const file = join(temporaryFolder(), "stations.csv");
  const rows = Array.from({ length: 500 }, (_, at) => `${at + 1},S${at % 7},${at / 4}`);
  writeFileSync(file, ["id,name,height", ...rows].join("\n"));
  await importFile(server, file, "bronze.stations");
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
  await services?.stop();
});

/** How many messages a topic holds. */
async function messages(topic) {
  const { entries } = await server.rpc("source_browse", { connection, path: [], search: topic, filters: null });
  return entries.find(({ name }) => name === topic)?.rows;
}

test("a table goes to a topic", { skip }, async (t) => {
  const page = await newPage(browser);
  t.after(() => page.context().close());
  const step = stepsOf(t, page);
  await page.goto(server.url);

  await step("a topic cannot be replaced, and rows that are appended may have a key that repeats", async () => {
    await visit(page, "/migrate/new?table=bronze.stations");
    assert.equal(await page.getByRole("textbox", { name: "Topic", exact: true }).inputValue(), "stations");
    assert.equal(await page.getByRole("radio", { name: /^Replace/ }).count(), 0);
    await page.getByRole("radio", { name: /^Append/ }).click();
    await page.getByRole("combobox", { name: "Key columns of bronze.stations" }).click();
    await page.getByRole("option", { name: "name" }).click();
    await page.keyboard.press("Escape");
  });

  await step("the check shows the topic that is made and the first message", async () => {
    await page
      .getByRole("form", { name: "Save and run" })
      .getByRole("button", { name: /^Check/ })
      .click();
    const found = page.getByRole("article", { name: /^Check of/ });
    await found.getByText("ready", { exact: true }).waitFor();
    await found.getByText(/there is no topic `?stations`?; it is made/).waitFor();
    await found.getByRole("button", { name: /^Show what will be run/ }).click();
    await found
      .getByText(/replication_factor/)
      .first()
      .waitFor();
    assert.equal(await messages("stations"), undefined);
  });

  await step("each row is there, compared and with a receipt", async () => {
    await page.getByRole("button", { name: "Save and run" }).click();
    await page.getByText("All 500 rows are in Stream, compared and the same.").waitFor();
    assert.equal(await messages("stations"), 500);
    await visit(page, "/sql");
    await runQuery(page, 'SELECT fate, sum(rows)::int AS rows FROM receipts."Stream" GROUP BY fate');
    await waitForCell(page, "delivered");
    await waitForCell(page, "500");
  });

  await step("nothing went wrong behind the scenes", () => assert.deepEqual(page.errors, []));
});
