import { Kbd, Text, Tooltip, UnstyledButton } from "@mantine/core";
import { openSpotlight } from "@mantine/spotlight";
import { IconSearch } from "@tabler/icons-react";
import { counted } from "../shared/format";
import { isActive, jobShare, useJobs, useWorkspace } from "../shared/queries";
import { ThemeSwitch } from "./ThemeSwitch";
import classes from "./TopBar.module.css";

/** The workspace's name, the search, and what runs. */
export function TopBar({ onJobs }: { onJobs(): void }) {
  const workspace = useWorkspace();
  return (
    <header className={classes.bar}>
      <Tooltip label={workspace.data?.path} disabled={!workspace.data}>
        <Text fw={600} truncate className={classes.name}>
          {workspace.data?.name ?? " "}
        </Text>
      </Tooltip>
      <UnstyledButton className={classes.search} onClick={openSpotlight}>
        <IconSearch size={16} aria-hidden />
        <span className={classes.words}>Search or do anything</span>
        <Kbd size="xs">Ctrl K</Kbd>
      </UnstyledButton>
      <div className={classes.end}>
        <JobsIndicator onJobs={onJobs} />
        <ThemeSwitch />
      </div>
    </header>
  );
}

function JobsIndicator({ onJobs }: { onJobs(): void }) {
  const jobs = useJobs();
  const active = jobs.data?.filter((job) => isActive(job.state)) ?? [];
  const shares = active.map(jobShare).filter((share) => share !== null);
  const share = shares.length > 0 ? shares.reduce((sum, one) => sum + one, 0) / shares.length : null;
  return (
    <>
      <UnstyledButton className={classes.jobs} onClick={onJobs} data-active={active.length > 0 || undefined}>
        {active.length > 0 ? counted(active.length, "job") : "Jobs"}
      </UnstyledButton>
      {active.length > 0 && (
        <div
          className={classes.progress}
          role="progressbar"
          aria-label="Running jobs"
          aria-valuenow={share === null ? undefined : Math.round(share * 100)}
          data-unknown={share === null || undefined}
        >
          <div style={{ width: share === null ? "30%" : `${share * 100}%` }} />
        </div>
      )}
    </>
  );
}
