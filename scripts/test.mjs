// `npm test [-- --only unit,lint]`: every check there is, stage by stage, up to the first stage that fails.

import { spell } from "./environment.mjs";
import { setup } from "./setup.mjs";
import { STAGES } from "./stages.mjs";

const names = Object.keys(STAGES);
const at = process.argv.indexOf("--only");
const chosen = at < 0 ? names : (process.argv[at + 1] ?? "").split(",");
const unknown = chosen.filter((name) => !STAGES[name]);
if (unknown.length || process.argv.includes("--help")) {
  console.error(`npm test [-- --only STAGE,...]   stages: ${names.join(", ")}`);
  process.exit(2);
}

const started = Date.now();
if (!chosen.includes("setup")) await setup();
const times = [];
const total = { passed: 0, failed: 0 };
for (const name of names.filter((name) => chosen.includes(name))) {
  console.log(`\n== ${name}`);
  const since = Date.now();
  const { passed, failed } = await STAGES[name]();
  total.passed += passed;
  total.failed += failed;
  times.push(`${name} ${spell(Date.now() - since)}`);
  console.log(
    `== ${name}: ${failed ? "FAILED" : "ok"}, ${passed} passed, ${failed} failed, ${spell(Date.now() - since)}`,
  );
  if (failed) break;
}
console.log(`\n${times.join(", ")}; ${spell(Date.now() - started)} in all`);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exit(total.failed ? 1 : 0);
