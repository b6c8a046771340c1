// A table to PostgreSQL beside its peers: `pulse sync` (replace, and append into a table that is there), psql's \copy, ADBC,
// psycopg, Arrow's CSV writer before a COPY, pgloader, dlt and sling, in turn to the same private server with its default
// durability, each in a fresh process. Prints wall and CPU seconds of the sending process, its memory, and ratios.
//
// node tests/bench/sync-postgres.mjs [--rows 6000000] [--reps 3] [--slow-reps 1] [--only pulse,psql]

import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { binaries, environment, executable, onPath, root } from "../../scripts/environment.mjs";
import { lineitem, median, option, peerEnvironment, startPostgres } from "./peers.mjs";

/** The types that the rows have in Parquet, and so at the target of a sync. */
const COLUMNS = `l_orderkey bigint, l_partkey bigint, l_suppkey bigint, l_linenumber integer, l_quantity numeric(15,2),
  l_extendedprice numeric(15,2), l_discount numeric(15,2), l_tax numeric(15,2), l_returnflag text, l_linestatus text,
  l_shipdate date, l_commitdate date, l_receiptdate date, l_shipinstruct text, l_shipmode text, l_comment text`;
/** Peers that make a table of their own. */
const MAKES_ITS_TABLE = ["pulse", "dlt", "sling"];
/** Peers that take minutes. */
const SLOW = ["psycopg", "pgloader", "dlt", "sling"];

const rows = Number(option("--rows") ?? 6_000_000);
const reps = Number(option("--reps") ?? 3);
const slowReps = Number(option("--slow-reps") ?? 1);
const peers = peerEnvironment("bench-sync-postgres", "sync-postgres.txt");
const python = join(peers, "bin", "python");
const folder = mkdtempSync(join(tmpdir(), "pulse-sync-postgres-"));
chmodSync(folder, 0o755);

const csv = lineitem(peers, folder, rows, "csv");
const parquet = lineitem(peers, folder, rows, "parquet");
const place = join(folder, "workspace");
const server = await startPostgres(folder);
const env = {
  ...environment,
  PULSE_CONNECTION_BENCH: server.url,
  TARGET: `${server.url}?sslmode=disable`,
  SLING_DISABLE_TELEMETRY: "true",
};
const results = {};
try {
  measureAll(senders());
} finally {
  server.stop();
  rmSync(folder, { recursive: true, force: true });
}
report();

/** The commands by name, each for a table and a repetition. */
function senders() {
  const script = join(root, "tests/bench/sync-postgres.py");
  const peer = (name) => (table) => [python, script, name, server.url, table, parquet];
  const what = ["--to", "bench", "--table", "bronze.lineitem"];
  const ours = (mode) => (table, rep) => {
    const how = ["--target", table, "--mode", mode];
    return [pulse(), "--workspace", place, "sync", `${mode}${rep}`, ...what, ...how];
  };
  const find = "import glob, sys; print(*glob.glob(sys.prefix + '/lib/*/site-packages/sling_*/bin/sling-*'))";
  const sling = run([python, "-c", find]).stdout.trim();
  const all = {
    pulse: ours("replace"),
    pulse_append: ours("append"),
    psql: (table) => [server.psql, "-Xq", server.url, "-c", `\\copy ${table} from '${csv}' csv header`],
    adbc: peer("adbc"),
    arrow_csv: peer("arrow_csv"),
    psycopg: peer("psycopg"),
    dlt: peer("dlt"),
  };
  if (onPath("pgloader")) {
    const settings = ["--with", "csv header", "--with", "fields terminated by ','", "--with", "batch rows = 25000"];
    all.pgloader = (table) => ["pgloader", "--type", "csv", ...settings, csv, `${server.url}?tablename=${table}`];
  } else {
    console.log("pgloader is left out: Debian's package pgloader is not installed.");
  }
  if (existsSync(sling)) {
    chmodSync(sling, 0o755);
    const from = ["run", "--src-stream", `file://${csv}`, "--tgt-conn", "TARGET", "--mode", "full-refresh"];
    all.sling = (table) => [sling, ...from, "--tgt-object", `public.${table}`];
  } else {
    console.log("sling is left out: no wheel of it holds a program for this machine.");
  }
  const only = option("--only")?.split(",");
  return Object.fromEntries(Object.entries(all).filter(([name]) => !only || only.includes(name)));
}

/** Runs every sender in turn and checks what arrived. */
function measureAll(senders) {
  if (senders.pulse || senders.pulse_append) {
    const imported = run([pulse(), "--workspace", place, "import", parquet, "--table", "bronze.lineitem"]);
    if (imported.status !== 0) throw new Error(`pulse import failed: ${imported.stderr}`);
  }
  const expected = checksum("wanted", () =>
    server.sql(`CREATE TABLE wanted (${COLUMNS}); COPY wanted FROM PROGRAM 'cat ${csv}' CSV HEADER`),
  );
  for (let rep = 0; rep < reps; rep++) {
    for (const [name, command] of Object.entries(senders)) {
      if (rep >= slowReps && SLOW.includes(name)) continue;
      const table = `t_${name}`;
      const found = checksum(table, () => {
        if (!MAKES_ITS_TABLE.includes(name)) server.sql(`CREATE TABLE ${table} (${COLUMNS})`);
        server.sql("CHECKPOINT");
        const done = run([python, join(root, "tests/bench/measure.py"), ...command(table, rep)]);
        if (done.status !== 0) throw new Error(`${name} failed: ${done.stderr}`);
        const { said: _, ...measured } = JSON.parse(done.stdout);
        results[name] ??= [];
        results[name].push(measured);
      });
      if (found !== expected) throw new Error(`${name} sent ${found} instead of ${expected}`);
      console.log(`${name}: ${JSON.stringify(results[name].at(-1))}`);
    }
  }
}

/** The count and a sum over all values, whatever their order, of a table that `fill` fills and that is gone afterwards. */
function checksum(table, fill) {
  fill();
  const cast = (column) => {
    const [name, type] = column.trim().split(/ (.*)/s);
    return `${name}::${type}`;
  };
  const values = COLUMNS.split(/,(?! *\d)/).map(cast);
  const sum = `sum(hashtextextended(row(${values.join(", ")})::text, 0)::numeric)`;
  const found = server.sql(`SELECT count(*), ${sum} FROM ${table}`);
  server.sql(`DROP TABLE ${table}`);
  return found;
}

function report() {
  const speed = (name) => rows / median(results[name].map((run) => run.seconds));
  const rivals = Object.keys(results).filter((name) => !name.startsWith("pulse"));
  for (const [name, runs] of Object.entries(results)) {
    const [seconds, cpu, memory] = ["seconds", "cpu", "memory"].map((what) => median(runs.map((run) => run[what])));
    const beside = results.pulse ? `; pulse has ${(speed("pulse") / speed(name)).toFixed(2)} x its rows/s` : "";
    console.log(
      `${name.padEnd(13)} median ${seconds.toFixed(2)} s of ${runs.length}, ${Math.round(speed(name))} rows/s, ` +
        `CPU ${((cpu * 1e6) / rows).toFixed(2)} s per million rows, ${Math.round(memory / 1048576)} MiB${beside}`,
    );
  }
  if (results.pulse && rivals.length > 0) {
    const fastest = rivals.reduce((best, name) => (speed(name) > speed(best) ? name : best));
    console.log(`pulse to the fastest peer, ${fastest}: ${(speed("pulse") / speed(fastest)).toFixed(2)}`);
  }
}

function pulse() {
  return executable(binaries, "pulse");
}

function run([program, ...args]) {
  return spawnSync(program, args, { encoding: "utf8", env, maxBuffer: 2 ** 28 });
}
