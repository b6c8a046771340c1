// The stages of `npm test`, in order: what each runs and how its tests are counted.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { compile } from "./cargo.mjs";
import {
  binaries,
  capture,
  environment,
  executable,
  onPath,
  python,
  root,
  show,
  tauriDriver,
  tee,
} from "./environment.mjs";
import { setup } from "./setup.mjs";
import { buildUi } from "./ui.mjs";

/** Each stage resolves to its counts `{ passed, failed }`; a stage without tests of its own counts as one. */
export const STAGES = {
  setup: () => whole(prepare),
  format: () => all(["cargo", "fmt", "--all", "--check"], ["biome", "ci", "--error-on-warnings"]),
  generated: () => all(["node", "datasets/generate.mjs", "--check"]),
  features: () => whole(oneSetOfFeatures),
  lint: () => whole(lint),
  unit: unit,
  ui: () => counted("vitest", ["run", "--config", "ui/vite.config.ts"], vitestCounts),
  browser: () => nodeTests("browser"),
  desktop: () => nodeTests("desktop"),
};

async function prepare() {
  await setup({ tests: true });
  await buildUi();
  return 0;
}

async function lint() {
  await buildUi();
  const clippy = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
  const { code } = await compile(clippy, { dev: true, label: "checking" });
  return code || show("tsc", ["--noEmit", "-p", "ui"]);
}

/** Fails where test-only dependencies turn on features that `npm start` builds without: the engines would compile twice. */
function oneSetOfFeatures() {
  const features = (edges) =>
    new Set(
      capture("cargo", ["tree", "--workspace", "--edges", edges, "--prefix", "none", "--format", "{p} {f}"])
        .stdout.split("\n")
        .map((line) => line.replace(/ \(\*\)$/, "")),
    );
  const tested = features("normal,build,dev");
  const different = [...features("normal,build")].filter((line) => !tested.has(line));
  for (const line of different) console.error(`npm start builds this with fewer features than npm test: ${line}`);
  if (different.length) {
    console.error(
      "hint: make the test dependency that adds them a normal dependency of the tests package, or drop it.",
    );
  }
  return different.length;
}

async function unit() {
  await buildUi();
  // The integration tests drive the binaries, which `cargo test` alone would not build; an example starts the servers of
  // the window's tests.
  const { code } = await compile(["build", "--workspace", "--lib", "--bins", "--examples", "--tests"], { dev: true });
  return code ? { passed: 0, failed: 1 } : counted("cargo", ["test", "--workspace"], cargoCounts);
}

/** Runs the Node tests of one folder in tests/e2e. */
async function nodeTests(kind) {
  const folder = join(root, "tests", "e2e", kind);
  const files = readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith(".test.mjs"))
    .sort();
  if (files.length === 0) {
    console.error(`There is no *.test.mjs in ${folder}.`);
    return { passed: 0, failed: 1 };
  }
  const test = [
    "node",
    "--test",
    "--test-concurrency=1",
    "--test-reporter=spec",
    ...files.map((name) => join(folder, name)),
  ];
  const session = environment.DBUS_SESSION_BUS_ADDRESS || !onPath("dbus-run-session") ? [] : ["dbus-run-session", "--"];
  const screen = ["xvfb-run", "-a", "-s", "-screen 0 1280x800x24"];
  const [program, ...args] =
    kind === "desktop" && process.platform === "linux" ? [...screen, ...session, ...test] : test;
  return counted(program, args, nodeCounts);
}

/** Runs a program, counts its tests from the lines it prints, and trusts its exit code over them. */
async function counted(program, args, count) {
  const total = { passed: 0, failed: 0 };
  const code = await tee(program, args, (line) => count(stripVTControlCharacters(line), total), {
    env: testEnvironment,
  });
  return { ...total, failed: code !== 0 && total.failed === 0 ? 1 : total.failed };
}

/** Where the tests find what they drive. */
const testEnvironment = {
  ...environment,
  PULSE_BIN: executable(binaries, "pulse"),
  PULSE_SERVICES: executable(join(binaries, "examples"), "services"),
  CLOUD_PULSE_BIN: executable(binaries, "cloud-pulse"),
  PULSE_PYTHON: python,
  PULSE_TAURI_DRIVER: tauriDriver,
};

function cargoCounts(line, total) {
  add(total, /^test result: \w+\. (\d+) passed; (\d+) failed/.exec(line));
}

function vitestCounts(line, total) {
  const tests = /^\s*Tests\s+(.*)/.exec(line)?.[1];
  if (tests) add(total, ["", /(\d+) passed/.exec(tests)?.[1], /(\d+) failed/.exec(tests)?.[1]]);
}

function nodeCounts(line, total) {
  add(total, ["", /^(?:ℹ|#) pass (\d+)/.exec(line)?.[1], /^(?:ℹ|#) (?:fail|cancelled) (\d+)/.exec(line)?.[1]]);
}

function add(total, match) {
  total.passed += Number(match?.[1] ?? 0);
  total.failed += Number(match?.[2] ?? 0);
}

/** Runs commands one after the other up to the first that fails. */
function all(...commands) {
  return whole(async () => {
    for (const [program, ...args] of commands) {
      const code = await show(program, args);
      if (code !== 0) return code;
    }
    return 0;
  });
}

/** The counts of a stage that passes or fails as one. */
async function whole(work) {
  return (await work()) === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}
