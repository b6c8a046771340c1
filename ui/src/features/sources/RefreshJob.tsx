import { Button, Group, Text, Title } from "@mantine/core";
import { IconCircleCheck } from "@tabler/icons-react";
import { Link, useLocation } from "wouter";
import type { JobInfo, RefreshInfo, SourceInfo } from "../../generated/rpc";
import { toProblem } from "../../platform";
import { sourceAddress, tableAddress } from "../../shared/addresses";
import { FollowedJob } from "../../shared/FollowedJob";
import { duration } from "../../shared/format";
import { type ProblemAction, ProblemNotice } from "../../shared/ProblemNotice";
import { openSecrets } from "../../shared/passphrase";
import { RefreshFacts } from "./RefreshFacts";
import { useRefresh } from "./useRefresh";

/** A refresh on its way, then what it brought. */
export function RefreshJob({ id, source }: { id: string; source: SourceInfo }) {
  const [, navigate] = useLocation();
  const edit = { label: "Back to the settings", run: () => navigate(sourceAddress(source.id)) };
  const leave = (
    <Button variant="subtle" component={Link} href="/sources">
      Leave it running
    </Button>
  );
  return (
    <FollowedJob id={id} back={edit} meanwhile={leave}>
      {(info) =>
        info.state === "succeeded" ? (
          <Refreshed source={source} job={info} />
        ) : (
          <Failed info={info} source={source} edit={edit} />
        )
      }
    </FollowedJob>
  );
}

/** Why a refresh did not end well, and the likely way on. */
function Failed({ info, source, edit }: { info: JobInfo; source: SourceInfo; edit: ProblemAction }) {
  const [, navigate] = useLocation();
  const refresh = useRefresh();
  const unlock = async () => {
    if (!(await openSecrets())) return;
    const { jobs } = await refresh.mutateAsync({ sources: [source.id] });
    navigate(sourceAddress(source.id, jobs[0]?.job), { replace: true });
  };
  const locked = info.problem?.code === "secrets_locked";
  return (
    <>
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
    </>
  );
}

/** What a refresh brought. */
function Refreshed({ source, job }: { source: SourceInfo; job: JobInfo }) {
  const { table, name } = source.doc;
  // The job knows at once; what is known of the source may still be that of the refresh before.
  const brought = job.result as RefreshInfo;
  const isNew = source.last?.at_ms === brought.at_ms;
  return (
    <>
      <Group gap="xs" wrap="nowrap">
        <IconCircleCheck size={24} color="var(--pulse-added)" aria-hidden />
        <Title order={1}>
          {name} is in {table}
        </Title>
      </Group>
      <RefreshFacts info={brought} />
      <Text c="dimmed" size="xs">
        In {duration(job.seconds)}.{" "}
        {isNew && source.position !== "" && `Read so far: ${source.position}; the next refresh goes on there.`}
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
    </>
  );
}
