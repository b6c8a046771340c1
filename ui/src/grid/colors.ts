import type { Theme } from "@glideapps/glide-data-grid";
import { useEffect, useState } from "react";

/** The colours the canvas needs; read from the page's CSS variables, so that grid and page never differ. */
export interface GridColors {
  text: string;
  dimmed: string;
  faint: string;
  body: string;
  header: string;
  headerHover: string;
  border: string;
  accent: string;
  accentSoft: string;
  track: string;
  error: string;
  added: { background: string; text: string };
  changed: { background: string; text: string };
  removed: { background: string; text: string };
}

/** The colours of the current theme, read again when it changes. */
export function useGridColors(): GridColors {
  const [colors, setColors] = useState(readColors);
  useEffect(() => {
    const observer = new MutationObserver(() => setColors(readColors()));
    observer.observe(document.documentElement, { attributes: true, attributeFilter: ["data-mantine-color-scheme"] });
    return () => observer.disconnect();
  }, []);
  return colors;
}

const FONT = "Inter Variable, Inter, system-ui, sans-serif";
export const HEADER_FONTS = {
  name: `600 13px ${FONT}`,
  cell: `13px ${FONT}`,
  small: `11px ${FONT}`,
  tiny: `10px ${FONT}`,
};

/** Glide's theme from the colours. */
export function gridTheme(colors: GridColors): Partial<Theme> {
  return {
    accentColor: colors.accent,
    accentFg: colors.body,
    accentLight: colors.accentSoft,
    textDark: colors.text,
    textMedium: colors.dimmed,
    textLight: colors.faint,
    textHeader: colors.text,
    textHeaderSelected: colors.text,
    bgCell: colors.body,
    bgCellMedium: colors.header,
    bgHeader: colors.header,
    bgHeaderHasFocus: colors.header,
    bgHeaderHovered: colors.headerHover,
    bgIconHeader: colors.dimmed,
    fgIconHeader: colors.body,
    borderColor: colors.border,
    horizontalBorderColor: colors.border,
    headerBottomBorderColor: colors.border,
    cellHorizontalPadding: 8,
    cellVerticalPadding: 4,
    baseFontStyle: "13px",
    headerFontStyle: "600 13px",
    markerFontStyle: "11px",
    editorFontSize: "13px",
    fontFamily: FONT,
    roundingRadius: 4,
  };
}

function readColors(): GridColors {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string, otherwise: string) => style.getPropertyValue(name).trim() || otherwise;
  const mark = (name: string) => ({
    background: read(`--pulse-${name}-bg`, "#eeeeee"),
    text: read(`--pulse-${name}-text`, "#333333"),
  });
  return {
    text: read("--mantine-color-text", "#1a1a1a"),
    dimmed: read("--mantine-color-dimmed", "#5f6670"),
    faint: read("--pulse-faint", "#868e96"),
    body: read("--mantine-color-body", "#ffffff"),
    header: read("--pulse-surface", "#f8f9fa"),
    headerHover: read("--mantine-color-default-hover", "#f1f3f5"),
    border: read("--pulse-border", "#e3e6ea"),
    accent: read("--mantine-primary-color-filled", "#0f766e"),
    accentSoft: read("--pulse-accent-soft", "#dff3ef"),
    track: read("--pulse-quiet", "#eceff1"),
    error: read("--pulse-error", "#c92a2a"),
    added: mark("added"),
    changed: mark("changed"),
    removed: mark("removed"),
  };
}
