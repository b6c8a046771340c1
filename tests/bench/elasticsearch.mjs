// A table to Elasticsearch beside the bulk helper of the Python client: `pulse sync` and the helper, in turn to the same
// private server, each in a fresh process. Prints documents for each second of CPU of the sending process, and ratios.
//
// node tests/bench/elasticsearch.mjs [--rows 1000000] [--reps 3]

import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { binaries, cache, capture, environment, executable, fail, python, root } from "../../scripts/environment.mjs";

const FIND =
  "import noida_db, os\np = os.path.join(os.path.dirname(noida_db.__file__), 'noida-db')\nos.chmod(p, 0o755)\nprint(p)";
const rows = Number(option("--rows") ?? 1_000_000);
const reps = Number(option("--reps") ?? 3);
const peers = join(cache, "bench-elasticsearch");
const client = join(peers, "bin", "python");
const script = join(root, "tests/bench/elasticsearch.py");
const folder = mkdtempSync(join(tmpdir(), "pulse-elasticsearch-"));

peerEnvironment();
const file = lineitem();
const place = join(folder, "workspace");
const env = { ...environment };
pulse("import", file, "--table", "bronze.lineitem");
const results = { pulse: [], helper: [], helper_orjson: [] };
for (let rep = 0; rep < reps; rep++) {
  for (const name of Object.keys(results)) {
    const server = await startServer();
    try {
      results[name].push(await run(name, server.url, rep));
      console.log(`${name}: ${JSON.stringify(results[name].at(-1))}`);
    } finally {
      server.stop();
    }
  }
}
rmSync(folder, { recursive: true, force: true });
report();

/** One sender to an empty server: its seconds, CPU seconds and memory. */
async function run(name, url, rep) {
  env.PULSE_CONNECTION_BENCH = url.replace("http://", "es+http://");
  const key = ["--key", "l_orderkey", "--key", "l_linenumber"];
  const sync = ["sync", `bench${rep}`, "--to", "bench", "--table", "bronze.lineitem", "--target", "lineitem", ...key];
  const command =
    name === "pulse"
      ? [executable(binaries, "pulse"), "--workspace", place, ...sync]
      : [client, script, "helper", url, "lineitem", file, name === "helper" ? "json" : "orjson"];
  const done = spawnSync(client, [script, "measure", ...command], { encoding: "utf8", env });
  if (done.status !== 0) throw new Error(`${name} failed: ${done.stderr}`);
  await fetch(`${url}/lineitem/_refresh`, { method: "POST" });
  const { count } = await (await fetch(`${url}/lineitem/_count`)).json();
  if (count !== rows) throw new Error(`${name} sent ${count} documents instead of ${rows}`);
  return JSON.parse(done.stdout.trim().split("\n").at(-1));
}

function report() {
  const median = (values) => [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)];
  const speed = (name) => rows / median(results[name].map((run) => run.cpu));
  for (const [name, runs] of Object.entries(results)) {
    const [seconds, cpu, memory] = ["seconds", "cpu", "memory"].map((what) => median(runs.map((run) => run[what])));
    console.log(
      `${name.padEnd(14)} median ${seconds.toFixed(2)} s, CPU ${cpu.toFixed(2)} s, ` +
        `${Math.round(speed(name))} documents per CPU second (${((cpu / rows) * 1e6).toFixed(2)} s a million), ` +
        `${Math.round(memory / 1048576)} MiB; ` +
        `pulse does ${(speed("pulse") / speed(name)).toFixed(2)} x as many`,
    );
  }
}

/** A virtual environment with what we measure ourselves against; not part of the tests'. */
function peerEnvironment() {
  const requirements = join(root, "tests/bench/elasticsearch.txt");
  const stamp = join(peers, "requirements.txt");
  const wanted = readFileSync(requirements, "utf8");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  const made = capture("python3", ["-m", "venv", "--clear", peers]);
  const installed = made.ok && capture(join(peers, "bin", "pip"), ["install", "-q", "-r", requirements]);
  if (!installed.ok) fail("The peers could not be installed.", (installed || made).stderr);
  writeFileSync(stamp, wanted);
}

/** An empty server of its own. */
async function startServer() {
  const program = spawnSync(python, ["-c", FIND], { encoding: "utf8" }).stdout.trim();
  const port = await freePort();
  const data = mkdtempSync(join(folder, "server-"));
  const args = ["start", "--only", "elasticsearch", "--data-dir", data, "--elasticsearch-port", String(port)];
  const child = spawn(program, args, { stdio: "ignore" });
  const url = `http://127.0.0.1:${port}`;
  for (let tries = 0; ; tries++) {
    const answer = await fetch(url).catch(() => null);
    if (answer?.ok) break;
    if (tries > 300) throw new Error("the server does not answer");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const stop = () => {
    child.kill("SIGKILL");
    rmSync(data, { recursive: true, force: true });
  };
  return { url, stop };
}

/** TPC-H's lineitem as Parquet, the first `rows` of it. */
function lineitem() {
  const scale = Math.max(0.01, rows / 6_000_000 + 0.01);
  const args = ["parquet", "-s", String(scale), "--tables", "lineitem", "--output-dir", folder];
  const made = capture(join(peers, "bin", "tpchgen-cli"), args);
  if (!made.ok) fail("tpchgen-cli failed.", made.stderr);
  const whole = join(
    folder,
    readdirSync(folder).find((name) => name.endsWith(".parquet")),
  );
  const cut =
    "import sys, pyarrow.parquet as p\n" +
    "p.write_table(p.read_table(sys.argv[1]).slice(0, int(sys.argv[3])), sys.argv[2])";
  const part = join(folder, "rows.parquet");
  const done = capture(client, ["-c", cut, whole, part, String(rows)]);
  if (!done.ok) fail("The rows could not be cut.", done.stderr);
  return part;
}

function pulse(...args) {
  const done = spawnSync(executable(binaries, "pulse"), ["--workspace", place, ...args], { encoding: "utf8", env });
  if (done.status !== 0) throw new Error(`pulse ${args.join(" ")} failed: ${done.stderr}`);
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
