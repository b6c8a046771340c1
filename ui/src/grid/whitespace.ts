const VISIBLE: Record<string, string> = {
  " ": "·",
  "\t": "→",
  "\n": "↵",
  "\r": "␍",
  "\u00a0": "⍽",
  "\u2007": "⍽",
  "\u202f": "⍽",
  "\u200b": "¦",
  "\ufeff": "¦",
};
const ANY = /[ \t\n\r\u00a0\u2007\u202f\u200b\ufeff]/g;
const BREAK = /[\t\r\n]/;

/** The text with every kind of whitespace as a visible sign. */
export function visibleWhitespace(text: string): string {
  return text.replace(ANY, (character) => VISIBLE[character] ?? character);
}

/** The text on one line: a canvas draws only the first line, so breaks become signs instead of hiding the rest. */
export function oneLine(text: string): string {
  return BREAK.test(text) ? text.replace(/\r\n|\r|\n/g, "↵").replace(/\t/g, " ") : text;
}
