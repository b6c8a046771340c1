import classes from "./editor.module.css";
import common from "./migrate.module.css";
import type { ExampleRow, ExplainedMode } from "./modes";

/** What a mode does to a target of two rows. The sentence beside it says the same to screen readers. */
export function ModeExample({ mode: { before, sent, after } }: { mode: ExplainedMode }) {
  return (
    <span className={classes.example} aria-hidden>
      <Side title="before" rows={before} />
      <Side title="sent" rows={sent} />
      <Side title="after" rows={after} />
    </span>
  );
}

function Side({ title, rows }: { title: string; rows: readonly ExampleRow[] }) {
  return (
    <span className={classes.exampleSide}>
      <span className={common.dimmed}>{title}</span>
      {rows.map(([key, value, mark]) => (
        <span key={`${key}${value}`} className={classes.exampleRow} data-mark={mark || undefined}>
          <span>{key}</span>
          <span>{value}</span>
        </span>
      ))}
    </span>
  );
}
