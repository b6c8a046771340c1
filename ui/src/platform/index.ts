import type { RpcSchema } from "../generated/rpc";
import { browserHost } from "./browser";
import type { Command, Host, Platform } from "./types";
import { isTauri, windowHost } from "./window";

const host: Host = isTauri() ? windowHost() : browserHost();

/** What differs between the desktop window and a browser. */
export const platform: Platform = host.platform;

/** Runs a command of the engine; rejects with `RpcProblem`. `rows` resolves to the bytes of an Arrow IPC stream. */
export async function rpc<C extends Command>(command: C, request: RpcSchema[C][0]): Promise<RpcSchema[C][1]> {
  const bytes = await host.send(command, request);
  if (command === "rows") return bytes as RpcSchema[C][1];
  return JSON.parse(new TextDecoder().decode(bytes)) as RpcSchema[C][1];
}

export { isProblem, RpcProblem, toProblem } from "./problem";
export type { Command, FilesHandler, OpenedText, Platform } from "./types";
