// PostgreSQL to Delta beside its peers: `pulse import --from`, ADBC, connectorx and DuckDB's extension, in turn on the same
// table of the same private server, each in a fresh process. Prints medians, rows a second and ratios.
//
// node tests/bench/postgres.mjs [--rows 6000000] [--reps 5]

import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { binaries, environment, executable, root } from "../../scripts/environment.mjs";
import { LINEITEM, lineitem, median, option, peerEnvironment, startPostgres } from "./peers.mjs";

const rows = Number(option("--rows") ?? 6_000_000);
const reps = Number(option("--reps") ?? 5);
const peers = peerEnvironment("bench", "requirements.txt");
const folder = mkdtempSync(join(tmpdir(), "pulse-postgres-"));
chmodSync(folder, 0o755);

const server = await startPostgres(folder);
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

/** TPC-H's lineitem in the server, the first `rows` of it. */
function loadLineitem() {
  const file = lineitem(peers, folder, rows, "csv");
  server.sql(`CREATE TABLE lineitem (${LINEITEM})`);
  server.sql(`\\copy lineitem FROM '${file}' CSV HEADER`);
  server.sql("VACUUM (ANALYZE, FREEZE) lineitem");
  server.sql("CHECKPOINT");
}
