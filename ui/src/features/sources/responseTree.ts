import type { ResponseField } from "../../forms/responsePath";

/** One place in a response. */
export interface Place {
  /** The names and numbers that lead to it. */
  path: (string | number)[];
  value: unknown;
}

/** A place as dotted text, such as `data.items`; `$` is the whole response. */
export function dotted(path: readonly (string | number)[]): string {
  return path.length === 0 ? "$" : path.join(".");
}

/**
 * What a place is called for a field: a list or a value outside of lists by its whole path; a value in a record by its
 * path there, which begins after the last number. Null where the field cannot take the place.
 */
export function pathFor(field: ResponseField, { path, value }: Place): string | null {
  if (field.takes === "list") return Array.isArray(value) && !path.some(isNumber) ? dotted(path) : null;
  if (value !== null && typeof value === "object") return null;
  if (field.takes === "any") return path.some(isNumber) ? null : dotted(path);
  const within = path.slice(path.findLastIndex(isNumber) + 1);
  return path.some(isNumber) && within.length > 0 ? dotted(within) : null;
}

function isNumber(part: string | number): boolean {
  return typeof part === "number";
}

/** A value in a line: what it is, or how much is in it. */
export function glance(value: unknown): string {
  if (Array.isArray(value)) return value.length === 1 ? "list of 1" : `list of ${value.length}`;
  if (value !== null && typeof value === "object") {
    const names = Object.keys(value);
    return names.length === 1 ? "1 field" : `${names.length} fields`;
  }
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
