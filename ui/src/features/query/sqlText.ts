/** Where the cursor stands in a query. */
export type Place = "code" | "text" | "comment" | "name";

const OPENERS: { open: string; close: string; place: Place }[] = [
  { open: "--", close: "\n", place: "comment" },
  { open: "/*", close: "*/", place: "comment" },
  { open: "'", close: "'", place: "text" },
  { open: '"', close: '"', place: "name" },
];

/**
 * The query with every comment and every text literal replaced by blanks of the same length, and the place of its end.
 * What is left can be searched for tables without finding them in comments; quoted names stay as they are.
 */
export function codeOnly(sql: string): { code: string; end: Place } {
  let code = "";
  let at = 0;
  while (at < sql.length) {
    const opener = OPENERS.find((each) => sql.startsWith(each.open, at));
    if (!opener) {
      code += sql[at];
      at += 1;
      continue;
    }
    const close = sql.indexOf(opener.close, at + opener.open.length);
    const stop = close < 0 ? sql.length : close + opener.close.length;
    const part = sql.slice(at, stop);
    code += opener.place === "name" ? part : part.replace(/[^\n]/g, " ");
    if (close < 0) return { code, end: opener.place };
    at = stop;
  }
  return { code, end: "code" };
}

/** A table named in a query and the word the query calls it by. */
export interface UsedTable {
  /** Such as `silver.prices`, without a version. */
  table: string;
  /** Its alias, or its name without the layer. */
  alias: string;
}

const NOT_ALIASES = new Set(
  "on using where group order having limit join inner left right full cross natural union except intersect select qualify window offset sample asof positional lateral set".split(
    " ",
  ),
);

const TABLE = /\b(bronze|silver|gold)\s*\.\s*([a-z_][a-z0-9_]*)(?:\s*@\s*\d+)?(?:\s+(?:as\s+)?("[^"]+"|[a-z_]\w*))?/gi;

/** The tables a query names, in order of appearance. */
export function usedTables(sql: string): UsedTable[] {
  const found: UsedTable[] = [];
  for (const match of codeOnly(sql).code.matchAll(TABLE)) {
    const [, layer = "", name = "", word = ""] = match;
    const alias = word === "" || NOT_ALIASES.has(word.toLowerCase()) ? name : word.replaceAll('"', "");
    found.push({ table: `${layer}.${name}`.toLowerCase(), alias: alias.toLowerCase() });
  }
  return found;
}

// The keywords that `duckdb_keywords()` calls reserved in DuckDB 1.5; all others can name a column without quotes.
export const RESERVED_WORDS =
  "all analyse analyze and any array as asc asymmetric both case cast check collate column constraint create default " +
  "deferrable desc describe distinct do else end except false fetch for foreign from group having in initially intersect " +
  "into lambda lateral leading limit not null offset on only or order pivot pivot_longer pivot_wider placing primary " +
  "qualify references returning select show some summarize symmetric table then to trailing true union unique unpivot " +
  "using variadic when where window with";

const RESERVED = new Set(RESERVED_WORDS.split(" "));

/** A column's name as it must be written in a query. */
export function quoted(name: string): string {
  const plain = /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !RESERVED.has(name.toLowerCase());
  return plain ? name : `"${name.replaceAll('"', '""')}"`;
}
