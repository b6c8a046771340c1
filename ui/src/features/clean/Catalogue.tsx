import { ActionIcon, ScrollArea, TextInput, UnstyledButton } from "@mantine/core";
import { IconSearch, IconX } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import type { StepInfo } from "../../generated/rpc";
import { Prose } from "../../shared/Prose";
import classes from "./clean.module.css";
import { ExampleTable } from "./ExampleTable";
import { findKinds, grouped, kindsForColumn } from "./steps";

interface Props {
  catalogue: StepInfo[];
  column: string | undefined;
  columnType: string | undefined;
  /** Whether the recipe has no step yet. */
  empty: boolean;
  /** The number of the step it will stand after; 0 for the end. */
  after: number;
  onCancel(): void;
  onAdd(kind: StepInfo, column?: string): void;
}

/** All kinds of steps, found by typing; the one pointed at shows an example. */
export function Catalogue({ catalogue, column, columnType, empty, after, onCancel, onAdd }: Props) {
  const [wanted, setWanted] = useState("");
  const [pointed, setPointed] = useState<string | null>(null);
  const offered = column === undefined ? catalogue : kindsForColumn(catalogue, columnType ?? "text");
  const found = useMemo(() => findKinds(offered, wanted), [offered, wanted]);
  const title = column !== undefined ? `A step for ${column}` : empty ? "Add the first step" : "Add a step";
  return (
    <>
      <div className={classes.panelHead}>
        <h2 className={classes.panelTitle}>{title}</h2>
        {after > 0 && <span className={classes.basis}>after step {after}</span>}
        <ActionIcon ml="auto" size={24} aria-label="Back to the recipe" onClick={onCancel}>
          <IconX size={16} aria-hidden />
        </ActionIcon>
      </div>
      <div className={classes.search}>
        <TextInput
          data-autofocus
          autoFocus
          aria-label="Find a step"
          placeholder="What should be done? For example: spaces, dates, duplicates"
          leftSection={<IconSearch size={14} aria-hidden />}
          value={wanted}
          onChange={(event) => setWanted(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter" && found[0]) onAdd(found[0], column);
            if (event.key === "Escape") onCancel();
          }}
        />
      </div>
      <ScrollArea className={classes.steps} type="auto" scrollbarSize={8}>
        {found.length === 0 && <p className={classes.invite}>No step is described with these words.</p>}
        {(wanted.trim() ? [["", found] as const] : grouped(found)).map(([group, kinds]) => (
          <section key={group} aria-label={group || "Found steps"}>
            {group && <h3 className={classes.group}>{group}</h3>}
            {kinds.map((kind) => (
              <div key={kind.kind} className={classes.kind}>
                <UnstyledButton
                  className={classes.kindButton}
                  onClick={() => onAdd(kind, column)}
                  onMouseEnter={() => setPointed(kind.kind)}
                  onFocus={() => setPointed(kind.kind)}
                >
                  <span className={classes.kindTitle}>{kind.title}</span>
                  <span className={classes.kindSays}>
                    <Prose text={kind.description} />
                  </span>
                </UnstyledButton>
                {pointed === kind.kind && kind.examples[0] && <ExampleTable example={kind.examples[0]} />}
              </div>
            ))}
          </section>
        ))}
      </ScrollArea>
    </>
  );
}
