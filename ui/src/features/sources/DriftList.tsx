import { Text, Title } from "@mantine/core";
import type { Drift } from "../../generated/rpc";
import { Prose } from "../../shared/Prose";
import classes from "./sources.module.css";

/** How the source's columns differ from the table's, and what will happen with each. */
export function DriftList({ drift }: { drift: Drift[] }) {
  return (
    <section aria-label="What will happen to the columns">
      <Title order={3}>What will happen to the columns</Title>
      {drift.length === 0 ? (
        <Text size="xs" c="dimmed">
          They are the same as in the table.
        </Text>
      ) : (
        <ul className={classes.drift}>
          {drift.map((one) => (
            <li key={`${one.column} ${one.change}`} data-stops={one.stops || undefined} data-change={one.change}>
              <span className={classes.columnHead}>
                <strong>{one.column}</strong>
                <span className={classes.entryKind}>{change(one)}</span>
              </span>
              <Prose text={one.effect} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function change({ change: kind, before, after }: Drift): string {
  if (kind === "new") return `new, ${after}`;
  if (kind === "gone") return `gone, was ${before}`;
  return `${before} becomes ${after}`;
}
