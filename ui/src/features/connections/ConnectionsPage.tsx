import { Button, Skeleton, Stack, Text, Title } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useLocation, useSearch } from "wouter";
import type { ConnectionInfo, ConnectorInfo } from "../../generated/rpc";
import { toProblem } from "../../platform";
import { connectionsAddress } from "../../shared/addresses";
import { ConnectorCatalogue } from "../../shared/ConnectorCatalogue";
import { useConnections, useConnectors } from "../../shared/connections";
import { EmptyState } from "../../shared/EmptyState";
import { counted } from "../../shared/format";
import { ProblemNotice } from "../../shared/ProblemNotice";
import { StatusLine } from "../../shared/StatusLine";
import { ConnectionEditor } from "./ConnectionEditor";
import { ConnectionList } from "./ConnectionList";
import classes from "./connections.module.css";
import { ReadOnlyConnection } from "./ReadOnlyConnection";

/** The saved settings of outside systems: who uses them, whether they work, and their forms. */
export default function ConnectionsPage() {
  const connections = useConnections();
  const connectors = useConnectors();
  const [, navigate] = useLocation();
  const failed = connections.error ?? connectors.error;
  if (failed) {
    const again = () => void Promise.all([connections.refetch(), connectors.refetch()]);
    return (
      <div className={classes.notice}>
        <ProblemNotice problem={toProblem(failed)} action={{ label: "Try again", run: again }} />
      </div>
    );
  }
  if (!connections.data || !connectors.data) return <Loading />;
  return (
    <div className={classes.page}>
      <section className={classes.side} aria-labelledby="connections">
        <div className={classes.sideHead}>
          <Title order={1} id="connections">
            Connections
          </Title>
          <Button
            variant="default"
            leftSection={<IconPlus size={14} aria-hidden />}
            onClick={() => navigate("/connections?new=")}
          >
            New
          </Button>
        </div>
        <ConnectionList connections={connections.data} connectors={connectors.data} />
      </section>
      <div className={classes.main}>
        <Chosen connections={connections.data} connectors={connectors.data} />
      </div>
      <StatusLine>
        <span>{counted(connections.data.length, "connection")}</span>
      </StatusLine>
    </div>
  );
}

interface ChosenProps {
  connections: ConnectionInfo[];
  connectors: ConnectorInfo[];
}

/** What the address asks for: a connection, a new one of a kind, or the kinds to choose from. */
function Chosen({ connections, connectors }: ChosenProps) {
  const search = new URLSearchParams(useSearch());
  const [, navigate] = useLocation();
  const id = search.get("id");
  const kind = search.get("kind");
  if (kind !== null) {
    const connector = connectors.find((one) => one.kind === kind);
    if (!connector) return <EmptyState title="There is no such kind of connection">Choose another one.</EmptyState>;
    return <ConnectionEditor key={kind} connector={connector} connections={connections} />;
  }
  const connection = connections.find((one) => one.id === id);
  const connector = connectors.find((one) => one.kind === connection?.kind);
  if (connection && (connection.origin !== "saved" || !connector)) {
    return <ReadOnlyConnection key={connection.id} connection={connection} connector={connector} />;
  }
  if (connection && connector) {
    return (
      <ConnectionEditor key={connection.id} connector={connector} connection={connection} connections={connections} />
    );
  }
  if (id !== null && !connection) {
    return <EmptyState title="This connection is gone">It was deleted or renamed; choose another one.</EmptyState>;
  }
  if (connections.length > 0 && !search.has("new")) {
    return <EmptyState title="Choose a connection">Its settings, its test and who uses it are shown here.</EmptyState>;
  }
  return (
    <div className={classes.catalogue}>
      <div>
        <Title order={2}>What do you want to connect to?</Title>
        <Text c="dimmed">
          A connection is saved once and used by every import from it. Passwords and keys are kept apart, encrypted.
        </Text>
      </div>
      <ConnectorCatalogue
        connectors={connectors}
        onChoose={(one) => navigate(connectionsAddress({ kind: one.kind }))}
      />
    </div>
  );
}

function Loading() {
  return (
    <Stack p="lg" aria-busy aria-label="Loading">
      <Skeleton h={28} w={220} />
      <Skeleton h={240} />
    </Stack>
  );
}
