import { Button, Tooltip } from "@mantine/core";
import type { TableInfo } from "../../generated/rpc";
import { toProblem } from "../../platform";
import { JobProgress } from "../../shared/JobProgress";
import { ProblemNotice } from "../../shared/ProblemNotice";
import { isActive, useJob } from "../../shared/queries";
import { useApplyAgain } from "./queries";
import classes from "./tables.module.css";

/** Says that a table's input has a newer version, and applies the recipe to it with one click. */
export function StaleNotice({ info }: { info: TableInfo }) {
  const apply = useApplyAgain(info.table);
  const job = useJob(apply.data ?? null).data?.info;
  const problem = apply.error ? toProblem(apply.error) : job?.problem;
  if (problem) {
    return <ProblemNotice problem={problem} compact action={{ label: "Apply again", run: () => apply.mutate() }} />;
  }
  if (job && isActive(job.state)) return <JobProgress job={job} />;
  if (job?.state === "succeeded") return <span className={classes.badge}>Applied just now</span>;
  if (!info.stale) return null;
  return (
    <span className={classes.stale}>
      <Tooltip label={`${info.input ?? "Its input"} has a newer version than the one this table was made from.`}>
        <span className={classes.badge} data-meaning="changed">
          Outdated
        </span>
      </Tooltip>
      <Button
        variant="light"
        size="compact-xs"
        loading={apply.isPending}
        aria-label={`Apply the recipe of ${info.table} again`}
        onClick={() => apply.mutate()}
      >
        Apply again
      </Button>
    </span>
  );
}
