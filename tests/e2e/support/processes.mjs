// Programs the tests start; none outlives them.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

const running = new Set();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1));

/**
 * Starts a program and waits until `isReady` returns something for a line of its output. Resolves to that and `stop`;
 * rejects with what the program printed where it ends or stays silent for `seconds`.
 */
export async function start(program, args, isReady, { seconds = 30, env = process.env, on = "stdout" } = {}) {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], env });
  running.add(child);
  const printed = [];
  const closed = new Promise((resolve) => {
    child.on("error", (error) => {
      printed.push(error.message);
      resolve();
    });
    child.on("close", () => {
      running.delete(child);
      resolve();
    });
  });
  const stop = async () => {
    child.kill("SIGTERM");
    const force = setTimeout(() => child.kill("SIGKILL"), 3000);
    await closed;
    clearTimeout(force);
  };
  const ready = new Promise((resolve) => {
    for (const name of ["stdout", "stderr"]) {
      createInterface({ input: child[name] }).on("line", (line) => {
        printed.push(line);
        const found = name === on ? isReady(line) : undefined;
        if (found !== undefined) resolve(found);
      });
    }
  });
  const late = new Promise((resolve) => setTimeout(resolve, seconds * 1000).unref());
  const found = await Promise.race([ready, closed, late]);
  if (found !== undefined) return { found, stop, pid: child.pid, printed };
  await stop();
  throw new Error(`${program} ${args.join(" ")} did not become ready:\n${printed.slice(-20).join("\n")}`);
}
