import { Anchor, Button, Skeleton, Tabs, Title } from "@mantine/core";
import { IconArrowLeft, IconEdit, IconPlayerPlay } from "@tabler/icons-react";
import { Link, useLocation, useParams, useSearch } from "wouter";
import type { SyncInfo } from "../../generated/rpc";
import { toProblem } from "../../platform";
import { editSyncAddress, syncAddress } from "../../shared/addresses";
import { EmptyState } from "../../shared/EmptyState";
import { counted, localMoment, moment } from "../../shared/format";
import { ProblemNotice } from "../../shared/ProblemNotice";
import { StatusLine } from "../../shared/StatusLine";
import { useSyncs } from "../../shared/syncs";
import { History } from "./History";
import classes from "./migrate.module.css";
import { useRuns, useStart, useSyncWatched } from "./queries";
import { Report } from "./Report";
import { RunProgress } from "./RunProgress";
import { Route } from "./SyncCard";
import { SyncMenu } from "./SyncMenu";
import { batches, isUnfinished } from "./verdict";

/** A saved sync: the run on its way, or the report of its last one, and its history. */
export default function SyncPage() {
  const { sync: id = "" } = useParams<{ sync: string }>();
  const syncs = useSyncs();
  if (syncs.error) {
    return (
      <div className={classes.page}>
        <ProblemNotice
          problem={toProblem(syncs.error)}
          action={{ label: "Try again", run: () => void syncs.refetch() }}
        />
      </div>
    );
  }
  if (!syncs.data) return <Skeleton m="lg" h={320} w="auto" />;
  const sync = syncs.data.find((one) => one.id === decodeURIComponent(id));
  if (!sync) return <EmptyState title="This sync is gone">It was deleted; what it has sent is still there.</EmptyState>;
  return <Shown key={sync.id} sync={sync} />;
}

function Shown({ sync }: { sync: SyncInfo }) {
  const start = useStart(sync.id);
  useSyncWatched(sync);
  return (
    <div className={classes.page}>
      <Head sync={sync} start={start} />
      {start.error && <ProblemNotice problem={toProblem(start.error)} />}
      <Body sync={sync} start={start} />
      <StatusLine>
        {sync.state !== "running" && sync.last[0] && (
          <span title={localMoment(sync.last[0].at_ms)}>last run {moment(sync.last[0].at_ms)}</span>
        )}
        {sync.state !== "running" && sync.last.length > 0 && <span>{counted(sync.last.length, "table")}</span>}
      </StatusLine>
    </div>
  );
}

interface PartProps {
  sync: SyncInfo;
  start: ReturnType<typeof useStart>;
}

function Head({ sync, start }: PartProps) {
  const { id, doc, state } = sync;
  const unfinished = isUnfinished(sync);
  return (
    <header className={classes.syncPageHead}>
      <Anchor component={Link} href="/migrate" size="xs" className={classes.back}>
        <IconArrowLeft size={14} aria-hidden /> All syncs
      </Anchor>
      <div className={classes.pageHead}>
        <Title order={1}>{doc.name}</Title>
        <span className={classes.rest} />
        <Button
          variant="default"
          component={Link}
          href={editSyncAddress(id)}
          leftSection={<IconEdit size={14} aria-hidden />}
        >
          Edit
        </Button>
        <Button
          leftSection={<IconPlayerPlay size={14} aria-hidden />}
          disabled={state === "running"}
          loading={start.isPending && !("run" in start.variables)}
          onClick={() => start.mutate({ id, anew: false })}
        >
          {unfinished ? "Go on" : state === "new" ? "Run" : "Run again"}
        </Button>
        <SyncMenu sync={sync} onAnew={() => start.mutate({ id, anew: true })} />
      </div>
      <Route sync={sync} />
    </header>
  );
}

/** What the address asks for: the last run, an earlier one, or all of them. */
function Body({ sync, start }: PartProps) {
  const search = new URLSearchParams(useSearch());
  const [, navigate] = useLocation();
  const batch = search.get("batch");
  const tab = search.get("tab") === "history" ? "history" : "last";
  const runs = useRuns(sync.id, tab === "history" || batch !== null);
  const all = batches(runs.data ?? []);
  if (runs.error) return <ProblemNotice problem={toProblem(runs.error)} />;
  if (batch !== null) {
    const chosen = all.find(([first]) => first?.batch === batch);
    if (!runs.data) return <Skeleton h={200} />;
    if (!chosen?.[0]) return <EmptyState title="This run is gone">Only the latest runs are kept.</EmptyState>;
    return (
      <>
        <Anchor component={Link} href={syncAddress(sync.id, { tab: "history" })} size="xs" className={classes.back}>
          <IconArrowLeft size={14} aria-hidden /> History
        </Anchor>
        <Title order={2}>Run of {moment(chosen[0].at_ms)}</Title>
        <Report runs={[...chosen].reverse()} sync={sync} start={start} />
      </>
    );
  }
  const open = (next: string | null) => navigate(syncAddress(sync.id, next === "history" ? { tab: "history" } : {}));
  return (
    <Tabs value={tab} onChange={open} keepMounted={false}>
      <Tabs.List>
        <Tabs.Tab value="last">{sync.state === "running" ? "Running" : "Last run"}</Tabs.Tab>
        <Tabs.Tab value="history">History</Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="last" className={classes.panel}>
        {sync.state === "running" ? <RunProgress sync={sync} /> : <Report runs={sync.last} sync={sync} start={start} />}
      </Tabs.Panel>
      <Tabs.Panel value="history" className={classes.panel}>
        {runs.data ? <History sync={sync} batches={all} /> : <Skeleton h={200} />}
        <StatusLine>
          <span>{counted(all.length, "run")}</span>
        </StatusLine>
      </Tabs.Panel>
    </Tabs>
  );
}
