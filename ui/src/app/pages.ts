import {
  IconDatabaseExport,
  IconDatabaseImport,
  IconFileImport,
  IconHome,
  IconListCheck,
  IconPlugConnected,
  IconTable,
  IconTerminal2,
  type TablerIcon,
} from "@tabler/icons-react";
import { type ComponentType, type LazyExoticComponent, lazy } from "react";

/** One page of the window. To add a page is to add it to the list below. */
export interface Page {
  /** The address behind `#`; `:name` stands for a part. */
  path: string;
  /** Its name in the rail and in the search. */
  title: string;
  /** What it is for, in the search. */
  description?: string;
  /** Pages with an icon stand in the rail. */
  icon?: TablerIcon;
  view: LazyExoticComponent<ComponentType>;
}

/** All pages in the order of the rail; each is loaded when it is first shown. */
export const pages: readonly Page[] = [
  {
    path: "/",
    title: "Home",
    description: "Where you left off",
    icon: IconHome,
    view: lazy(() => import("../features/home/HomePage")),
  },
  {
    path: "/import",
    title: "Import",
    description: "Turn files into a table",
    icon: IconFileImport,
    view: lazy(() => import("../features/import/ImportPage")),
  },
  {
    path: "/sources",
    title: "Sources",
    description: "What is read through connections, and what has changed",
    icon: IconDatabaseImport,
    view: lazy(() => import("../features/sources/SourcesPage")),
  },
  { path: "/sources/new", title: "New source", view: lazy(() => import("../features/sources/NewSourcePage")) },
  { path: "/sources/:source", title: "Source", view: lazy(() => import("../features/sources/SourcePage")) },
  {
    path: "/tables",
    title: "Tables",
    description: "All tables of the workspace",
    icon: IconTable,
    view: lazy(() => import("../features/tables/TablesPage")),
  },
  { path: "/tables/:table/clean", title: "Clean", view: lazy(() => import("../features/clean/CleanPage")) },
  { path: "/tables/:table", title: "Table", view: lazy(() => import("../features/tables/TablePage")) },
  {
    path: "/sql",
    title: "SQL",
    description: "Ask the tables",
    icon: IconTerminal2,
    view: lazy(() => import("../features/query/SqlPage")),
  },
  {
    path: "/migrate",
    title: "Migrate",
    description: "Send tables to other systems, with a receipt for every row",
    icon: IconDatabaseExport,
    view: lazy(() => import("../features/migrate/MigratePage")),
  },
  { path: "/migrate/new", title: "New sync", view: lazy(() => import("../features/migrate/NewSyncPage")) },
  { path: "/migrate/:sync/edit", title: "Edit sync", view: lazy(() => import("../features/migrate/EditSyncPage")) },
  { path: "/migrate/:sync", title: "Sync", view: lazy(() => import("../features/migrate/SyncPage")) },
  {
    path: "/connections",
    title: "Connections",
    description: "Saved settings of outside systems",
    icon: IconPlugConnected,
    view: lazy(() => import("../features/connections/ConnectionsPage")),
  },
  {
    path: "/jobs",
    title: "Jobs",
    description: "What runs and what ran",
    icon: IconListCheck,
    view: lazy(() => import("./JobsPage")),
  },
];

/** The entry of the rail that a path belongs to. */
export function railPage(path: string): Page | undefined {
  return pages.find(
    (page) => page.icon && (page.path === path || (page.path !== "/" && path.startsWith(`${page.path}/`))),
  );
}
