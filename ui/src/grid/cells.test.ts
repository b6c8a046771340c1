import { GridCellKind, type TextCell } from "@glideapps/glide-data-grid";
import { Table, tableToIPC, Utf8, vectorFromArray } from "apache-arrow";
import { describe, expect, it } from "vitest";
import { dataCell } from "./cells";
import { profileWords } from "./header";
import { shorten } from "./headerText";
import { RowPage } from "./rowPage";

const values = ["a b", " x\u00a0", null, "", "two\nlines"];
const page = new RowPage(tableToIPC(new Table({ v: vectorFromArray(values, new Utf8()) }), "stream"));
const cell = (row: number, type = "text", whitespace = false) =>
  dataCell(page, row, { name: "v", type }, false, whitespace) as TextCell;

describe("dataCell", () => {
  it("shows null and empty text apart, and copies neither as a word", () => {
    expect([cell(2).displayData, cell(2).copyData]).toEqual(["null", ""]);
    expect([cell(3).displayData, cell(3).copyData]).toEqual(['""', ""]);
  });

  it("makes whitespace visible on demand and copies the value as it is", () => {
    expect(cell(1).displayData).toBe(" x\u00a0");
    expect(cell(1, "text", true).displayData).toBe("·x⍽");
    expect(cell(1, "text", true).copyData).toBe(" x\u00a0");
    expect(cell(4).displayData, "a break never hides the rest of a value").toBe("two↵lines");
  });

  it("aligns numbers right and everything else left", () => {
    const align = (type: string) => cell(0, type).contentAlign;
    expect(["integer", "number", "decimal(10,2)"].map(align)).toEqual(["right", "right", "right"]);
    expect(["text", "date", "boolean"].map(align)).toEqual(["left", "left", "left"]);
  });

  it("is a placeholder while its page is on the way", () => {
    expect(dataCell(undefined, 0, { name: "v", type: "text" }, false, false).kind).toBe(GridCellKind.Loading);
  });
});

describe("header words", () => {
  const context = { measureText: (text: string) => ({ width: text.length * 10 }) as TextMetrics };

  it("shortens with an ellipsis", () => {
    expect(shorten(context, "country", 70)).toBe("country");
    expect(shorten(context, "country", 50)).toBe("coun…");
    expect(shorten(context, "country", 5)).toBe("");
  });

  it("says the exact counts first and rounds only where there is no room", () => {
    const profile = {
      name: "v",
      type: "text",
      min: null,
      max: null,
      mean: null,
      distribution: { kind: "none" },
    } as const;
    expect(profileWords({ ...profile, missing: 0, distinct: 1_000_000 })[1]).toBe("1,000,000 distinct");
    expect(profileWords({ ...profile, missing: 76_923, distinct: 10 })).toEqual([
      "76,923 missing · 10 distinct",
      "76.9K missing · 10 distinct",
      "76,923 missing",
      "76.9K missing",
    ]);
  });
});
