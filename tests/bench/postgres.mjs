// PostgreSQL to Delta beside its peers: `pulse import --from`, ADBC, connectorx and DuckDB's extension, in turn on the same
// table of the same private server, each in a fresh process. Prints medians, rows a second and ratios.
//
// node tests/bench/postgres.mjs [--rows 6000000] [--reps 5]

import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { binaries, cache, capture, environment, executable, fail, root } from "../../scripts/environment.mjs";

const COLUMNS = `l_orderkey bigint, l_partkey integer, l_suppkey integer, l_linenumber integer, l_quantity numeric(15,2),
  l_extendedprice numeric(15,2), l_discount numeric(15,2), l_tax numeric(15,2), l_returnflag char(1), l_linestatus char(1),
  l_shipdate date, l_commitdate date, l_receiptdate date, l_shipinstruct varchar(25), l_shipmode varchar(10),
  l_comment varchar(44)`;
const rows = Number(option("--rows") ?? 6_000_000);
const reps = Number(option("--reps") ?? 5);
const peers = join(cache, "bench");
const folder = mkdtempSync(join(tmpdir(), "pulse-postgres-"));
chmodSync(folder, 0o755);

peerEnvironment();
const server = await startServer();
try {
  loadLineitem();
  report(measure());
} finally {
  server.stop();
  rmSync(folder, { recursive: true, force: true });
}

/** Runs every reader in turn; the seconds of each, and why those that cannot run do not. */
function measure() {
  const python = join(peers, "bin", "python");
  const peer = (name) => (place) => [
    python,
    [join(root, "tests/bench/postgres.py"), name, server.url, "lineitem", place],
  ];
  const ours = (place) => [
    executable(binaries, "pulse"),
    ["--workspace", place, "import", "--from", "bench", "public.lineitem", "--table", "bronze.lineitem"],
  ];
  const readers = {
    pulse: ours,
    adbc: peer("adbc"),
    adbc_parquet: peer("adbc_parquet"),
    connectorx: peer("connectorx"),
  };
  const seconds = Object.fromEntries([...Object.keys(readers), "duckdb"].map((name) => [name, []]));
  const [program, args] = peer("duckdb")(join(folder, "probe"));
  const probe = spawnSync(program, args, { encoding: "utf8" });
  if (probe.status === 0) readers.duckdb = peer("duckdb");
  else console.log(`duckdb: its extension cannot be used here: ${probe.stderr.trim().split("\n").at(-1)}`);
  for (let rep = 0; rep < reps; rep++) {
    for (const [name, command] of Object.entries(readers)) {
      const place = join(folder, `${name}-${rep}`);
      const [program, args] = command(place);
      const started = process.hrtime.bigint();
      const env = { ...environment, PULSE_CONNECTION_BENCH: server.url };
      const { status, stderr } = spawnSync(program, args, { encoding: "utf8", env });
      if (status !== 0) throw new Error(`${name} failed: ${stderr}`);
      seconds[name].push(Number(process.hrtime.bigint() - started) / 1e9);
      verify(name, place);
      rmSync(place, { recursive: true, force: true });
    }
  }
  return seconds;
}

/** Fails unless the Parquet files below a folder hold all rows. */
function verify(name, place) {
  const count =
    "import glob, sys, pyarrow.parquet as p\n" +
    "print(sum(p.read_metadata(f).num_rows for f in glob.glob(sys.argv[1] + '/**/*.parquet', recursive=True)))";
  const { stdout } = spawnSync(join(peers, "bin", "python"), ["-c", count, place], { encoding: "utf8" });
  if (Number(stdout) !== rows) throw new Error(`${name} wrote ${stdout.trim()} rows instead of ${rows}`);
}

function report(seconds) {
  const median = (times) => [...times].sort((one, other) => one - other)[Math.floor(times.length / 2)];
  const own = median(seconds.pulse);
  for (const [name, times] of Object.entries(seconds)) {
    if (times.length === 0) continue;
    const middle = median(times);
    const speed = `${Math.round(rows / middle / 1000)},000 rows/s`;
    console.log(
      `${name.padEnd(13)} median ${middle.toFixed(2)} s, ${speed}, ${(middle / own).toFixed(2)} x the time of pulse`,
    );
  }
}

/** A virtual environment with what we measure ourselves against; not part of the tests'. */
function peerEnvironment() {
  const requirements = join(root, "tests/bench/requirements.txt");
  const stamp = join(peers, "requirements.txt");
  const wanted = readFileSync(requirements, "utf8");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  const made = capture("python3", ["-m", "venv", "--clear", peers]);
  const installed = made.ok && capture(join(peers, "bin", "pip"), ["install", "-q", "-r", requirements]);
  if (!installed.ok) fail("The peers could not be installed.", (installed || made).stderr);
  writeFileSync(stamp, wanted);
}

/** A server of its own with the default durability, without a password on loopback. */
async function startServer() {
  const versions = existsSync("/usr/lib/postgresql") ? readdirSync("/usr/lib/postgresql").sort() : [];
  if (versions.length === 0) fail("PostgreSQL is missing.", "Install Debian's package postgresql.");
  const programs = join("/usr/lib/postgresql", versions.at(-1), "bin");
  const data = join(folder, "data");
  mkdirSync(data);
  const root = process.getuid() === 0;
  if (root) capture("chown", ["postgres:postgres", data]);
  const run = (program, args) => {
    const whole = [join(programs, program), ...args];
    const as = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"];
    const [first, ...rest] = root ? [...as, ...whole] : whole;
    const done = capture(first, rest, { cwd: data, stdio: ["ignore", "ignore", "ignore"] });
    if (!done.ok) fail(`PostgreSQL's ${program} failed.`, done.stderr);
  };
  const port = await freePort();
  run("initdb", ["-A", "trust", "-U", "bench", "--locale=C.UTF-8", "-E", "UTF8", "-D", data]);
  run("pg_ctl", [
    "-w",
    "-D",
    data,
    "-l",
    join(data, "log"),
    "-o",
    `-p ${port} -k ${data} -c max_wal_size=4GB`,
    "start",
  ]);
  const url = `postgresql://bench@localhost:${port}/postgres`;
  const psql = (...args) => {
    const done = capture(join(programs, "psql"), ["-Xq", "-v", "ON_ERROR_STOP=1", url, ...args]);
    if (!done.ok) fail("psql failed.", done.stderr);
  };
  return { url, psql, stop: () => run("pg_ctl", ["-D", data, "-m", "fast", "stop"]) };
}

/** TPC-H's lineitem, the first `rows` of it. */
function loadLineitem() {
  const scale = Math.max(1, Math.ceil(rows / 6_000_000));
  const made = capture(join(peers, "bin", "tpchgen-cli"), [
    "csv",
    "-s",
    String(scale),
    "--tables",
    "lineitem",
    "--output-dir",
    folder,
  ]);
  if (!made.ok) fail("tpchgen-cli failed.", made.stderr);
  const file = readdirSync(folder).find((name) => name.startsWith("lineitem"));
  server.psql("-c", `CREATE TABLE lineitem (${COLUMNS})`);
  server.psql("-c", `\\copy lineitem FROM PROGRAM 'head -n ${rows + 1} ${join(folder, file)}' CSV HEADER`);
  server.psql("-c", "VACUUM (ANALYZE, FREEZE) lineitem");
  server.psql("-c", "CHECKPOINT");
}

function freePort() {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

function option(name) {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
}
