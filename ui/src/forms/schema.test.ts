import { describe, expect, it } from "vitest";
import { pastedPairs } from "./pairs";
import { complaint, type FormSchema, initial, isShown, options, variants, withoutNull, words } from "./schema";
import { visible } from "./visible";

const union: FormSchema = {
  oneOf: [
    {
      description: "A file",
      type: "object",
      properties: { kind: { type: "string", const: "file" }, path: { type: "string", default: "a.csv" } },
    },
    { type: "object", properties: { kind: { const: "api" }, retries: { type: "integer", minimum: 1 } } },
  ],
};

it.each([
  ["missing_last", "Missing last"],
  ["by", "By"],
])("says the name %s in words", (name, text) => expect(words(name)).toBe(text));

describe("the value a field starts with", () => {
  it.each([
    [{ type: "string" }, ""],
    [{ type: "string", default: "x" }, "x"],
    [{ type: "boolean" }, false],
    [{ type: "integer", minimum: 2 }, 2],
    [{ type: ["integer", "null"] }, null],
    [{ anyOf: [{ type: "object", properties: {} }, { type: "null" }] }, null],
    [{ type: "array", items: { type: "string" } }, []],
    [{ oneOf: [{ const: "keep", description: "Keep them" }, { const: "drop" }] }, "keep"],
    [{ enum: ["a", "b"], type: "string" }, "a"],
    [
      { type: "object", properties: { a: { type: "string" }, b: { type: "boolean" } } },
      { a: "", b: false },
    ],
    [union, { kind: "file", path: "a.csv" }],
  ] as [FormSchema, unknown][])("of %j is %j", (schema, value) => expect(initial(schema)).toEqual(value));
});

describe("null", () => {
  it("is taken out of a list of types", () => {
    expect(withoutNull({ type: ["integer", "null"], minimum: 1 })).toEqual({
      schema: { type: "integer", minimum: 1 },
      optional: true,
    });
  });

  it("is taken out of alternatives, and the field's own words stay", () => {
    const schema = { description: "Ours", anyOf: [{ type: "string", description: "Theirs" }, { type: "null" }] };
    expect(withoutNull(schema)).toEqual({ schema: { type: "string", description: "Ours" }, optional: true });
  });

  it("leaves other alternatives alone", () => expect(withoutNull(union)).toEqual({ schema: union, optional: false }));
});

describe("choices and variants", () => {
  it("takes labels from titles, descriptions or the word itself", () => {
    const schema = {
      oneOf: [
        { const: "a", title: "Title", description: "More" },
        { const: "b", description: "Text" },
        { const: "c_d" },
      ],
    };
    expect(options(schema)?.map(({ label }) => label)).toEqual(["Title", "Text", "C d"]);
  });

  it("takes schemars' mixture of an enum and constants", () => {
    expect(
      options({
        oneOf: [
          { type: "string", enum: ["a", "b"] },
          { const: "c", description: "See" },
        ],
      }),
    ).toEqual([
      { value: "a", label: "A" },
      { value: "b", label: "B" },
      { value: "c", label: "See" },
    ]);
  });

  it("tells a union of objects from a choice", () => {
    expect(options(union)).toBeNull();
    expect(variants(union)?.tag).toBe("kind");
    expect(variants(union)?.variants.map(({ value, label }) => [value, label])).toEqual([
      ["file", "A file"],
      ["api", "API"],
    ]);
    expect(variants({ oneOf: [{ const: "a" }] })).toBeNull();
  });
});

it("shows a field only beside the values it depends on", () => {
  const field = { "x-depends-on": { field: "to", values: ["decimal"] } };
  expect(isShown(field, { to: "decimal" })).toBe(true);
  expect(isShown(field, { to: "text" })).toBe(false);
  expect(isShown({}, {})).toBe(true);
});

describe("complaints", () => {
  it.each([
    [{ type: "integer", minimum: 1, maximum: 38 }, 39, "From 1 to 38."],
    [{ type: "integer", minimum: 1 }, 0, "At least 1."],
    [{ type: "number", maximum: 1 }, 2, "At most 1."],
    [{ type: "number", exclusiveMinimum: 0 }, 0, "More than 0."],
    [{ type: "integer" }, 1.5, "A whole number is needed."],
    [{ type: "integer", minimum: 1, maximum: 38 }, 38, null],
    [{ minLength: 1 }, "", "This cannot be empty."],
    [{ maxLength: 1 }, "ab", "At most 1 characters."],
    [{ pattern: "^[a-z]+$" }, "A", "This must match ^[a-z]+$."],
    [{ minItems: 1 }, [], "At least 1 are needed."],
    [{}, "anything", null],
  ] as [FormSchema, unknown, string | null][])("%j with %j: %j", (schema, value, text) => {
    expect(complaint(schema, value)).toBe(text);
  });
});

it.each([
  [
    "a\tb\nc\td\n",
    [
      { from: "a", to: "b" },
      { from: "c", to: "d" },
    ],
  ],
  [
    "a\tb\r\nc\t\r\n",
    [
      { from: "a", to: "b" },
      { from: "c", to: "" },
    ],
  ],
  ["a b", null],
  ["a\tb\nc", null],
])("reads pairs from %j", (text, pairs) => expect(pastedPairs(text)).toEqual(pairs));

it.each([
  ["", "empty text"],
  ["a b", "a b"],
  [" a  b ", "␣a␣␣b␣"],
  ["\t", "␣"],
  ["a\u00a0b", "a⍽b"],
])("makes blanks of %j visible", (text, shown) => expect(visible(text)).toBe(shown));
