// Runs Cargo with a line that says how far it is, with and without a terminal.

import { spawn } from "node:child_process";
import { capture, environment, follow, root, spell } from "./environment.mjs";

const EVERY_TERMINAL_MS = 500;
const EVERY_LOG_MS = 15_000;

/**
 * Runs a Cargo command that compiles, such as `build --workspace --bins`, and shows its warnings and errors.
 *
 * Progress counts packages with at least one finished artifact, of all packages the command can compile.
 * Resolves to the exit code and the paths of the executables by name.
 */
export function compile(args, { dev = false, label = "compiling" } = {}) {
  const tty = process.stderr.isTTY;
  const format = tty ? "--message-format=json-diagnostic-rendered-ansi" : "--message-format=json";
  const split = args.indexOf("--");
  const [own, passed] = split < 0 ? [args, []] : [args.slice(0, split), args.slice(split)];
  const total = packages(dev);
  const progress = reporter(label, total, tty);
  const executables = {};
  const child = spawn("cargo", [...own, "--quiet", format, ...passed], {
    cwd: root,
    env: environment,
    stdio: ["ignore", "pipe", "pipe"],
  });
  follow(child.stdout, undefined, (line) => {
    const message = parsed(line);
    if (message?.reason === "compiler-artifact") {
      progress.finished(message.package_id, message.fresh);
      if (message.executable) executables[message.target.name] = message.executable;
    } else if (message?.reason === "compiler-message" && message.message.rendered) {
      progress.print(message.message.rendered);
    }
  });
  follow(child.stderr, undefined, (line) => progress.print(`${line}\n`));
  return new Promise((resolve) => {
    child.on("error", (error) => {
      progress.end();
      console.error(`Could not start cargo: ${error.message}`);
      resolve({ code: 1, executables });
    });
    child.on("close", (code) => {
      progress.end();
      resolve({ code: code ?? 1, executables });
    });
  });
}

/** How many packages this machine compiles for the workspace; with `dev` also those only tests need. */
function packages(dev) {
  const edges = dev ? "normal,build,dev" : "normal,build";
  const tree = capture("cargo", ["tree", "--workspace", "--edges", edges, "--prefix", "none"]);
  return new Set(
    tree.stdout
      .split("\n")
      .map((line) => line.split(" ").slice(0, 2).join(" "))
      .filter(Boolean),
  ).size;
}

/** Prints how many packages are done, at once on a terminal and every 15 seconds in a log. */
function reporter(label, total, tty) {
  const started = Date.now();
  const done = new Set();
  let compiled = 0;
  const line = () => `${label}: ${done.size} of ${Math.max(total, done.size)} crates, ${spell(Date.now() - started)}`;
  const clear = () => tty && process.stderr.write("\r\u001b[K");
  const tick = () => (tty ? process.stderr.write(`\r\u001b[K${line()}`) : console.error(line()));
  const timer = setInterval(tick, tty ? EVERY_TERMINAL_MS : EVERY_LOG_MS);
  return {
    finished(id, fresh) {
      done.add(id);
      if (!fresh) compiled += 1;
    },
    print(text) {
      clear();
      process.stderr.write(text);
    },
    end() {
      clearInterval(timer);
      clear();
      const news = compiled === 0 ? "nothing was left to compile" : `${compiled} units compiled now`;
      console.error(`${label}: ended after ${spell(Date.now() - started)} with ${done.size} crates, ${news}`);
    },
  };
}

/** One of Cargo's JSON messages; nothing for a line that is not one. */
function parsed(line) {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
