import { Skeleton, Stack, Text, Title } from "@mantine/core";
import { toProblem } from "../../platform";
import { ConnectionWays } from "../../shared/ConnectionWays";
import { DropZone } from "../../shared/DropZone";
import { ProblemNotice } from "../../shared/ProblemNotice";
import { useJobs, useTables, useWorkspace } from "../../shared/queries";
import { FailedJobs } from "./FailedJobs";
import classes from "./home.module.css";
import { RecentTables } from "./RecentTables";
import { Samples } from "./Samples";

/** Where to start, or where you left off. */
export default function HomePage() {
  const tables = useTables();
  const jobs = useJobs();
  const workspace = useWorkspace();
  const failed = tables.error ?? workspace.error;
  if (failed) {
    const again = () => void Promise.all([tables.refetch(), workspace.refetch()]);
    return (
      <div className={classes.page}>
        <ProblemNotice problem={toProblem(failed)} action={{ label: "Try again", run: again }} />
      </div>
    );
  }
  if (!tables.data) return <Loading />;
  const samples = workspace.data?.samples ?? [];
  if (tables.data.length === 0) {
    return (
      <div className={classes.page}>
        <header className={classes.welcome}>
          <Title order={1}>Start with some data</Title>
          <Text c="dimmed">
            See the rows as they will become before anything is imported; nothing leaves this machine.
          </Text>
        </header>
        <FailedJobs jobs={jobs.data ?? []} />
        <DropZone />
        <ConnectionWays />
        <Samples samples={samples} />
      </div>
    );
  }
  return (
    <div className={classes.page}>
      <Title order={1}>{workspace.data?.name ?? "Home"}</Title>
      <FailedJobs jobs={jobs.data ?? []} />
      <RecentTables tables={tables.data} />
      <DropZone compact />
      <ConnectionWays />
      <Samples samples={samples.filter((sample) => !tables.data.some(({ table }) => table === sample.table))} />
    </div>
  );
}

function Loading() {
  return (
    <Stack className={classes.page} aria-busy aria-label="Loading">
      <Skeleton h={28} w={220} />
      <Skeleton h={240} />
    </Stack>
  );
}
