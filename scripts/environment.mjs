// Where everything lies on this machine, and how the scripts run other programs.

import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** What outlives a checkout: compiled crates, tools and the Python environment of the tests. */
export const cache = join(homedir(), ".cache", "cloud-pulse");

/** Cargo's target folder; outside the repository, so that the next clean checkout finds what is compiled already. */
export const target = process.env.CARGO_TARGET_DIR ?? join(cache, "target");

/** The folder the one profile compiles to. */
export const binaries = join(target, "debug");

/** The Python of the tests' virtual environment. */
export const python = join(cache, "venv", "bin", "python");

/** The WebDriver server that drives the desktop window. */
export const tauriDriver = join(cache, "tools", "bin", "tauri-driver");

/** The environment every program is started with. */
export const environment = {
  ...process.env,
  PATH: [
    join(homedir(), ".cargo", "bin"),
    join(root, "node_modules", ".bin"),
    ...(process.env.PATH ?? "").split(delimiter),
  ].join(delimiter),
  CARGO_TARGET_DIR: target,
};

/** The path of an executable in a folder, with the ending this operating system gives it. */
export function executable(folder, name) {
  return join(folder, process.platform === "win32" ? `${name}.exe` : name);
}

/** Whether a program is on the path. */
export function onPath(program) {
  return (environment.PATH ?? "").split(delimiter).some((folder) => existsSync(executable(folder, program)));
}

/** Runs a program to its end without showing it: its exit code and output. */
export function capture(program, args, options = {}) {
  const done = spawnSync(program, args, {
    cwd: root,
    env: environment,
    encoding: "utf8",
    maxBuffer: 2 ** 28,
    ...options,
  });
  return { ok: done.status === 0, stdout: done.stdout ?? "", stderr: done.stderr || String(done.error ?? "") };
}

/** Runs a program in view of the user; resolves to its exit code, 1 where it could not be started or was killed. */
export function show(program, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: root, env: environment, stdio: "inherit", ...options });
    child.on("error", (error) => {
      console.error(`Could not start ${program}: ${error.message}`);
      resolve(1);
    });
    child.on("close", (code) => resolve(code ?? 1));
  });
}

/** Like [show], and hands every line the program prints to `line` too. */
export function tee(program, args, line, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: root, env: environment, stdio: ["ignore", "pipe", "pipe"], ...options });
    follow(child.stdout, process.stdout, line);
    follow(child.stderr, process.stderr, line);
    child.on("error", (error) => {
      console.error(`Could not start ${program}: ${error.message}`);
      resolve(1);
    });
    child.on("close", (code) => resolve(code ?? 1));
  });
}

/** Passes a stream on and splits it into lines. */
function follow(stream, shown, line) {
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (text) => {
    shown?.write(text);
    const lines = (rest + text).split("\n");
    rest = lines.pop();
    lines.forEach(line);
  });
  stream.on("end", () => rest && line(rest));
}

export { follow };

/** A time span as people say it: `8s`, `4m10s`. */
export function spell(milliseconds) {
  const seconds = Math.round(milliseconds / 1000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${String(seconds % 60).padStart(2, "0")}s`;
}

/** Ends the script with a sentence on what went wrong and one on what to do. */
export function fail(message, hint) {
  console.error(`\n${message}${hint ? `\nhint: ${hint}` : ""}`);
  process.exit(1);
}
