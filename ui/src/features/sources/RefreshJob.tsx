import { Button, Group, Skeleton, Text, Title } from "@mantine/core";
import { IconCircleCheck } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { Link, useLocation } from "wouter";
import type { SourceInfo } from "../../generated/rpc";
import { rpc, toProblem } from "../../platform";
import { sourceAddress, tableAddress } from "../../shared/addresses";
import { duration } from "../../shared/format";
import { JobProgress } from "../../shared/JobProgress";
import { ProblemNotice } from "../../shared/ProblemNotice";
import { openSecrets } from "../../shared/passphrase";
import { isActive, useJob, useJobsChanged } from "../../shared/queries";
import { RefreshFacts } from "./RefreshFacts";
import classes from "./sources.module.css";
import { useRefresh } from "./useRefresh";

/** A refresh on its way, then what it brought. */
export function RefreshJob({ id, source }: { id: string; source: SourceInfo }) {
  const [, navigate] = useLocation();
  const detail = useJob(id);
  const jobsChanged = useJobsChanged();
  const cancel = useMutation({ mutationFn: () => rpc("job_cancel", { id }), onSettled: jobsChanged });
  const edit = { label: "Back to the settings", run: () => navigate(sourceAddress(source.id)) };
  const refresh = useRefresh();
  const unlock = async () => {
    if (!(await openSecrets())) return;
    const { jobs } = await refresh.mutateAsync({ sources: [source.id] });
    navigate(sourceAddress(source.id, jobs[0]?.job), { replace: true });
  };
  const failure = detail.error ?? cancel.error;
  const info = detail.data?.info;
  if (failure) {
    return (
      <div className={classes.start}>
        <ProblemNotice problem={toProblem(failure)} action={edit} />
      </div>
    );
  }
  if (!info) return <Skeleton m="lg" h={96} w="auto" />;
  if (isActive(info.state)) {
    return (
      <div className={classes.start}>
        <Title order={1}>{info.title}</Title>
        <JobProgress job={info} />
        <Group gap="xs">
          <Button variant="default" loading={cancel.isPending} onClick={() => cancel.mutate()}>
            Cancel
          </Button>
          <Button variant="subtle" component={Link} href="/sources">
            Leave it running
          </Button>
        </Group>
      </div>
    );
  }
  if (info.state === "succeeded") return <Refreshed source={source} seconds={info.seconds} />;
  const locked = info.problem?.code === "secrets_locked";
  return (
    <div className={classes.start}>
      <Title order={1}>{info.title}</Title>
      {info.problem && info.state !== "cancelled" ? (
        <ProblemNotice
          title={`The refresh ${info.state}`}
          problem={refresh.error ? toProblem(refresh.error) : info.problem}
          action={locked ? { label: "Unlock and retry", run: () => void unlock() } : edit}
        />
      ) : (
        <Text>It was {info.state}; nothing was written. The source is saved.</Text>
      )}
      <Group gap="xs">
        <Button component={Link} href="/sources">
          To the sources
        </Button>
      </Group>
    </div>
  );
}

function Refreshed({ source, seconds }: { source: SourceInfo; seconds: number }) {
  const { table, name } = source.doc;
  return (
    <div className={classes.start}>
      <Group gap="xs" wrap="nowrap">
        <IconCircleCheck size={24} color="var(--pulse-added)" aria-hidden />
        <Title order={1}>
          {name} is in {table}
        </Title>
      </Group>
      {source.last ? <RefreshFacts info={source.last} /> : <Skeleton h={24} />}
      <Text c="dimmed" size="xs">
        In {duration(seconds)}. {source.position !== "" && `The next refresh goes on at: ${source.position}`}
      </Text>
      <Group gap="xs">
        <Button component={Link} href={tableAddress(table)}>
          Open {table}
        </Button>
        <Button variant="default" component={Link} href="/sources">
          To the sources
        </Button>
        <Button variant="subtle" component={Link} href={sourceAddress(source.id)}>
          Edit the source
        </Button>
      </Group>
    </div>
  );
}
