import type { Vocabulary, VocabularyTable } from "../../generated/rpc";
import { counted } from "../../shared/format";
import { codeOnly, quoted, usedTables } from "./sqlText";

/** What the editor offers at a place of the query; the shape is CodeMirror's. */
export interface Offer {
  label: string;
  type: "class" | "property" | "function" | "keyword" | "namespace" | "constant";
  detail?: string;
  apply?: string;
  boost?: number;
}

/** Offers and where the text they replace begins. */
export interface Offers {
  from: number;
  options: Offer[];
}

const LAYERS = ["bronze", "silver", "gold"];
const VERSIONS_SHOWN = 50;

/** What can stand at `at` in `sql`; nothing inside text literals and comments. */
export function offersAt(sql: string, at: number, vocabulary: Vocabulary, asked: boolean): Offers | null {
  const before = sql.slice(0, at);
  if (codeOnly(before).end !== "code") return null;
  const path = /(?:[A-Za-z_]\w*\.)*(?:[A-Za-z_]\w*)?(?:@\d*)?$/.exec(before)?.[0] ?? "";
  const version = /^(.+)@\d*$/.exec(path);
  if (version) return versions(version[1] ?? "", before.lastIndexOf("@") + 1, vocabulary);
  const dot = path.lastIndexOf(".");
  if (dot >= 0) return members(sql, path.slice(0, dot).toLowerCase(), at - path.length + dot + 1, vocabulary);
  if (path === "" && !asked) return null;
  return { from: at - path.length, options: everything(sql, before, path, vocabulary) };
}

function versions(name: string, from: number, vocabulary: Vocabulary): Offers | null {
  const table = vocabulary.tables.find((each) => each.table === name.toLowerCase());
  if (!table) return null;
  const count = Math.min(table.version + 1, VERSIONS_SHOWN);
  const options = Array.from({ length: count }, (_, back): Offer => {
    const version = table.version - back;
    return { label: `${version}`, type: "constant", detail: back === 0 ? "newest version" : "version", boost: -back };
  });
  return { from, options };
}

/** After a dot: a layer's tables, or the columns of the table that goes by that name. */
function members(sql: string, name: string, from: number, vocabulary: Vocabulary): Offers | null {
  const tables = vocabulary.tables.filter((each) => each.table.startsWith(`${name}.`));
  if (LAYERS.includes(name)) {
    return { from, options: tables.map((each) => tableOffer(each, each.table.slice(name.length + 1), 0)) };
  }
  const used = usedTables(sql).find((each) => each.alias === name || each.table === name);
  const table = vocabulary.tables.find((each) => each.table === (used?.table ?? name));
  return table ? { from, options: columnOffers(table, 0) } : null;
}

function everything(sql: string, before: string, path: string, vocabulary: Vocabulary): Offer[] {
  const tablesFirst = /\b(?:from|join|describe|summarize)\s+$/i.test(before.slice(0, before.length - path.length));
  const used = new Set(usedTables(sql).map((each) => each.table));
  const columns = new Map<string, Offer>();
  for (const table of vocabulary.tables.filter((each) => used.has(each.table))) {
    for (const offer of columnOffers(table, tablesFirst ? 0 : 30)) columns.set(offer.label, offer);
  }
  return [
    ...columns.values(),
    ...vocabulary.tables.map((each) => tableOffer(each, each.table, tablesFirst ? 60 : 10)),
    ...vocabulary.functions.map((name): Offer => ({ label: name, type: "function", apply: `${name}(`, boost: -10 })),
    ...vocabulary.keywords.map(
      (word): Offer => ({ label: word.toUpperCase(), type: "keyword", boost: tablesFirst ? -40 : 0 }),
    ),
  ];
}

function tableOffer(table: VocabularyTable, label: string, boost: number): Offer {
  return { label, type: "class", detail: counted(table.rows, "row"), boost };
}

function columnOffers(table: VocabularyTable, boost: number): Offer[] {
  return table.columns.map((column): Offer => {
    const written = quoted(column.name);
    const offer: Offer = { label: column.name, type: "property", detail: column.type, boost };
    return written === column.name ? offer : { ...offer, apply: written };
  });
}
