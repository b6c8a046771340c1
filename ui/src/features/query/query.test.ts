import { describe, expect, test } from "vitest";
import type { Vocabulary } from "../../generated/rpc";
import { offersAt } from "./completion";
import { errorRange, withoutPlace } from "./errorPosition";
import { examples } from "./examples";
import { quoted, usedTables } from "./sqlText";

const vocabulary: Vocabulary = {
  tables: [
    {
      table: "bronze.prices",
      version: 0,
      rows: 12,
      columns: [{ name: "raw price", type: "text" }],
    },
    {
      table: "silver.prices",
      version: 3,
      rows: 1200,
      columns: [
        { name: "country", type: "text" },
        { name: "order", type: "integer" },
        { name: "price", type: "decimal(10,2)" },
      ],
    },
  ],
  functions: ["avg", "count"],
  keywords: ["select", "from", "where"],
};

/** The labels offered where `|` stands. */
function labels(marked: string, asked = true): string[] {
  const at = marked.indexOf("|");
  const offers = offersAt(marked.replace("|", ""), at, vocabulary, asked);
  return offers?.options.map((offer) => offer.label) ?? [];
}

describe("completion", () => {
  test("offers a layer's tables after its dot", () => {
    expect(labels("select * from silver.|")).toEqual(["prices"]);
  });
  test("offers versions after @, newest first", () => {
    expect(labels("select * from silver.prices@|")).toEqual(["3", "2", "1", "0"]);
  });
  test("offers columns of the tables the query uses, even when they are named later", () => {
    expect(labels("select | from silver.prices")).toContain("country");
    expect(labels("select | from silver.prices")).not.toContain("raw price");
  });
  test("offers columns behind an alias and behind a table's short name", () => {
    expect(labels("select p.| from silver.prices@2 as p")).toEqual(["country", "order", "price"]);
    expect(labels("select prices.| from bronze.prices where 1=1")).toEqual(["raw price"]);
  });
  test("writes names that need it in quotes", () => {
    const offers = offersAt("select p.", 9, vocabulary, true);
    expect(offers).toBeNull();
    const options = offersAt("from silver.prices p select p.", 30, vocabulary, true)?.options;
    expect(options?.find((offer) => offer.label === "order")?.apply).toBe('"order"');
    expect(quoted('a "b"')).toBe('"a ""b"""');
    expect(quoted("year")).toBe("year");
  });
  test("offers nothing in text and comments and nothing unasked", () => {
    expect(labels("select 'sil|")).toEqual([]);
    expect(labels("-- silver.|")).toEqual([]);
    expect(labels("select |", false)).toEqual([]);
  });
  test("replaces only the part after the last dot", () => {
    expect(offersAt("select * from silver.pri", 24, vocabulary, false)?.from).toBe(21);
  });
});

test("tables are not found in comments and literals", () => {
  const sql = "select 'silver.a' -- silver.b\n/* silver.c */ from silver.d x join bronze.e using (k)";
  expect(usedTables(sql)).toEqual([
    { table: "silver.d", alias: "x" },
    { table: "bronze.e", alias: "e" },
  ]);
});

describe("the place of an error", () => {
  const sql = "select country\nform silver.prices";
  test("is the word above the caret", () => {
    const message = 'Parser Error: syntax error at or near "form"\n\nLINE 2: form silver.prices\n        ^';
    expect(errorRange(sql, message)).toEqual({ from: 15, to: 19 });
    expect(withoutPlace(message)).toBe('Parser Error: syntax error at or near "form"');
  });
  test("is found in a shortened line", () => {
    const long = `select ${"x, ".repeat(60)}oops from silver.prices`;
    const shown = `...${long.slice(150, 210)}...`;
    const caret = "LINE 1: ".length + 3 + (long.indexOf("oops") - 150);
    const range = errorRange(long, `Binder Error: no column\nLINE 1: ${shown}\n${" ".repeat(caret)}^`);
    expect(range && long.slice(range.from, range.to)).toBe("oops");
  });
  test("is the line where only the line is named, and nowhere where none is", () => {
    expect(errorRange(sql, "wrong on line 2")).toEqual({ from: 15, to: 33 });
    expect(errorRange(sql, "wrong at line 2, column 6")).toEqual({ from: 20, to: 33 });
    expect(withoutPlace("Line 2, column 6: wrong")).toBe("wrong");
    expect(errorRange(sql, "no such table")).toBeNull();
    expect(errorRange(sql, "wrong on line 9")).toBeNull();
  });
});

test("a quoted name is marked where the query has it once, outside of comments", () => {
  const once = "-- Contry\nSELECT a FROM silver.prices GROUP BY Contry";
  expect(errorRange(once, 'Referenced column "Contry" not found')).toEqual({ from: 47, to: 53 });
  expect(errorRange("SELECT a, a FROM t", 'Referenced column "a" not found')).toBeNull();
  expect(errorRange("SELECT 1 FROM silver.nothing", "Table with name nothing does not exist")).toEqual({
    from: 21,
    to: 28,
  });
});

describe("examples", () => {
  test("are made from the most refined table", () => {
    const made = examples(vocabulary.tables);
    expect(made[0]?.sql).toContain("FROM silver.prices");
    expect(made.map((example) => example.sql).join()).toContain("avg(price)");
    expect(made.at(-1)?.sql).toContain("silver.prices@2");
  });
  test("are none where there is no table", () => {
    expect(examples([])).toEqual([]);
  });
});
