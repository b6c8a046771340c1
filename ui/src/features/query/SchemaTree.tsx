import { ActionIcon, Text, TextInput, UnstyledButton } from "@mantine/core";
import { IconChevronDown, IconChevronRight, IconSearch } from "@tabler/icons-react";
import { useState } from "react";
import type { Vocabulary, VocabularyTable } from "../../generated/rpc";
import { count } from "../../shared/format";
import classes from "./query.module.css";
import { quoted } from "./sqlText";

const LAYERS = ["gold", "silver", "bronze"];

interface Props {
  vocabulary: Vocabulary;
  /** Tables the query uses; they start opened. */
  used: ReadonlySet<string>;
  onInsert(text: string): void;
}

/** Tables by layer with their columns; a click writes the name into the query. */
export function SchemaTree({ vocabulary, used, onInsert }: Props) {
  const [search, setSearch] = useState("");
  const wanted = search.trim().toLowerCase();
  const found = vocabulary.tables.filter((table) => matches(table, wanted));
  return (
    <>
      <TextInput
        aria-label="Find a table or column"
        placeholder="Find a table or column"
        size="xs"
        leftSection={<IconSearch size={14} />}
        value={search}
        onChange={(event) => setSearch(event.currentTarget.value)}
        className={classes.search}
      />
      <div className={classes.scroll}>
        {LAYERS.map((layer) => {
          const tables = found.filter((table) => table.table.startsWith(`${layer}.`));
          return tables.length === 0 ? null : (
            <section key={layer} aria-label={`${layer} tables`}>
              <Text className={classes.layer}>{layer}</Text>
              {tables.map((table) => (
                <TableNode
                  key={table.table}
                  table={table}
                  search={wanted}
                  startsOpen={used.has(table.table)}
                  onInsert={onInsert}
                />
              ))}
            </section>
          );
        })}
        {found.length === 0 && (
          <Text size="xs" c="dimmed" p="xs">
            {wanted === "" ? "No tables yet. Import a file first." : `No table or column has “${search}” in its name.`}
          </Text>
        )}
      </div>
    </>
  );
}

function matches(table: VocabularyTable, wanted: string): boolean {
  return table.table.includes(wanted) || table.columns.some((column) => column.name.toLowerCase().includes(wanted));
}

interface NodeProps {
  table: VocabularyTable;
  search: string;
  startsOpen: boolean;
  onInsert(text: string): void;
}

function TableNode({ table, search, startsOpen, onInsert }: NodeProps) {
  const [toggled, setToggled] = useState<boolean | null>(null);
  const inColumns = search !== "" && !table.table.includes(search);
  const open = toggled ?? (startsOpen || inColumns);
  const columns = inColumns
    ? table.columns.filter((column) => column.name.toLowerCase().includes(search))
    : table.columns;
  const name = table.table.slice(table.table.indexOf(".") + 1);
  return (
    <div>
      <div className={classes.node}>
        <ActionIcon
          variant="subtle"
          color="gray"
          size="xs"
          aria-label={`${open ? "Hide" : "Show"} columns of ${table.table}`}
          aria-expanded={open}
          onClick={() => setToggled(!open)}
        >
          {open ? <IconChevronDown size={12} /> : <IconChevronRight size={12} />}
        </ActionIcon>
        <UnstyledButton
          className={classes.name}
          title={`Write ${table.table} into the query`}
          aria-label={`Insert ${table.table}`}
          onClick={() => onInsert(table.table)}
        >
          {name}
        </UnstyledButton>
        <span className={classes.faint}>{count(table.rows)}</span>
      </div>
      {open &&
        columns.map((column) => (
          <UnstyledButton
            key={column.name}
            className={classes.column}
            title={`Write ${column.name} into the query`}
            aria-label={`Insert ${column.name}`}
            onClick={() => onInsert(quoted(column.name))}
          >
            <span className={classes.name}>{column.name}</span>
            <span className={classes.faint}>{column.type}</span>
          </UnstyledButton>
        ))}
    </div>
  );
}
