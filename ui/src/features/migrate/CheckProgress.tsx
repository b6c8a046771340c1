import { Button, Progress, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { rpc } from "../../platform";
import { counted } from "../../shared/format";
import classes from "./migrate.module.css";

/** How often a running check is asked how far it is, in ms. */
const POLL_MS = 300;

/** How far a check is, and the way to stop it. */
export function CheckProgress({ ticket, onCancel }: { ticket: string; onCancel(): void }) {
  const progress = useQuery({
    queryKey: ["ticket", ticket],
    queryFn: () => rpc("ticket_progress", { ticket }),
    refetchInterval: POLL_MS,
    gcTime: 0,
  }).data;
  const facts = [progress && progress.rows > 0 ? counted(progress.rows, "row") : "", progress?.line ?? ""];
  return (
    <div className={classes.running}>
      <div className={classes.runningHead}>
        <Text size="xs" fw={600} role="status">
          {progress?.stage || "Checking"}
        </Text>
        <Text size="xs" c="dimmed" truncate className={classes.rest}>
          {facts.filter((fact) => fact !== "").join(" · ")}
        </Text>
        <Button variant="default" size="compact-xs" onClick={onCancel}>
          Cancel
        </Button>
      </div>
      <Progress value={100} animated striped size="sm" aria-label="Progress of the check" />
    </div>
  );
}
