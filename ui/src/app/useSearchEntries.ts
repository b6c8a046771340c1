import { useMantineColorScheme } from "@mantine/core";
import {
  IconBolt,
  IconColumns,
  IconFileImport,
  IconListCheck,
  IconTable,
  IconWand,
  type TablerIcon,
} from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useLocation } from "wouter";
import { platform, rpc } from "../platform";
import { useOfferedActions } from "../shared/actions";
import { cleanAddress, importAddress, tableAddress } from "../shared/addresses";
import { counted } from "../shared/format";
import { useWorkspace } from "../shared/queries";
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
  }, [offered, workspace.data, vocabulary.data, navigate, onJobs, setColorScheme]);
}
