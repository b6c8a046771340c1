import type { RpcSchema } from "../generated/rpc";
import { browserHost } from "./browser";
import { RpcProblem } from "./problem";
import type { Command, Host, Platform } from "./types";
import { isTauri, windowHost } from "./window";

const host: Host = isTauri() ? windowHost() : browserHost();

/** What differs between the desktop window and a browser. */
export const platform: Platform = host.platform;

let unlock: (() => Promise<boolean>) | null = null;

/** Sets what opens the secrets when a command needs them; it resolves to whether they are open now. */
export function onLocked(open: () => Promise<boolean>): () => void {
  unlock = open;
  return () => {
    unlock = null;
  };
}

/**
 * Runs a command of the engine; rejects with `RpcProblem`. `rows` resolves to the bytes of an Arrow IPC stream. Where
 * secrets are locked, the user is asked to open them and the command runs again.
 */
export async function rpc<C extends Command>(command: C, request: RpcSchema[C][0]): Promise<RpcSchema[C][1]> {
  try {
    return await send(command, request);
  } catch (error) {
    const locked = error instanceof RpcProblem && error.problem.code === "secrets_locked";
    if (!locked || command === "secrets_unlock" || !(await unlock?.())) throw error;
    return send(command, request);
  }
}

async function send<C extends Command>(command: C, request: RpcSchema[C][0]): Promise<RpcSchema[C][1]> {
  const bytes = await host.send(command, request);
  if (command === "rows") return bytes as RpcSchema[C][1];
  return JSON.parse(new TextDecoder().decode(bytes)) as RpcSchema[C][1];
}

export { isProblem, RpcProblem, toProblem } from "./problem";
export type { Command, FilesHandler, OpenedText, Platform } from "./types";
