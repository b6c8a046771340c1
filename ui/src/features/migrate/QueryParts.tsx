import { ActionIcon, Button, TextInput } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { asMembers } from "../../forms/schema";
import { freeName } from "../../shared/connections";
import { CodeEditor } from "../../shared/editor/CodeEditor";
import { newPart, targetName, withPart } from "./draft";
import classes from "./editor.module.css";
import common from "./migrate.module.css";
import type { DocProps } from "./WhatStep";

/** The queries whose results are sent. */
export function QueryParts({ doc, destination, onChange }: DocProps) {
  const add = () => {
    const names = doc.parts.flatMap(({ from }) => (from.kind === "sql" ? [from.name] : []));
    const from = { kind: "sql" as const, name: freeName("result", names, "_"), sql: "" };
    onChange({ ...doc, parts: [...doc.parts, newPart(from, doc.parts, destination)] });
  };
  const rename = (at: number, name: string) => {
    const part = doc.parts[at];
    if (part?.from.kind !== "sql") return;
    // The target is called what the result is called until it is given another name.
    const follows = destination && targetName(part, destination) === part.from.name;
    const target = follows ? { ...asMembers(part.target), [destination.main]: name } : part.target;
    onChange(withPart(doc, at, { from: { ...part.from, name }, target }));
  };
  return (
    <div className={classes.queries}>
      {doc.parts.map(({ from }, at) =>
        from.kind === "sql" ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: a part has no other name than its place while it is written.
          <fieldset key={at} className={classes.query}>
            <legend className={common.hidden}>Query {from.name}</legend>
            <div className={classes.queryHead}>
              <TextInput
                label="The result is called"
                value={from.name}
                spellCheck={false}
                onChange={(event) => rename(at, event.currentTarget.value)}
              />
              <span className={common.rest} />
              <ActionIcon
                aria-label={`Remove the query ${from.name}`}
                onClick={() => onChange({ ...doc, parts: doc.parts.filter((_, index) => index !== at) })}
              >
                <IconTrash size={16} />
              </ActionIcon>
            </div>
            <CodeEditor
              language="sql"
              label={`Query ${from.name}`}
              placeholder="SELECT * FROM silver.…"
              value={from.sql}
              onChange={(sql) => onChange(withPart(doc, at, { from: { ...from, sql } }))}
            />
          </fieldset>
        ) : null,
      )}
      <Button variant="subtle" leftSection={<IconPlus size={14} aria-hidden />} onClick={add} className={common.add}>
        Add a query
      </Button>
    </div>
  );
}
