import type { ColumnProfile } from "../generated/rpc";

/** A column as the grid shows it. */
export interface DataColumn {
  name: string;
  /** The type as a word. */
  type: string;
  /** `kept`, `added`, `removed` or `changed`, in a preview. */
  status?: string;
  /** Numbers for the header, where they are known. */
  profile?: ColumnProfile;
}

/** A place on the page, in CSS pixels. */
export interface Bounds {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** The cell the keyboard is on. */
export interface CellInfo {
  column: string;
  /** The row in the source, from 0. */
  row: number;
  /** Undefined while the row is loading. */
  value: string | null | undefined;
  /** What the preview did to it, in words. */
  mark?: string;
}

/** Whether values of the type are right-aligned. */
export function isNumeric(type: string): boolean {
  return type === "integer" || type === "number" || type.startsWith("decimal");
}
