import { Text, UnstyledButton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { SqlRun } from "../../generated/rpc";
import { rpc, toProblem } from "../../platform";
import { localMoment, moment } from "../../shared/format";
import { ProblemNotice } from "../../shared/ProblemNotice";
import classes from "./query.module.css";

/** The key under which the history is cached. */
export const HISTORY = ["sql_history"];

/** The queries that were run, newest first; a click brings one back into the editor. */
export function HistoryList({ onPick }: { onPick(sql: string): void }) {
  const history = useQuery({ queryKey: HISTORY, queryFn: () => rpc("sql_history", {}) });
  if (history.isError) return <ProblemNotice problem={toProblem(history.error)} />;
  const runs = distinct(history.data ?? []);
  if (runs.length === 0) {
    return (
      <Text size="xs" c="dimmed" p="xs">
        {history.isPending ? "" : "Queries you run are kept here."}
      </Text>
    );
  }
  return (
    <div className={classes.scroll}>
      {runs.map((run) => (
        <UnstyledButton
          key={run.sql}
          className={classes.past}
          onClick={() => onPick(run.sql)}
          title={run.sql}
          aria-label={`Bring back: ${run.sql}`}
        >
          <span className={classes.pastSql}>{run.sql.replace(/\s+/g, " ")}</span>
          <span className={classes.faint} title={localMoment(run.at_ms)}>
            {moment(run.at_ms)}
          </span>
        </UnstyledButton>
      ))}
    </div>
  );
}

/** Every query once, at its newest run. */
function distinct(runs: SqlRun[]): SqlRun[] {
  const newest = new Map<string, SqlRun>();
  for (const run of [...runs].sort((a, b) => b.at_ms - a.at_ms)) if (!newest.has(run.sql)) newest.set(run.sql, run);
  return [...newest.values()];
}
