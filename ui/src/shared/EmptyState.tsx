import { Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import classes from "./EmptyState.module.css";

interface EmptyStateProps {
  title: string;
  icon?: ReactNode;
  /** A sentence on what will be here and how it gets here. */
  children?: ReactNode;
  /** The button that fills the place. */
  action?: ReactNode;
}

/** What a place says while there is nothing in it. */
export function EmptyState({ title, icon, children, action }: EmptyStateProps) {
  return (
    <div className={classes.empty}>
      {icon && <div className={classes.icon}>{icon}</div>}
      <Title order={3}>{title}</Title>
      {children && (
        <Text c="dimmed" maw={440}>
          {children}
        </Text>
      )}
      {action && <div className={classes.action}>{action}</div>}
    </div>
  );
}
