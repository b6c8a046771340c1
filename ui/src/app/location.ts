import { useSyncExternalStore } from "react";

/**
 * The address behind `#`, such as `#/tables/silver.prices?version=3`, for wouter's router. Wouter's own hash hook keeps
 * the part after `?` before the `#`, where it would outlive the page it belongs to.
 */
export function useHashAddress(): [string, (to: string, options?: { replace?: boolean }) => void] {
  return [useSyncExternalStore(subscribe, currentPath), navigate];
}

useHashAddress.hrefs = (href: string) => `#${href}`;
useHashAddress.searchHook = () => useSyncExternalStore(subscribe, currentSearch);

function navigate(to: string, { replace = false }: { replace?: boolean } = {}): void {
  window.history[replace ? "replaceState" : "pushState"](null, "", `#${to}`);
  window.dispatchEvent(new HashChangeEvent("hashchange"));
}

function subscribe(listener: () => void): () => void {
  // Back and forward fire `hashchange` too, because the addresses differ behind the `#` only.
  window.addEventListener("hashchange", listener);
  return () => window.removeEventListener("hashchange", listener);
}

function currentPath(): string {
  return `/${window.location.hash.replace(/^#?\/?/, "").split("?")[0]}`;
}

function currentSearch(): string {
  const at = window.location.hash.indexOf("?");
  return at < 0 ? "" : window.location.hash.slice(at + 1);
}
