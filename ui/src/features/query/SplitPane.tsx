import { type KeyboardEvent, type PointerEvent, type ReactNode, useRef, useState } from "react";
import classes from "./query.module.css";

const KEY = "pulse-sql-split";
const LEAST = 15;
const MOST = 80;

/** Two panes, one above the other, with a bar between them that is dragged or moved with the arrow keys. */
export function SplitPane({ top, bottom }: { top: ReactNode; bottom: ReactNode }) {
  const [percent, setPercent] = useState(() => limited(Number(localStorage.getItem(KEY) ?? 38)));
  const pane = useRef<HTMLDivElement>(null);

  const move = (next: number) => {
    setPercent(limited(next));
    localStorage.setItem(KEY, String(limited(next)));
  };
  const drag = (event: PointerEvent<HTMLDivElement>) => {
    const box = pane.current?.getBoundingClientRect();
    if (!box || !event.currentTarget.hasPointerCapture(event.pointerId)) return;
    move(((event.clientY - box.top) / box.height) * 100);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowUp: -4, ArrowDown: 4 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    move(percent + step);
  };

  return (
    <div ref={pane} className={classes.split} style={{ gridTemplateRows: `${percent}% 7px minmax(0, 1fr)` }}>
      <div className={classes.pane}>{top}</div>
      {/* biome-ignore lint/a11y/useSemanticElements: an hr cannot be dragged; this is the pattern of a window splitter. */}
      <div
        role="separator"
        aria-label="Height of the editor"
        aria-orientation="horizontal"
        aria-valuemin={LEAST}
        aria-valuemax={MOST}
        aria-valuenow={Math.round(percent)}
        tabIndex={0}
        className={classes.splitter}
        onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
        onPointerMove={drag}
        onKeyDown={onKeyDown}
      />
      <div className={classes.pane}>{bottom}</div>
    </div>
  );
}

function limited(percent: number): number {
  return Math.min(MOST, Math.max(LEAST, Number.isFinite(percent) ? percent : 38));
}
