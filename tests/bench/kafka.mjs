// A table to a topic beside librdkafka's own performance tool and kcat: `pulse sync`, `rdkafka_performance` with messages of
// the same size, number of headers and key, and `kcat` with the same values from a file, in turn to the same private server,
// idempotent, uncompressed, with the same batches, each in a fresh process. Prints messages a second, CPU seconds of the
// sending process, memory and ratios. `pulse` reads a table, makes JSON of it, keeps receipts and compares afterwards, the
// tool sends the same bytes again and again, and kcat lines of a file; so `sending` is that part of `pulse` in which it
// sends, and `pulse` everything it does.
//
// node tests/bench/kafka.mjs [--rows 1000000] [--reps 3]

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { binaries, capture, environment, executable, fail, onPath, python, root } from "../../scripts/environment.mjs";
import { startServices } from "../e2e/support/services.mjs";
import { lineitem, median, option, peerEnvironment } from "./peers.mjs";

const LINES =
  "import sys, duckdb\n" + "duckdb.execute(f\"COPY (FROM '{sys.argv[1]}') TO '{sys.argv[2]}' (FORMAT json)\")";
/** What both clients are told besides their own settings. */
const SETTINGS = {
  "enable.idempotence": "true",
  "linger.ms": "20",
  "batch.num.messages": "10000",
  "batch.size": "999488",
};
const rows = Number(option("--rows") ?? 1_000_000);
const reps = Number(option("--reps") ?? 3);
const peers = peerEnvironment("bench-sync-postgres", "sync-postgres.txt");
const folder = mkdtempSync(join(tmpdir(), "pulse-kafka-"));
const place = join(folder, "workspace");
const results = {};

const services = await startServices("kafka");
const address = services.at.kafka;
const env = { ...environment, PULSE_CONNECTION_BENCH: `kafka://${address}` };
try {
  const file = lineitem(peers, folder, rows, "parquet");
  const lines = join(folder, "lines");
  must(python, ["-c", LINES, file, lines]);
  const bytes = Math.round(Number(must("wc", ["-c", lines]).split(" ")[0]) / rows);
  must(executable(binaries, "pulse"), ["--workspace", place, "import", file, "--table", "bronze.lineitem"]);
  for (let rep = 0; rep < reps; rep++) {
    for (const [name, command] of Object.entries(senders(lines, bytes))) await measure(name, command, rep);
  }
  report(bytes);
} finally {
  await services.stop();
  rmSync(folder, { recursive: true, force: true });
}

/** The commands by name, each for a topic. */
function senders(lines, bytes) {
  const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ["-X", `${name}=${value}`]);
  const headers = ["run=0123456789abcdef", "table=bronze.lineitem", "version=0", "row=123456"];
  const tool = performanceTool();
  const what = ["--to", "bench", "--table", "bronze.lineitem", "--mode", "append", "--set", "compression=none"];
  const all = {
    pulse: (topic) => [
      executable(binaries, "pulse"),
      "--json",
      "--workspace",
      place,
      "sync",
      topic,
      ...what,
      "--target",
      topic,
    ],
    rdkafka_performance: (topic) => [
      tool,
      ...["-P", "-q", "-b", address, "-t", topic, "-c", String(rows), "-s", String(bytes)],
      ...headers.flatMap((header) => ["-H", `pulse-${header}`]),
      ...settings,
    ],
  };
  if (onPath("kcat")) {
    all.kcat = (topic) => ["kcat", "-P", "-b", address, "-t", topic, ...settings, "-l", lines];
  } else console.log("kcat is left out: Debian's package kcat is not installed.");
  return all;
}

/** One sender to a topic of its own with one partition. */
async function measure(name, command, rep) {
  const topic = `${name}${rep}`;
  await services.ask({ do: "topic", topic });
  const done = spawnSync(python, [join(root, "tests/bench/measure.py"), ...command(topic)], { encoding: "utf8", env });
  if (done.status !== 0) throw new Error(`${name} failed: ${done.stderr}`);
  const { said, ...found } = JSON.parse(done.stdout);
  note(name, found);
  if (name === "pulse") note("sending", { ...found, seconds: JSON.parse(said).runs[0].sending_seconds });
}

function note(name, found) {
  results[name] ??= [];
  results[name].push(found);
  console.log(`${name}: ${JSON.stringify(found)}`);
}

function report(bytes) {
  console.log(`${rows} messages of about ${bytes} bytes`);
  const speed = (name) => rows / median(results[name].map((run) => run.seconds));
  for (const [name, runs] of Object.entries(results)) {
    const [seconds, cpu, memory] = ["seconds", "cpu", "memory"].map((what) => median(runs.map((run) => run[what])));
    console.log(
      `${name.padEnd(20)} median ${seconds.toFixed(2)} s, ${Math.round(speed(name))} messages/s, CPU ` +
        `${((cpu * 1e6) / rows).toFixed(2)} s per million, ${Math.round(memory / 1048576)} MiB; ` +
        `pulse has ${(speed("pulse") / speed(name)).toFixed(2)} x its messages/s, and in sending ` +
        `${(speed("sending") / speed(name)).toFixed(2)} x`,
    );
  }
}

/** librdkafka's `rdkafka_performance`, compiled from the sources of the very library that `pulse` is linked with. */
function performanceTool() {
  const metadata = JSON.parse(must("cargo", ["metadata", "--format-version", "1", "--offline"]));
  const found = metadata.packages.find(({ name }) => name === "rdkafka-sys");
  const source = join(dirname(found.manifest_path), "librdkafka");
  const builds = join(binaries, "build");
  const made = readdirSync(builds)
    .filter((name) => name.startsWith("rdkafka-sys-"))
    .map((name) => join(builds, name, "out"))
    .find((place) => existsSync(join(place, "lib", "librdkafka.a")));
  if (!made) fail("librdkafka was not compiled yet.", "Run npm start first.");
  const program = join(folder, "rdkafka_performance");
  // The sources include the library's configuration as if it lay beside their folder; `src` is any folder beside it here.
  const config = join(made, "build", "generated", "src");
  mkdirSync(config, { recursive: true });
  const example = join(source, "examples", "rdkafka_performance.c");
  const places = ["-I", config, "-I", join(source, "src")];
  const libraries = ["-lssl", "-lcrypto", "-lz", "-lcurl", "-lm", "-lpthread", "-ldl"];
  const zstd = readdirSync(builds)
    .filter((name) => name.startsWith("zstd-sys-"))
    .map((name) => join(builds, name, "out", "libzstd.a"))
    .find(existsSync);
  must("cc", ["-O2", "-w", ...places, "-o", program, example, join(made, "lib", "librdkafka.a"), zstd, ...libraries]);
  return program;
}

function must(program, args) {
  const done = capture(program, args, { env });
  if (!done.ok) fail(`${program} failed.`, done.stderr);
  return done.stdout;
}
