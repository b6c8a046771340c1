import { type Ref, useImperativeHandle, useState } from "react";
import { createPortal } from "react-dom";
import classes from "./DataGrid.module.css";
import type { Bounds } from "./types";

export interface Tip {
  text: string;
  bounds: Bounds;
}

/** Shows a tooltip, or none; the tooltip keeps its own state because rendering the grid for it would be slow. */
export type ShowTip = (tip: Tip | null) => void;

/** A tooltip below a place on the canvas, or above it where there is no room. */
export function GridTip({ ref }: { ref: Ref<ShowTip> }) {
  const [tip, setTip] = useState<Tip | null>(null);
  useImperativeHandle(ref, () => setTip, []);
  if (!tip) return null;
  const below = tip.bounds.y + tip.bounds.height + 4;
  const above = below > window.innerHeight - 48;
  const left = Math.max(8, Math.min(tip.bounds.x, window.innerWidth - 376));
  return createPortal(
    <div
      role="tooltip"
      className={classes.tip}
      style={above ? { left, bottom: window.innerHeight - tip.bounds.y + 4 } : { left, top: below }}
    >
      {tip.text}
    </div>,
    document.body,
  );
}
