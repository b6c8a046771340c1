import { Button } from "@mantine/core";
import type { Problem } from "../generated/rpc";
import { count } from "../shared/format";
import { ProblemNotice } from "../shared/ProblemNotice";
import classes from "./DataGrid.module.css";
import { COPY_ROWS, type CopyOutcome } from "./useCopy";

interface Props {
  problem: Problem;
  action: string;
  onAction(): void;
}

/** A problem over the lower edge of the grid. */
export function GridNotice({ problem, action, onAction }: Props) {
  return (
    <div className={classes.notice}>
      <ProblemNotice problem={problem} action={{ label: action, run: onAction }} />
    </div>
  );
}

/** Says what a copy could not do. */
export function CopyNotice({ outcome, onDismiss }: { outcome: CopyOutcome; onDismiss(): void }) {
  return (
    <div className={classes.notice} role="status">
      <div className={classes.copied}>
        <span>
          {outcome === "cut"
            ? `Copied the first ${count(COPY_ROWS)} rows of the selection. Export the table to get all of them.`
            : "The rows had to be read first. They are here now: copy once more."}
        </span>
        <Button variant="default" onClick={onDismiss}>
          Dismiss
        </Button>
      </div>
    </div>
  );
}

/** The shape of a grid, shown while the first rows are read (after 150 ms). */
export function GridSkeleton() {
  return (
    <div className={classes.skeleton} role="status" aria-label="Reading rows">
      {Array.from({ length: 14 }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the bars are all the same
        <div key={index} />
      ))}
    </div>
  );
}
