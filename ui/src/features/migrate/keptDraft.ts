import type { SyncDoc } from "../../generated/rpc";

let kept: SyncDoc | null = null;

/** Keeps a sync while a connection is made for it on another page. */
export function keepDraft(doc: SyncDoc): void {
  kept = doc;
}

/** The sync that was left for making a connection, once. */
export function takeKeptDraft(): SyncDoc | null {
  const doc = kept;
  kept = null;
  return doc;
}
