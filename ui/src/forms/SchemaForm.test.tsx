import { MantineProvider } from "@mantine/core";
import { render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { describe, expect, it, vi } from "vitest";
import type { Problem } from "../generated/rpc";
import { SchemaForm } from "./SchemaForm";
import type { FormSchema, Members } from "./schema";

const { pickFiles } = vi.hoisted(() => ({ pickFiles: vi.fn() }));

vi.mock("../platform", async (original) => {
  const real = await original<typeof import("../platform")>();
  return { ...real, platform: { ...real.platform, pickFiles } };
});

const columns = [
  { name: "country", type: "text" },
  { name: "price", type: "decimal(10,2)" },
];

interface HostProps {
  properties: Record<string, FormSchema>;
  start: Members;
  problem: Problem | null;
  onValue(value: Members): void;
}

/** Holds the value as the pages do. */
function Host({ properties, start, problem, onValue }: HostProps) {
  const [value, setValue] = useState(start);
  const change = (next: Members) => {
    setValue(next);
    onValue(next);
  };
  const schema = { type: "object", properties };
  return <SchemaForm schema={schema} value={value} onChange={change} columns={columns} problem={problem} />;
}

/** Shows a form and returns what its value is by now. */
function show(properties: Record<string, FormSchema>, start: Members, problem: Problem | null = null) {
  let latest = start;
  const onValue = (value: Members) => {
    latest = value;
  };
  render(
    <MantineProvider env="test">
      <Host properties={properties} start={start} problem={problem} onValue={onValue} />
    </MantineProvider>,
  );
  return () => latest;
}

const user = userEvent.setup();

describe("plain fields", () => {
  it("stand in the order of the properties with their help", () => {
    show({ zeta: { type: "string", description: "Last letter" }, alpha: { type: "string" } }, { zeta: "", alpha: "" });
    expect(screen.getAllByRole("textbox").map((box) => box.getAttribute("value"))).toHaveLength(2);
    expect(screen.getAllByText(/^(Zeta|Alpha)$/).map(({ textContent }) => textContent)).toEqual(["Zeta", "Alpha"]);
    expect(screen.getByText("Last letter")).toBeTruthy();
  });

  it("change the value on every edit and keep what the form does not know", async () => {
    const value = show({ name: { type: "string" }, on: { type: "boolean" } }, { name: "", on: false, other: 1 });
    await user.type(screen.getByRole("textbox", { name: "Name" }), "ab");
    await user.click(screen.getByRole("switch", { name: "On" }));
    expect(value()).toEqual({ name: "ab", on: true, other: 1 });
  });

  it("make an emptied optional number null, and complain about a needed one", async () => {
    const number = { type: "integer", minimum: 1, maximum: 9 };
    const value = show({ a: { ...number, type: ["integer", "null"] }, b: number }, { a: 3, b: 3 });
    await user.clear(screen.getByRole("textbox", { name: "A" }));
    await user.clear(screen.getByRole("textbox", { name: "B" }));
    expect(value()).toEqual({ a: null, b: 3 });
    expect(screen.getByText("A number is needed.")).toBeTruthy();
    await user.type(screen.getByRole("textbox", { name: "B" }), "12");
    expect(screen.getByText("From 1 to 9.")).toBeTruthy();
  });

  it("offer short choices side by side", async () => {
    const choice = {
      oneOf: [
        { const: "keep", description: "Keep them" },
        { const: "drop", description: "Drop them" },
      ],
    };
    const value = show({ action: choice }, { action: "keep" });
    await user.click(screen.getByRole("radio", { name: "Drop them" }));
    expect(value()).toEqual({ action: "drop" });
  });

  it("are hidden while what they depend on has another value", async () => {
    const value = show(
      { exact: { type: "boolean" }, digits: { type: "integer", "x-depends-on": { field: "exact", values: [true] } } },
      { exact: false, digits: 2 },
    );
    expect(screen.queryByRole("textbox", { name: "Digits" })).toBeNull();
    await user.click(screen.getByRole("switch", { name: "Exact" }));
    expect(screen.getByRole("textbox", { name: "Digits" })).toBeTruthy();
    expect(value().digits, "a hidden value is kept").toBe(2);
  });

  it("are folded away when advanced, unless the problem is there", async () => {
    const properties = { deep: { type: "string", "x-advanced": true } };
    show(properties, { deep: "" });
    expect(screen.queryByRole("textbox")).toBeNull();
    await user.click(screen.getByRole("button", { name: "More settings" }));
    expect(screen.getByRole("textbox", { name: "Deep" })).toBeTruthy();
  });
});

describe("problems", () => {
  const problem = { code: "invalid_input", message: "No such thing.", hint: "Try another." };

  it("stand at the field they name", () => {
    show({ name: { type: "string", "x-advanced": true } }, { name: "x" }, { ...problem, field: "name" });
    expect(screen.getByText("No such thing. Try another.")).toBeTruthy();
    expect(screen.queryByRole("alert")).toBeNull();
  });

  it("stand above the form where they name none of its fields", () => {
    show({ name: { type: "string" } }, { name: "x" }, { ...problem, field: "elsewhere" });
    expect(within(screen.getByRole("alert")).getByText("No such thing.")).toBeTruthy();
  });

  it("stand at an item of a list", () => {
    const rules = { type: "array", items: { type: "object", properties: { value: { type: "string" } } } };
    show({ rules }, { rules: [{ value: "a" }, { value: "b" }] }, { ...problem, field: "rules.1.value" });
    expect(screen.getAllByRole("textbox", { name: "Value" })[1]?.getAttribute("aria-invalid")).toBe("true");
  });
});

describe("lists", () => {
  const sort = {
    by: {
      type: "array",
      items: {
        type: "object",
        properties: { column: { type: "string", "x-widget": "column" }, descending: { type: "boolean" } },
      },
    },
  };

  it("add, move and remove objects", async () => {
    const value = show(sort, { by: [{ column: "price", descending: true }] });
    await user.click(screen.getByRole("button", { name: "Add entry" }));
    expect(value().by).toEqual([
      { column: "price", descending: true },
      { column: "", descending: false },
    ]);
    await user.click(screen.getByRole("button", { name: "Move entry 2 up" }));
    expect((value().by as Members[])[0]?.column).toBe("");
    await user.click(screen.getByRole("button", { name: "Remove entry 1" }));
    expect(value().by).toEqual([{ column: "price", descending: true }]);
  });

  it("hold plain numbers", async () => {
    const value = show({ positions: { type: "array", items: { type: "integer" } } }, { positions: [2] });
    await user.click(screen.getByRole("button", { name: "Add position" }));
    await user.clear(screen.getByRole("textbox", { name: "Position 2" }));
    await user.type(screen.getByRole("textbox", { name: "Position 2" }), "7");
    expect(value().positions).toEqual([2, 7]);
  });
});

describe("widgets", () => {
  it("choose a column, and keep one that is gone", async () => {
    const value = show({ column: { type: "string", "x-widget": "column" } }, { column: "gone" });
    await user.click(screen.getByRole("combobox", { name: "Column" }));
    expect(screen.getByText("not in the table")).toBeTruthy();
    await user.click(screen.getByRole("option", { name: /price/ }));
    expect(value()).toEqual({ column: "price" });
  });

  it("choose several columns", async () => {
    const value = show(
      { columns: { type: "array", items: { type: "string" }, "x-widget": "columns" } },
      { columns: [] },
    );
    await user.click(screen.getByRole("combobox", { name: "Columns" }));
    await user.click(screen.getByRole("option", { name: /price/ }));
    await user.click(screen.getByRole("option", { name: /country/ }));
    expect(value()).toEqual({ columns: ["price", "country"] });
  });

  it("take tokens exactly as they are written", async () => {
    const tokens = { type: "array", items: { type: "string" }, "x-widget": "tokens", "x-suggestions": ["", "n/a"] };
    const value = show({ tokens }, { tokens: [] });
    await user.type(screen.getByRole("textbox", { name: "Tokens" }), " - {Enter}");
    await user.click(screen.getByRole("button", { name: "Add empty text" }));
    expect(value()).toEqual({ tokens: [" - ", ""] });
    await user.click(screen.getByRole("textbox", { name: "Tokens" }));
    await user.keyboard("{Backspace}");
    expect(value()).toEqual({ tokens: [" - "] });
  });

  it("map values, make them missing, and take pairs from a spreadsheet", async () => {
    const value = show({ mapping: { type: "array", "x-widget": "mapping" } }, { mapping: [] });
    await user.click(screen.getByRole("textbox", { name: "Value 1" }));
    await user.paste("Viet Nam\tVietnam\nUSA\tUnited States\n");
    await user.click(screen.getByRole("button", { name: "Make value 2 missing" }));
    expect(value().mapping).toEqual([
      { from: "Viet Nam", to: "Vietnam" },
      { from: "USA", to: null },
    ]);
  });

  it("have the first rule of a condition ready without counting it", async () => {
    const items: FormSchema = { type: "object", properties: { value: { type: "string" } } };
    const value = show({ rules: { type: "array", items, "x-widget": "condition" } }, { rules: [] });
    expect(value()).toEqual({ rules: [] });
    await user.type(screen.getByRole("textbox", { name: "Value" }), "a");
    expect(value()).toEqual({ rules: [{ value: "a" }] });
  });

  it("keep names with values", async () => {
    const value = show({ headers: { type: "array", "x-widget": "pairs" } }, { headers: [] });
    await user.click(screen.getByRole("button", { name: "Add to headers" }));
    await user.type(screen.getByRole("textbox", { name: "Name 1 of headers" }), "Accept");
    await user.type(screen.getByRole("textbox", { name: "Value 1 of headers" }), "a");
    expect(value()).toEqual({ headers: [{ name: "Accept", value: "a" }] });
    await user.click(screen.getByRole("button", { name: "Remove Accept from headers" }));
    expect(value()).toEqual({ headers: [] });
  });

  it("take a secret of several lines", async () => {
    const value = show({ keys: { type: "string", "x-secret": true, "x-widget": "code" } }, { keys: "" });
    await user.type(screen.getByRole("textbox", { name: "Keys" }), "a{Enter}b");
    expect(value()).toEqual({ keys: "a\nb" });
  });

  it("choose a file", async () => {
    pickFiles.mockResolvedValue(["/d/a.sqlite"]);
    const value = show({ path: { type: "string", "x-widget": "file" } }, { path: "" });
    await user.click(screen.getByRole("button", { name: "Browse for Path" }));
    expect(value()).toEqual({ path: "/d/a.sqlite" });
  });

  it("switch between the variants of a union and keep their sibling fields", async () => {
    const source: FormSchema = {
      oneOf: [
        { title: "File", properties: { kind: { const: "file" }, path: { type: "string" } } },
        { title: "Interface", properties: { kind: { const: "api" }, retries: { type: "integer", minimum: 1 } } },
      ],
    };
    const value = show({ source }, { source: { kind: "file", path: "a" } });
    expect(screen.getByRole("textbox", { name: "Path" })).toBeTruthy();
    await user.click(screen.getByRole("radio", { name: "Interface" }));
    expect(value()).toEqual({ source: { kind: "api", retries: 1 } });
  });

  it("switch an optional object on and off", async () => {
    const limits: FormSchema = {
      anyOf: [{ type: "object", properties: { rows: { type: "integer", default: 10 } } }, { type: "null" }],
    };
    const value = show({ limits }, { limits: null });
    await user.click(screen.getByRole("switch", { name: "Limits" }));
    expect(value()).toEqual({ limits: { rows: 10 } });
    await user.click(screen.getByRole("switch", { name: "Limits" }));
    expect(value()).toEqual({ limits: null });
  });
});
