import { describe, expect, it } from "vitest";
import { drawTabular, isTabular } from "./tabular";

/** A context whose `1` is narrower than the other digits, as in most typefaces. */
function paper() {
  const signs: [sign: string, x: number][] = [];
  const ctx = {
    measureText: (text: string) => ({ width: text === "1" ? 5 : text === "." ? 3 : 8 }),
    fillText: (sign: string, x: number) => signs.push([sign, x]),
  } as unknown as CanvasRenderingContext2D;
  return { ctx, signs };
}

const rect = { x: 0, y: 0, width: 100, height: 28 };

describe("drawTabular", () => {
  it("puts digits of the same place below each other", () => {
    const upper = paper();
    const lower = paper();
    drawTabular(upper.ctx, "2.05", rect, "right", 0);
    drawTabular(lower.ctx, "31.15", rect, "right", 0);
    const last = (signs: typeof upper.signs, back: number) => signs[signs.length - back]?.[1];
    expect(last(upper.signs, 1), "the hundredths").toBe(last(lower.signs, 1));
    expect(last(upper.signs, 3), "the points").toBe(last(lower.signs, 3));
    expect(last(lower.signs, 2), "the narrow digit stands in the middle of its place").toBe(
      (last(upper.signs, 2) ?? 0) + 1.5,
    );
  });

  it("is for numbers and dates that fit, not for texts", () => {
    expect([isTabular("number", "1.5"), isTabular("date", "2024-01-01")]).toEqual([true, true]);
    expect([isTabular("text", "1.5"), isTabular("number", "9".repeat(40))]).toEqual([false, false]);
  });
});
