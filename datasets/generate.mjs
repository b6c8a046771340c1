// Writes the bundled sample datasets: `node datasets/generate.mjs`. With `--check` it writes nothing and fails where a
// committed file differs from what it would write. Every value comes from a fixed seed: the data is synthetic.

import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { foodPrices } from "./generator/prices.mjs";
import { foodSecurityIndicators } from "./generator/indicators.mjs";

const folder = dirname(fileURLToPath(import.meta.url));
const files = {
  "food_security_indicators.csv": Buffer.from(foodSecurityIndicators(), "utf8"),
  "food_prices.csv": Buffer.from(foodPrices(), "latin1"),
};

const check = process.argv.includes("--check");
let stale = 0;
for (const [name, bytes] of Object.entries(files)) {
  const path = join(folder, name);
  if (!check) {
    writeFileSync(path, bytes);
    console.log(`wrote ${name}: ${bytes.length} bytes`);
  } else if (!bytes.equals(readOr(path))) {
    console.error(`${name} is not what the generator writes; run \`node datasets/generate.mjs\` and commit it.`);
    stale += 1;
  }
}
process.exit(stale === 0 ? 0 : 1);

/** The bytes of a file, or none where it is missing. */
function readOr(path) {
  try {
    return readFileSync(path);
  } catch (error) {
    if (error.code === "ENOENT") return Buffer.alloc(0);
    throw error;
  }
}
