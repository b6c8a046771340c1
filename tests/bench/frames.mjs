// How the window feels: time from the start of the process to the first page, to the first rows and from an edit to its
// preview, and the frames while 1,000,000 x 20 rows scroll, in the real window and in Chromium.
//
// xvfb-run -a -s "-screen 0 1280x800x24" node tests/bench/frames.mjs

import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, readFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { launch, newPage } from "../e2e/support/browser.mjs";
import { pulse, temporaryFolder } from "../e2e/support/paths.mjs";
import { serve } from "../e2e/support/server.mjs";
import { openWindow } from "../e2e/support/window.mjs";

const ROWS = 1_000_000;
const COLUMNS = 20;
const FRAMES = 240;
const TABLE = "bronze.frames";
const ADDRESS = `/tables/${TABLE}`;

/** A workspace with one table of a million rows. */
async function workspace() {
  const folder = temporaryFolder();
  const path = join(folder, "frames.csv");
  const file = createWriteStream(path);
  file.write(`${Array.from({ length: COLUMNS }, (_, at) => `c${at}`).join(",")}\n`);
  for (let row = 0; row < ROWS; row++) {
    const cells = Array.from({ length: COLUMNS }, (_, at) =>
      at % 4 === 0
        ? row * (at + 1)
        : at % 4 === 1
          ? ` name  ${(row * 31 + at) % 977} `
          : at % 4 === 2
            ? `${(row % 9973) / 8}`
            : `2024-0${1 + (row % 9)}-1${row % 10}`,
    );
    if (!file.write(`${cells.join(",")}\n`)) await once(file, "drain");
  }
  file.end();
  await once(file, "finish");
  execFileSync(pulse(), ["--workspace", folder, "--json", "import", path, "--table", TABLE]);
  return folder;
}

/** Runs in the page: scrolls a step a frame and returns the frames' times in ms. */
function scroll(frames, step, done) {
  const box = document.querySelector(".dvn-scroller");
  const times = [];
  let last = performance.now();
  const next = () => {
    const now = performance.now();
    times.push(now - last);
    last = now;
    box.scrollTop += step;
    if (times.length < frames) requestAnimationFrame(next);
    else done(times.slice(1));
  };
  requestAnimationFrame(next);
}

/** Runs in the page: opens an address and returns the ms until a cell of the grid was there to read. */
function openGrid(address, text, done) {
  const started = performance.now();
  window.location.hash = address;
  const look = () => {
    const cells = document.querySelectorAll("canvas [role=gridcell]");
    if ([...cells].some((cell) => cell.textContent.includes(text))) done(performance.now() - started);
    else setTimeout(look, 4);
  };
  look();
}

/** Runs in the page: sends a command as the window does and returns the ms of each of several calls. */
async function timeCommand(command, requests, done) {
  const invoke = window.__TAURI_INTERNALS__?.invoke;
  const token = sessionStorage.getItem("pulse-token");
  const times = [];
  for (const request of requests) {
    const started = performance.now();
    if (invoke) await invoke("rpc", { command, request });
    else {
      const headers = { "content-type": "application/json", "x-pulse-token": token };
      const answer = await fetch(`rpc/${command}`, { method: "POST", headers, body: JSON.stringify(request) });
      await answer.arrayBuffer();
    }
    times.push(performance.now() - started);
  }
  done(times);
}

/** Requests for the effect of an edited step, each another edit, so that none is answered from memory. */
function edits() {
  const texts = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"];
  return texts.map((text) => ({
    table: TABLE,
    steps: [
      { id: "a", kind: "trim_whitespace", config: { columns: [], collapse: true }, enabled: true, comment: "" },
      {
        id: "b",
        kind: "find_replace",
        config: { columns: ["c1"], find: text, replace: "x", regex: false },
        enabled: true,
        comment: "",
      },
    ],
    selected: 1,
  }));
}

/** The value below which that share of the values lies. */
function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

const both = (times) => `${quantile(times, 0.5).toFixed(0)} / ${quantile(times, 0.95).toFixed(0)}`;

/** All measurements through one way of running code in the page. */
async function measure(run) {
  const grid = await run(openGrid, ADDRESS, "name");
  const slow = await run(scroll, FRAMES, 120);
  const fast = await run(scroll, FRAMES, 3000);
  const page = await run(timeCommand, "rows", [{ source: { kind: "table", table: TABLE }, offset: 0, limit: 200 }]);
  const preview = await run(timeCommand, "recipe_preview", edits());
  return {
    "first rows on screen, ms": grid.toFixed(0),
    "first page of rows, ms": page[0].toFixed(0),
    "edit to preview p50/p95, ms": both(preview.slice(1)),
    "frame p50/p95 at 120 px, ms": both(slow),
    "frame p50/p95 at 3,000 px, ms": both(fast),
  };
}

async function inWindow(folder) {
  // The first start after a build reads the program and WebKit from the disk; people meet that once.
  await (await openWindow(folder)).close();
  const before = Date.now();
  const window = await openWindow(folder);
  try {
    await window.see(TABLE.split(".")[1]);
    const usable = Date.now();
    const [origin, paint] = await window.session.executeScript(
      "const paint = performance.getEntriesByName('first-contentful-paint')[0]; return [performance.timeOrigin, paint ? paint.startTime : null]",
    );
    const { started, memory } = processOf("cloud-pulse", before);
    await window.session.manage().setTimeouts({ script: 120_000 });
    const run = (work, ...args) =>
      window.session.executeAsyncScript(
        `const done = arguments[arguments.length - 1]; (${work})(...[...arguments].slice(0, -1), done)`,
        ...args,
      );
    return {
      "start to first paint, ms": paint === null ? "unknown" : (origin + paint - started).toFixed(0),
      "start to usable, ms": (usable - started).toFixed(0),
      "memory when idle, MB": memory,
      ...(await measure(run)),
    };
  } finally {
    await window.close();
  }
}

async function inChromium(folder) {
  const before = Date.now();
  const server = await serve(folder);
  const served = Date.now();
  const browser = await launch();
  try {
    const page = await newPage(browser);
    const opened = Date.now();
    await page.goto(server.url);
    await page.getByText(TABLE.split(".")[1]).first().waitFor();
    const usable = Date.now();
    const run = (work, ...args) =>
      page.evaluate(
        ([source, given]) => new Promise((done) => new Function(`return (${source})`)()(...given, done)),
        [String(work), args],
      );
    return {
      "start to first paint, ms": "",
      "start to usable, ms": `${served - before} + ${usable - opened}`,
      "memory when idle, MB": "",
      ...(await measure(run)),
    };
  } finally {
    await browser.close();
    await server.stop();
  }
}

/** When the newest process of that name started (ms since 1970) and the memory of it and its children. */
function processOf(name, after) {
  const pids = execFileSync("pgrep", ["-x", name.slice(0, 15)], { encoding: "utf8" })
    .trim()
    .split("\n");
  const boot = Number(/^btime (\d+)/m.exec(readFileSync("/proc/stat", "utf8"))[1]) * 1000;
  const field = (pid, at) => Number(readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ")[at]);
  const uptime = Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]) * 1000;
  const now = Date.now();
  const pid = pids.at(-1);
  // The kernel counts from the boot in hundredths of a second.
  const started = now - (uptime - field(pid, 19) * 10);
  if (started < after - 5000 || started < boot) throw new Error(`${name} was running before`);
  const family = execFileSync("ps", ["-eo", "pid=,ppid=,rss=,comm="], { encoding: "utf8" })
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/));
  const own = family.filter(([id, parent]) => id === pid || parent === pid);
  const memory = own.map(([, , rss, comm]) => `${comm} ${Math.round(Number(rss) / 1000)}`).join(", ");
  return { started, memory };
}

const folder = await workspace();
const results = { window: await inWindow(folder), Chromium: await inChromium(folder) };
const names = Object.keys(results.window);
const width = Math.max(...names.map((name) => name.length));
console.log(
  `${ROWS.toLocaleString("en")} x ${COLUMNS} rows, ${FRAMES} frames; load of the machine ${loadavg()[0].toFixed(1)} on ${cpus().length} cores`,
);
console.log(
  `${"".padEnd(width)}  ${Object.keys(results)
    .map((each) => each.padEnd(24))
    .join("")}`,
);
for (const name of names) {
  console.log(
    `${name.padEnd(width)}  ${Object.values(results)
      .map((each) => String(each[name]).padEnd(24))
      .join("")}`,
  );
}
