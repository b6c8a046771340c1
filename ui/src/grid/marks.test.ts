import { Bool, Table, tableToIPC, Utf8, vectorFromArray } from "apache-arrow";
import { describe, expect, it } from "vitest";
import { cellMark, markWords } from "./marks";
import { RowPage } from "./rowPage";

const page = new RowPage(
  tableToIPC(
    new Table({
      country: vectorFromArray(["Kenya", "Peru", "Chile", null], new Utf8()),
      price: vectorFromArray(["1", "2", "3", "4"], new Utf8()),
      __mark: vectorFromArray(["", "removed", "added", ""], new Utf8()),
      "__changed:country": vectorFromArray([true, true, false, true], new Bool()),
      "__old:country": vectorFromArray([" Kenya", "peru", null, "n/a"], new Utf8()),
    }),
    "stream",
  ),
);

describe("RowPage", () => {
  it("reads flags that come as text as well", () => {
    const text = new RowPage(
      tableToIPC(new Table({ c: vectorFromArray(["true", "false", null], new Utf8()) }), "stream"),
    );
    expect([0, 1, 2].map((row) => text.flag("c", row))).toEqual([true, false, false]);
  });
});

describe("cellMark", () => {
  const cases: [why: string, row: number, column: string, status: string, words: string | undefined][] = [
    ["a changed cell tells its old value", 0, "country", "changed", "changed, was “ Kenya”"],
    ["a cell of a column without changes is plain", 0, "price", "kept", undefined],
    ["a removed row wins over a changed cell", 1, "country", "changed", "removed"],
    ["a removed row is removed in every column", 1, "price", "kept", "removed"],
    ["a row that is new is added", 2, "price", "kept", "added"],
    ["a column that is new is added in every row", 0, "price", "added", "added"],
    ["a column that goes is removed in every row", 0, "price", "removed", "removed"],
    ["a value that became null tells what it was", 3, "country", "changed", "changed, was “n/a”"],
  ];
  it.each(cases)("%s", (_why, row, column, status, words) => {
    expect(markWords(cellMark(page, row, column, status))).toBe(words);
  });

  it("tells an old null from the text null", () => {
    expect(markWords({ kind: "changed", old: null })).toBe("changed, was null");
    expect(markWords({ kind: "changed", old: "null" })).toBe("changed, was “null”");
  });
});
