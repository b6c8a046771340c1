import type { GridColors } from "./colors";

/** How a column's status looks in its header: a colour and always a word as well. */
export function inkOf(
  status: string | undefined,
  colors: GridColors,
): { text: string; background?: string; word?: string } {
  if (status === "added") {
    return { ...colors.added, word: "added" };
  }
  if (status === "removed") {
    return { ...colors.removed, word: "removed" };
  }
  if (status === "changed") {
    return { ...colors.changed, word: "changed" };
  }
  return { text: colors.text };
}

/** The text shortened with an ellipsis to the width, in the context's font. */
export function shorten(ctx: Pick<CanvasRenderingContext2D, "measureText">, text: string, width: number): string {
  const start = text.slice(0, 200);
  if (start === text && ctx.measureText(start).width <= width) {
    return start;
  }
  let low = 0;
  let high = start.length;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (ctx.measureText(`${start.slice(0, middle)}…`).width <= width) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low === 0 ? "" : `${start.slice(0, low)}…`;
}
