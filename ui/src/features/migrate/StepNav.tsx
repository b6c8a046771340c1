import { IconCheck } from "@tabler/icons-react";
import type { StepId } from "./draft";
import classes from "./editor.module.css";

export type StepState = "done" | "current" | "waiting";

const TITLES: readonly (readonly [StepId, string])[] = [
  ["what", "What"],
  ["where", "Where"],
  ["how", "How"],
  ["columns", "Columns"],
  ["check", "Check"],
];

interface StepNavProps {
  /** What was decided in each step, in a few words. */
  summaries: Record<StepId, string>;
  states: Record<StepId, StepState>;
  onOpen(step: StepId): void;
}

/** The steps with what was decided in each; each leads to its place on the page. */
export function StepNav({ summaries, states, onOpen }: StepNavProps) {
  return (
    <nav className={classes.nav} aria-label="Steps">
      <ol>
        {TITLES.map(([id, title], at) => (
          <li key={id} data-state={states[id]}>
            <button
              type="button"
              onClick={() => onOpen(id)}
              aria-current={states[id] === "current" ? "step" : undefined}
            >
              <span className={classes.navMark}>
                {states[id] === "done" ? <IconCheck size={14} aria-label="complete" /> : at + 1}
              </span>
              <span className={classes.navWords}>
                <span className={classes.navTitle} data-waits={states[id] === "waiting" || undefined}>
                  {title}
                </span>
                {states[id] !== "waiting" && (
                  <span className={classes.navSummary} title={summaries[id]}>
                    {summaries[id]}
                  </span>
                )}
              </span>
            </button>
          </li>
        ))}
      </ol>
    </nav>
  );
}
