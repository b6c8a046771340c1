import { useMantineColorScheme } from "@mantine/core";
import {
  IconBolt,
  IconColumns,
  IconDatabaseExport,
  IconDatabaseImport,
  IconFileImport,
  IconListCheck,
  IconPlugConnected,
  IconTable,
  IconWand,
  type TablerIcon,
} from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useLocation } from "wouter";
import { platform, rpc } from "../platform";
import { useOfferedActions } from "../shared/actions";
import {
  cleanAddress,
  connectionsAddress,
  importAddress,
  newSourceAddress,
  newSyncAddress,
  sourceAddress,
  syncAddress,
  tableAddress,
} from "../shared/addresses";
import { useConnections, useSources } from "../shared/connections";
import { counted } from "../shared/format";
import { useWorkspace } from "../shared/queries";
import { syncsQuery } from "../shared/syncs";
import type { Findable } from "./findEntries";
import { pages } from "./pages";
import { THEMES } from "./ThemeSwitch";

/** One answer of the search. */
export interface Entry extends Findable {
  id: string;
  icon: TablerIcon;
  run(): void;
}

/** Everything the search reaches: what the page offers, pages, tables, actions, columns. */
export function useSearchEntries(opened: boolean, onJobs: () => void): Entry[] {
  const [, navigate] = useLocation();
  const offered = useOfferedActions();
  const workspace = useWorkspace();
  const { setColorScheme } = useMantineColorScheme();
  const sources = useSources();
  const connections = useConnections();
  const syncs = useQuery({ ...syncsQuery, enabled: opened });
  const vocabulary = useQuery({
    queryKey: ["tables", "vocabulary"],
    queryFn: () => rpc("sql_vocabulary", {}),
    enabled: opened,
  });
  return useMemo(() => {
    const go = (to: string) => () => navigate(to);
    const open = async () => {
      const paths = await platform.pickFiles();
      if (paths.length > 0) navigate(importAddress(paths));
    };
    const tables = vocabulary.data?.tables ?? [];
    return [
      ...offered.flat().map((action) => ({ icon: IconBolt, ...action })),
      ...pages.flatMap(({ icon, path, title, description }) =>
        icon ? [{ id: path, label: title, description, icon, run: go(path) }] : [],
      ),
      ...tables.map(({ table, rows }) => ({
        id: `table ${table}`,
        label: table,
        description: `Table, ${counted(rows, "row")}`,
        icon: IconTable,
        run: go(tableAddress(table)),
      })),
      ...tables.map(({ table }) => ({
        id: `clean ${table}`,
        label: `Clean ${table}`,
        description: "Open its recipe",
        icon: IconWand,
        run: go(cleanAddress(table)),
      })),
      { id: "open", label: "Import files…", description: "Choose files", icon: IconFileImport, run: () => void open() },
      {
        id: "new source",
        label: "Import from a connection…",
        description: "Look around in an outside system",
        icon: IconDatabaseImport,
        run: go(newSourceAddress()),
      },
      ...(sources.data ?? []).map(({ id, doc, reads }) => ({
        id: `source ${id}`,
        label: doc.name,
        description: `Source of ${doc.table}, ${reads}`,
        icon: IconDatabaseImport,
        run: go(sourceAddress(id)),
      })),
      {
        id: "new sync",
        label: "Send tables to another system…",
        description: "A new sync",
        icon: IconDatabaseExport,
        run: go(newSyncAddress()),
      },
      ...(syncs.data ?? []).map(({ id, doc, connection_name }) => ({
        id: `sync ${id}`,
        label: doc.name,
        description: `Sync to ${connection_name}`,
        icon: IconDatabaseExport,
        run: go(syncAddress(id)),
      })),
      ...(connections.data ?? []).map(({ id, name, kind_title }) => ({
        id: `connection ${id}`,
        label: name,
        description: `Connection, ${kind_title}`,
        icon: IconPlugConnected,
        run: go(connectionsAddress({ id })),
      })),
      ...(workspace.data?.samples ?? []).map((sample) => ({
        id: `sample ${sample.path}`,
        label: `Open the sample ${sample.title}`,
        description: sample.description,
        icon: IconFileImport,
        run: go(importAddress([sample.path])),
      })),
      { id: "jobs", label: "Show the jobs", description: "Progress and logs", icon: IconListCheck, run: onJobs },
      ...THEMES.map(({ value, label, icon }) => ({ id: value, label, icon, run: () => setColorScheme(value) })),
      ...tables.flatMap(({ table, columns }) =>
        columns.map(({ name, type }) => ({
          id: `column ${table} ${name}`,
          label: name,
          description: `Column of ${table}, ${type}`,
          icon: IconColumns,
          run: go(tableAddress(table, { column: name })),
        })),
      ),
    ];
  }, [
    offered,
    workspace.data,
    vocabulary.data,
    sources.data,
    syncs.data,
    connections.data,
    navigate,
    onJobs,
    setColorScheme,
  ]);
}
