import { asMembers, completed, type FormSchema } from "../../forms/schema";
import type { DestinationInfo, SyncColumn, SyncDoc, SyncFrom, SyncPart } from "../../generated/rpc";
import { freeName } from "../../shared/connections";
import { needsKey } from "./modes";

/** How a new sync starts. */
export const NEW_SYNC: SyncDoc = {
  name: "",
  connection: "",
  mode: "replace",
  parts: [],
  everything: false,
  rest: {},
  refresh: [],
  apply: [],
};

/** What is sent, in a word: the table, or what the query is called. */
export function sentName(from: SyncFrom): string {
  return from.kind === "table" ? from.table : from.name;
}

/** What is sent, with its version where one is chosen: `silver.prices@3`. */
export function originOf(from: SyncFrom): string {
  if (from.kind === "sql") return from.name === "" ? "the query" : `query ${from.name}`;
  return from.version === undefined ? from.table : `${from.table}@${from.version}`;
}

/** The name of a part's target. */
export function targetName({ target }: SyncPart, destination: DestinationInfo): string {
  return nameIn(target, destination);
}

/** The name that a target's form holds. */
export function nameIn(target: unknown, { main }: DestinationInfo): string {
  const name = asMembers(target)[main];
  return typeof name === "string" ? name : "";
}

/** A name for the target: the table's without its layer, with it where another part has that name already. */
function suggestedName(from: SyncFrom, taken: readonly string[]): string {
  const name = sentName(from);
  const plain = name.slice(name.indexOf(".") + 1);
  return taken.includes(plain) ? freeName(name.replace(".", "_"), taken, "_") : plain;
}

function namesOf(parts: readonly SyncPart[], destination: DestinationInfo | undefined): string[] {
  return destination ? parts.map((part) => targetName(part, destination)) : [];
}

/** The target's form with a name filled in, the rest as a new one has it. */
function namedTarget(destination: DestinationInfo, name: string): unknown {
  return completed(destination.target as FormSchema, { [destination.main]: name });
}

/** A part that sends something to a target named like it. */
export function newPart(
  from: SyncFrom,
  parts: readonly SyncPart[],
  destination: DestinationInfo | undefined,
  key: string[] = [],
): SyncPart {
  const name = suggestedName(from, namesOf(parts, destination));
  return { from, target: destination ? namedTarget(destination, name) : {}, columns: [], key, edits: {} };
}

/** The document sent through another connection: targets keep their names and start anew otherwise. */
export function withConnection(
  doc: SyncDoc,
  connection: string,
  before: DestinationInfo | undefined,
  after: DestinationInfo,
): SyncDoc {
  const parts: SyncPart[] = [];
  for (const part of doc.parts) {
    const kept = before && targetName(part, before);
    const name = kept || suggestedName(part.from, namesOf(parts, after));
    // Types and statements are in the words of the system before.
    const columns = part.columns.map((column) => ({ ...column, type_word: "" })).filter(isOwn);
    parts.push({ ...part, target: namedTarget(after, name), columns, edits: {} });
  }
  const mode = after.modes.includes(doc.mode) ? doc.mode : (after.modes[0] ?? doc.mode);
  // What stands before the names of all other tables fits the system before: a folder is no schema.
  return { ...doc, connection, mode, parts, rest: namedTarget(after, "") };
}

/** The document with a part changed. */
export function withPart(doc: SyncDoc, at: number, change: Partial<SyncPart>): SyncDoc {
  return { ...doc, parts: doc.parts.map((part, index) => (index === at ? { ...part, ...change } : part)) };
}

/** What happens to a column; as it is unless something was decided. */
export function columnOf({ columns }: SyncPart, column: string): SyncColumn {
  return columns.find((one) => one.column === column) ?? { column, name: "", type_word: "", skip: false };
}

/** The part with a decision about a column; what is as it would be anyway is not kept. */
export function withColumn(part: SyncPart, column: string, change: Partial<SyncColumn>): SyncPart {
  const next = { ...columnOf(part, column), ...change };
  const others = part.columns.filter((one) => one.column !== column);
  return { ...part, columns: [...others, next].filter(isOwn) };
}

function isOwn({ column, name, type_word: type, skip }: SyncColumn): boolean {
  return skip || type !== "" || (name !== "" && name !== column);
}

/** The steps of the page in order. */
export type StepId = "what" | "where" | "how" | "columns" | "check";

/** What is missing before a sync can be checked, and where; null if nothing is. */
export function missing(
  { parts, everything, mode }: SyncDoc,
  destination: DestinationInfo | undefined,
): { step: StepId; text: string } | null {
  if (parts.length === 0 && !everything) return { step: "what", text: "Choose what is sent." };
  for (const { from } of parts) {
    if (from.kind !== "sql") continue;
    if (from.sql.trim() === "") return { step: "what", text: "Write the query whose result is sent." };
    if (from.name.trim() === "") return { step: "what", text: "Give the query's result a name." };
  }
  if (!destination) return { step: "where", text: "Choose where it is sent." };
  const nameless = parts.find((part) => targetName(part, destination).trim() === "");
  if (nameless) return { step: "where", text: `Name the target of ${originOf(nameless.from)}.` };
  const fixed = parts.find(({ from }) => from.kind === "sql" || from.version !== undefined);
  if (mode === "incremental" && fixed) {
    return {
      step: "how",
      text: `Only what changed can be sent of a table's newest version, not of ${originOf(fixed.from)}.`,
    };
  }
  const keyless = needsKey(mode) ? parts.find(({ key }) => key.length === 0) : undefined;
  if (keyless)
    return { step: "how", text: `Choose the columns that together name a row of ${originOf(keyless.from)}.` };
  return null;
}

/** What a check depends on: everything but the name. */
export function checkedPart({ name: _, id: __, ...rest }: SyncDoc): string {
  return JSON.stringify(rest);
}

/** What is sent in a few words: `silver.prices`, `3 tables`, `the whole workspace`. */
export function whatWords({ parts, everything }: SyncDoc): string {
  if (everything) return "the whole workspace";
  const [first] = parts;
  if (!first) return "nothing yet";
  if (parts.length === 1) return originOf(first.from);
  const noun = parts.every(({ from }) => from.kind === "table") ? "tables" : "results";
  return `${parts.length} ${noun}`;
}
