// Brings a machine to where it can build, run and test: installs what is missing and skips what is there.
// `node scripts/setup.mjs [--tests]` does it alone; start and test call it first.

import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { binaries, cache, capture, fail, onPath, python, root, show, tauriDriver } from "./environment.mjs";

const BUILD_PACKAGES = [
  "build-essential",
  "clang",
  "cmake",
  "mold",
  "pkg-config",
  "libwebkit2gtk-4.1-dev",
  "libgtk-3-dev",
  "librsvg2-dev",
  "libssl-dev",
  "libcurl4-openssl-dev",
  "libayatana-appindicator3-dev",
  "libxdo-dev",
];
const TEST_PACKAGES = [
  "xvfb",
  "xauth",
  "webkit2gtk-driver",
  "chromium",
  "chromium-driver",
  "python3-venv",
  "imagemagick",
  "dbus",
  "gnome-keyring",
  "libsecret-tools",
  "postgresql",
];
/** Packages whose program may have come another way. */
const PROGRAMS = {
  chromium: "chromium",
  "chromium-driver": "chromedriver",
  imagemagick: "convert",
  mold: "mold",
  cmake: "cmake",
};
const TAURI_DRIVER = "2.1.0";

/** Installs what building needs and, with `tests`, what the tests need too. */
export async function setup({ tests = false } = {}) {
  if (!onPath("cargo")) {
    fail("Rust is missing: there is no `cargo` on the path or in ~/.cargo/bin.", "Install it from https://rustup.rs.");
  }
  await debianPackages(tests ? [...BUILD_PACKAGES, ...TEST_PACKAGES] : BUILD_PACKAGES);
  await nodePackages();
  duckdbLibrary();
  if (tests) {
    await driver();
    await pythonEnvironment();
  }
}

/** Installs the Debian packages that are missing, as root or through sudo. */
async function debianPackages(wanted) {
  if (process.platform !== "linux") return;
  if (!onPath("apt-get")) {
    console.log(`This is no Debian system; install what corresponds to: ${wanted.join(" ")}`);
    return;
  }
  const known = capture("dpkg", ["--get-selections", ...wanted]).stdout;
  const installed = new Set(Array.from(known.matchAll(/^([^:\s]+)\S*\s+(?:install|hold)$/gm), (match) => match[1]));
  const missing = wanted.filter((name) => !installed.has(name) && !(PROGRAMS[name] && onPath(PROGRAMS[name])));
  if (missing.length === 0) return;
  console.log(`Installing Debian packages: ${missing.join(" ")}`);
  const [program, ...before] = [...privilege(missing), "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"];
  const apt = (...args) => show(program, [...before, ...args]);
  const updated = await apt("update", "-q");
  const code = await apt("install", "-y", "-q", "--no-install-recommends", ...missing);
  if (code !== 0) {
    fail(
      `apt-get could not install ${missing.join(" ")}${updated === 0 ? "" : " (the package lists could not be fetched)"}.`,
      "Read apt's message above; `apt-get update` needs the network.",
    );
  }
}

/** What to put before a command to run it as root; asks for a password only where somebody can type one. */
function privilege(missing) {
  if (process.getuid() === 0) return [];
  if (onPath("sudo") && capture("sudo", ["-n", "true"]).ok) return ["sudo", "-n"];
  if (onPath("sudo") && process.stdin.isTTY) return ["sudo"];
  return fail(
    "Debian packages are missing and this user may not install them.",
    `As root: apt-get install ${missing.join(" ")}`,
  );
}

/**
 * Installs what package-lock.json names unless node_modules holds exactly that. Not `npm ci`: it wants the packages of
 * every other platform in the lock file too, which a registry that does not carry them cannot give.
 */
async function nodePackages() {
  if (nodePackagesAreCurrent()) return;
  console.log("Installing the npm packages of package-lock.json");
  const code = await show("npm", ["install", "--no-save"]);
  if (code !== 0) fail("npm could not install its packages.", "Read npm's message above.");
}

function nodePackagesAreCurrent() {
  const installed = packagesOf(join(root, "node_modules", ".package-lock.json"));
  const locked = packagesOf(join(root, "package-lock.json"));
  if (!installed) return false;
  const differs = Object.keys(installed).some((path) => installed[path].version !== locked[path]?.version);
  // Packages for other operating systems are locked as optional and rightly not installed.
  return !differs && Object.keys(locked).every((path) => path === "" || installed[path] || locked[path].optional);
}

function packagesOf(lock) {
  return existsSync(lock) ? JSON.parse(readFileSync(lock, "utf8")).packages : undefined;
}

/** Puts DuckDB's library beside the binaries, where they look for it at run time. */
function duckdbLibrary() {
  const [platform, file] = {
    linux: ["linux", "libduckdb.so"],
    darwin: ["darwin", "libduckdb.dylib"],
    win32: ["win32", "duckdb.dll"],
  }[process.platform];
  const folder = join(root, "node_modules", "@duckdb", `node-bindings-${platform}-${process.arch}`);
  const source = join(folder, file);
  if (!existsSync(source))
    fail(`DuckDB's library is not in ${folder}.`, "Run `npm install`; it needs the optional packages.");
  const version = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).version;
  const stamp = join(binaries, "libduckdb.version");
  const copy = join(binaries, file);
  if (existsSync(copy) && existsSync(stamp) && readFileSync(stamp, "utf8") === version) return;
  mkdirSync(binaries, { recursive: true });
  // A rename, because a program that runs now may have the old library open.
  copyFileSync(source, `${copy}.new`);
  renameSync(`${copy}.new`, copy);
  writeFileSync(stamp, version);
}

/** Installs tauri-driver, which drives the desktop window in tests. */
async function driver() {
  const tools = join(cache, "tools");
  const list = join(tools, ".crates.toml");
  if (
    existsSync(tauriDriver) &&
    existsSync(list) &&
    readFileSync(list, "utf8").includes(`tauri-driver ${TAURI_DRIVER} `)
  ) {
    return;
  }
  console.log(`Installing tauri-driver ${TAURI_DRIVER} to ${tools}`);
  const scratch = join(tools, "target");
  const args = [
    "install",
    "tauri-driver",
    "--version",
    TAURI_DRIVER,
    "--locked",
    "--root",
    tools,
    "--target-dir",
    scratch,
  ];
  // The home folder, so that the repository's linker settings do not apply.
  const code = await show("cargo", args, { cwd: homedir() });
  rmSync(scratch, { recursive: true, force: true });
  if (code !== 0) fail("Cargo could not install tauri-driver.", "Read Cargo's message above; it needs the network.");
}

/** Makes the Python environment whose deltalake and duckdb check our tables. */
async function pythonEnvironment() {
  const requirements = join(root, "tests", "requirements.txt");
  const folder = dirname(dirname(python));
  const stamp = join(folder, "requirements.txt");
  const wanted = readFileSync(requirements, "utf8");
  if (existsSync(python) && existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  console.log(`Making the Python environment ${folder} with ${wanted.trim().split("\n").join(", ")}`);
  const base = onPath("python3") ? "python3" : "python";
  const made =
    (await show(base, ["-m", "venv", "--clear", folder])) === 0 &&
    (await show(python, ["-m", "pip", "install", "-q", "--disable-pip-version-check", "-r", requirements])) === 0;
  if (!made)
    fail("The Python environment of the tests could not be made.", "Read the message above; pip needs the network.");
  writeFileSync(stamp, wanted);
}

if (process.argv[1] && import.meta.url.endsWith("/setup.mjs") && process.argv[1].endsWith("setup.mjs")) {
  await setup({ tests: process.argv.includes("--tests") });
  console.log("Everything is there.");
}
