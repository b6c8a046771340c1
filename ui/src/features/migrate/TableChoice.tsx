import { Checkbox, Select, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import type { SyncFrom, TableInfo } from "../../generated/rpc";
import { toProblem } from "../../platform";
import { useSources } from "../../shared/connections";
import { counted } from "../../shared/format";
import { ProblemNotice } from "../../shared/ProblemNotice";
import { useTables } from "../../shared/queries";
import { newPart, withPart } from "./draft";
import classes from "./editor.module.css";
import common from "./migrate.module.css";
import { sourceKey } from "./preparation";
import { useRecipes } from "./queries";
import type { DocProps } from "./WhatStep";

/** From how many tables on they can be searched. */
const MANY = 8;

/** The tables of the workspace; those that are sent have a version. */
export function TableChoice({ doc, destination, onChange }: DocProps) {
  const tables = useTables();
  const sources = useSources();
  const recipes = useRecipes();
  const [search, setSearch] = useState("");
  if (tables.error) return <ProblemNotice problem={toProblem(tables.error)} compact />;
  const all = tables.data ?? [];
  if (tables.data && all.length === 0) {
    return <Text c="dimmed">There are no tables yet. Import one first, or write a query.</Text>;
  }
  const shown = all.filter(({ table }) => table.includes(search.trim().toLowerCase()));
  const partOf = (table: string) => doc.parts.findIndex(({ from }) => from.kind === "table" && from.table === table);
  const choose = (table: string, on: boolean) => {
    const at = partOf(table);
    if (!on) return onChange({ ...doc, parts: doc.parts.filter((_, index) => index !== at) });
    const key = sourceKey(table, sources.data ?? [], recipes.data ?? []);
    onChange({ ...doc, parts: [...doc.parts, newPart({ kind: "table", table }, doc.parts, destination, key)] });
  };
  return (
    <div>
      {all.length > MANY && (
        <TextInput
          aria-label="Search the tables"
          placeholder="Search the tables"
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
          mb={8}
        />
      )}
      <ul className={classes.tables} aria-label="Tables">
        {shown.map((info) => {
          const at = partOf(info.table);
          const from = doc.parts[at]?.from;
          return (
            <li key={info.table}>
              <Checkbox
                label={info.table}
                checked={at >= 0}
                disabled={info.problem !== null && at < 0}
                onChange={(event) => choose(info.table, event.currentTarget.checked)}
              />
              <span className={common.dimmed}>{info.problem?.message ?? counted(info.rows, "row")}</span>
              <span className={common.rest} />
              {from?.kind === "table" && (
                <Version info={info} from={from} onChange={(next) => onChange(withPart(doc, at, { from: next }))} />
              )}
            </li>
          );
        })}
      </ul>
    </div>
  );
}

interface VersionProps {
  info: TableInfo;
  from: Extract<SyncFrom, { kind: "table" }>;
  onChange(from: SyncFrom): void;
}

function Version({ info, from, onChange }: VersionProps) {
  const versions = Array.from({ length: info.version + 1 }, (_, index) => String(info.version - index));
  return (
    <Select
      aria-label={`Version of ${info.table}`}
      w={200}
      allowDeselect={false}
      searchable={versions.length > 12}
      value={from.version === undefined ? "newest" : String(from.version)}
      data={[
        { value: "newest", label: "The newest at each run" },
        ...versions.map((version) => ({ value: version, label: `Always version ${version}` })),
      ]}
      onChange={(value) =>
        onChange({ kind: "table", table: from.table, ...(value === "newest" ? {} : { version: Number(value) }) })
      }
    />
  );
}
