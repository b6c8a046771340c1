import type { DataEditorRef, Rectangle } from "@glideapps/glide-data-grid";
import { type RefObject, useEffect, useState } from "react";
import { HEADER_FONTS } from "./colors";
import type { DataColumn } from "./types";

/** Scrolls sideways to a column, once Glide knows its own size. */
export function useShownColumn(
  editor: RefObject<DataEditorRef | null>,
  region: RefObject<Rectangle>,
  columns: readonly DataColumn[],
  wanted: string | undefined,
) {
  const index = columns.findIndex((column) => column.name === wanted);
  useEffect(() => {
    const { x, width } = region.current;
    const onScreen = index >= x && index < x + width - 1;
    if (index >= 0 && !onScreen) editor.current?.scrollTo(index, 0, "horizontal", 0, 0, { hAlign: "center" });
  }, [index, editor, region]);
}

/** Glide's accessibility tree has no name of its own, and is made a moment after the canvas. */
export function useGridName(frame: RefObject<HTMLDivElement | null>, name: string) {
  useEffect(() => {
    const place = frame.current;
    if (!place) return;
    const label = () => place.querySelector("[role=grid]")?.setAttribute("aria-label", name);
    label();
    const observer = new MutationObserver(label);
    observer.observe(place, { childList: true, subtree: true });
    return () => observer.disconnect();
  }, [frame, name]);
}

/** The place outside the grid where Glide opens a cell's whole text. */
export function usePortal() {
  useEffect(() => {
    if (document.getElementById("portal")) return;
    const portal = document.createElement("div");
    portal.id = "portal";
    document.body.append(portal);
  }, []);
}

/** Whether the fonts are here: a canvas never draws again by itself once they come. */
export function useFonts(): boolean {
  const [here, setHere] = useState(() => Object.values(HEADER_FONTS).every((font) => document.fonts.check(font)));
  useEffect(() => {
    if (here) return;
    let current = true;
    const done = () => current && setHere(true);
    Promise.all(Object.values(HEADER_FONTS).map((font) => document.fonts.load(font))).then(done, done);
    return () => {
      current = false;
    };
  }, [here]);
  return here;
}
