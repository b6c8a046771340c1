/** A range of characters in a query. */
export interface Range {
  from: number;
  to: number;
}

/**
 * Where in the query an error lies, as far as its message tells: DuckDB's `LINE 2: …` with a caret below it, or the
 * words "line 2, column 5". Nothing where the message names no line.
 */
export function errorRange(sql: string, message: string): Range | null {
  const named = /\bline (\d+)(?:,? (?:column|col) (\d+))?/i.exec(message);
  if (!named) return null;
  const lines = sql.split("\n");
  const index = Number(named[1]) - 1;
  const line = lines[index];
  if (line === undefined) return null;
  const start = lines.slice(0, index).reduce((sum, each) => sum + each.length + 1, 0);
  const column = named[2] === undefined ? caretColumn(message, line) : Number(named[2]) - 1;
  if (column === null || column >= line.length) return { from: start, to: start + line.length };
  const word = /^(?:[\w.@]+|"[^"]*"?|'[^']*'?|.)/.exec(line.slice(column))?.[0] ?? " ";
  return { from: start + column, to: start + column + word.length };
}

/** The column below which the message has its caret; DuckDB shortens long lines with `...` on both sides. */
function caretColumn(message: string, line: string): number | null {
  const excerpt = /(LINE \d+: )(.*)\n( *)\^/.exec(message);
  if (!excerpt) return null;
  const [, label = "", shown = "", indent = ""] = excerpt;
  const inShown = indent.length - label.length;
  const cutLeft = shown.startsWith("...") ? 3 : 0;
  const core = shown.slice(cutLeft).replace(/\.\.\.$/, "");
  const at = line.indexOf(core);
  return inShown < cutLeft || at < 0 ? null : at + inShown - cutLeft;
}

/** The message without the excerpt of the query that the editor itself marks. */
export function withoutExcerpt(message: string): string {
  return message.replace(/\n+LINE \d+: [\s\S]*?\n *\^[ \t]*/, "").trim();
}
