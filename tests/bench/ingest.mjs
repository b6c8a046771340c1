// CSV to Delta beside a peer: `pulse import` (durable, every record accounted for) and DuckDB's `COPY` to plain Parquet
// with a sync at the end, in turn on the same file, each in a fresh process. Prints medians and their ratio.
//
// node tests/bench/ingest.mjs [FILE.csv] [--reps 5]; without a file it makes one of 2,000,000 rows.

import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { binaries, executable, python } from "../../scripts/environment.mjs";

const reps = Number(option("--reps") ?? 5);
const folder = mkdtempSync(join(tmpdir(), "pulse-ingest-"));
const file = process.argv.slice(2).find((argument) => argument.endsWith(".csv")) ?? (await makeFile());
const PEER = `
import duckdb, os, sys
duckdb.sql(f"copy (from read_csv('{sys.argv[1]}')) to '{sys.argv[2]}' (format parquet, codec zstd)")
handle = os.open(sys.argv[2], os.O_RDONLY); os.fsync(handle)`;
const contestants = {
  pulse: (place) => [executable(binaries, "pulse"), "--workspace", place, "import", file, "--table", "bronze.bench"],
  duckdb: (place) => [python, "-c", PEER, file, `${place}.parquet`],
};

const seconds = Object.fromEntries(Object.keys(contestants).map((name) => [name, []]));
for (let rep = 0; rep < reps; rep++) {
  for (const [name, command] of Object.entries(contestants)) {
    const place = join(folder, `${name}-${rep}`);
    const [program, ...args] = command(place);
    const started = process.hrtime.bigint();
    const { status, stderr } = spawnSync(program, args);
    if (status !== 0) throw new Error(`${name} failed: ${stderr}`);
    seconds[name].push(Number(process.hrtime.bigint() - started) / 1e9);
    rmSync(place, { recursive: true, force: true });
    rmSync(`${place}.parquet`, { force: true });
  }
}
rmSync(folder, { recursive: true, force: true });
for (const [name, times] of Object.entries(seconds)) {
  console.log(`${name.padEnd(8)} median ${median(times).toFixed(2)} s, best ${Math.min(...times).toFixed(2)} s`);
}
console.log(`ratio of medians, pulse to duckdb: ${(median(seconds.pulse) / median(seconds.duckdb)).toFixed(2)}`);

/** A file of integers, decimals, dates and texts; the same at every run. */
async function makeFile() {
  const path = join(folder, "made.csv");
  const out = createWriteStream(path);
  out.write("id,code,name,price,rate,day,flag,note\n");
  for (let row = 0; row < 2_000_000; row++) {
    const day = `20${10 + (row % 15)}-0${1 + (row % 9)}-${10 + (row % 18)}`;
    const price = ((row * 7919) % 1_000_000) / 100;
    const line = `${row},${String(row % 1000).padStart(4, "0")},name ${row % 977},${price.toFixed(2)},${(row % 9973) / 8},${day},${row % 2 === 0},note ${row * 31}`;
    if (!out.write(`${line}\n`)) await once(out, "drain");
  }
  out.end();
  await once(out, "finish");
  console.log(`made ${path}: ${(statSync(path).size / 1e6).toFixed(0)} MB`);
  return path;
}

function median(values) {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)];
}

function option(name) {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
}
