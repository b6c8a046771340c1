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
 * What is chosen to begin with: the first input and all that have its kind of name, because files of one kind in one
 * folder or archive usually belong together and one table cannot mix kinds.
 */
export function firstChoice(inspected: Inspected): Set<string> {
  const all = importable(inspected);
  const first = all[0];
  if (!first) return new Set();
  const kind = extension(first);
  return new Set(all.filter((file) => extension(file) === kind).map((file) => inputKey(file.path, file.member)));
}

function extension(file: ImportFile): string {
  const name = fileName(file.member ?? file.path).toLowerCase();
  return name.slice(name.indexOf(".") + 1);
}

/** The chosen inputs in the order of the list. */
export function chosenInputs(inspected: Inspected, chosen: ReadonlySet<string>): ImportFile[] {
  return importable(inspected).filter((file) => chosen.has(inputKey(file.path, file.member)));
}

/** Whether nothing in a file can be imported. */
export function isRefused(file: InspectedFile): boolean {
  return file.problem !== null || (file.members.length > 0 && file.members.every(({ refused }) => refused !== null));
}
