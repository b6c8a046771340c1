import { Anchor, Button, Checkbox, Text } from "@mantine/core";
import { IconBell, IconRefresh } from "@tabler/icons-react";
import { Link } from "wouter";
import type { SourceInfo, SourceNews } from "../../generated/rpc";
import { toProblem } from "../../platform";
import { sourceAddress, tableAddress } from "../../shared/addresses";
import { ago, localMoment } from "../../shared/format";
import { JobProgress } from "../../shared/JobProgress";
import { ProblemNotice } from "../../shared/ProblemNotice";
import { isActive, useJob, useWatched } from "../../shared/queries";
import { RefreshFacts } from "./RefreshFacts";
import { SourceMenu } from "./SourceMenu";
import { SourceProblem } from "./SourceProblem";
import classes from "./sources.module.css";
import { useRefresh } from "./useRefresh";

interface SourceRowProps {
  source: SourceInfo;
  news: SourceNews | undefined;
  marked: boolean;
  /** Absent where there is nothing to choose among. */
  onMark?(on: boolean): void;
}

/** One source: what it reads, how it stands, and what can be done with it. */
export function SourceRow({ source, news, marked, onMark }: SourceRowProps) {
  const refresh = useRefresh();
  useWatched(source.job ?? null);
  const { doc, id, state } = source;
  const running = state === "running";
  return (
    <article className={classes.source} aria-label={doc.name}>
      {onMark && (
        <Checkbox
          aria-label={`Choose ${doc.name}`}
          checked={marked}
          onChange={(event) => onMark(event.currentTarget.checked)}
        />
      )}
      <div className={classes.sourceMain}>
        <div className={classes.sourceHead}>
          <Anchor component={Link} href={sourceAddress(id)} inherit className={classes.sourceTitle}>
            {doc.name}
          </Anchor>
          <span className={classes.dimmed}>
            {source.connection_name} · {source.reads}
          </span>
        </div>
        <div className={classes.sourceFacts}>
          <Anchor component={Link} href={tableAddress(doc.table)} inherit>
            {doc.table}
          </Anchor>
          <Last source={source} />
          {source.position !== "" && <span className={classes.dimmed}>read so far: {source.position}</span>}
        </div>
        {news && news.available !== false && <News news={news} />}
        {running && source.job && <Running job={source.job} />}
        {refresh.error && <ProblemNotice problem={toProblem(refresh.error)} compact />}
        {!running && source.problem && <SourceProblem source={source} problem={source.problem} />}
      </div>
      <div className={classes.sourceActions}>
        <Button
          variant="default"
          leftSection={<IconRefresh size={14} aria-hidden />}
          disabled={running}
          loading={refresh.isPending}
          aria-label={`Refresh ${doc.name}`}
          onClick={() => refresh.mutate({ sources: [id] })}
        >
          Refresh
        </Button>
        <SourceMenu source={source} onRefresh={(how) => refresh.mutate({ sources: [id], ...how })} />
      </div>
    </article>
  );
}

function Last({ source: { last, state } }: { source: SourceInfo }) {
  if (!last)
    return <span className={classes.dimmed}>{state === "running" ? "first refresh" : "not refreshed yet"}</span>;
  return (
    <>
      <span className={classes.dimmed} title={localMoment(last.at_ms)}>
        refreshed {ago(last.at_ms, Date.now())}
      </span>
      <RefreshFacts info={last} />
    </>
  );
}

function News({ news: { available, text } }: { news: SourceNews }) {
  if (available === null) return text === "" ? null : <Text className={classes.newsUnknown}>{text}</Text>;
  return (
    <Text className={classes.news}>
      <IconBell size={14} aria-hidden />
      <strong>Update available.</strong> {text}
    </Text>
  );
}

function Running({ job }: { job: string }) {
  const detail = useJob(job);
  if (!detail.data || !isActive(detail.data.info.state)) return null;
  return <JobProgress job={detail.data.info} />;
}
