// What the tests of sources read from: the servers of the Rust tests, a web interface of our own and an SQLite file.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { homedir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { services } from "./paths.mjs";

const python = () => process.env.PULSE_PYTHON ?? join(homedir(), ".cache", "cloud-pulse", "venv", "bin", "python");

/** Runs SQL on an SQLite file, which is made where there is none. */
export function sqlite(path, sql) {
  const script = "import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); db.executescript(sys.argv[2]); db.close()";
  execFileSync(python(), ["-c", script, path, sql]);
}

/**
 * A web interface that gives `stations` in pages of two behind a bearer token, with the address of the next page in each
 * answer. `stations` can be changed while it runs; `stop` ends it.
 */
export async function stationsApi(token) {
  const stations = [
    { id: 1, name: "Berne", height: 542, place: { canton: "BE" } },
    { id: 2, name: "Geneva", height: 375, place: { canton: "GE" } },
    { id: 3, name: "Zurich", height: 408, place: { canton: "ZH" } },
  ];
  const server = createServer((request, response) => {
    const url = new URL(request.url, "http://localhost");
    const answer = (status, value) => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(value));
    };
    if (request.headers.authorization !== `Bearer ${token}`) return answer(401, { error: "wrong token" });
    if (url.pathname === "/") return answer(200, { name: "stations" });
    if (url.pathname !== "/stations") return answer(404, { error: "there is no such thing" });
    const page = Number(url.searchParams.get("page") ?? "1");
    const items = stations.slice((page - 1) * 2, page * 2);
    const next = page * 2 < stations.length ? `http://${request.headers.host}/stations?page=${page + 1}` : null;
    answer(200, { data: { items }, next });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  const stop = () => new Promise((resolve) => server.close(resolve));
  return { url: `http://127.0.0.1:${port}`, stations, stop };
}

/** Why tests that need a server are skipped, where the machine cannot run the servers; they fail without one otherwise. */
export const skip = process.env.PULSE_SKIP_SERVICES === "1" && "PULSE_SKIP_SERVICES=1";

/**
 * Starts the named ones of `kaggle`, `postgres`, `moto`, `elasticsearch`, `mongodb` and `kafka`. Resolves to `at`, what a
 * connection to each needs; `ask`, which has something done there (see tests/services/main.rs); and `stop`. The servers
 * end with their program, and that ends with its input, so that none outlives these tests however they end.
 */
export async function startServices(...names) {
  const child = spawn(services(), names, { stdio: ["pipe", "pipe", "inherit"] });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = once(child, "close");
  const answer = async (what) => {
    const { value, done } = await answers.next();
    if (done) throw new Error(`The servers ended at ${what}; the reason stands above.`);
    return JSON.parse(value);
  };
  const at = await answer("their start");
  const ask = async (order) => {
    child.stdin.write(`${JSON.stringify(order)}\n`);
    return answer(order.do);
  };
  const stop = async () => {
    child.stdin.end();
    await ended;
  };
  return { at, ask, stop };
}
