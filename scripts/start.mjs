// `npm start [-- --workspace DIR]`: builds what is not built and opens the window. Without a display, or with
// `--headless`, it runs the same main job in the terminal on the bundled sample.

import { compile } from "./cargo.mjs";
import { binaries, environment, executable, fail, show } from "./environment.mjs";
import { setup } from "./setup.mjs";
import { buildUi } from "./ui.mjs";

const args = process.argv.slice(2);
if (args.includes("--help")) {
  console.log(
    "npm start [-- --workspace DIR]   opens the window (default workspace: ~/CloudPulse)\n" +
      "npm run demo                     does the main job in the terminal on the bundled sample",
  );
  process.exit(0);
}
const asked = args.includes("--headless");
const rest = args.filter((argument) => argument !== "--headless");
const displayless = process.platform === "linux" && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY;

await setup();
await buildUi();
const { code } = await compile(["build", "--workspace", "--bins"]);
if (code !== 0) fail("Cloud Pulse could not be built.", "The first error above says why.");

if (asked || displayless) {
  if (!asked)
    console.log("There is no display (neither DISPLAY nor WAYLAND_DISPLAY is set): running the main job headless.");
  process.exit(await show(executable(binaries, "pulse"), [...rest, "demo"]));
}
process.exit(await show(executable(binaries, "cloud-pulse"), rest, { env: environment }));
