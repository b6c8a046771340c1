import { useDisclosure, useLocalStorage } from "@mantine/hooks";
import { Suspense } from "react";
import { Route, Switch, useLocation } from "wouter";
import { EmptyState } from "../shared/EmptyState";
import { STATUS_LINE_ID } from "../shared/StatusLine";
import { DropTarget } from "./DropTarget";
import { ErrorBoundary } from "./ErrorBoundary";
import classes from "./Frame.module.css";
import { JobsDrawer } from "./JobsDrawer";
import { PageLoading } from "./PageLoading";
import { PassphraseDialog } from "./PassphraseDialog";
import { pages } from "./pages";
import { Rail } from "./Rail";
import { Search } from "./Search";
import { TopBar } from "./TopBar";
import { useJobWatch } from "./useJobWatch";

/** What stands around every page: the rail, the top bar, the status line, the search and the jobs. */
export function Frame() {
  const [collapsed, setCollapsed] = useLocalStorage({ key: "pulse-rail-collapsed", defaultValue: false });
  const [jobsOpen, jobs] = useDisclosure(false);
  const [path] = useLocation();
  useJobWatch();
  return (
    <div className={classes.frame} data-collapsed={collapsed || undefined}>
      <button type="button" className={classes.skip} onClick={() => document.getElementById("page")?.focus()}>
        Skip to the page
      </button>
      <Rail collapsed={collapsed} onCollapse={setCollapsed} />
      <TopBar onJobs={jobs.open} />
      <main id="page" className={classes.page} tabIndex={-1}>
        <ErrorBoundary place={path}>
          <Suspense fallback={<PageLoading />}>
            <Switch>
              {pages.map((page) => (
                <Route key={page.path} path={page.path} component={page.view} />
              ))}
              <Route>
                <EmptyState title="There is no such page">Choose another one on the left, or press Ctrl K.</EmptyState>
              </Route>
            </Switch>
          </Suspense>
        </ErrorBoundary>
      </main>
      <footer className={classes.status} id={STATUS_LINE_ID} />
      <Search onJobs={jobs.open} />
      <JobsDrawer opened={jobsOpen} onClose={jobs.close} />
      <DropTarget />
      <PassphraseDialog />
    </div>
  );
}
