import { Skeleton } from "@mantine/core";
import { useLocation, useSearch } from "wouter";
import { toProblem } from "../../platform";
import { newSourceAddress } from "../../shared/addresses";
import { useConnections, useConnectors } from "../../shared/connections";
import { EmptyState } from "../../shared/EmptyState";
import { ProblemNotice } from "../../shared/ProblemNotice";
import { Browser } from "./Browser";
import { ChooseConnection } from "./ChooseConnection";
import { NewSource } from "./NewSource";
import classes from "./sources.module.css";

/** An import through a connection: which connection, what of it, and what it becomes. */
export default function NewSourcePage() {
  const search = new URLSearchParams(useSearch());
  const [, navigate] = useLocation();
  const connections = useConnections();
  const connectors = useConnectors();
  const failed = connections.error ?? connectors.error;
  if (failed) {
    const again = () => void Promise.all([connections.refetch(), connectors.refetch()]);
    return (
      <div className={classes.start}>
        <ProblemNotice problem={toProblem(failed)} action={{ label: "Try again", run: again }} />
      </div>
    );
  }
  if (!connections.data || !connectors.data) return <Skeleton m="lg" h={320} w="auto" />;
  const id = search.get("connection");
  if (id === null) return <ChooseConnection connections={connections.data} connectors={connectors.data} />;
  const connection = connections.data.find((one) => one.id === id);
  const connector = connectors.data.find((one) => one.kind === connection?.kind);
  if (!connection || !connector) {
    return <EmptyState title="This connection is gone">Choose another one, or make it again.</EmptyState>;
  }
  const selection = chosenSelection(search.get("selection"));
  if (selection === undefined && connector.browsing !== "none") {
    return <Browser key={id} connection={connection} connector={connector} />;
  }
  const back = () => {
    search.delete("selection");
    navigate(connector.browsing === "none" ? newSourceAddress() : `/sources/new?${search}`);
  };
  return (
    <NewSource
      key={search.get("selection")}
      connection={connection}
      connector={connector}
      selection={selection}
      onBack={back}
    />
  );
}

/** The selection in the address; one that is no JSON counts as none. */
function chosenSelection(text: string | null): unknown {
  try {
    return text === null ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
