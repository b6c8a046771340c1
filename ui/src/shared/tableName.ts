/** Imports go to bronze. */
export const BRONZE = "bronze.";

/** The longest name of a table, in characters. */
const LONGEST = 63;

/** What is wrong with a table's name, or null. */
export function nameProblem(name: string): string | null {
  if (name === "") return "Give the table a name.";
  if (name.length > LONGEST) return `A name has at most ${LONGEST} characters.`;
  if (!/^[a-z_][a-z0-9_]*$/.test(name))
    return "Use lower-case letters, digits and underscores, starting with a letter.";
  return null;
}
