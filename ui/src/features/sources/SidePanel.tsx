import { SegmentedControl } from "@mantine/core";
import { type ReactNode, useState } from "react";
import type { Problem, ReadOptions, SourcePreview } from "../../generated/rpc";
import { SettingsPanel } from "../../shared/preview/SettingsPanel";
import classes from "./sources.module.css";

interface SidePanelProps {
  preview: SourcePreview | null;
  options: ReadOptions;
  problem: Problem | null;
  onOptions(options: ReadOptions): void;
  /** How it is loaded. */
  children: ReactNode;
}

/** How the source is loaded and, where it is made of files, how those are read. */
export function SidePanel({ preview, options, problem, onOptions, children }: SidePanelProps) {
  const [view, setView] = useState("loading");
  const settings = preview?.import.settings ?? [];
  if (settings.length === 0) return <div className={classes.side}>{children}</div>;
  return (
    <div className={classes.side}>
      <SegmentedControl
        className={classes.views}
        aria-label="Which settings are shown"
        fullWidth
        value={view}
        onChange={setView}
        transitionDuration={0}
        data={[
          { value: "loading", label: "Loading" },
          { value: "reading", label: "Reading" },
        ]}
      />
      {view === "loading" ? (
        children
      ) : (
        <SettingsPanel settings={settings} options={options} problem={problem} files={1} onChange={onOptions} />
      )}
    </div>
  );
}
