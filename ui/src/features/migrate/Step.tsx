import { Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import type { StepId } from "./draft";
import classes from "./editor.module.css";

interface StepProps {
  id: StepId;
  title: string;
  /** What has to be done before, as a sentence; null when it is this step's turn. */
  waits?: string | null;
  children: ReactNode;
}

/** One step of the page. */
export function Step({ id, title, waits = null, children }: StepProps) {
  return (
    <section
      className={classes.step}
      id={`step-${id}`}
      aria-labelledby={`title-${id}`}
      data-waits={waits !== null || undefined}
    >
      <Title order={2} id={`title-${id}`}>
        {title}
      </Title>
      {waits === null ? children : <Text c="dimmed">{waits}</Text>}
    </section>
  );
}
