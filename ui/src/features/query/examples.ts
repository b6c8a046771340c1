import type { ColumnInfo, VocabularyTable } from "../../generated/rpc";
import { quoted } from "./sqlText";

/** A query to start from. */
export interface Example {
  title: string;
  sql: string;
}

const NUMERIC = /^(integer|number|decimal)/;

/** Queries that run on the tables that exist: the most refined layer first, built from the columns' types. */
export function examples(tables: VocabularyTable[]): Example[] {
  const table = [...tables].sort((a, b) => rank(a) - rank(b) || b.rows - a.rows)[0];
  if (!table) return [];
  const found: Example[] = [
    { title: `The first rows of ${table.table}`, sql: `SELECT *\nFROM ${table.table}\nLIMIT 100` },
  ];
  const text = table.columns.find((column) => column.type === "text");
  const measure = table.columns.filter((column) => NUMERIC.test(column.type) && !isYear(column)).at(-1);
  if (text) found.push(counted(table, text));
  if (text && measure) found.push(averaged(table, text, measure));
  if (table.version > 0) {
    found.push({
      title: `Rows before and now`,
      sql: `SELECT\n  (SELECT count(*) FROM ${table.table}@${table.version - 1}) AS rows_before,\n  (SELECT count(*) FROM ${table.table}) AS rows_now`,
    });
  }
  return found;
}

function rank(table: VocabularyTable): number {
  return ["gold.", "silver.", "bronze."].findIndex((layer) => table.table.startsWith(layer));
}

function isYear(column: ColumnInfo): boolean {
  return /year|month|^id$|_id$/i.test(column.name);
}

function counted(table: VocabularyTable, text: ColumnInfo): Example {
  const name = quoted(text.name);
  return {
    title: `How many rows for each ${text.name}`,
    sql: `SELECT ${name}, count(*) AS rows\nFROM ${table.table}\nGROUP BY ALL\nORDER BY rows DESC`,
  };
}

function averaged(table: VocabularyTable, text: ColumnInfo, measure: ColumnInfo): Example {
  const [group, value] = [quoted(text.name), quoted(measure.name)];
  return {
    title: `Average ${measure.name} for each ${text.name}`,
    sql: `SELECT ${group}, round(avg(${value}), 2) AS average, count(${value}) AS counted\nFROM ${table.table}\nGROUP BY ALL\nORDER BY average DESC`,
  };
}
