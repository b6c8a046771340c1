import { Button, Group, Loader, Text } from "@mantine/core";
import { IconTerminal2 } from "@tabler/icons-react";
import { Link } from "wouter";
import type { VocabularyTable } from "../../generated/rpc";
import { DataGrid } from "../../grid";
import { EmptyState } from "../../shared/EmptyState";
import { ProblemNotice } from "../../shared/ProblemNotice";
import { withoutPlace } from "./errorPosition";
import { examples } from "./examples";
import classes from "./query.module.css";
import { type QueryRun, useElapsed } from "./useQueryRun";

interface Props {
  run: QueryRun | null;
  tables: VocabularyTable[];
  /** The line of the query that the editor marks, from 1. */
  errorLine: number | null;
  onPick(sql: string): void;
}

/** What a query answered: its rows, its error, its progress, or queries to start from. */
export function ResultPane({ run, tables, errorLine, onPick }: Props) {
  if (!run) return <StartHere tables={tables} onPick={onPick} />;
  if (run.state === "running") return <Running run={run} />;
  if (run.state === "cancelled") {
    return (
      <Text className={classes.message}>The query was cancelled; nothing was changed. Run it again when you like.</Text>
    );
  }
  if (run.problem) {
    const where = errorLine === null ? "" : `; line ${errorLine} is marked in the editor`;
    const problem = { ...run.problem, message: withoutPlace(run.problem.message) };
    return (
      <div className={classes.message}>
        <ProblemNotice title={`The query cannot be run${where}`} problem={problem} />
      </div>
    );
  }
  if (!run.result) return null;
  return (
    <DataGrid
      key={run.result.id}
      source={{ kind: "result", id: run.result.id }}
      columns={run.result.columns}
      rowCount={run.result.rows}
      ariaLabel="Result of the query"
    />
  );
}

function Running({ run }: { run: QueryRun }) {
  const elapsed = useElapsed(run.started, true);
  return (
    <Group className={classes.message} gap="sm" align="flex-start">
      <Loader size="xs" mt={2} />
      <Text className="tabular">Running for {elapsed.toFixed(1)} s</Text>
    </Group>
  );
}

function StartHere({ tables, onPick }: { tables: VocabularyTable[]; onPick(sql: string): void }) {
  const offered = examples(tables);
  if (offered.length === 0) {
    return (
      <EmptyState
        title="No tables to ask yet"
        icon={<IconTerminal2 size={32} stroke={1.4} />}
        action={
          <Button component={Link} href="/import">
            Import a file
          </Button>
        }
      >
        Every imported table can be asked here under its name, such as bronze.prices.
      </EmptyState>
    );
  }
  return (
    <div className={classes.message}>
      <Text fw={600} mb={4}>
        Queries to start from
      </Text>
      <Text size="xs" c="dimmed" mb="sm">
        Every table can be asked as layer.name, and an older version as layer.name@number.
      </Text>
      <div className={classes.examples}>
        {offered.map((example) => (
          <button key={example.title} type="button" className={classes.example} onClick={() => onPick(example.sql)}>
            <span>{example.title}</span>
            <code>{example.sql}</code>
          </button>
        ))}
      </div>
    </div>
  );
}
