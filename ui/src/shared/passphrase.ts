import { useSyncExternalStore } from "react";
import { rpc } from "../platform";

let waiting: ((opened: boolean) => void)[] = [];
const listeners = new Set<() => void>();

function changed(): void {
  for (const listener of listeners) listener();
}

/** Asks the user for the passphrase of the secrets; resolves to whether they are open now. */
export function askPassphrase(): Promise<boolean> {
  return new Promise((resolve) => {
    waiting = [...waiting, resolve];
    changed();
  });
}

/** Tells everyone who asked whether the secrets are open. */
export function answerPassphrase(opened: boolean): void {
  const asked = waiting;
  waiting = [];
  changed();
  for (const resolve of asked) resolve(opened);
}

/** Whether somebody waits for the passphrase. */
export function usePassphraseAsked(): boolean {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => waiting.length > 0,
  );
}

/** Opens the secrets before one is saved; resolves to whether that can be done now. */
export async function openSecrets(): Promise<boolean> {
  const { unlocked } = await rpc("secrets_status", {});
  return unlocked || askPassphrase();
}
