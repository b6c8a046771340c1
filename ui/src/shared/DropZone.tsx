import { Button, Text } from "@mantine/core";
import { IconFileImport } from "@tabler/icons-react";
import classes from "./DropZone.module.css";
import { ProblemNotice } from "./ProblemNotice";
import { useChooseFiles } from "./useChooseFiles";

/** Where to drop files, or to choose them. Dropping works anywhere in the window; this says so. */
export function DropZone({ compact }: { compact?: boolean }) {
  const { busy, problem, chooseFiles, chooseFolder } = useChooseFiles();
  return (
    <section className={classes.zone} data-compact={compact || undefined} aria-label="Choose what to import">
      <IconFileImport size={compact ? 24 : 40} stroke={1.4} className={classes.icon} aria-hidden />
      <div>
        <Text fw={600} size={compact ? "md" : "lg"}>
          Drop files here
        </Text>
        <Text c="dimmed" size="xs">
          CSV, TSV, JSON, NDJSON or Parquet, also in gzip or zip
        </Text>
      </div>
      <div className={classes.buttons}>
        <Button variant={compact ? "default" : "filled"} loading={busy} onClick={chooseFiles}>
          Choose files
        </Button>
        {chooseFolder && (
          <Button variant="default" disabled={busy} onClick={chooseFolder}>
            Choose a folder
          </Button>
        )}
      </div>
      {problem && <ProblemNotice problem={problem} compact />}
    </section>
  );
}
