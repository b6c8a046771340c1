import { useCallback, useMemo, useRef, useState } from "react";
import { HEADER_FONTS } from "./colors";
import type { RowPage } from "./rowPage";
import type { DataColumn } from "./types";

const NARROWEST = 96;
const NARROWEST_RICH = 140;
const WIDEST = 320;
const LOOKED_AT = 60;

/** Column widths that fit the name and the first values, until the user drags them. */
export function useColumnWidths(columns: readonly DataColumn[], first: RowPage | undefined, rich: boolean) {
  const [dragged, setDragged] = useState<ReadonlyMap<string, number>>(new Map());
  // A width stays once it was found: columns must not move while a preview changes.
  const found = useRef(new Map<string, number>());
  const fitting = useMemo(() => {
    const widths = new Map<string, number>();
    for (const column of columns) {
      const width = found.current.get(column.name) ?? fittingWidth(column, first, rich);
      if (first) found.current.set(column.name, width);
      widths.set(column.name, width);
    }
    return widths;
  }, [columns, first, rich]);
  const resize = useCallback((name: string, width: number) => {
    setDragged((before) => new Map(before).set(name, Math.round(width)));
  }, []);
  const width = useCallback(
    (name: string) => dragged.get(name) ?? fitting.get(name) ?? NARROWEST_RICH,
    [dragged, fitting],
  );
  return { width, resize };
}

function fittingWidth(column: DataColumn, page: RowPage | undefined, rich: boolean): number {
  const nameWidth = measure(column.name, HEADER_FONTS.name) + 44;
  let longest = "";
  for (let row = 0; page && row < Math.min(page.rows, LOOKED_AT); row++) {
    const text = page.text(column.name, row) ?? "null";
    if (text.length > longest.length) longest = text;
  }
  const widest = measure(longest.slice(0, 80), HEADER_FONTS.cell) + 24;
  return Math.ceil(Math.min(WIDEST, Math.max(rich ? NARROWEST_RICH : NARROWEST, nameWidth, widest)));
}

let context: CanvasRenderingContext2D | null | undefined;

function measure(text: string, font: string): number {
  context ??= document.createElement("canvas").getContext("2d");
  if (!context) return text.length * 8;
  context.font = font;
  return context.measureText(text).width;
}
