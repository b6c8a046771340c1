import { Button, Progress, Text } from "@mantine/core";
import { bytes, counted } from "../../shared/format";
import classes from "./sources.module.css";
import { useTicketProgress } from "./useTicketProgress";

interface TicketProgressProps {
  ticket: string;
  /** What is done, in words, until the engine says more. */
  what: string;
  onCancel(): void;
}

/** How far a request is, and the way to stop it. */
export function TicketProgress({ ticket, what, onCancel }: TicketProgressProps) {
  const progress = useTicketProgress(ticket);
  const share = progress && progress.bytes_total > 0 ? progress.bytes / progress.bytes_total : null;
  const facts: string[] = [];
  if (progress && progress.rows > 0) facts.push(counted(progress.rows, "row"));
  if (progress && progress.bytes > 0) {
    facts.push(share === null ? bytes(progress.bytes) : `${bytes(progress.bytes)} of ${bytes(progress.bytes_total)}`);
  }
  return (
    <div className={classes.progress} role="status">
      <div className={classes.progressWords}>
        <Text size="xs" fw={600}>
          {progress?.stage || what}
        </Text>
        <Text size="xs" c="dimmed" truncate className={classes.rest}>
          {[...facts, progress?.line ?? ""].filter((part) => part !== "").join(" · ")}
        </Text>
        <Button variant="default" size="compact-xs" onClick={onCancel}>
          Cancel
        </Button>
      </div>
      <Progress
        value={share === null ? 100 : Math.min(1, share) * 100}
        animated={share === null}
        striped={share === null}
        size="sm"
        aria-label={`Progress: ${what}`}
      />
    </div>
  );
}
