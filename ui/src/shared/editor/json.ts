import { StreamLanguage } from "@codemirror/language";

/** What a piece of JSON is, by how it looks; a text before a colon is a name. */
const PIECES: readonly [RegExp, string][] = [
  [/^"(?:[^"\\]|\\.)*"(?=\s*:)/, "propertyName"],
  [/^"(?:[^"\\]|\\.)*"?/, "string"],
  [/^-?\d[\d.eE+-]*/, "number"],
  [/^(?:true|false)\b/, "bool"],
  [/^null\b/, "null"],
];

/** JSON for the editor: colours only, whether it is complete or not. */
export const json = StreamLanguage.define<null>({
  startState: () => null,
  token(stream) {
    if (stream.eatSpace()) return null;
    const found = PIECES.find(([looks]) => stream.match(looks));
    if (!found) stream.next();
    return found?.[1] ?? null;
  },
});
