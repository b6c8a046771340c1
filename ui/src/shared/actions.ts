import { useEffect, useSyncExternalStore } from "react";

/** Something the search in the top bar can do. */
export interface Action {
  id: string;
  label: string;
  description?: string;
  run(): void;
}

let offered: ReadonlyArray<readonly Action[]> = [];
const listeners = new Set<() => void>();

function change(next: ReadonlyArray<readonly Action[]>): void {
  offered = next;
  for (const listener of listeners) listener();
}

/** Offers actions in the search of the top bar while the caller is shown; keep the list's identity with `useMemo`. */
export function useActions(actions: readonly Action[]): void {
  useEffect(() => {
    change([...offered, actions]);
    return () => change(offered.filter((list) => list !== actions));
  }, [actions]);
}

/** All actions offered by what is on the screen. */
export function useOfferedActions(): ReadonlyArray<readonly Action[]> {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => offered,
  );
}
