// Search engines, document databases, streams and object stores as an analyst uses them in a browser, each to its table.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { choosePassphrase, fillForm, imported, switchOn, waitForCell, waitForColumn } from "../support/actions.mjs";
import { launch, newPage, stepsOf, visit } from "../support/browser.mjs";
import { serve } from "../support/server.mjs";
import { skip, startServices } from "../support/services.mjs";

const CITIES = [
  { id: 1, name: "Berne", height: 542, place: { canton: "BE" } },
  { id: 2, name: "Geneva", height: 375, place: { canton: "GE" } },
  { id: 3, name: "Zurich", height: 408, place: { canton: "ZH" } },
];
const BASLE = { id: 4, name: "Basle", height: 260, place: { canton: "BS" } };
let services;
let server;
let browser;

/** Sends something to a server as its own clients would. */
async function put(method, url, body) {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(url, { method, headers, body: typeof body === "string" ? body : JSON.stringify(body) });
  assert.ok(answer.ok, `${method} ${url}: ${answer.status}`);
}

before(async () => {
  if (skip) return;
  services = await startServices("elasticsearch", "mongodb", "kafka", "moto");
  const { elasticsearch, moto } = services.at;
  for (const city of CITIES) await put("PUT", `http://${elasticsearch}/cities/_doc/${city.id}?refresh=true`, city);
  await services.ask({ do: "documents", database: "geo", collection: "cities", documents: CITIES });
  await services.ask({ do: "topic", topic: "cities" });
  await services.ask({ do: "messages", topic: "cities", messages: CITIES });
  await put("PUT", `${moto.endpoint}/archive`);
  const csv = CITIES.map(({ id, name, height }) => `${id},${name},${height}\n`).join("");
  await put("PUT", `${moto.endpoint}/archive/2026/cities.csv`, `id,name,height\n${csv}`);
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

/** Opens the form of a kind of connection, fills it and tests it. */
async function connect(page, kind, fill) {
  await visit(page, "/sources/new");
  await page.getByRole("button", { name: kind }).click();
  await fill();
  await page.getByRole("button", { name: "Test" }).click();
  await page.getByText("It works").or(page.getByText("It does not work")).first().waitFor();
}

/** Previews what is chosen or written, and imports it under a name of its own, by its key where it has one. */
async function previewAndImport(page, what, name, key) {
  const preview = what === null ? { name: "Preview", exact: true } : { name: `Preview this ${what}` };
  await page.getByRole("button", preview).first().click();
  await page.getByRole("cell", { name: "Zurich" }).waitFor();
  await page.getByText(/^3 rows into the new table/).waitFor();
  if (key) {
    await page.getByRole("radio", { name: /^Merge by key/ }).check();
    await page.getByText("_id", { exact: true }).first().waitFor();
  }
  await page.getByRole("textbox", { name: "Name of the source" }).fill(name);
  await page.getByRole("textbox", { name: "Name of the table in bronze" }).fill(name);
  await page.getByRole("button", { name: "Import", exact: true }).click();
  assert.match(await imported(page, name), /3 rows added/);
}

/** Looks at the table that an import made. */
async function seeTable(page, name, column) {
  await page
    .locator("#page")
    .getByRole("link", { name: `Open bronze.${name}` })
    .click();
  await waitForColumn(page, column);
  await waitForCell(page, "Geneva");
}

/** Refreshes a source and returns once its row in the list tells what came. */
async function refresh(page, name, news) {
  await visit(page, "/sources");
  await page.getByRole("button", { name: `Refresh ${name}` }).click();
  await page.getByRole("article", { name, exact: true }).getByText(news).waitFor();
}

test("an index of a search engine", { skip }, async (t) => {
  const page = await newPage(browser);
  t.after(() => page.context().close());
  const step = stepsOf(t, page);
  await page.goto(server.url);

  await step("the index becomes a connection", async () => {
    await connect(page, /^Elasticsearch/, async () => {
      await fillForm(page, { Address: "http://127.0.0.1:1" });
    });
    await page.getByText("It does not work").waitFor();
    await fillForm(page, { Address: `http://${services.at.elasticsearch}` });
    await page.getByRole("button", { name: "Test" }).click();
    await page.getByText("It works").waitFor();
    await page.getByRole("button", { name: "Save and look around" }).click();
  });
  await step("the index shows its fields and is imported", async () => {
    await page.getByRole("button", { name: /^cities/ }).click();
    await page.getByRole("complementary", { name: "About it" }).getByText("height").waitFor();
    await previewAndImport(page, "index", "found", "_id");
  });
  await step("the table is there", () => seeTable(page, "found", "place"));
  await step("a refresh brings what is new", async () => {
    await put("PUT", `http://${services.at.elasticsearch}/cities/_doc/4?refresh=true`, BASLE);
    await refresh(page, "found", "1 row added");
  });
  await step("nothing went wrong behind the scenes", () => assert.deepEqual(page.errors, []));
});

test("a collection of documents", { skip }, async (t) => {
  const page = await newPage(browser);
  t.after(() => page.context().close());
  const step = stepsOf(t, page);
  const [host, port] = services.at.mongodb.split(":");
  await page.goto(server.url);

  await step("the server becomes a connection", async () => {
    await connect(page, /^MongoDB/, () => fillForm(page, { Host: host, Port: port, Database: "geo" }));
    await page.getByText("It works").waitFor();
    await page.getByRole("button", { name: "Save and look around" }).click();
  });
  await step("where looking around is refused, what is read can be written", async () => {
    await page.getByRole("button", { name: /^geo/ }).click();
    await page.getByText(/Could not list the collections/).waitFor();
    await page.getByRole("button", { name: "Write what is read" }).click();
    await fillForm(page, { Collection: "cities" });
    await previewAndImport(page, null, "documents", "_id");
  });
  await step("the table is there", () => seeTable(page, "documents", "place"));
  await step("a refresh brings what is new", async () => {
    await services.ask({ do: "documents", database: "geo", collection: "cities", documents: [BASLE] });
    await refresh(page, "documents", "1 row added");
  });
  await step("nothing went wrong behind the scenes", () => assert.deepEqual(page.errors, []));
});

test("a topic of a stream", { skip }, async (t) => {
  const page = await newPage(browser);
  t.after(() => page.context().close());
  const step = stepsOf(t, page);
  await page.goto(server.url);

  await step("the brokers become a connection", async () => {
    await connect(page, /^Kafka/, async () => {
      await fillForm(page, { Brokers: services.at.kafka });
      await page.getByRole("switch", { name: /^TLS/ }).click({ force: true });
    });
    await page.getByText("It works").waitFor();
    await page.getByRole("button", { name: "Save and look around" }).click();
  });
  await step("a topic is previewed and imported", async () => {
    await page.getByRole("button", { name: /^cities/ }).click();
    await previewAndImport(page, "topic", "messages");
  });
  await step("the table is there", () => seeTable(page, "messages", "height"));
  await step("a refresh goes on behind the last message", async () => {
    await services.ask({ do: "messages", topic: "cities", messages: [BASLE] });
    await refresh(page, "messages", "1 row added");
  });
  await step("nothing went wrong behind the scenes", () => assert.deepEqual(page.errors, []));
});

test("a bucket of an object store", { skip }, async (t) => {
  const page = await newPage(browser);
  t.after(() => page.context().close());
  const step = stepsOf(t, page);
  const { endpoint, access_key, secret_key } = services.at.moto;
  await page.goto(server.url);

  await step("the bucket becomes a connection", async () => {
    await connect(page, /^Amazon S3/, async () => {
      await fillForm(page, {
        Bucket: "archive",
        "Access key": access_key,
        "Secret key": secret_key,
        Endpoint: endpoint,
      });
      await switchOn(page, "Allow http");
    });
    await page.getByText("It works").waitFor();
    await page.getByRole("button", { name: "Save and look around" }).click();
    await choosePassphrase(page);
  });
  await step("folders hold files", async () => {
    await page.getByRole("button", { name: "Open 2026" }).click();
    await page.getByRole("button", { name: /^cities\.csv/ }).click();
    await previewAndImport(page, "file", "stored");
  });
  await step("the table is there", () => seeTable(page, "stored", "height"));
  await step("nothing went wrong behind the scenes", () => assert.deepEqual(page.errors, []));
});
