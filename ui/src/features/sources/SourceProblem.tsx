import { Button, Group } from "@mantine/core";
import { Link } from "wouter";
import type { Problem, SourceInfo } from "../../generated/rpc";
import { toProblem } from "../../platform";
import { sourceAddress } from "../../shared/addresses";
import { ProblemNotice } from "../../shared/ProblemNotice";
import { openSecrets } from "../../shared/passphrase";
import classes from "./sources.module.css";
import { useRefresh } from "./useRefresh";

/** Why the last refresh failed or paused, and the likely ways on. */
export function SourceProblem({ source, problem }: { source: SourceInfo; problem: Problem }) {
  const refresh = useRefresh();
  const paused = source.state === "paused";
  const again = async () => {
    if (problem.code === "secrets_locked" && !(await openSecrets())) return;
    refresh.mutate({ sources: [source.id] });
  };
  return (
    <div className={classes.sourceProblem}>
      <ProblemNotice
        title={paused ? "Paused: its columns have changed" : "The last refresh failed"}
        problem={refresh.error ? toProblem(refresh.error) : problem}
        compact
      />
      <Group gap="xs">
        {paused ? (
          <Button
            loading={refresh.isPending}
            onClick={() => refresh.mutate({ sources: [source.id], accept_drift: true })}
          >
            Accept and go on
          </Button>
        ) : (
          <Button variant="default" loading={refresh.isPending} onClick={() => void again()}>
            Retry
          </Button>
        )}
        <Button variant="subtle" component={Link} href={sourceAddress(source.id)}>
          {paused ? "See the changes and choose what happens" : "Edit the source"}
        </Button>
      </Group>
    </div>
  );
}
