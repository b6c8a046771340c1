import { Button, Checkbox, Group, Modal, Radio, Stack, Text } from "@mantine/core";
import { useEffect, useState } from "react";
import type { ExportFormat, ExportSource, Problem } from "../generated/rpc";
import { platform, rpc, toProblem } from "../platform";
import { ExportJob } from "./ExportJob";
import { ProblemNotice } from "./ProblemNotice";
import { useJobsChanged } from "./queries";

const FORMATS: { value: ExportFormat; label: string; says: string }[] = [
  { value: "csv", label: "CSV", says: "Plain text that every spreadsheet opens; types are lost." },
  { value: "parquet", label: "Parquet", says: "Small and fast, keeps every type; for pandas, Spark and DuckDB." },
  { value: "json", label: "JSON", says: "One list of records; for scripts and web pages." },
  { value: "ndjson", label: "NDJSON", says: "One JSON record a line; for log tools and bulk loading." },
];

interface Props {
  opened: boolean;
  onClose(): void;
  source: ExportSource;
  /** The file's name without its ending, as it is suggested. */
  name: string;
}

/** Writes a table or a query's result to a file: format, place, progress and what was written. */
export function ExportDialog({ opened, onClose, source, name }: Props) {
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={`Export ${title(source)}`}
      size="md"
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <ExportForm onClose={onClose} source={source} name={name} />
    </Modal>
  );
}

function title(source: ExportSource): string {
  if (source.kind === "sql") return "the result";
  return source.version === undefined ? source.table : `${source.table}, version ${source.version}`;
}

function ExportForm({ onClose, source, name }: Omit<Props, "opened">) {
  const [format, setFormat] = useState<ExportFormat>("csv");
  const [guard, setGuard] = useState(true);
  const [elsewhere, setElsewhere] = useState(false);
  const [job, setJob] = useState<string | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [starting, setStarting] = useState(false);
  const jobsChanged = useJobsChanged();

  // A message about one choice says nothing about the next.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the choices are what the effect waits for.
  useEffect(() => setProblem(null), [format, guard, elsewhere]);

  const start = async () => {
    setStarting(true);
    try {
      const path = elsewhere ? await platform.pickSavePath(`${name}.${format}`) : undefined;
      if (path === null) return;
      const guard_formulas = format === "csv" && guard;
      const started = await rpc("export_start", { source, format, guard_formulas, ...(path ? { path } : {}) });
      setJob(started.job);
      await jobsChanged();
    } catch (error) {
      setProblem(toProblem(error));
    } finally {
      setStarting(false);
    }
  };

  if (job) return <ExportJob job={job} onAgain={() => setJob(null)} onClose={onClose} />;
  return (
    <Stack gap="md">
      <Radio.Group label="Format" value={format} onChange={(value) => setFormat(value as ExportFormat)}>
        <Stack gap={8} mt={8}>
          {FORMATS.map((each) => (
            <Radio key={each.value} value={each.value} label={each.label} description={each.says} />
          ))}
        </Stack>
      </Radio.Group>
      {format === "csv" && (
        <Checkbox
          checked={guard}
          onChange={(event) => setGuard(event.currentTarget.checked)}
          label="Guard against formulas"
          description="Text that a spreadsheet would run as a formula (it starts with =, +, - or @) gets a leading apostrophe; numbers stay as they are."
        />
      )}
      {platform.kind === "window" ? (
        <Radio.Group
          label="Place"
          value={elsewhere ? "elsewhere" : "exports"}
          onChange={(value) => setElsewhere(value === "elsewhere")}
        >
          <Stack gap={8} mt={8}>
            <Radio value="exports" label="The workspace's exports folder" />
            <Radio value="elsewhere" label="Another place, chosen next" />
          </Stack>
        </Radio.Group>
      ) : (
        <Text size="xs" c="dimmed">
          The file is written to the workspace's exports folder; you can download it from there.
        </Text>
      )}
      {problem && <ProblemNotice problem={problem} compact />}
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={onClose}>
          Close
        </Button>
        <Button onClick={() => void start()} loading={starting}>
          Export
        </Button>
      </Group>
    </Stack>
  );
}
