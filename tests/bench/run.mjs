// `npm run bench [-- FILE.csv]`: all measurements, one after the other. Never part of the tests.

import { show } from "../../scripts/environment.mjs";
import { setup } from "../../scripts/setup.mjs";

await setup({ tests: true });
const file = process.argv.slice(2);
let failed = await show("node", ["tests/bench/ingest.mjs", ...file]);
failed ||= await show("node", ["tests/bench/postgres.mjs"]);
failed ||= await show("node", ["tests/bench/sync-postgres.mjs"]);
failed ||= await show("node", ["tests/bench/elasticsearch.mjs"]);
failed ||= await show("node", ["tests/bench/kafka.mjs"]);
failed ||= await show("xvfb-run", ["-a", "-s", "-screen 0 1280x800x24", "node", "tests/bench/frames.mjs"]);
process.exit(failed);
