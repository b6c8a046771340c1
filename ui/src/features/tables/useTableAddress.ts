import { useCallback } from "react";
import { useLocation, useParams, useSearch } from "wouter";
import { tableAddress } from "../../shared/addresses";

export const TABS = ["data", "profile", "history", "ledger"] as const;
export type Tab = (typeof TABS)[number];

/** What the address says: the table, its version (the newest where none is given) and the tab. */
export function useTableAddress() {
  const params = useParams<{ table: string }>();
  const table = decodeURIComponent(params.table ?? "");
  const search = new URLSearchParams(useSearch());
  const [, navigate] = useLocation();
  const version = /^\d+$/.test(search.get("version") ?? "") ? Number(search.get("version")) : undefined;
  const tab = TABS.find((known) => known === search.get("tab")) ?? "data";
  const go = useCallback(
    (to: { version?: number; tab?: Tab }) =>
      navigate(tableAddress(table, { version: to.version, tab: to.tab === "data" ? undefined : to.tab })),
    [navigate, table],
  );
  return { table, version, tab, go };
}
