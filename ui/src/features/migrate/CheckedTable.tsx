import { Button, Text, UnstyledButton } from "@mantine/core";
import { IconArrowNarrowRight, IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import { useId, useState } from "react";
import type { SyncPreflight } from "../../generated/rpc";
import { counted } from "../../shared/format";
import { ProblemNotice } from "../../shared/ProblemNotice";
import { Prose } from "../../shared/Prose";
import { Findings } from "./Findings";
import common from "./migrate.module.css";
import classes from "./report.module.css";
import { StateBadge } from "./StateBadge";
import { Statements } from "./Statements";
import { SEVERITIES, type Tone } from "./verdict";

interface CheckedTableProps {
  found: SyncPreflight;
  /** The target's name. */
  target: string;
  opened: boolean;
  /** Edited statements by their ids. */
  edits: Readonly<Record<string, string>>;
  /** Absent for a table that is sent because everything is. */
  onEdits?(edits: Record<string, string>): void;
  /** Takes what is left of the edits and checks again. */
  onReset(edits: Record<string, string>): void;
  /** Gives such a table settings of its own. */
  onSettle(): void;
}

/** What a sync would do with one table: the target's state, what was found, and what will be run there. */
export function CheckedTable({ found, target, opened, edits, onEdits, onReset, onSettle }: CheckedTableProps) {
  const [open, setOpen] = useState(opened);
  const id = useId();
  const { word, tone } = state(found);
  const Chevron = open ? IconChevronDown : IconChevronRight;
  const { origin, problem, findings, statements, rows, deleted } = found;
  return (
    <article className={classes.runReport} aria-label={`Check of ${origin}`}>
      <UnstyledButton
        className={classes.runHead}
        aria-expanded={open}
        aria-controls={id}
        onClick={() => setOpen(!open)}
      >
        <Chevron size={16} aria-hidden />
        <strong>{origin}</strong>
        <IconArrowNarrowRight size={16} aria-label="to" />
        <strong>{target}</strong>
        <StateBadge word={word} tone={tone} />
        <span className={common.rest} />
        <span className={common.dimmed}>
          {counted(rows, "row")}
          {deleted > 0 && `, ${counted(deleted, "row")} deleted`}
        </span>
      </UnstyledButton>
      {open && (
        <div id={id} className={classes.runBody}>
          {problem && <ProblemNotice problem={problem} compact />}
          {found.state !== "" && (
            <Text size="xs">
              <Prose text={found.state} />
            </Text>
          )}
          <Findings findings={findings} />
          <Statements statements={statements} edits={edits} onEdits={onEdits} onReset={onReset} />
          {!onEdits && (
            <Button variant="subtle" className={common.add} onClick={onSettle}>
              Give {origin.replace(/@.*$/, "")} settings of its own
            </Button>
          )}
        </div>
      )}
    </article>
  );
}

/** The worst of what was found, in a word. */
function state({ problem, ready, findings }: SyncPreflight): { word: string; tone: Tone } {
  if (problem) return { word: "not checked", tone: "bad" };
  if (!ready) return { word: "cannot be sent", tone: "bad" };
  const rejects = findings.some(({ severity }) => severity === "rejects");
  return rejects ? { word: SEVERITIES.rejects?.word ?? "", tone: "warn" } : { word: "ready", tone: "good" };
}
