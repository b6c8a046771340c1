const PADDING = 8.5;
const widths = new Map<string, number>();
let digitWidth = 0;

/**
 * Draws text with digits of one width, so that numbers line up below each other. A canvas cannot switch on a font's own
 * tabular figures. The text must be short: a number or a date, in the grid's font.
 */
export function drawTabular(
  ctx: CanvasRenderingContext2D,
  text: string,
  rect: { x: number; y: number; width: number; height: number },
  align: "left" | "right",
  bias: number,
): void {
  digitWidth ||= Math.max(...Array.from("0123456789", (digit) => widthOf(ctx, digit)));
  const advances = Array.from(text, (sign) => (isDigit(sign) ? digitWidth : widthOf(ctx, sign)));
  const total = advances.reduce((sum, advance) => sum + advance, 0);
  let x = align === "right" ? rect.x + rect.width - PADDING - total : rect.x + PADDING;
  const y = rect.y + rect.height / 2 + bias;
  let index = 0;
  for (const sign of text) {
    const advance = advances[index++] ?? 0;
    ctx.fillText(sign, x + (advance - widthOf(ctx, sign)) / 2, y);
    x += advance;
  }
}

/** Whether a value of the type is drawn so. */
export function isTabular(type: string, text: string): boolean {
  return text.length <= 32 && type !== "text" && type !== "boolean";
}

function isDigit(sign: string): boolean {
  return sign >= "0" && sign <= "9";
}

function widthOf(ctx: CanvasRenderingContext2D, sign: string): number {
  let width = widths.get(sign);
  if (width === undefined) {
    width = ctx.measureText(sign).width;
    widths.set(sign, width);
  }
  return width;
}
