import { Button, Checkbox, Skeleton, Stack, Title } from "@mantine/core";
import { IconDatabaseImport, IconPlus, IconRefresh } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import type { SourceInfo, SourceNews } from "../../generated/rpc";
import { rpc, toProblem } from "../../platform";
import { newSourceAddress } from "../../shared/addresses";
import { useSources } from "../../shared/connections";
import { EmptyState } from "../../shared/EmptyState";
import { counted } from "../../shared/format";
import { ProblemNotice } from "../../shared/ProblemNotice";
import { StatusLine } from "../../shared/StatusLine";
import { SourceRow } from "./SourceRow";
import classes from "./sources.module.css";
import { useRefresh } from "./useRefresh";

/** Every saved source: what it reads, what its last refresh brought, and whether there is more. */
export default function SourcesPage() {
  const sources = useSources();
  if (sources.error) {
    return (
      <div className={classes.page}>
        <ProblemNotice
          problem={toProblem(sources.error)}
          action={{ label: "Try again", run: () => void sources.refetch() }}
        />
      </div>
    );
  }
  if (!sources.data) {
    return (
      <Stack className={classes.page} aria-busy aria-label="Loading">
        <Skeleton h={28} w={220} />
        <Skeleton h={200} />
      </Stack>
    );
  }
  if (sources.data.length === 0) return <NoSources />;
  return <SourceList sources={sources.data} />;
}

function SourceList({ sources }: { sources: SourceInfo[] }) {
  const [marked, setMarked] = useState<ReadonlySet<string>>(new Set());
  const refresh = useRefresh();
  // Outside systems are asked once each time the page is opened, not whenever it is drawn again.
  const news = useQuery({ queryKey: ["news"], queryFn: () => rpc("source_news", {}), gcTime: 0 });
  const chosen = sources.filter(({ id }) => marked.has(id));
  const mark = (ids: string[], on: boolean) => {
    const next = new Set(marked);
    for (const id of ids) on ? next.add(id) : next.delete(id);
    setMarked(next);
  };
  const all = sources.map(({ id }) => id);
  const fresh = sources.filter((one) => newsOf(one, news.data, news.dataUpdatedAt)?.available === true).length;
  return (
    <div className={classes.page}>
      <header className={classes.pageHead}>
        <Title order={1}>Sources</Title>
        <span className={classes.rest} />
        <Button variant="subtle" loading={news.isFetching} onClick={() => void news.refetch()}>
          Look for news
        </Button>
        <Button
          variant="default"
          leftSection={<IconRefresh size={14} aria-hidden />}
          loading={refresh.isPending}
          onClick={() => refresh.mutate({ sources: chosen.map(({ id }) => id) })}
        >
          {chosen.length > 0 ? `Refresh ${counted(chosen.length, "chosen source")}` : "Refresh all"}
        </Button>
        <Button component={Link} href={newSourceAddress()} leftSection={<IconPlus size={14} aria-hidden />}>
          New source
        </Button>
      </header>
      {refresh.error && <ProblemNotice problem={toProblem(refresh.error)} compact />}
      {news.error && <ProblemNotice title="Looking for news failed" problem={toProblem(news.error)} compact />}
      {sources.length > 1 && (
        <Checkbox
          className={classes.allSources}
          label={`${chosen.length} of ${counted(sources.length, "source")} chosen`}
          checked={chosen.length === sources.length}
          indeterminate={chosen.length > 0 && chosen.length < sources.length}
          onChange={(event) => mark(all, event.currentTarget.checked)}
        />
      )}
      <ul className={classes.sources} aria-label="Sources">
        {sources.map((source) => (
          <li key={source.id}>
            <SourceRow
              source={source}
              news={newsOf(source, news.data, news.dataUpdatedAt)}
              marked={marked.has(source.id)}
              onMark={sources.length > 1 ? (on) => mark([source.id], on) : undefined}
            />
          </li>
        ))}
      </ul>
      <StatusLine>
        <span>{counted(sources.length, "source")}</span>
        {news.data && <span>{fresh === 0 ? "no update known" : `${counted(fresh, "update")} available`}</span>}
      </StatusLine>
    </div>
  );
}

/** What is known to be new; what was known before the last refresh is not. */
function newsOf({ id, last }: SourceInfo, news: SourceNews[] | undefined, at: number): SourceNews | undefined {
  return (last?.at_ms ?? 0) > at ? undefined : news?.find((one) => one.source === id);
}

function NoSources() {
  return (
    <EmptyState
      title="There are no sources yet"
      icon={<IconDatabaseImport size={32} stroke={1.4} aria-hidden />}
      action={
        <Button component={Link} href={newSourceAddress()}>
          Import from a connection
        </Button>
      }
    >
      A source is what is read through a connection into a table, again and again: it is refreshed with one click and
      says what has changed.
    </EmptyState>
  );
}
