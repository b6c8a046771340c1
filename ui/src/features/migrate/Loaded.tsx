import { Skeleton } from "@mantine/core";
import type { ReactNode } from "react";
import { toProblem } from "../../platform";
import { useConnections, useConnectors } from "../../shared/connections";
import { ProblemNotice } from "../../shared/ProblemNotice";
import { useSyncs } from "../../shared/syncs";
import classes from "./migrate.module.css";
import type { Surroundings } from "./useSyncDraft";

interface LoadedProps {
  /** The name of the sync that is edited, which it may keep. */
  own?: string;
  children(around: Surroundings): ReactNode;
}

/** What a sync is made from, once it is there. */
export function Loaded({ own, children }: LoadedProps) {
  const connections = useConnections();
  const connectors = useConnectors();
  const syncs = useSyncs();
  const failed = connections.error ?? connectors.error ?? syncs.error;
  if (failed) {
    const again = () => void Promise.all([connections.refetch(), connectors.refetch(), syncs.refetch()]);
    return (
      <div className={classes.page}>
        <ProblemNotice problem={toProblem(failed)} action={{ label: "Try again", run: again }} />
      </div>
    );
  }
  if (!connections.data || !connectors.data || !syncs.data) return <Skeleton m="lg" h={320} w="auto" />;
  const taken = syncs.data.map(({ doc }) => doc.name).filter((name) => name !== own);
  return children({ connections: connections.data, connectors: connectors.data, taken });
}
