import { Tooltip, UnstyledButton } from "@mantine/core";
import { IconLayoutSidebarLeftCollapse, IconLayoutSidebarLeftExpand } from "@tabler/icons-react";
import { Link, useLocation } from "wouter";
import { Mark } from "./Mark";
import { pages, railPage } from "./pages";
import classes from "./Rail.module.css";

interface RailProps {
  collapsed: boolean;
  onCollapse(collapsed: boolean): void;
}

/** The pages, as icons with words or as icons alone. */
export function Rail({ collapsed, onCollapse }: RailProps) {
  const [path] = useLocation();
  const current = railPage(path);
  const Toggle = collapsed ? IconLayoutSidebarLeftExpand : IconLayoutSidebarLeftCollapse;
  const toggleLabel = collapsed ? "Show the words" : "Show icons only";
  return (
    <nav className={classes.rail} aria-label="Pages">
      <div className={classes.brand}>
        <Mark />
        {!collapsed && <span>Cloud Pulse</span>}
      </div>
      {pages.map(({ icon: Icon, ...page }) => {
        if (!Icon) return null;
        return (
          <Tooltip key={page.path} label={page.title} position="right" disabled={!collapsed}>
            <Link
              href={page.path}
              className={classes.entry}
              aria-label={page.title}
              aria-current={page.path === current?.path ? "page" : undefined}
            >
              <Icon size={20} stroke={1.6} aria-hidden />
              {!collapsed && <span>{page.title}</span>}
            </Link>
          </Tooltip>
        );
      })}
      <div className={classes.rest} />
      <Tooltip label={toggleLabel} position="right" disabled={!collapsed}>
        <UnstyledButton className={classes.entry} onClick={() => onCollapse(!collapsed)} aria-label={toggleLabel}>
          <Toggle size={20} stroke={1.6} aria-hidden />
          {!collapsed && <span>Collapse</span>}
        </UnstyledButton>
      </Tooltip>
    </nav>
  );
}
