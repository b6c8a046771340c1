import { chooseFiles, follow, openText } from "./dom";
import { isProblem, RpcProblem } from "./problem";
import type { FilesHandler, Host, Platform, Send } from "./types";

const TOKEN_KEY = "pulse-token";

/** The window in a browser, served by `pulse serve`. */
export function browserHost(): Host {
  const token = takeToken();
  const send: Send = (command, request) =>
    post(`rpc/${command}`, token, JSON.stringify(request), { "Content-Type": "application/json" });
  return { send, platform: browserPlatform(token) };
}

function browserPlatform(token: string): Platform {
  return {
    kind: "browser",
    pickFiles: async () => upload(await chooseFiles({ multiple: true }), token),
    pickFolder: async () => null,
    pickSavePath: async () => null,
    onFiles: (handler) => watchDrops(handler, token),
    saveText: async (name, text) => {
      const address = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
      follow(address, name);
      // The download has taken its own reference by then; revoking at once would cancel it in some browsers.
      setTimeout(() => URL.revokeObjectURL(address), 10_000);
    },
    openText,
    download: (path) => {
      const name = path.split(/[\\/]/).pop() ?? path;
      follow(`download?path=${encodeURIComponent(path)}&token=${encodeURIComponent(token)}`, name);
    },
  };
}

/** Takes the token out of the address bar, so that it is neither copied with the address nor kept in the history. */
function takeToken(): string {
  const address = new URL(window.location.href);
  const given = address.searchParams.get("token");
  if (given === null) return sessionStorage.getItem(TOKEN_KEY) ?? "";
  sessionStorage.setItem(TOKEN_KEY, given);
  address.searchParams.delete("token");
  window.history.replaceState(null, "", address);
  return given;
}

async function post(path: string, token: string, body: BodyInit, headers: Record<string, string>): Promise<Uint8Array> {
  let response: Response;
  try {
    response = await fetch(path, { method: "POST", body, headers: { ...headers, "X-Pulse-Token": token } });
  } catch {
    throw new RpcProblem({
      code: "unreachable",
      message: "The page asked the engine, but it does not answer.",
      hint: "Look whether `pulse serve` still runs and start it again with the same workspace; running jobs are kept.",
    });
  }
  if (!response.ok) throw new RpcProblem(await readProblem(response));
  return new Uint8Array(await response.arrayBuffer());
}

async function readProblem(response: Response) {
  const text = await response.text();
  try {
    const value: unknown = JSON.parse(text);
    if (isProblem(value)) return value;
  } catch {
    // An answer that is no JSON comes from something between the page and the engine and is shown as it is.
  }
  return { code: "internal", message: `The engine answered ${response.status}: ${text.slice(0, 300)}` };
}

async function upload(files: File[], token: string): Promise<string[]> {
  const paths: string[] = [];
  for (const file of files) {
    const bytes = await post(`upload?name=${encodeURIComponent(file.name)}`, token, file, {
      "Content-Type": "application/octet-stream",
    });
    paths.push((JSON.parse(new TextDecoder().decode(bytes)) as { path: string }).path);
  }
  return paths;
}

function watchDrops(handler: FilesHandler, token: string): () => void {
  const watching = new AbortController();
  const on = <K extends keyof WindowEventMap>(type: K, act: (event: WindowEventMap[K]) => void) =>
    window.addEventListener(type, act, { signal: watching.signal });
  // Enter and leave fire for every element on the way, so the page counts how deep the pointer is.
  let depth = 0;
  const holdsFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
  on("dragenter", (event) => {
    if (holdsFiles(event) && ++depth === 1) handler.hover(true);
  });
  on("dragleave", (event) => {
    if (holdsFiles(event) && --depth === 0) handler.hover(false);
  });
  on("dragover", (event) => {
    if (holdsFiles(event)) event.preventDefault();
  });
  on("drop", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    depth = 0;
    handler.hover(false);
    void handOver([...(event.dataTransfer?.files ?? [])], handler, token);
  });
  return () => watching.abort();
}

async function handOver(files: File[], handler: FilesHandler, token: string): Promise<void> {
  if (files.length === 0) return;
  handler.uploading?.(files.length === 1 ? (files[0]?.name ?? "") : `${files.length} files`);
  try {
    handler.drop(await upload(files, token));
  } catch (error) {
    if (error instanceof RpcProblem) handler.failed?.(error);
    else throw error;
  } finally {
    handler.uploading?.(null);
  }
}
