import { Button, TextInput, Title } from "@mantine/core";
import { IconCloudDownload, IconSearch, IconTable } from "@tabler/icons-react";
import { useState } from "react";
import { useLocation } from "wouter";
import type { TableInfo } from "../../generated/rpc";
import { toProblem } from "../../platform";
import { EmptyState } from "../../shared/EmptyState";
import { counted } from "../../shared/format";
import { ProblemNotice } from "../../shared/ProblemNotice";
import { useTables } from "../../shared/queries";
import { StatusLine } from "../../shared/StatusLine";
import { LayerSection } from "./LayerSection";
import classes from "./tables.module.css";

const LAYERS = [
  { layer: "gold", says: "Results of SQL models" },
  { layer: "silver", says: "Cleaned by a recipe" },
  { layer: "bronze", says: "As imported" },
];

/** All tables, grouped by layer. */
export default function TablesPage() {
  const tables = useTables();
  const [wanted, setWanted] = useState("");
  if (tables.error) {
    return (
      <div className={classes.page}>
        <ProblemNotice problem={toProblem(tables.error)} action={{ label: "Try again", run: () => tables.refetch() }} />
      </div>
    );
  }
  if (!tables.data) return null;
  if (tables.data.length === 0) return <NoTables />;
  const found = tables.data.filter(({ table }) => table.toLowerCase().includes(wanted.trim().toLowerCase()));
  const rows = tables.data.reduce((sum, table) => sum + table.rows, 0);
  return (
    <div className={classes.page}>
      <header className={classes.listHead}>
        <Title order={1}>Tables</Title>
        <TextInput
          aria-label="Find a table"
          placeholder="Find a table"
          leftSection={<IconSearch size={14} aria-hidden />}
          value={wanted}
          onChange={(event) => setWanted(event.currentTarget.value)}
          w={240}
        />
      </header>
      {LAYERS.map(({ layer, says }) => (
        <LayerSection key={layer} layer={layer} says={says} tables={inLayer(found, layer)} />
      ))}
      {found.length === 0 && (
        <EmptyState title={`No table is called “${wanted}”`}>Clear the box to see all.</EmptyState>
      )}
      <StatusLine>
        <span>{counted(tables.data.length, "table")}</span>
        <span>{counted(rows, "row")}</span>
      </StatusLine>
    </div>
  );
}

function inLayer(tables: TableInfo[], layer: string): TableInfo[] {
  return tables.filter((table) => table.layer === layer).toSorted((a, b) => a.name.localeCompare(b.name));
}

function NoTables() {
  const [, navigate] = useLocation();
  return (
    <EmptyState
      title="There are no tables yet"
      icon={<IconTable size={32} stroke={1.5} aria-hidden />}
      action={
        <Button leftSection={<IconCloudDownload size={16} aria-hidden />} onClick={() => navigate("/import")}>
          Import a file
        </Button>
      }
    >
      A table is made by importing a file: CSV, JSON or Parquet, also inside gz or zip. You can also drop files anywhere
      on this window.
    </EmptyState>
  );
}
