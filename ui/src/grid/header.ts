import type { DrawHeaderCallback } from "@glideapps/glide-data-grid";
import type { ColumnProfile, Distribution } from "../generated/rpc";
import { count } from "../shared/format";
import { type GridColors, HEADER_FONTS } from "./colors";
import { inkOf, shorten } from "./headerText";
import type { DataColumn } from "./types";

export const RICH_HEADER = 84;
export const PLAIN_HEADER = 44;
/** The menu button's square in the header's upper right corner. */
export const MENU_SIZE = 26;
const PAD = 8;
/** How much of a rich header with numbers a status colours: the name and the type, not the numbers below. */
const STATUS_BAND = 40;

/**
 * Draws a column's header: name and menu button, type and status, and where a profile is known a bar of valid and
 * missing values, the counts and a small distribution.
 */
export function headerDrawing(
  columns: readonly DataColumn[],
  colors: GridColors,
  options: { rich: boolean; menu: boolean; profileRows: number },
): DrawHeaderCallback {
  return ({ ctx, columnIndex, rect, isSelected, hasSelectedCell, isHovered }) => {
    const column = columns[columnIndex];
    if (!column) {
      return;
    }
    const { x, y, width, height } = rect;
    const ink = inkOf(column.status, colors);
    ctx.textBaseline = "alphabetic";
    ctx.textAlign = "left";
    ctx.fillStyle = isSelected ? colors.accentSoft : isHovered ? colors.headerHover : colors.header;
    ctx.fillRect(x + 1, y, width - 1, height);
    if (ink.background) {
      ctx.fillStyle = ink.background;
      ctx.fillRect(x + 1, y, width - 1, options.rich && column.profile ? STATUS_BAND : height);
    }
    if (isSelected || hasSelectedCell) {
      ctx.fillStyle = colors.accent;
      ctx.fillRect(x + 1, y, width - 1, 2);
    }
    const inner = width - 2 * PAD;
    const left = x + PAD;
    ctx.font = HEADER_FONTS.name;
    ctx.fillStyle = ink.text;
    const nameWidth = inner - (options.menu ? MENU_SIZE - 8 : 0);
    const name = shorten(ctx, column.name, nameWidth);
    ctx.fillText(name, left, y + 18);
    if (column.status === "removed") {
      ctx.fillRect(left, y + 13, ctx.measureText(name).width, 1);
    }
    if (options.menu) {
      drawMenuButton(ctx, x + width - MENU_SIZE / 2 - 2, y + 13, isHovered ? colors.text : colors.dimmed);
    }
    ctx.font = HEADER_FONTS.small;
    ctx.fillStyle = ink.background ? ink.text : colors.dimmed;
    ctx.fillText(shorten(ctx, ink.word ? `${column.type} · ${ink.word}` : column.type, inner), left, y + 34);
    if (options.rich && column.profile) {
      drawProfile(ctx, column.profile, options.profileRows, { left, top: y, width: inner }, colors);
    }
  };
}

/** The counts in words, from the fullest form to the shortest. */
export function profileWords({ missing, distinct }: ColumnProfile): string[] {
  if (missing === 0) {
    return [`complete · ${count(distinct)} distinct`, `${count(distinct)} distinct`, `${compact(distinct)} distinct`];
  }
  return [
    `${count(missing)} missing · ${count(distinct)} distinct`,
    `${compact(missing)} missing · ${compact(distinct)} distinct`,
    `${count(missing)} missing`,
    `${compact(missing)} missing`,
  ];
}

const compactNumber = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });

function compact(value: number): string {
  return value < 10_000 ? count(value) : compactNumber.format(value);
}

interface Box {
  left: number;
  top: number;
  width: number;
}

function drawProfile(
  ctx: CanvasRenderingContext2D,
  profile: ColumnProfile,
  rows: number,
  { left, top, width }: Box,
  colors: GridColors,
): void {
  ctx.fillStyle = colors.dimmed;
  const words = profileWords(profile).find((text) => ctx.measureText(text).width <= width) ?? "";
  ctx.fillText(words, left, top + 48);
  const valid = rows === 0 ? 1 : 1 - profile.missing / rows;
  const validWidth = profile.missing > 0 ? Math.min(width - 2, Math.round(width * valid)) : width;
  ctx.fillStyle = colors.accent;
  ctx.fillRect(left, top + 54, validWidth, 3);
  ctx.fillStyle = colors.error;
  ctx.fillRect(left + validWidth, top + 54, width - validWidth, 3);
  drawDistribution(ctx, profile, { left, top: top + 61, width }, colors);
}

const STRIP = 18;

function drawDistribution(ctx: CanvasRenderingContext2D, profile: ColumnProfile, box: Box, colors: GridColors): void {
  const shape = profile.distribution;
  if (shape.kind === "histogram") {
    drawHistogram(ctx, shape.counts, box, colors);
  } else if (shape.kind === "top") {
    const others = `${count(Math.max(0, profile.distinct - shape.values.length))} others`;
    drawTopValues(ctx, shape, others, box, colors);
  }
}

function drawHistogram(
  ctx: CanvasRenderingContext2D,
  counts: number[],
  { left, top, width }: Box,
  colors: GridColors,
): void {
  const most = Math.max(...counts, 1);
  const step = width / Math.max(counts.length, 1);
  ctx.fillStyle = colors.track;
  ctx.fillRect(left, top + STRIP, width, 1);
  ctx.fillStyle = colors.accent;
  ctx.globalAlpha = 0.6;
  counts.forEach((count, index) => {
    const height = count === 0 ? 0 : Math.max(1, Math.round((count / most) * STRIP));
    const from = Math.round(left + index * step);
    const to = Math.round(left + (index + 1) * step);
    ctx.fillRect(from, top + STRIP - height, Math.max(1, to - from - 1), height);
  });
  ctx.globalAlpha = 1;
}

function drawTopValues(
  ctx: CanvasRenderingContext2D,
  top: Extract<Distribution, { kind: "top" }>,
  others: string,
  box: Box,
  colors: GridColors,
): void {
  const total = top.values.reduce((sum, value) => sum + value.rows, top.others);
  let at = box.left;
  ctx.font = HEADER_FONTS.tiny;
  const segment = (rows: number, label: string, color: string, text: string) => {
    const width = total === 0 ? 0 : (rows / total) * box.width;
    if (width >= 1) {
      ctx.fillStyle = color;
      ctx.fillRect(Math.round(at), box.top, Math.max(1, Math.round(at + width) - Math.round(at) - 1), STRIP);
      if (width > 24) {
        ctx.fillStyle = text;
        ctx.fillText(shorten(ctx, label, width - 8), Math.round(at) + 4, box.top + 13);
      }
    }
    at += width;
  };
  for (const value of top.values) {
    segment(value.rows, value.value === "" ? '""' : value.value, colors.accentSoft, colors.text);
  }
  segment(top.others, others, colors.track, colors.dimmed);
}

function drawMenuButton(ctx: CanvasRenderingContext2D, centreX: number, centreY: number, color: string): void {
  ctx.fillStyle = color;
  for (const offset of [-4, 0, 4]) {
    ctx.beginPath();
    ctx.arc(centreX, centreY + offset, 1.3, 0, Math.PI * 2);
    ctx.fill();
  }
}
