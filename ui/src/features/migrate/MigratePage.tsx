import { Button, Skeleton, Stack, Title } from "@mantine/core";
import { IconDatabaseExport, IconPlus } from "@tabler/icons-react";
import { Link } from "wouter";
import type { SyncInfo } from "../../generated/rpc";
import { toProblem } from "../../platform";
import { newSyncAddress } from "../../shared/addresses";
import { useConnections, useConnectors } from "../../shared/connections";
import { EmptyState } from "../../shared/EmptyState";
import { counted } from "../../shared/format";
import { ProblemNotice } from "../../shared/ProblemNotice";
import { StatusLine } from "../../shared/StatusLine";
import { useSyncs } from "../../shared/syncs";
import classes from "./migrate.module.css";
import { SyncCard } from "./SyncCard";
import { destinationOfConnection } from "./useSyncDraft";

/** Every saved sync: what it sends where, how it stands, and the buttons that send. */
export default function MigratePage() {
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
  if (!syncs.data) {
    return (
      <Stack className={classes.page} aria-busy aria-label="Loading">
        <Skeleton h={28} w={220} />
        <Skeleton h={200} />
      </Stack>
    );
  }
  if (syncs.data.length === 0) return <NoSyncs />;
  return <SyncList syncs={syncs.data} />;
}

function SyncList({ syncs }: { syncs: SyncInfo[] }) {
  const running = syncs.filter(({ state }) => state === "running").length;
  return (
    <div className={classes.page}>
      <header className={classes.pageHead}>
        <Title order={1}>Migrate</Title>
        <span className={classes.rest} />
        <Button component={Link} href={newSyncAddress()} leftSection={<IconPlus size={14} aria-hidden />}>
          New sync
        </Button>
      </header>
      <ul className={classes.syncs} aria-label="Syncs">
        {syncs.map((sync) => (
          <li key={sync.id}>
            <SyncCard sync={sync} />
          </li>
        ))}
      </ul>
      <StatusLine>
        <span>{counted(syncs.length, "sync", "syncs")}</span>
        {running > 0 && <span>{running} running</span>}
      </StatusLine>
    </div>
  );
}

function NoSyncs() {
  const connections = useConnections();
  const connectors = useConnectors();
  if (!connections.data || !connectors.data) return null;
  const [all, kinds] = [connections.data, connectors.data];
  const able = all.some(({ id }) => destinationOfConnection(id, all, kinds));
  return (
    <EmptyState
      title="Nothing is sent anywhere yet"
      icon={<IconDatabaseExport size={32} stroke={1.4} aria-hidden />}
      action={
        able ? (
          <Button component={Link} href={newSyncAddress()}>
            New sync
          </Button>
        ) : (
          <Button component={Link} href="/connections?new=">
            New connection
          </Button>
        )
      }
    >
      A sync sends tables or the result of a query to another system, says beforehand what would fail, and compares both
      sides afterwards.{" "}
      {able ? "It is saved and can be run again." : "First connect to a system that can be written to."}
    </EmptyState>
  );
}
