import { describe, expect, it } from "vitest";
import type { ImportPreview, Inspected, InspectedFile, TableInfo } from "../../generated/rpc";
import { confidenceWord } from "../../shared/preview/settings";
import { nameProblem } from "../../shared/tableName";
import { chosenInputs, firstChoice, importable, isRefused } from "./inputs";
import { importSentence } from "./target";

const file = (name: string, members: InspectedFile["members"] = [], problem: InspectedFile["problem"] = null) =>
  ({ path: `/data/${name}`, name, bytes: 1, members, problem }) as InspectedFile;
const member = (name: string, refused: string | null = null) => ({ name, bytes: 1, refused });
const inspected = (...files: InspectedFile[]): Inspected => ({ files, suggested_table: "t" });

describe("inputs", () => {
  const broken = file("b.csv", [], { code: "damaged", message: "It is empty." });
  const archive = file("a.zip", [member("x.csv"), member("../evil", "It leads out of the archive."), member("y.json")]);

  it("offers files and members that can be read", () => {
    expect(importable(inspected(broken, archive, file("c.csv")))).toEqual([
      { path: "/data/a.zip", member: "x.csv" },
      { path: "/data/a.zip", member: "y.json" },
      { path: "/data/c.csv" },
    ]);
  });

  it.each([
    [
      ["p_2024.csv", "p_2025.csv", "q_2024.csv", "p_2025.json"],
      ["p_2024.csv", "p_2025.csv"],
    ],
    [
      ["part-00-1f2e3d4c.parquet", "part-01-9a8b7c6d.parquet"],
      ["part-00-1f2e3d4c.parquet", "part-01-9a8b7c6d.parquet"],
    ],
    [["a.csv", "b.csv"], ["a.csv"]],
  ])("of %j begins with %j", (names, chosen) => {
    const all = inspected(...names.map((name) => file(name)));
    expect([...firstChoice(all)]).toEqual(chosen.map((name) => `/data/${name}`));
  });

  it("puts the chosen inputs in the order of the list", () => {
    const all = inspected(archive, file("c.csv"), file("d.json"));
    expect([...firstChoice(all)]).toEqual(["/data/a.zip!x.csv"]);
    expect(chosenInputs(all, new Set(["/data/d.json"]))).toEqual([{ path: "/data/d.json" }]);
  });

  it("begins with nothing where nothing can be read", () => {
    expect(firstChoice(inspected(broken)).size).toBe(0);
    expect(isRefused(broken)).toBe(true);
    expect(isRefused(file("z.zip", [member("x", "no")])), "an archive without a readable member").toBe(true);
    expect(isRefused(archive)).toBe(false);
  });
});

describe("the table's name", () => {
  it.each([
    ["prices", true],
    ["_1", true],
    ["", false],
    ["1a", false],
    ["Prices", false],
    ["a b", false],
    ["a".repeat(63), true],
    ["a".repeat(64), false],
  ])("%j", (name, valid) => expect(nameProblem(name) === null).toBe(valid));
});

describe("the sentence", () => {
  const preview = { rows: 12431, rejected: 3, complete: true } as ImportPreview;
  const existing = { rows: 1, version: 4 } as TableInfo;
  it.each([
    [preview, "create", undefined, "12,431 rows into bronze.p, 3 records to the ledger"],
    [{ ...preview, rejected: 0, rows: 1 }, "create", undefined, "1 row into bronze.p"],
    [
      { ...preview, complete: false },
      "create",
      undefined,
      "About 12,000 rows into bronze.p, about 3 records to the ledger",
    ],
    [preview, "append", existing, "12,431 rows added to the 1 row of bronze.p, 3 records to the ledger"],
    [
      preview,
      "replace",
      existing,
      "12,431 rows replace bronze.p, 3 records to the ledger; its 1 row stay as version 4",
    ],
  ] as const)("says what will happen", (shown, mode, table, sentence) => {
    expect(importSentence(shown, "bronze.p", mode, table)).toBe(sentence);
  });
});

it.each([
  [1, "Sure"],
  [0.9, "Sure"],
  [0.7, "Likely"],
  [0.3, "A guess"],
])("calls a confidence of %d %j", (confidence, word) => expect(confidenceWord(confidence)).toBe(word));
