import { Skeleton } from "@mantine/core";
import { useMemo } from "react";
import { useLocation, useParams, useSearch } from "wouter";
import { completed, type FormSchema } from "../../forms/schema";
import type { ConnectorInfo, SourceInfo } from "../../generated/rpc";
import { toProblem } from "../../platform";
import { useConnectors, useSources } from "../../shared/connections";
import { EmptyState } from "../../shared/EmptyState";
import { ProblemNotice } from "../../shared/ProblemNotice";
import { RefreshJob } from "./RefreshJob";
import classes from "./sources.module.css";
import { Workbench } from "./Workbench";

/** A saved source: its settings, or the job that refreshes it. */
export default function SourcePage() {
  const { source: id = "" } = useParams<{ source: string }>();
  const job = new URLSearchParams(useSearch()).get("job");
  const sources = useSources();
  const connectors = useConnectors();
  const failed = sources.error ?? connectors.error;
  if (failed) {
    const again = () => void Promise.all([sources.refetch(), connectors.refetch()]);
    return (
      <div className={classes.start}>
        <ProblemNotice problem={toProblem(failed)} action={{ label: "Try again", run: again }} />
      </div>
    );
  }
  if (!sources.data || !connectors.data) return <Skeleton m="lg" h={320} w="auto" />;
  const source = sources.data.find((one) => one.id === decodeURIComponent(id));
  if (!source) return <EmptyState title="This source is gone">It was deleted; its table is still there.</EmptyState>;
  if (job !== null) return <RefreshJob id={job} source={source} />;
  const connector = connectors.data.find(({ kind }) => kind === source.kind);
  if (!connector) return <EmptyState title={`There is no kind of connection called ${source.kind}`} />;
  return <Editing key={source.id} source={source} connector={connector} />;
}

/** Only what was decided: the engine writes null, or an object without members, where nothing was. */
function decided<T extends object>(value: T): T {
  return Object.fromEntries(
    Object.entries(value).filter(([, member]) => member !== null && JSON.stringify(member) !== "{}"),
  ) as T;
}

function Editing({ source, connector }: { source: SourceInfo; connector: ConnectorInfo }) {
  const [, navigate] = useLocation();
  const { id, doc } = source;
  const start = useMemo(
    () => ({
      ...doc,
      id,
      selection: completed(connector.selection as FormSchema, doc.selection),
      options: decided(doc.options),
      loading: decided(doc.loading),
    }),
    [doc, id, connector],
  );
  return <Workbench connector={connector} start={start} previewAtOnce onBack={() => navigate("/sources")} />;
}
