import { Button, Text } from "@mantine/core";
import { useState } from "react";
import type { PreflightStatement } from "../../generated/rpc";
import { CodeEditor } from "../../shared/editor/CodeEditor";
import common from "./migrate.module.css";
import classes from "./report.module.css";

interface StatementsProps {
  statements: readonly PreflightStatement[];
  /** Edited texts by their statements' ids. */
  edits: Readonly<Record<string, string>>;
  onEdits?(edits: Record<string, string>): void;
  /** Takes the edits that are left when one is undone. */
  onReset(edits: Record<string, string>): void;
}

/** What will be run or created at the target; where it may be, it can be edited and reset. */
export function Statements({ statements, edits, onEdits, onReset }: StatementsProps) {
  const [shown, setShown] = useState(false);
  if (statements.length === 0) return null;
  const edited = statements.filter(({ id }) => edits[id] !== undefined).length;
  if (!shown) {
    // More titles would run over the card's edge.
    const what =
      statements.length > 2 ? `${statements.length} statements` : statements.map(({ title }) => title).join(", ");
    return (
      <Button variant="subtle" className={common.add} aria-expanded={false} onClick={() => setShown(true)}>
        {`Show what will be run there: ${what}`}
        {edited > 0 && ` (${edited} edited)`}
      </Button>
    );
  }
  const without = (id: string) => Object.fromEntries(Object.entries(edits).filter(([other]) => other !== id));
  return (
    <div className={classes.statements}>
      {statements.map(({ id, title, text, language, editable }) => (
        <section key={id} aria-label={title}>
          <div className={classes.statementHead}>
            <Text size="xs" fw={600}>
              {title}
            </Text>
            {edits[id] !== undefined && <span className={classes.edited}>edited</span>}
            <span className={common.rest} />
            {edits[id] !== undefined && (
              <Button variant="subtle" size="compact-xs" onClick={() => onReset(without(id))}>
                Reset
              </Button>
            )}
          </div>
          <CodeEditor
            language={language}
            label={title}
            value={edits[id] ?? text}
            onChange={editable && onEdits ? (next) => onEdits({ ...edits, [id]: next }) : undefined}
          />
        </section>
      ))}
    </div>
  );
}
