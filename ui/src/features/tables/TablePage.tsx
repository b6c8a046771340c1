import { Switch, Tabs } from "@mantine/core";
import { useState } from "react";
import type { CellInfo } from "../../grid";
import { toProblem } from "../../platform";
import { bytes, count, counted } from "../../shared/format";
import { ProblemNotice } from "../../shared/ProblemNotice";
import { StatusLine } from "../../shared/StatusLine";
import { CellStatus } from "./CellStatus";
import { DataTab } from "./DataTab";
import { HistoryTab } from "./HistoryTab";
import { LedgerTab } from "./LedgerTab";
import { ProfileTab } from "./ProfileTab";
import { useTable } from "./queries";
import { TableHeader } from "./TableHeader";
import classes from "./tables.module.css";
import { TABS, type Tab, useTableAddress } from "./useTableAddress";

/** One table at one version: its rows, what they hold, how they came to be and what did not fit. */
export default function TablePage() {
  const { table, version, tab, go } = useTableAddress();
  const shown = useTable(table, version);
  const [cell, setCell] = useState<CellInfo | null>(null);
  const [whitespace, setWhitespace] = useState(false);
  if (shown.error) {
    const newest = { label: "Show the newest version", run: () => go({ tab }) };
    return (
      <div className={classes.inner}>
        <ProblemNotice
          title={version === undefined ? table : `${table}, version ${version}`}
          problem={toProblem(shown.error)}
          action={version === undefined ? { label: "Try again", run: () => shown.refetch() } : newest}
        />
      </div>
    );
  }
  if (!shown.data) return null;
  const detail = shown.data;
  const { info } = detail;
  const labels: Record<Tab, string> = {
    data: "Data",
    profile: "Profile",
    history: "History",
    ledger: info.ledger_entries > 0 ? `Ledger (${count(info.ledger_entries)})` : "Ledger",
  };
  return (
    <div className={classes.table}>
      <TableHeader detail={detail} onVersion={(wanted) => go({ version: wanted, tab })} />
      <Tabs
        className={classes.tabs}
        value={tab}
        onChange={(next) => go({ version, tab: (next ?? "data") as Tab })}
        keepMounted={false}
      >
        <Tabs.List px={16} aria-label="Parts of the table">
          {TABS.map((name) => (
            <Tabs.Tab key={name} value={name}>
              {labels[name]}
            </Tabs.Tab>
          ))}
          {tab === "data" && (
            <Switch
              ml="auto"
              my="auto"
              label="Show whitespace"
              checked={whitespace}
              onChange={(event) => setWhitespace(event.currentTarget.checked)}
            />
          )}
        </Tabs.List>
        <Tabs.Panel value="data" className={classes.panel} data-fill>
          <DataTab detail={detail} whitespace={whitespace} onCell={setCell} />
        </Tabs.Panel>
        <Tabs.Panel value="profile" className={classes.panel}>
          <ProfileTab detail={detail} />
        </Tabs.Panel>
        <Tabs.Panel value="history" className={classes.panel}>
          <HistoryTab detail={detail} onView={(wanted) => go({ version: wanted })} />
        </Tabs.Panel>
        <Tabs.Panel value="ledger" className={classes.panel} data-fill>
          <LedgerTab detail={detail} onCell={setCell} />
        </Tabs.Panel>
      </Tabs>
      <StatusLine>
        <span>{counted(info.rows, "row")}</span>
        <span>{counted(detail.columns.length, "column")}</span>
        <span>{bytes(info.bytes)}</span>
        <span>
          version {info.version}
          {info.version < detail.newest_version && ` of ${detail.newest_version}`}
        </span>
        <span>
          {info.ledger_entries === 0
            ? "ledger empty"
            : `${counted(info.ledger_entries, "entry", "entries")} in the ledger`}
        </span>
        <span>numbers cover the whole table</span>
        {tab !== "profile" && tab !== "history" && <CellStatus cell={cell} />}
      </StatusLine>
    </div>
  );
}
