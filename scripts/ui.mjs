// Builds the window's files unless they are what the sources make already.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fail, root, show } from "./environment.mjs";

const STAMP = join(root, "node_modules", ".cache", "cloud-pulse", "ui.sha256");
const MADE = [join(root, "ui", "dist"), join(root, "ui", "node_modules")];
const BUILT = join(root, "ui", "dist", "index.html");

/** Builds ui/dist; the desktop window and `pulse serve` carry it in their binaries. */
export async function buildUi() {
  const hash = sources();
  if (existsSync(BUILT) && existsSync(STAMP) && readFileSync(STAMP, "utf8") === hash + digest([BUILT])) return;
  console.log("Building the window (ui/dist)");
  if ((await show("npm", ["run", "--silent", "build:ui", "--", "--logLevel", "warn"])) !== 0)
    fail("The window could not be built.", "Read Vite's message above.");
  mkdirSync(dirname(STAMP), { recursive: true });
  writeFileSync(STAMP, hash + digest([BUILT]));
}

/** A hash of everything that goes into ui/dist. */
function sources() {
  const files = readdirSync(join(root, "ui"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .filter((path) => !MADE.some((folder) => path.startsWith(folder)));
  return digest([...files.sort(), join(root, "package.json"), join(root, "package-lock.json")]);
}

function digest(paths) {
  const hash = createHash("sha256");
  for (const path of paths) hash.update(`${path}\0`).update(readFileSync(path));
  return hash.digest("hex");
}
