import { describe, expect, it } from "vitest";
import type { RecipeStep, StepInfo } from "../../generated/rpc";
import { effectKey, findKinds, grouped, inserted, kindsForColumn, moved, newStep } from "./steps";

const info = (kind: string, part: Partial<StepInfo>): StepInfo => ({
  kind,
  title: kind,
  description: "",
  group: "Text",
  applies_to: [],
  column_field: null,
  schema: { type: "object", properties: {} },
  default_config: {},
  examples: [],
  ...part,
});
const many = info("many", {
  title: "Tidy texts",
  applies_to: ["text"],
  column_field: "columns",
  schema: { properties: { columns: { type: "array" } } },
  default_config: { columns: [], keep: true },
});
const one = info("one", {
  title: "Round",
  description: "Tidy numbers",
  group: "Numbers",
  applies_to: ["number", "decimal"],
  column_field: "column",
  schema: { properties: { column: { type: "string" } } },
});
const whole = info("whole", { title: "Sort rows", group: "Rows" });
const catalogue = [many, one, whole];

describe("newStep", () => {
  it("puts the column into a list or a single setting, as the schema says", () => {
    expect(newStep(many, "a", "country").config).toEqual({ columns: ["country"], keep: true });
    expect(newStep(one, "a", "price").config).toEqual({ column: "price" });
    const entries = { ...many, schema: { properties: { columns: { type: "array", items: { properties: {} } } } } };
    expect(newStep(entries, "a", "price").config, "a list of entries gets one that names the column").toEqual({
      columns: [{ column: "price" }],
      keep: true,
    });
    expect(newStep(whole, "a", "price").config, "a step on the whole table takes no column").toEqual({});
  });
});

describe("the catalogue", () => {
  it("offers a column what fits its type", () => {
    expect(kindsForColumn(catalogue, "decimal(10,2)")).toEqual([one]);
    expect(kindsForColumn(catalogue, "date")).toEqual([]);
  });

  it("finds every word anywhere, names before descriptions", () => {
    expect(findKinds([one, many], "tidy").map((each) => each.kind)).toEqual(["many", "one"]);
    expect(findKinds(catalogue, "tidy numbers")).toEqual([one]);
    expect(findKinds(catalogue, "unheard")).toEqual([]);
  });

  it("keeps the order of groups", () => {
    expect(grouped(catalogue).map(([group]) => group)).toEqual(["Text", "Numbers", "Rows"]);
  });
});

describe("the order of steps", () => {
  const steps = ["a", "b", "c"].map((id) => ({ id }) as RecipeStep);
  const ids = (list: RecipeStep[]) => list.map((step) => step.id).join("");

  it("moves within the list and stops at its ends", () => {
    expect(ids(moved(steps, "a", 1))).toBe("bac");
    expect(ids(moved(steps, "a", -1))).toBe("abc");
    expect(ids(moved(steps, "a", 9))).toBe("bca");
    expect(ids(moved(steps, "x", 0))).toBe("abc");
  });

  it("inserts after a step, or at the end where none is chosen", () => {
    const step = { id: "n" } as RecipeStep;
    expect(ids(inserted(steps, step, "a"))).toBe("anbc");
    expect(ids(inserted(steps, step))).toBe("abcn");
  });
});

describe("effectKey", () => {
  const step: RecipeStep = { id: "a", kind: "one", config: { column: "price" }, enabled: true, comment: "" };

  it("ignores comments and sees settings", () => {
    expect(effectKey([{ ...step, comment: "why" }])).toBe(effectKey([step]));
    expect(effectKey([{ ...step, enabled: false }])).not.toBe(effectKey([step]));
  });
});
