// `pulse serve` on a workspace of its own.

import { pulse, temporaryFolder } from "./paths.mjs";
import { start } from "./processes.mjs";

/** Starts the server; `url` carries the token, `rpc` runs a command beside the page. */
export async function serve(workspace = temporaryFolder()) {
  const args = ["--workspace", workspace, "serve", "--port", "0", "--json"];
  const { found: url, stop } = await start(pulse(), args, (line) => {
    try {
      return JSON.parse(line).url;
    } catch {
      return undefined;
    }
  });
  const address = new URL(url);
  const token = address.searchParams.get("token");
  const rpc = async (command, request = {}) => {
    const response = await fetch(`${address.origin}/rpc/${command}`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-pulse-token": token },
      body: JSON.stringify(request),
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(`${command}: ${answer.message}`);
    return answer;
  };
  return { url, origin: address.origin, token, workspace, stop, rpc };
}

/** Imports a file without the window; for tests of what comes after. */
export async function importFile(server, path, table, options = {}) {
  const { job } = await server.rpc("import_start", { files: [{ path }], options, table, mode: "create" });
  return finished(server, job);
}

/** Waits for a job's end and returns its result. */
export async function finished(server, job) {
  for (;;) {
    const { info } = await server.rpc("job_show", { id: job });
    if (info.state === "succeeded") return info.result;
    if (!["queued", "running"].includes(info.state)) throw new Error(`${info.title}: ${info.problem?.message}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
