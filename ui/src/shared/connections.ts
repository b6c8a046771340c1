import { useQuery } from "@tanstack/react-query";
import type { ConnectorInfo } from "../generated/rpc";
import { rpc } from "../platform";

/** Every kind of connection with its forms, in the order of the catalogue. */
export function useConnectors() {
  return useQuery({
    queryKey: ["connectors"],
    queryFn: () => rpc("connector_catalogue", {}),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** All connections. */
export function useConnections() {
  return useQuery({ queryKey: ["connections"], queryFn: () => rpc("connection_list", {}) });
}

/** All sources and how they stand. */
export function useSources() {
  return useQuery({ queryKey: ["sources"], queryFn: () => rpc("source_list", {}) });
}

/** The kinds under their headings, in the order of the catalogue. */
export function grouped(connectors: readonly ConnectorInfo[]): [string, ConnectorInfo[]][] {
  const groups = new Map<string, ConnectorInfo[]>();
  for (const connector of connectors) {
    const group = groups.get(connector.group);
    if (group) group.push(connector);
    else groups.set(connector.group, [connector]);
  }
  return [...groups];
}

/** A name that no other has: `prices`, `prices 2`, `prices 3`. */
export function freeName(wanted: string, taken: readonly string[], between = " "): string {
  if (!taken.includes(wanted)) return wanted;
  for (let number = 2; ; number++) {
    const name = `${wanted}${between}${number}`;
    if (!taken.includes(name)) return name;
  }
}
