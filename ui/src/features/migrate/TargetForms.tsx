import { Button, Text, UnstyledButton } from "@mantine/core";
import { IconArrowNarrowRight, IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import { useState } from "react";
import { SchemaForm } from "../../forms/SchemaForm";
import { asMembers, type FormSchema, fieldsOf } from "../../forms/schema";
import type { ColumnInfo, DestinationInfo, Problem, SyncDoc } from "../../generated/rpc";
import { nameIn, originOf, targetName, withPart } from "./draft";
import classes from "./editor.module.css";
import common from "./migrate.module.css";
import type { Checking } from "./usePreflight";

interface TargetFormsProps {
  doc: SyncDoc;
  destination: DestinationInfo;
  columns: (readonly ColumnInfo[])[];
  check: Checking;
  onChange(doc: SyncDoc): void;
}

/** The target of each part; with several, all but the first are folded. */
export function TargetForms({ doc, destination, columns, check, onChange }: TargetFormsProps) {
  const [first] = doc.parts;
  const several = doc.parts.length > 1;
  const likeFirst = () => {
    const settings = asMembers(first?.target);
    const parts = doc.parts.map((part) => ({
      ...part,
      target: { ...settings, [destination.main]: asMembers(part.target)[destination.main] },
    }));
    onChange({ ...doc, parts });
  };
  return (
    <div className={classes.targets}>
      {doc.parts.map((part, at) => (
        <Target
          // biome-ignore lint/suspicious/noArrayIndexKey: the same table may be sent to two targets.
          key={at}
          origin={originOf(part.from)}
          name={targetName(part, destination) || "no name yet"}
          value={part.target}
          destination={destination}
          columns={columns[at] ?? []}
          opened={at === 0}
          problem={targetProblem(check, at, destination)}
          onChange={(target) => onChange(withPart(doc, at, { target }))}
        />
      ))}
      {doc.everything && (
        <Target
          origin={doc.parts.length > 0 ? "every other table" : "every table"}
          name={`${nameIn(doc.rest, destination)}layer_name`}
          note={NAMES}
          value={doc.rest}
          destination={destination}
          columns={[]}
          opened={doc.parts.length === 0}
          problem={null}
          onChange={(rest) => onChange({ ...doc, rest })}
        />
      )}
      {several && (
        <Button variant="subtle" onClick={likeFirst} className={common.add}>
          Use the first one's settings for all
        </Button>
      )}
    </div>
  );
}

/** How the targets of tables are named that are sent because everything is. */
const NAMES = "Each goes to a target named after its layer and itself. The name written here stands before it.";

interface TargetProps {
  /** What is sent, and where to, in words. */
  origin: string;
  name: string;
  /** What the form's fields mean here. */
  note?: string;
  value: unknown;
  destination: DestinationInfo;
  columns: readonly ColumnInfo[];
  opened: boolean;
  problem: Problem | null;
  onChange(target: unknown): void;
}

function Target({ origin, name, note, value, destination, columns, opened, problem, onChange }: TargetProps) {
  const [chosen, setOpen] = useState(opened);
  const open = chosen || problem !== null;
  const Chevron = open ? IconChevronDown : IconChevronRight;
  return (
    <section className={classes.target} aria-label={`Target of ${origin}`}>
      <UnstyledButton className={classes.targetHead} aria-expanded={open} onClick={() => setOpen(!open)}>
        <Chevron size={16} aria-hidden />
        <span>{origin}</span>
        <IconArrowNarrowRight size={16} aria-label="to" />
        <strong>{name}</strong>
      </UnstyledButton>
      {open && (
        <div className={classes.targetForm}>
          {note && (
            <Text size="xs" className={classes.hint}>
              {note}
            </Text>
          )}
          <SchemaForm
            schema={destination.target}
            value={value}
            onChange={onChange}
            columns={columns}
            problem={problem}
          />
        </div>
      )}
    </section>
  );
}

/** What a check says about a field of a target. */
function targetProblem({ found, problem }: Checking, at: number, { target }: DestinationInfo): Problem | null {
  const said = found?.[at]?.problem ?? problem;
  const field = said?.field?.replace(/^(parts\.\d+\.)?target\./, "");
  const known = fieldsOf(target as FormSchema).some(([name]) => name === field?.split(".")[0]);
  return said && known ? { ...said, field } : null;
}
