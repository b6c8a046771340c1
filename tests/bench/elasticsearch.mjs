// A table to Elasticsearch beside the bulk helper of the Python client, with its own serializer and with orjson: `pulse sync`
// and the helper, in turn to the same server, empty each time, each in a fresh process. Prints documents for each second of
// CPU (user and system) of the sending process, its memory, and ratios. The helper reads the same rows from the Parquet file
// and sends them, and that is all; `pulse` also checks them beforehand, keeps receipts, and compares the index afterwards.
// The stand-in for Elasticsearch takes some thousand documents a second, so wall time says more about it than about us.
//
// node tests/bench/elasticsearch.mjs [--rows 300000] [--reps 3] [--only pulse,helper] [--url http://HOST:PORT]
//
// With `--url`, an Elasticsearch that runs already is written to, into indices named bench-*.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { binaries, environment, executable, root } from "../../scripts/environment.mjs";
import { startServices } from "../e2e/support/services.mjs";
import { lineitem, median, option, peerEnvironment } from "./peers.mjs";

const rows = Number(option("--rows") ?? 300_000);
const reps = Number(option("--reps") ?? 3);
const only = option("--only")?.split(",");
const peers = peerEnvironment("bench-elasticsearch", "elasticsearch.txt");
const python = join(peers, "bin", "python");
const folder = mkdtempSync(join(tmpdir(), "pulse-elasticsearch-"));
const place = join(folder, "workspace");
const results = {};

try {
  const file = lineitem(peers, folder, rows, "parquet");
  run([pulse(), "--workspace", place, "import", file, "--table", "bronze.lineitem"], environment);
  for (let rep = 0; rep < reps; rep++) {
    for (const [name, command] of Object.entries(senders(file))) {
      if (!only || only.includes(name)) await measure(name, command, `bench-${name}-${rep}`);
    }
  }
  report();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** The commands by name, each for a server and an index. */
function senders(file) {
  const script = join(root, "tests/bench/elasticsearch.py");
  const what = ["--to", "bench", "--table", "bronze.lineitem", "--key", "l_orderkey", "--key", "l_linenumber"];
  return {
    pulse: (_, index) => [pulse(), "--workspace", place, "sync", index, ...what, "--target", index],
    helper: (url, index) => [python, script, url, index, file, "json"],
    helper_orjson: (url, index) => [python, script, url, index, file, "orjson"],
  };
}

/** One sender to an empty index; all documents have to be there afterwards. */
async function measure(name, command, index) {
  const services = option("--url") ? undefined : await startServices("elasticsearch");
  const url = option("--url") ?? `http://${services.at.elasticsearch}`;
  try {
    const env = { ...environment, PULSE_CONNECTION_BENCH: url.replace("http://", "es+http://") };
    const { said: _, ...found } = JSON.parse(
      run([python, join(root, "tests/bench/measure.py"), ...command(url, index)], env),
    );
    await fetch(`${url}/${index}/_refresh`, { method: "POST" });
    const { count } = await (await fetch(`${url}/${index}/_count`)).json();
    if (count !== rows) throw new Error(`${name} sent ${count} documents instead of ${rows}`);
    results[name] ??= [];
    results[name].push(found);
    console.log(`${name}: ${JSON.stringify(found)}`);
  } finally {
    await services?.stop();
  }
}

function report() {
  console.log(`${rows} documents`);
  const speed = (name) => rows / median(results[name].map((run) => run.cpu));
  for (const [name, runs] of Object.entries(results)) {
    const [seconds, cpu, memory] = ["seconds", "cpu", "memory"].map((what) => median(runs.map((run) => run[what])));
    const ratio = results.pulse ? `; pulse does ${(speed("pulse") / speed(name)).toFixed(2)} x as many` : "";
    console.log(
      `${name.padEnd(14)} median ${seconds.toFixed(2)} s, CPU ${cpu.toFixed(2)} s, ` +
        `${Math.round(speed(name))} documents per CPU second (${((cpu / rows) * 1e6).toFixed(2)} s a million), ` +
        `${Math.round(memory / 1048576)} MiB${ratio}`,
    );
  }
}

function pulse() {
  return executable(binaries, "pulse");
}

/** Runs a program to its end; what it printed. */
function run([program, ...args], env) {
  const done = spawnSync(program, args, { encoding: "utf8", env });
  if (done.status !== 0) throw new Error(`${program} ${args.join(" ")} failed: ${done.stderr}`);
  return done.stdout;
}
