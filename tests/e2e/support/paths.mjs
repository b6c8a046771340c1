// Where the tests find what they drive; `npm test` sets the variables, and without it the usual places are tried.

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const cache = join(homedir(), ".cache", "cloud-pulse");
const binaries = join(process.env.CARGO_TARGET_DIR ?? join(cache, "target"), "debug");
const ending = process.platform === "win32" ? ".exe" : "";

/** The repository. */
export const root = dirname(dirname(dirname(here)));

/** The bundled sample of food prices, as messy as a download. */
export const foodPrices = join(root, "datasets", "food_prices.csv");

/** The headless program, which serves the window to a browser. */
export const pulse = () => built(process.env.PULSE_BIN ?? join(binaries, `pulse${ending}`));

/** The desktop window. */
export const cloudPulse = () => built(process.env.CLOUD_PULSE_BIN ?? join(binaries, `cloud-pulse${ending}`));

/** The program that starts the servers of the Rust tests, which `cargo test` builds with them. */
export const services = () => built(process.env.PULSE_SERVICES ?? join(binaries, "examples", `services${ending}`));

/** The WebDriver server for the desktop window; on the path where it is not among the tools. */
export function tauriDriver() {
  const own = process.env.PULSE_TAURI_DRIVER ?? join(cache, "tools", "bin", `tauri-driver${ending}`);
  return existsSync(own) ? own : "tauri-driver";
}

/** Where screenshots of failed tests are kept. */
export const failures = join(tmpdir(), "cloud-pulse-e2e");

/** A folder that is gone when the process ends. */
export function temporaryFolder() {
  const folder = mkdtempSync(join(tmpdir(), "pulse-e2e-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function built(path) {
  if (existsSync(path)) return path;
  throw new Error(`${path} is not built; \`npm test\` builds it before these tests run.`);
}
