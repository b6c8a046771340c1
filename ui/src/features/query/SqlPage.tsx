import { Button, Group, Kbd, Tabs, Text } from "@mantine/core";
import { IconDatabaseExport, IconFileExport, IconPlayerPlay, IconPlayerStop } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState } from "react";
import { useLocation } from "wouter";
import type { SqlResult } from "../../generated/rpc";
import { rpc, toProblem } from "../../platform";
import { newSyncAddress } from "../../shared/addresses";
import { ExportDialog } from "../../shared/ExportDialog";
import { counted, duration } from "../../shared/format";
import { ProblemNotice } from "../../shared/ProblemNotice";
import { StatusLine } from "../../shared/StatusLine";
import { errorRange } from "./errorPosition";
import { HISTORY, HistoryList } from "./HistoryList";
import classes from "./query.module.css";
import { ResultPane } from "./ResultPane";
import { SchemaTree } from "./SchemaTree";
import { SplitPane } from "./SplitPane";
import { type EditorHandle, SqlEditor } from "./SqlEditor";
import { usedTables } from "./sqlText";
import { useQueryAddress } from "./useQueryAddress";
import { cancelQuery, type QueryRun, startQuery, useElapsed, useQueryRun } from "./useQueryRun";

/** Ask the tables: a query on top, its answer below, tables and earlier queries at the side. */
export default function SqlPage() {
  const [text, setText] = useQueryAddress();
  const [exporting, setExporting] = useState(false);
  const editor = useRef<EditorHandle>(null);
  const run = useQueryRun();
  const [, navigate] = useLocation();
  const client = useQueryClient();
  const vocabulary = useQuery({ queryKey: ["tables", "vocabulary"], queryFn: () => rpc("sql_vocabulary", {}) });

  const running = run?.state === "running";
  const asked = run?.sql === text ? run : null;
  const range = useMemo(() => (asked?.problem ? errorRange(text, asked.problem.message) : null), [asked, text]);
  const errorLine = range && text.slice(0, range.from).split("\n").length;
  const used = useMemo(() => new Set(usedTables(text).map((table) => table.table)), [text]);

  const execute = async (sql: string) => {
    await startQuery(sql);
    await client.invalidateQueries({ queryKey: HISTORY });
  };
  const pick = (sql: string) => {
    setText(sql);
    editor.current?.focus();
  };

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key === "Escape" && !event.defaultPrevented) void cancelQuery();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);

  const top = (
    <SqlEditor
      ref={editor}
      value={text}
      onChange={setText}
      onRun={() => void execute(text)}
      onCancel={() => void cancelQuery()}
      vocabulary={vocabulary.data}
      error={range}
    />
  );
  const bottom = <ResultPane run={run} tables={vocabulary.data?.tables ?? []} errorLine={errorLine} onPick={pick} />;

  return (
    <div className={classes.page}>
      <div className={classes.main}>
        <Group className={classes.bar} gap="xs" wrap="nowrap">
          {running ? (
            <Button
              size="xs"
              color="red"
              variant="light"
              leftSection={<IconPlayerStop size={14} />}
              onClick={() => void cancelQuery()}
            >
              Cancel
            </Button>
          ) : (
            <Button
              size="xs"
              leftSection={<IconPlayerPlay size={14} />}
              disabled={text.trim() === ""}
              onClick={() => void execute(text)}
            >
              Run
            </Button>
          )}
          <Text size="xs" c="dimmed" className={classes.keys}>
            <Kbd size="xs">Ctrl</Kbd> <Kbd size="xs">Enter</Kbd> runs, <Kbd size="xs">Esc</Kbd> cancels
          </Text>
          <Button
            ml="auto"
            size="xs"
            variant="default"
            leftSection={<IconDatabaseExport size={14} />}
            disabled={run?.state !== "done"}
            onClick={() => run && navigate(newSyncAddress({ sql: run.sql }))}
          >
            Send result
          </Button>
          <Button
            size="xs"
            variant="default"
            leftSection={<IconFileExport size={14} />}
            disabled={run?.state !== "done"}
            onClick={() => setExporting(true)}
          >
            Export result
          </Button>
        </Group>
        <SplitPane top={top} bottom={bottom} />
        <RunStatus run={run} edited={run !== null && asked === null} />
      </div>
      <aside className={classes.side} aria-label="Tables and earlier queries">
        <Tabs defaultValue="tables" className={classes.tabs} keepMounted={false}>
          <Tabs.List className={classes.tabList}>
            <Tabs.Tab value="tables">Tables</Tabs.Tab>
            <Tabs.Tab value="history">History</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="tables" className={classes.panel}>
            {vocabulary.isError && <ProblemNotice problem={toProblem(vocabulary.error)} />}
            {vocabulary.data && (
              <SchemaTree vocabulary={vocabulary.data} used={used} onInsert={(name) => editor.current?.insert(name)} />
            )}
          </Tabs.Panel>
          <Tabs.Panel value="history" className={classes.panel}>
            <HistoryList onPick={pick} />
          </Tabs.Panel>
        </Tabs>
      </aside>
      {run && (
        <ExportDialog
          opened={exporting}
          onClose={() => setExporting(false)}
          source={{ kind: "sql", sql: run.sql }}
          name="result"
        />
      )}
    </div>
  );
}

function RunStatus({ run, edited }: { run: QueryRun | null; edited: boolean }) {
  const running = run?.state === "running";
  const elapsed = useElapsed(run?.started ?? 0, running);
  return (
    <StatusLine>
      <span role="status">
        {run === null && "No query run yet"}
        {running && `Running for ${elapsed.toFixed(1)} s`}
        {run?.state === "cancelled" && "Cancelled"}
        {run?.state === "failed" && "The query failed"}
        {run?.result && counts(run.result)}
        {edited && !running && " · edited since, run it again to renew the result"}
      </span>
    </StatusLine>
  );
}

function counts({ rows, columns, seconds }: SqlResult): string {
  return `${counted(rows, "row")} · ${counted(columns.length, "column")} · ${duration(seconds)}`;
}
