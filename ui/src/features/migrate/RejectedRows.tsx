import { Button, Skeleton, Text, Title } from "@mantine/core";
import { IconRefresh } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { SyncRunInfo } from "../../generated/rpc";
import { rpc, toProblem } from "../../platform";
import { count, counted } from "../../shared/format";
import { ProblemNotice } from "../../shared/ProblemNotice";
import { Prose } from "../../shared/Prose";
import common from "./migrate.module.css";
import { prettyJson } from "./prettyJson";
import type { useStart } from "./queries";
import classes from "./report.module.css";

/** The rows that the target refused, why, and the button that sends them again. */
export function RejectedRows({ run, start }: { run: SyncRunInfo; start: ReturnType<typeof useStart> }) {
  const rows = useQuery({
    queryKey: ["sync rejected", run.run, run.rejected],
    queryFn: () => rpc("sync_rejected", { run: run.run }),
  });
  const shown = rows.data?.length ?? 0;
  return (
    <section className={classes.comparison} aria-label="Rejected rows">
      <div className={classes.comparisonHead}>
        <Title order={3}>Rejected rows</Title>
        <Text size="xs">
          {shown < run.rejected && shown > 0
            ? `the first ${count(shown)} of ${count(run.rejected)}`
            : "The target refused them; all others are there."}
        </Text>
        <span className={common.rest} />
        <Button
          variant="default"
          leftSection={<IconRefresh size={14} aria-hidden />}
          loading={start.isPending && "run" in start.variables && start.variables.run === run.run}
          onClick={() => start.mutate({ run: run.run })}
          title="Sends the same rows again, after the target was changed so that it takes them."
        >
          {run.rejected === 1 ? "Retry this row" : `Retry these ${counted(run.rejected, "row")}`}
        </Button>
      </div>
      {rows.error && <ProblemNotice problem={toProblem(rows.error)} compact />}
      {!rows.data && !rows.error && <Skeleton h={80} />}
      {rows.data && (
        <div className={classes.scroll}>
          <table className={classes.table}>
            <thead>
              <tr>
                <th className={classes.right}>Row</th>
                <th>Reason</th>
                <th>Values</th>
              </tr>
            </thead>
            <tbody>
              {rows.data.map(({ row, reason, text }) => (
                <tr key={row}>
                  <td className={`${classes.right} ${classes.top}`}>{count(row + 1)}</td>
                  <td className={classes.top}>
                    <Prose text={reason} />
                  </td>
                  <td>
                    <details className={classes.values}>
                      <summary>
                        <code>{text}</code>
                      </summary>
                      <pre>{prettyJson(text)}</pre>
                    </details>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
