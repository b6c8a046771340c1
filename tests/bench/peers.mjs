// What the measurements beside other programs share: the peers' virtual environments, a private PostgreSQL, TPC-H's rows.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { cache, capture, fail, root } from "../../scripts/environment.mjs";

/** TPC-H's lineitem as PostgreSQL declares it where nothing else is asked for. */
export const LINEITEM = `l_orderkey bigint, l_partkey integer, l_suppkey integer, l_linenumber integer,
  l_quantity numeric(15,2), l_extendedprice numeric(15,2), l_discount numeric(15,2), l_tax numeric(15,2),
  l_returnflag char(1), l_linestatus char(1), l_shipdate date, l_commitdate date, l_receiptdate date,
  l_shipinstruct varchar(25), l_shipmode varchar(10), l_comment varchar(44)`;

/** A virtual environment of the packages in `requirements`, a file beside this one; not part of the tests'. */
export function peerEnvironment(name, requirements) {
  const place = join(cache, name);
  const stamp = join(place, "requirements.txt");
  const list = join(root, "tests/bench", requirements);
  const wanted = readFileSync(list, "utf8");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return place;
  const made = capture("python3", ["-m", "venv", "--clear", place]);
  const installed = made.ok && capture(join(place, "bin", "pip"), ["install", "-q", "-r", list]);
  if (!installed.ok) fail("The peers could not be installed.", (installed || made).stderr);
  writeFileSync(stamp, wanted);
  return place;
}

/** A PostgreSQL of its own in `folder` with the default durability, without a password on loopback. */
export async function startPostgres(folder) {
  const versions = existsSync("/usr/lib/postgresql") ? readdirSync("/usr/lib/postgresql").sort() : [];
  if (versions.length === 0) fail("PostgreSQL is missing.", "Install Debian's package postgresql.");
  const programs = join("/usr/lib/postgresql", versions.at(-1), "bin");
  const data = join(folder, "data");
  mkdirSync(data);
  const isRoot = process.getuid() === 0;
  if (isRoot) capture("chown", ["postgres:postgres", data]);
  const run = (program, args) => {
    const whole = [join(programs, program), ...args];
    const as = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"];
    const [first, ...rest] = isRoot ? [...as, ...whole] : whole;
    const done = capture(first, rest, { cwd: data, stdio: ["ignore", "ignore", "ignore"] });
    if (!done.ok) fail(`PostgreSQL's ${program} failed.`, done.stderr);
  };
  const port = await freePort();
  run("initdb", ["-A", "trust", "-U", "bench", "--locale=C.UTF-8", "-E", "UTF8", "-D", data]);
  const options = `-p ${port} -k ${data} -c max_wal_size=4GB`;
  run("pg_ctl", ["-w", "-D", data, "-l", join(data, "log"), "-o", options, "start"]);
  const url = `postgresql://bench@localhost:${port}/postgres`;
  const psql = join(programs, "psql");
  /** Runs SQL or a command of psql's own and gives what it prints. */
  const sql = (text) => {
    const done = capture(psql, ["-XqAt", "-v", "ON_ERROR_STOP=1", url, "-c", text]);
    if (!done.ok) fail("psql failed.", done.stderr);
    return done.stdout.trim();
  };
  return { url, port, psql, sql, stop: () => run("pg_ctl", ["-D", data, "-m", "fast", "stop"]) };
}

/** The first `rows` of TPC-H's lineitem as a file in `folder`, `csv` with a heading or `parquet`, made by the peers in `peers`. */
export function lineitem(peers, folder, rows, format) {
  const scale = Math.max(0.01, rows / 6_000_000 + 0.01);
  const whole = join(folder, "whole");
  mkdirSync(whole);
  const args = [format, "-s", String(scale), "--tables", "lineitem", "--output-dir", whole];
  const made = capture(join(peers, "bin", "tpchgen-cli"), args);
  if (!made.ok) fail("tpchgen-cli failed.", made.stderr);
  const source = join(whole, readdirSync(whole)[0]);
  const part = join(folder, `lineitem.${format}`);
  const cut =
    format === "csv"
      ? capture("sh", ["-c", `head -n ${rows + 1} '${source}' > '${part}'`])
      : capture(join(peers, "bin", "python"), ["-c", CUT, source, part, String(rows)]);
  if (!cut.ok) fail("The rows could not be cut.", cut.stderr);
  spawnSync("rm", ["-r", whole]);
  return part;
}

const CUT = `
import sys, pyarrow.parquet as p
file, left, out = p.ParquetFile(sys.argv[1]), int(sys.argv[3]), None
for batch in file.iter_batches(1 << 17):
    batch = batch.slice(0, left)
    out = out or p.ParquetWriter(sys.argv[2], batch.schema, store_schema=False)
    left -= batch.num_rows
    out.write_batch(batch)
    if left == 0: break
out.close()`;

/** A loopback port that was free a moment ago. */
export function freePort() {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

/** What follows `name` among this script's arguments. */
export function option(name) {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
}

/** The middle one of some numbers. */
export function median(values) {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)];
}
