import { describe, expect, it } from "vitest";
import type { ResponseField } from "../../forms/responsePath";
import type { FormSchema } from "../../forms/schema";
import type { RefreshInfo, SourcePreview, TableInfo } from "../../generated/rpc";
import { freeName } from "../../shared/connections";
import { joined } from "./browse";
import { detectedText, withDetected } from "./detected";
import { loadingProblem, NEW_LOADING, sourceSentence, suggestedLoading } from "./loading";
import { refreshFacts } from "./refreshWords";
import { glance, pathFor } from "./responseTree";

describe("entries read together", () => {
  it.each([
    [
      [
        { set: "a", files: ["x"] },
        { set: "a", files: ["y"] },
        { set: "a", files: ["x"] },
      ],
      { set: "a", files: ["x", "y"] },
    ],
    [[{ files: [{ n: 1 }] }, { files: [{ n: 2 }, { n: 1 }] }], { files: [{ n: 1 }, { n: 2 }] }],
    [[{ table: "t", files: [] }], { table: "t", files: [] }],
    [[], {}],
  ])("of %j are %j", (selections, all) => expect(joined(selections)).toEqual(all));
});

it.each([
  ["a", [], "a"],
  ["a", ["a", "a 2"], "a 3"],
])("finds a name beside %s and %j", (wanted, taken, name) => expect(freeName(wanted, taken)).toBe(name));

const first = { rows: 120, complete: true } as SourcePreview["import"];
const preview = (part: Partial<SourcePreview>) =>
  ({ import: first, key: [], incremental: false, drift: [], ...part }) as SourcePreview;

describe("the loading", () => {
  it.each([
    [{ incremental: true, key: ["id"] }, "merge"],
    [{ incremental: true, key: [] }, "append"],
    [{ incremental: false, key: ["id"] }, "replace"],
  ])("of a source with %j begins as %s", (part, mode) => {
    expect(suggestedLoading(preview(part))).toMatchObject({ mode, key: part.key });
  });

  it("says what it lacks", () => {
    expect(loadingProblem(NEW_LOADING)).toBeNull();
    expect(loadingProblem({ ...NEW_LOADING, mode: "merge" })).toMatch(/columns/);
    expect(loadingProblem({ ...NEW_LOADING, mode: "merge", key: ["a"], history: true, deletes: "remove" })).toMatch(
      /exclude/,
    );
  });
});

describe("the sentence above the button", () => {
  const there = { table: "bronze.t", rows: 100, version: 3 } as TableInfo;
  const estimated = preview({ import: { ...first, complete: false } });
  const stopping = preview({
    drift: [{ column: "c", change: "new", before: "", after: "text", effect: "", stops: true }],
  });
  it.each([
    [preview({}), "replace", undefined, "120 rows into the new table bronze.t"],
    [estimated, "replace", undefined, "All rows into the new table bronze.t"],
    [preview({}), "append", there, "120 rows added to the 100 rows of bronze.t"],
    [preview({}), "merge", there, "120 rows merged by key into the 100 rows of bronze.t"],
    [preview({}), "replace", there, "120 rows replace bronze.t; its 100 rows stay as version 3"],
    [stopping, "append", there, "The refresh of bronze.t would stop: its columns have changed"],
  ] as const)("tells what will happen (%#)", (shown, mode, table, text) => {
    expect(sourceSentence(shown, "bronze.t", mode, table)).toBe(text);
  });
});

it("says what a refresh brought", () => {
  const info = {
    added: 2,
    changed: 1,
    deleted: 0,
    unchanged: 0,
    rejected: 1,
    new_columns: ["a"],
    gone_columns: ["b", "c"],
  };
  expect(refreshFacts(info as RefreshInfo).map(({ text }) => text)).toEqual([
    "2 rows added",
    "1 row changed",
    "1 record only in the ledger",
    "new column a",
    "gone columns b, c",
  ]);
  const none = {
    ...info,
    added: 0,
    changed: 0,
    rejected: 0,
    new_columns: [],
    gone_columns: [],
  } as unknown as RefreshInfo;
  expect(refreshFacts(none)).toEqual([{ kind: "plain", text: "no row changed" }]);
});

describe("a place in a response", () => {
  const field = (takes: ResponseField["takes"]) => ({ path: "f", label: "F", takes, value: "" });
  it.each([
    ["list", ["data", "items"], [1], "data.items"],
    ["list", ["data", "items", 0, "tags"], [1], null],
    ["list", ["data"], {}, null],
    ["list", [], [1], "$"],
    ["record", ["data", "items", 0, "place", "lat"], 1, "place.lat"],
    ["record", ["next"], "x", null],
    ["record", ["items", 0, "tags"], [], null],
    ["any", ["meta", "next"], "x", "meta.next"],
    ["any", ["meta"], {}, null],
    ["any", ["items", 0, "id"], 1, null],
  ] as const)("for a %s: %j is %j", (takes, path, value, name) => {
    expect(pathFor(field(takes), { path: [...path], value })).toBe(name);
  });

  it.each([
    [[1], "list of 1"],
    [{ a: 1, b: 2 }, "2 fields"],
    ["x", '"x"'],
    [null, "null"],
  ])("%j reads %s", (value, text) => expect(glance(value)).toBe(text));
});

describe("a detected setting", () => {
  const schema: FormSchema = {
    properties: {
      pages: { type: "integer" },
      on: { type: "boolean" },
      fields: { type: "array", items: { type: "string" } },
      paging: {
        oneOf: [
          { properties: { kind: { const: "auto" } } },
          { properties: { kind: { const: "cursor" }, parameter: { default: "after" } } },
        ],
      },
    },
  };
  it.each([
    ["pages", "3", { pages: 3 }],
    ["on", "true", { on: true }],
    ["fields", "a, b", { fields: ["a", "b"] }],
    ["paging", "cursor", { paging: { kind: "cursor", parameter: "after" } }],
  ])("%s is written into the form as its type wants it", (key, text, members) => {
    const detected = [{ key, value: text, confidence: 1, why: "" }];
    expect(withDetected(schema, { paging: { kind: "auto" } }, key, detected)).toMatchObject(members);
  });

  it("brings what depends on it, and is told in the words of the form", () => {
    const form: FormSchema = {
      properties: {
        paging: { oneOf: [{ const: "auto" }, { const: "next_link", description: "The answer names it." }] },
        next_path: { type: "string", "x-depends-on": { field: "paging", values: ["next_link"] } },
        other: { type: "string" },
      },
    };
    const setting = (key: string, value: string) => ({ key, value, confidence: 1, why: "" });
    const detected = [setting("paging", "next_link"), setting("next_path", "next"), setting("other", "x")];
    const before = { paging: "auto", next_path: "", other: "" };
    expect(withDetected(form, before, "paging", detected)).toEqual({
      paging: "next_link",
      next_path: "next",
      other: "",
    });
    expect(detected.map((one) => detectedText(form, before, one))).toEqual(["The answer names it", "next", "x"]);
  });
});
