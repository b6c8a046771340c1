import { Anchor, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import type { JobInfo, JobState } from "../generated/rpc";
import { tableAddress } from "../shared/addresses";
import { isActive, isWatched, jobProduct, useJobs } from "../shared/queries";

/** Notices when a job ends: tables are read again, and what no page shows is announced. */
export function useJobWatch(): void {
  const jobs = useJobs();
  const client = useQueryClient();
  const before = useRef<Map<string, JobState> | null>(null);
  useEffect(() => {
    if (!jobs.data) return;
    const ended = jobs.data.filter((job) => {
      const state = before.current?.get(job.id);
      const isNew = before.current !== null && state === undefined;
      return !isActive(job.state) && (isNew || (state !== undefined && isActive(state)));
    });
    before.current = new Map(jobs.data.map((job) => [job.id, job.state]));
    if (ended.length === 0) return;
    // Whatever a page shows may come from the table that was just written; jobs themselves are asked for anyway, and
    // outside systems are not asked again because of it.
    void client.invalidateQueries({ predicate: ({ queryKey: [first] }) => !UNTOUCHED.has(first) });
    for (const job of ended) if (!isWatched(job.id)) announce(job);
  }, [jobs.data, client]);
}

/** What a job does not change. */
const UNTOUCHED = new Set<unknown>(["jobs", "job", "news", "browse", "connectors", "ticket"]);

/** What came of rows that were sent to another system. */
function SentTo({ matched }: { matched: boolean }) {
  return (
    <>
      <Text size="xs">{matched ? "Sent." : "The target differs from what was sent."}</Text>
      <Anchor href="#/migrate">See the report</Anchor>
    </>
  );
}

function announce(job: JobInfo): void {
  if (job.state === "succeeded") {
    const { table, path, matched } = jobProduct(job);
    const product = table ? <Anchor href={`#${tableAddress(table)}`}>Open {table}</Anchor> : (path ?? "Done");
    notifications.show({
      title: job.title,
      color: matched === false ? "red" : undefined,
      autoClose: matched === false ? false : undefined,
      message: matched === undefined ? product : <SentTo matched={matched} />,
    });
  } else if (job.state === "failed") {
    notifications.show({
      color: "red",
      autoClose: false,
      title: `${job.title}: failed`,
      message: (
        <>
          <Text size="xs">{job.problem?.message}</Text>
          <Anchor href="#/jobs">See the job</Anchor>
        </>
      ),
    });
  }
}
