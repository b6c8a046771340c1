import type { RpcSchema } from "../generated/rpc";
import type { RpcProblem } from "./problem";

/** The name of a command of the engine. */
export type Command = keyof RpcSchema;

/** What happens to files dragged over the window. */
export interface FilesHandler {
  /** Files are held over the window (or no longer). */
  hover(over: boolean): void;
  /** Files were dropped; the paths are readable by the engine. */
  drop(paths: string[]): void;
  /** The browser hands dropped files to the engine; null when that is over. */
  uploading?(name: string | null): void;
  /** The dropped files could not be handed to the engine. */
  failed?(error: RpcProblem): void;
}

/** A text file the user chose. */
export interface OpenedText {
  name: string;
  text: string;
}

/** What differs between the desktop window and a browser. */
export interface Platform {
  kind: "window" | "browser";
  /** Lets the user choose files; empty when cancelled. In a browser the files are uploaded first. */
  pickFiles(): Promise<string[]>;
  /** Lets the user choose a folder; null when cancelled, always null in a browser, which cannot hand over a folder. */
  pickFolder(): Promise<string | null>;
  /** Lets the user choose where to save; null when cancelled, always null in a browser, which saves by download. */
  pickSavePath(suggestedName: string): Promise<string | null>;
  /** Watches for files dragged over the window; returns how to stop. */
  onFiles(handler: FilesHandler): () => void;
  /** Saves a text under a name the user can change. */
  saveText(name: string, text: string): Promise<void>;
  /** Lets the user choose a text file (`accept` such as `.json`); null when cancelled. */
  openText(accept: string): Promise<OpenedText | null>;
  /** Fetches a file that the engine wrote; does nothing in the desktop window, where it already lies on the disk. */
  download(path: string): void;
}

/** How commands reach the engine: the bytes of the answer, JSON or Arrow. */
export type Send = (command: Command, request: unknown) => Promise<Uint8Array>;

/** One place the window runs in. */
export interface Host {
  send: Send;
  platform: Platform;
}
