import type { RecipeStep, StepCount, StepOutcome } from "../../generated/rpc";
import { count, counted } from "../../shared/format";
import classes from "./clean.module.css";

interface Props {
  step: RecipeStep;
  outcome: StepOutcome | undefined;
  exact: StepCount | undefined;
}

/** Rows in and out and what else a step does; over the whole table where that was counted. */
export function StepCounts({ step, outcome, exact }: Props) {
  if (!step.enabled) return <p className={classes.counts}>switched off</p>;
  if (!outcome || outcome.problem) return null;
  if (outcome.skipped) return <p className={classes.counts}>not reached: an earlier step cannot be applied</p>;
  const rowsIn = exact?.rows_in ?? outcome.rows_in;
  const rowsOut = exact?.rows_out ?? outcome.rows_out;
  const rejected = exact?.rejected ?? outcome.rejected;
  const facts: string[] = [];
  if (outcome.cells_changed > 0)
    facts.push(`${counted(outcome.cells_changed, "cell")} changed${exact ? " in the sample" : ""}`);
  if (outcome.columns_added.length > 0) facts.push(`${counted(outcome.columns_added.length, "column")} added`);
  if (outcome.columns_removed.length > 0) facts.push(`${counted(outcome.columns_removed.length, "column")} removed`);
  return (
    <p className={classes.counts}>
      <span
        title={
          rowsIn === rowsOut
            ? undefined
            : `${counted(Math.abs(rowsIn - rowsOut), "row")} ${rowsOut < rowsIn ? "removed" : "added"}`
        }
      >
        {count(rowsIn)} → {counted(rowsOut, "row")}
      </span>
      {facts.map((fact) => (
        <span key={fact}>{fact}</span>
      ))}
      {rejected > 0 && <span className={classes.rejected}>{counted(rejected, "value")} to the ledger</span>}
    </p>
  );
}
