import { Button, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import type { Problem } from "../generated/rpc";
import { Linked } from "./Linked";
import classes from "./ProblemNotice.module.css";

/** The likely next action. */
export interface ProblemAction {
  label: string;
  run(): void;
}

interface ProblemNoticeProps {
  problem: Problem;
  action?: ProblemAction;
  /** What to say before the message, such as the name of a file. */
  title?: string;
  /** Less space around, for use inside lists and forms. */
  compact?: boolean;
}

/** An error where its cause is: what failed and why, what to do next, and a button for the likely next action. */
export function ProblemNotice({ problem, action, title, compact }: ProblemNoticeProps) {
  return (
    <div className={classes.notice} data-compact={compact || undefined} role="alert">
      <IconAlertTriangle size={18} className={classes.icon} aria-hidden />
      <div className={classes.words}>
        {title && <Text fw={600}>{title}</Text>}
        <Text className={classes.message} fw={title ? 400 : 600}>
          <Linked text={problem.message} />
        </Text>
        {problem.hint && (
          <Text className={classes.hint}>
            <Linked text={problem.hint} />
          </Text>
        )}
      </div>
      {action && (
        <Button variant="default" className={classes.action} onClick={action.run}>
          {action.label}
        </Button>
      )}
    </div>
  );
}
