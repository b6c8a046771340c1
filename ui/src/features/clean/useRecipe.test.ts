import { act, renderHook } from "@testing-library/react";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { RecipeDoc, RecipeStep } from "../../generated/rpc";
import { RpcProblem, rpc } from "../../platform";
import { useRecipe } from "./useRecipe";

vi.mock("../../platform", async (original) => ({ ...(await original<object>()), rpc: vi.fn() }));
const engine = vi.mocked(rpc);

const step = (id: string): RecipeStep => ({ id, kind: "trim", config: {}, enabled: true, comment: "" });
const opened: RecipeDoc = {
  id: "r",
  name: "Clean prices",
  input: "bronze.prices",
  output: "silver.prices",
  steps: [],
  revision: 1,
  can_undo: false,
  can_redo: false,
};
const saved = () =>
  engine.mock.calls.filter(([command]) => command === "recipe_save").map(([, doc]) => doc as RecipeDoc);
const settle = () => act(() => new Promise((resolve) => setTimeout(resolve)));

describe("useRecipe", () => {
  beforeEach(() => {
    engine.mockReset();
    engine.mockImplementation(async (command, request) => {
      const doc = request as RecipeDoc;
      if (command === "recipe_save") return { ...doc, revision: doc.revision + 1, can_undo: true, steps: [] };
      return { ...opened, revision: 1, can_redo: true };
    });
  });

  it("shows a change at once and saves it, keeping what the user has over what the engine answers", async () => {
    const { result } = renderHook(() => useRecipe(opened));
    act(() => result.current.change({ steps: [step("a")] }));
    expect(result.current.doc.steps).toHaveLength(1);
    await settle();
    expect(saved().map((doc) => doc.steps.length)).toEqual([1]);
    expect(result.current.doc.revision).toBe(2);
    expect(result.current.doc.steps, "the steps on screen are the user's").toHaveLength(1);
  });

  it("saves one after the other, each from the revision before", async () => {
    const { result } = renderHook(() => useRecipe(opened));
    act(() => {
      result.current.change({ steps: [step("a")] });
      result.current.change({ steps: [step("a"), step("b")] });
    });
    await settle();
    const last = saved().at(-1);
    expect(last?.steps).toHaveLength(2);
    expect(saved().map((doc) => doc.revision)).toEqual(saved().map((_, index) => index + 1));
  });

  it("makes one revision of what is typed, and undo saves it first", async () => {
    const { result } = renderHook(() => useRecipe(opened));
    act(() => result.current.change({ name: "C" }, true));
    act(() => result.current.change({ name: "Cl" }, true));
    await settle();
    expect(saved(), "the pause is not over").toHaveLength(0);
    await act(() => result.current.undo());
    expect(engine.mock.calls.map(([command]) => command)).toEqual(["recipe_save", "recipe_undo"]);
    expect(result.current.doc).toMatchObject({ name: "Clean prices", can_redo: true });
  });

  it("keeps a change that could not be saved and saves it when asked again", async () => {
    const refused = { code: "disk_full", message: "The disk is full." };
    engine.mockRejectedValueOnce(new RpcProblem(refused));
    const { result } = renderHook(() => useRecipe(opened));
    act(() => result.current.change({ steps: [step("a")] }));
    await settle();
    expect(result.current.problem).toEqual(refused);
    expect(result.current.doc.steps).toHaveLength(1);
    await act(() => result.current.save());
    expect(result.current.problem).toBeNull();
    expect(saved().at(-1)?.steps).toHaveLength(1);
  });
});
