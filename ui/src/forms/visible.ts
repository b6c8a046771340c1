/** A text with its blanks made visible, and a word where there is nothing to see. */
export function visible(text: string): string {
  if (text === "") return "empty text";
  const outer = /^\s+|\s+$|\s{2,}/g;
  return text
    .replace(outer, (blanks) => "␣".repeat(blanks.length))
    .replaceAll("\t", "⇥")
    .replaceAll("\u00a0", "⍽");
}
