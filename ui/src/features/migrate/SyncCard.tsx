import { Anchor, Button } from "@mantine/core";
import { IconArrowNarrowRight, IconPlayerPlay } from "@tabler/icons-react";
import { Link } from "wouter";
import type { SyncInfo } from "../../generated/rpc";
import { toProblem } from "../../platform";
import { syncAddress } from "../../shared/addresses";
import { ago, localMoment } from "../../shared/format";
import { ProblemNotice } from "../../shared/ProblemNotice";
import { whatWords } from "./draft";
import classes from "./migrate.module.css";
import { MODES } from "./modes";
import { useStart, useSyncWatched } from "./queries";
import { RunProgress } from "./RunProgress";
import { StateBadge } from "./StateBadge";
import { SyncMenu } from "./SyncMenu";
import { isUnfinished, runFacts, STATES } from "./verdict";

/** One sync: what it sends where, how it stands, and what can be done with it. */
export function SyncCard({ sync }: { sync: SyncInfo }) {
  const start = useStart(sync.id);
  useSyncWatched(sync);
  const { doc, id, last } = sync;
  const running = sync.state === "running";
  const unfinished = isUnfinished(sync);
  const failed = last.find(({ problem }) => problem)?.problem;
  const [first] = last;
  return (
    <article className={classes.sync} aria-label={doc.name}>
      <div className={classes.syncMain}>
        <div className={classes.syncHead}>
          <Anchor component={Link} href={syncAddress(id)} inherit className={classes.syncTitle}>
            {doc.name}
          </Anchor>
          <State sync={sync} />
        </div>
        <Route sync={sync} />
        {running ? (
          <RunProgress sync={sync} />
        ) : (
          first && (
            <div className={classes.facts}>
              <span title={localMoment(first.at_ms)}>{ago(first.at_ms, Date.now())}</span>
              {runFacts(last).map((fact) => (
                <span key={fact}>{fact}</span>
              ))}
            </div>
          )
        )}
        {!running && failed && sync.state === "failed" && <ProblemNotice problem={failed} compact />}
        {start.error && <ProblemNotice problem={toProblem(start.error)} compact />}
      </div>
      <div className={classes.syncActions}>
        <Button
          variant="default"
          leftSection={<IconPlayerPlay size={14} aria-hidden />}
          disabled={running}
          loading={start.isPending}
          aria-label={`${unfinished ? "Go on with" : "Run"} ${doc.name}`}
          onClick={() => start.mutate({ id, anew: false })}
        >
          {unfinished ? "Go on" : "Run"}
        </Button>
        <SyncMenu sync={sync} onAnew={() => start.mutate({ id, anew: true })} />
      </div>
    </article>
  );
}

/** How a sync stands; one that is done says whether the target was found to be the same. */
function State({ sync: { state, last } }: { sync: SyncInfo }) {
  const matched =
    last.length > 0 && last.every(({ verification: found }) => found?.matched && found.comparisons.length > 0);
  const { word, tone } = STATES[state] ?? { word: state, tone: "plain" as const };
  return <StateBadge word={state === "done" && matched ? "matched" : word} tone={tone} />;
}

/** What goes where, and how. */
export function Route({ sync: { doc, connection_name: name, kind_title: kind } }: { sync: SyncInfo }) {
  return (
    <div className={classes.route}>
      <span>{whatWords(doc)}</span>
      <IconArrowNarrowRight size={16} aria-label="to" />
      <span>
        {name} <span className={classes.dimmed}>{kind}</span>
      </span>
      <span className={classes.mode} title={MODES[doc.mode].says}>
        {MODES[doc.mode].label}
      </span>
    </div>
  );
}
