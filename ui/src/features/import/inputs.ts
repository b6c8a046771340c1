import type { ImportFile, Inspected, InspectedFile } from "../../generated/rpc";
import { fileName } from "../../shared/format";

/** Names an input in a set: a file, or one member of an archive. */
export function inputKey(path: string, member?: string): string {
  return member === undefined ? path : `${path}!${member}`;
}

/** The inputs that can be imported, in order. */
export function importable(inspected: Inspected): ImportFile[] {
  return inspected.files.flatMap((file) => {
    if (file.problem) return [];
    if (file.members.length === 0) return [{ path: file.path }];
    return file.members
      .filter(({ refused }) => refused === null)
      .map(({ name }) => ({ path: file.path, member: name }));
  });
}

/**
 * What is chosen to begin with: the first input and all whose names differ from its name in numbers only, such as
 * `prices_2024.csv` and `prices_2025.csv`, because those are usually parts of one table.
 */
export function firstChoice(inspected: Inspected): Set<string> {
  const all = importable(inspected);
  const first = all[0];
  if (!first) return new Set();
  const stem = nameWithoutNumbers(first);
  return new Set(
    all.filter((file) => nameWithoutNumbers(file) === stem).map((file) => inputKey(file.path, file.member)),
  );
}

function nameWithoutNumbers(file: ImportFile): string {
  const name = fileName(file.member ?? file.path).toLowerCase();
  // Programs that write parts name them by long hexadecimal numbers too.
  return name.replace(/[0-9a-f-]{8,}|\d+/g, "#");
}

/** The chosen inputs in the order of the list. */
export function chosenInputs(inspected: Inspected, chosen: ReadonlySet<string>): ImportFile[] {
  return importable(inspected).filter((file) => chosen.has(inputKey(file.path, file.member)));
}

/** Whether nothing in a file can be imported. */
export function isRefused(file: InspectedFile): boolean {
  return file.problem !== null || (file.members.length > 0 && file.members.every(({ refused }) => refused !== null));
}
