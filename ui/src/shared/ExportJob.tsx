import { Button, Code, CopyButton, Group, Progress, Stack, Text } from "@mantine/core";
import { IconCircleCheck } from "@tabler/icons-react";
import type { JobInfo } from "../generated/rpc";
import { platform, rpc, toProblem } from "../platform";
import { bytes, count, counted, duration, fileName } from "./format";
import { ProblemNotice } from "./ProblemNotice";
import { isActive, jobShare, useJob, useJobsChanged } from "./queries";

interface Props {
  job: string;
  /** Back to the choices. */
  onAgain(): void;
  onClose(): void;
}

/** An export as it runs and what it wrote. */
export function ExportJob({ job, onAgain, onClose }: Props) {
  const { data, error } = useJob(job);
  if (error) return <ProblemNotice problem={toProblem(error)} />;
  if (!data || isActive(data.info.state)) return <Running job={job} info={data?.info} onClose={onClose} />;
  const { info } = data;
  if (info.state === "succeeded") return <Written info={info} onClose={onClose} />;
  return (
    <Stack gap="md">
      {info.problem && info.state === "failed" ? (
        <ProblemNotice problem={info.problem} />
      ) : (
        <Text>The export was {info.state}; no file was left behind.</Text>
      )}
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={onClose}>
          Close
        </Button>
        <Button onClick={onAgain}>Choose again</Button>
      </Group>
    </Stack>
  );
}

function Running({ job, info, onClose }: { job: string; info: JobInfo | undefined; onClose(): void }) {
  const jobsChanged = useJobsChanged();
  const share = info ? jobShare(info) : null;
  const cancel = async () => {
    // A job that ended in the meantime cannot be cancelled; the answer shown next says how it ended.
    await rpc("job_cancel", { id: job }).catch(() => undefined);
    await jobsChanged();
  };
  return (
    <Stack gap="md">
      <Text>{info?.stage || "Starting"}</Text>
      <Progress value={(share ?? 1) * 100} animated={share === null} aria-label="Progress of the export" />
      <Text size="xs" c="dimmed" className="tabular">
        {info && info.rows > 0
          ? `${count(info.rows)}${info.rows_total > 0 ? ` of ${count(info.rows_total)}` : ""} rows`
          : "\u00a0"}
        {info?.seconds_left ? ` · about ${duration(info.seconds_left)} left` : ""}
      </Text>
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={onClose}>
          Leave it running
        </Button>
        <Button variant="light" color="red" onClick={() => void cancel()}>
          Cancel export
        </Button>
      </Group>
    </Stack>
  );
}

/** The members of an export's result, as `JobDetail` documents them. */
interface ExportResult {
  path: string;
  rows: number;
  bytes: number;
  seconds: number;
}

function Written({ info, onClose }: { info: JobInfo; onClose(): void }) {
  const result = info.result as ExportResult;
  return (
    <Stack gap="md">
      <Group gap="xs" wrap="nowrap">
        <IconCircleCheck size={20} color="var(--pulse-added)" aria-hidden />
        <Text fw={600}>
          {counted(result.rows, "row")} written, {bytes(result.bytes)} in {duration(result.seconds)}
        </Text>
      </Group>
      <Code block style={{ overflowWrap: "anywhere", whiteSpace: "pre-wrap" }}>
        {result.path}
      </Code>
      <Group justify="flex-end" gap="xs">
        <CopyButton value={result.path}>
          {({ copied, copy }) => (
            <Button variant="default" onClick={copy}>
              {copied ? "Copied" : "Copy path"}
            </Button>
          )}
        </CopyButton>
        {platform.kind === "browser" && (
          <Button variant="default" onClick={() => platform.download(result.path)}>
            Download {fileName(result.path)}
          </Button>
        )}
        <Button onClick={onClose}>Close</Button>
      </Group>
    </Stack>
  );
}
