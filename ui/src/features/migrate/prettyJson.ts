/** JSON with line breaks and indents; every value is kept letter for letter, which parsing would not do. */
export function prettyJson(text: string): string {
  let shown = "";
  let depth = 0;
  let quoted = false;
  const line = () => `\n${"  ".repeat(depth)}`;
  for (let at = 0; at < text.length; at++) {
    const letter = text.charAt(at);
    if (quoted) {
      shown += letter;
      if (letter === "\\") shown += text.charAt(++at);
      else if (letter === '"') quoted = false;
    } else if (letter === "{" || letter === "[") {
      const empty = /^[{[]\s*[}\]]/.exec(text.slice(at));
      if (empty) {
        shown += `${letter}${letter === "{" ? "}" : "]"}`;
        at += empty[0].length - 1;
      } else {
        depth += 1;
        shown += letter + line();
      }
    } else if (letter === "}" || letter === "]") {
      depth = Math.max(0, depth - 1);
      shown += line() + letter;
    } else if (letter === ",") shown += letter + line();
    else if (letter === ":") shown += ": ";
    else if (!/\s/.test(letter)) {
      shown += letter;
      quoted = letter === '"';
    }
  }
  return shown;
}
