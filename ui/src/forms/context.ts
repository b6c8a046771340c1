import { createContext, useContext } from "react";
import type { ColumnInfo, Problem } from "../generated/rpc";
import type { FormSchema } from "./schema";

/** What every field of a form knows. */
export interface FormContext {
  /** The columns to choose from. */
  columns: readonly ColumnInfo[];
  /** What the engine refused; shown at the field it names. */
  problem: Problem | null;
  /** The dotted paths of the secrets that are kept already and never shown. */
  secrets: readonly string[];
}

/** The form that fields stand in. */
export const Form = createContext<FormContext>({ columns: [], problem: null, secrets: [] });

/** What a field's control is given. */
export interface FieldProps {
  schema: FormSchema;
  /** The dotted path from the form's value to the field's, such as `rules.0.column`. */
  path: string;
  value: unknown;
  onChange(value: unknown): void;
  /** The field's name for people. */
  label: string;
  /** Shows no label; the name is for screen readers only. */
  bare?: boolean;
  /** Shows no label, because what stands around names it; otherwise as usual. */
  unlabelled?: boolean;
  /** Null is a possible value. */
  optional?: boolean;
  autoFocus?: boolean;
}

/** The columns to choose from. */
export function useColumns(): readonly ColumnInfo[] {
  return useContext(Form).columns;
}

/** What the engine refused at a path, in words; with `within`, also at anything below it. */
export function useProblemAt(path: string, within = false): string | undefined {
  const { problem } = useContext(Form);
  const at = problem?.field;
  if (!problem || at === undefined) return undefined;
  if (at !== path && !(within && isWithin(at, path))) return undefined;
  const words = problem.hint ? `${problem.message} ${problem.hint}` : problem.message;
  // A complaint under a field is plain text.
  return words.replaceAll("`", "");
}

/** Whether a path is another one or leads below it. */
export function isWithin(path: string, above: string): boolean {
  return path === above || path.startsWith(`${above}.`);
}
