// Kaggle as an analyst uses it in a browser, against the local server that speaks Kaggle's shapes.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { choosePassphrase, imported, switchOn, waitForCell, waitForColumn } from "../support/actions.mjs";
import { launch, newPage, stepsOf, visit } from "../support/browser.mjs";
import { serve } from "../support/server.mjs";
import { skip, startServices } from "../support/services.mjs";

const STATIONS = { name: "stations.csv", text: "id,name,height\n1,Berne,542\n2,Geneva,375\n3,Zurich,408\n" };
const NEWER = { name: "stations.csv", text: `${STATIONS.text}4,Basle,260\n` };
const MORE = [
  { name: "daily/long.csv", rows: 600_000 },
  { name: "packed.csv", rows: 300_000, packed: true },
  { name: "notes.pdf", text: "%PDF" },
];
let services;
let server;
let browser;
before(async () => {
  if (skip) return;
  services = await startServices("kaggle");
  await services.ask({ do: "dataset", name: "ann/ships", files: [{ name: "a.csv", text: "a,b\n1,2\n" }] });
  await services.ask({ do: "dataset", name: "ann/swiss-stations", files: [STATIONS, ...MORE] });
  await services.ask({ do: "competition", name: "closed", accepted: false, files: [STATIONS] });
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

test("a dataset: search, look, preview, import, and a newer version", { skip }, async (t) => {
  const page = await newPage(browser);
  t.after(() => page.context().close());
  const step = stepsOf(t, page);
  const { address, token } = services.at.kaggle;
  const about = page.getByRole("complementary", { name: "About it" });
  await page.goto(server.url);

  await step("a connection with a token is tested and saved", async () => {
    await visit(page, "/sources/new");
    await page.getByRole("button", { name: /^Kaggle/ }).click();
    await page.getByLabel("Token", { exact: true }).fill(token);
    await switchOn(page, "Allow private");
    await page.getByLabel("Address", { exact: true }).fill(address);
    await page.getByRole("button", { name: "Test" }).click();
    await page.getByText("It works").waitFor();
    await page.getByText("Signed in as ann.").waitFor();
    await page.getByRole("button", { name: "Save and look around" }).click();
    await choosePassphrase(page);
    await page.getByRole("heading", { name: "Kaggle" }).waitFor();
  });

  await step("a search finds it, with filters", async () => {
    await page.getByRole("textbox", { name: "Search" }).fill("stations");
    await page.getByRole("button", { name: /^swiss stations/ }).waitFor();
    await page.getByRole("button", { name: /^ships/ }).waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Filters" }).click();
    await page.getByRole("combobox", { name: "File type" }).click();
    await page.getByRole("option", { name: "CSV" }).click();
    await page.getByRole("button", { name: /^swiss stations/ }).waitFor();
    const asked = (await services.ask({ do: "seen" })).map(({ path }) => path);
    assert.ok(asked.some((path) => path.includes("ListDatasets")));
  });

  await step("it opens with description, licence, version, files and columns", async () => {
    await page.getByRole("button", { name: /^swiss stations/ }).click();
    await about.getByText("CC0-1.0").waitFor();
    await about.getByText("About", { exact: true }).waitFor();
    await about.getByText("Version", { exact: true }).waitFor();
    await about.getByRole("link", { name: /kaggle\.com\/datasets\/ann\/swiss-stations/ }).waitFor();
    await page.getByRole("button", { name: /^stations\.csv/ }).click();
    await about.getByText("What height means").waitFor();
    await page.getByRole("button", { name: "More", exact: true }).click();
    await page.getByRole("button", { name: /^notes\.pdf/ }).waitFor();
  });

  await step("a long text file is previewed from its beginning", async () => {
    await page.getByRole("button", { name: /^daily\/long\.csv/ }).click();
    await services.ask({ do: "seen" });
    await page.getByRole("button", { name: "Preview this file" }).click();
    await page.getByRole("columnheader", { name: /square/ }).waitFor();
    await page.getByText(/The preview shows the first 5 MB of/).waitFor();
    await page.getByText(/^About 6\d\d,\d{3} records/).waitFor();
    const asked = (await services.ask({ do: "seen" })).filter(({ host }) => host === "storage");
    assert.deepEqual(
      asked.map(({ range }) => range),
      ["bytes=0-4999999"],
    );
  });

  await step("a packed one says that all of it is needed", async () => {
    await page.getByRole("button", { name: "Back" }).click();
    await page.getByRole("button", { name: /^packed\.csv/ }).click();
    await page.getByRole("button", { name: "Preview this file" }).click();
    await page.getByText(/The preview had to download all of/).waitFor();
  });

  await step("the file becomes a table with its provenance", async () => {
    await page.getByRole("button", { name: "Back" }).click();
    await page.getByRole("button", { name: /^stations\.csv/ }).click();
    await page.getByRole("button", { name: "Preview this file" }).click();
    await page.getByRole("cell", { name: "Geneva" }).waitFor();
    await page.getByText(/^3 rows into the new table/).waitFor();
    await page.getByRole("textbox", { name: "Name of the source" }).fill("stations");
    await page.getByRole("textbox", { name: "Name of the table in bronze" }).fill("stations");
    await page.getByRole("radio", { name: /^Merge by key/ }).check();
    await page
      .getByRole("combobox", { name: "Key" })
      .or(page.getByLabel("Key", { exact: true }))
      .first()
      .click();
    await page.getByRole("option", { name: "id", exact: true }).click();
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Import", exact: true }).click();
    assert.match(await imported(page, "stations"), /3 rows added/);
    await page.locator("#page").getByRole("link", { name: "Open bronze.stations" }).click();
    await waitForColumn(page, "height");
    await waitForCell(page, "Zurich");
  });

  await step("a new version is announced, and a refresh brings it", async () => {
    await visit(page, "/sources");
    const row = page.getByRole("article", { name: "stations", exact: true });
    await row.waitFor();
    await services.ask({ do: "dataset", name: "ann/swiss-stations", files: [NEWER, ...MORE] });
    await page.getByRole("button", { name: "Look for news" }).click();
    await row.getByText("Update available.").waitFor();
    await row.getByText("Version 2 is there; the table holds version 1.").waitFor();
    await page.getByRole("button", { name: "Refresh stations" }).click();
    await row.getByText("1 row added").waitFor();
    await row.getByText("Update available.").waitFor({ state: "detached" });
  });

  await step("rules that are not accepted are linked to", async () => {
    const [{ id }] = await server.rpc("connection_list");
    await visit(page, `/sources/new?connection=${id}`);
    await page.getByRole("button", { name: "Filters" }).click();
    await page.getByText("Competitions", { exact: true }).click();
    await page.getByRole("button", { name: /^closed/ }).click();
    await page.getByRole("button", { name: /^stations\.csv/ }).click();
    await page.getByRole("button", { name: "Preview this file" }).click();
    await page.getByText(/its rules are not accepted/).waitFor();
    await page.getByRole("link", { name: "https://www.kaggle.com/competitions/closed/rules" }).first().waitFor();
  });

  await step("nothing went wrong behind the scenes", () => assert.deepEqual(page.errors, []));
});
