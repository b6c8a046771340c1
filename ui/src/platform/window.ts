import { invoke, isTauri } from "@tauri-apps/api/core";
import { getCurrentWebview } from "@tauri-apps/api/webview";
import { open, save } from "@tauri-apps/plugin-dialog";
import { openText } from "./dom";
import { isProblem, RpcProblem } from "./problem";
import type { FilesHandler, Host } from "./types";

export { isTauri };

/** The desktop window. */
export function windowHost(): Host {
  return {
    send: async (command, request) => new Uint8Array(await call<ArrayBuffer>("rpc", { command, request })),
    platform: {
      kind: "window",
      pickFiles: async () => (await open({ multiple: true, title: "Choose files to import" })) ?? [],
      pickFolder: () => open({ directory: true, title: "Choose a folder to import" }),
      pickSavePath: (suggestedName) => save({ defaultPath: suggestedName }),
      onFiles: watchDrops,
      saveText: async (name, text) => {
        const path = await save({ defaultPath: name });
        if (path !== null) await call("save_text", { path, text });
      },
      openText,
      download: () => undefined,
    },
  };
}

async function call<T>(command: string, parameters: Record<string, unknown>): Promise<T> {
  try {
    return await invoke<T>(command, parameters);
  } catch (error) {
    if (isProblem(error)) throw new RpcProblem(error);
    throw new RpcProblem({ code: "internal", message: String(error) });
  }
}

function watchDrops(handler: FilesHandler): () => void {
  const stop = getCurrentWebview().onDragDropEvent(({ payload }) => {
    if (payload.type === "enter") handler.hover(true);
    if (payload.type === "leave") handler.hover(false);
    if (payload.type === "drop") {
      handler.hover(false);
      if (payload.paths.length > 0) handler.drop(payload.paths);
    }
  });
  return () => void stop.then((off) => off());
}
