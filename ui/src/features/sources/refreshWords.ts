import type { RefreshInfo } from "../../generated/rpc";
import { counted } from "../../shared/format";

/** What a refresh brought, a few words each; the kind says how to colour it. */
export function refreshFacts(info: RefreshInfo): { kind: "added" | "changed" | "removed" | "plain"; text: string }[] {
  const facts: ReturnType<typeof refreshFacts> = [];
  if (info.added > 0) facts.push({ kind: "added", text: `${counted(info.added, "row")} added` });
  if (info.changed > 0) facts.push({ kind: "changed", text: `${counted(info.changed, "row")} changed` });
  if (info.deleted > 0) facts.push({ kind: "removed", text: `${counted(info.deleted, "row")} deleted` });
  if (facts.length === 0) facts.push({ kind: "plain", text: "no row changed" });
  if (info.unchanged > 0) facts.push({ kind: "plain", text: `${counted(info.unchanged, "row")} the same` });
  if (info.rejected > 0) facts.push({ kind: "plain", text: `${counted(info.rejected, "record")} only in the ledger` });
  if (info.new_columns.length > 0) facts.push({ kind: "added", text: columns("new", info.new_columns) });
  if (info.gone_columns.length > 0) facts.push({ kind: "removed", text: columns("gone", info.gone_columns) });
  return facts;
}

function columns(what: string, names: string[]): string {
  return `${what} column${names.length === 1 ? "" : "s"} ${names.join(", ")}`;
}
