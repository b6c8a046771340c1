import {
  type DrawCellCallback,
  type GridCell,
  GridCellKind,
  getMiddleCenterBias,
  type LoadingCell,
  type TextCell,
} from "@glideapps/glide-data-grid";
import { type GridColors, HEADER_FONTS } from "./colors";
import { type CellMark, cellMark } from "./marks";
import type { RowPage } from "./rowPage";
import { drawTabular, isTabular } from "./tabular";
import { type DataColumn, isNumeric } from "./types";
import { oneLine, visibleWhitespace } from "./whitespace";

/** A text cell with what the drawing needs to know beyond its text. */
interface DataCell extends TextCell {
  faint: boolean;
  /** Whether its digits line up with those of other rows. */
  tabular: boolean;
  mark: CellMark;
}

const LOADING: LoadingCell = { kind: GridCellKind.Loading, allowOverlay: false, skeletonWidth: 56, skeletonHeight: 8 };

/** The cell of a loaded page's row as Glide draws, copies and reads it aloud. */
export function dataCell(
  page: RowPage | undefined,
  row: number,
  column: DataColumn,
  marks: boolean,
  whitespace: boolean,
): GridCell {
  const value = page?.text(column.name, row);
  if (page === undefined || (value === undefined && row >= page.rows)) {
    return LOADING;
  }
  const empty = value === null || value === undefined || value === "";
  const cell: DataCell = {
    kind: GridCellKind.Text,
    allowOverlay: !empty,
    readonly: true,
    data: value ?? "null",
    copyData: value ?? "",
    displayData: empty ? (value === "" ? '""' : "null") : whitespace ? visibleWhitespace(value) : oneLine(value),
    contentAlign: isNumeric(column.type) ? "right" : "left",
    faint: empty,
    tabular: !empty && isTabular(column.type, value),
    mark: marks ? cellMark(page, row, column.name, column.status) : UNMARKED,
  };
  return cell;
}

const UNMARKED: CellMark = { kind: "none" };

/** Draws marks, faint text and aligned digits around Glide's own cell drawing. Plain texts cost nothing extra. */
export function cellDrawing(colors: GridColors): DrawCellCallback {
  return (args, drawGlide) => {
    const cell = args.cell as Partial<DataCell> & GridCell;
    const drawContent = cell.tabular ? () => drawDigits(args, cell as DataCell) : drawGlide;
    const mark = cell.mark?.kind ?? "none";
    if (mark === "none" && !cell.faint) {
      drawContent();
      return;
    }
    const { ctx, rect } = args;
    const { x, y, width, height } = rect;
    const fill = ctx.fillStyle;
    if (mark !== "none") {
      ctx.globalAlpha = args.highlighted ? 0.5 : 1;
      ctx.fillStyle = colors[mark].background;
      ctx.fillRect(x + 1, y + 1, width - 1, height - 1);
      ctx.globalAlpha = 1;
    }
    ctx.fillStyle = cell.faint ? colors.faint : mark === "removed" ? colors.removed.text : fill;
    drawContent();
    if (mark === "changed") {
      drawCorner(ctx, x + width, y + 1, colors.changed.text);
    } else if (mark === "removed") {
      ctx.fillStyle = colors.removed.text;
      strikeThrough(ctx, cell as DataCell, rect);
    }
    ctx.fillStyle = fill;
  };
}

function drawDigits({ ctx, rect }: Parameters<DrawCellCallback>[0], cell: DataCell): void {
  const align = cell.contentAlign === "right" ? "right" : "left";
  drawTabular(ctx, cell.displayData, rect, align, getMiddleCenterBias(ctx, HEADER_FONTS.cell));
}

/** The small triangle that tells a changed cell apart without colour. */
function drawCorner(ctx: CanvasRenderingContext2D, right: number, top: number, color: string): void {
  ctx.fillStyle = color;
  ctx.beginPath();
  ctx.moveTo(right - 7, top);
  ctx.lineTo(right, top);
  ctx.lineTo(right, top + 7);
  ctx.closePath();
  ctx.fill();
}

function strikeThrough(
  ctx: CanvasRenderingContext2D,
  cell: DataCell,
  { x, y, width, height }: { x: number; y: number; width: number; height: number },
): void {
  const padding = 8;
  const length = Math.min(ctx.measureText(cell.displayData.slice(0, 200)).width, width - 2 * padding);
  const start = cell.contentAlign === "right" ? x + width - padding - length : x + padding;
  ctx.fillRect(start, Math.round(y + height / 2), length, 1);
}
