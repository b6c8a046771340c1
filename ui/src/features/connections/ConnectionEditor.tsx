import { Button, Text, TextInput, Title } from "@mantine/core";
import { IconCopy, IconPlugConnected, IconTrash } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useLocation, useSearch } from "wouter";
import { SchemaForm } from "../../forms/SchemaForm";
import { completed, type FormSchema, fieldsOf } from "../../forms/schema";
import { writesSecret } from "../../forms/secrets";
import type { ConnectionInfo, ConnectorInfo, Problem } from "../../generated/rpc";
import { rpc, toProblem } from "../../platform";
import { connectionsAddress, newSourceAddress } from "../../shared/addresses";
import { freeName } from "../../shared/connections";
import { ProblemNotice } from "../../shared/ProblemNotice";
import { Prose } from "../../shared/Prose";
import { openSecrets } from "../../shared/passphrase";
import { CheckResult } from "./CheckResult";
import { Marks } from "./ConnectionList";
import classes from "./connections.module.css";
import { DeleteDialog } from "./DeleteDialog";
import { useCheck } from "./useCheck";

interface ConnectionEditorProps {
  connector: ConnectorInfo;
  /** The saved one; a new one without. */
  connection?: ConnectionInfo;
  /** All there are: names must differ. */
  connections: ConnectionInfo[];
}

/** The form of a connection, its test, and what can be done with it. */
export function ConnectionEditor({ connector, connection, connections }: ConnectionEditorProps) {
  const schema = connector.settings as FormSchema;
  const [, navigate] = useLocation();
  const leadsToImport = new URLSearchParams(useSearch()).get("next") === "source";
  const client = useQueryClient();
  const check = useCheck();
  const start = useMemo(
    () => ({
      name:
        connection?.name ??
        freeName(
          connector.title,
          connections.map(({ name }) => name),
        ),
      settings: completed(schema, connection?.settings ?? {}),
    }),
    [connection, connector, connections, schema],
  );
  const [draft, setDraft] = useState<typeof start | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const [deleting, setDeleting] = useState(false);
  const { name, settings } = draft ?? start;
  const doc = { id: connection?.id, name: name.trim(), kind: connector.kind, settings };
  const change = (part: Partial<typeof start>) => {
    setDraft({ name, settings, ...part });
    setProblem(null);
    if (part.settings !== undefined) check.clear();
  };
  const attempt = async (work: () => Promise<ConnectionInfo | null>, leadsTo: (saved: ConnectionInfo) => string) => {
    setBusy(true);
    setProblem(null);
    try {
      const saved = await work();
      if (!saved) return;
      await client.invalidateQueries({ queryKey: ["connections"] });
      setDraft(null);
      navigate(leadsTo(saved), { replace: !connection });
    } catch (error) {
      setProblem(toProblem(error));
    } finally {
      setBusy(false);
    }
  };
  const save = () =>
    attempt(
      async () => {
        if (writesSecret(schema, settings) && !(await openSecrets())) return null;
        return rpc("connection_save", doc);
      },
      ({ id }) => (leadsToImport ? newSourceAddress(id) : connectionsAddress({ id })),
    );
  const duplicate = () =>
    attempt(
      () => rpc("connection_duplicate", { id: connection?.id ?? "" }),
      ({ id }) => connectionsAddress({ id }),
    );
  const test = () => check.run(connection && draft === null ? { saved: { id: connection.id } } : { draft: doc });
  const found = problem ?? check.result?.steps.find((step) => step.problem?.field)?.problem ?? null;
  const atForm = found && { ...found, field: found.field?.replace(/^settings\./, "") };
  return (
    <form
      className={classes.editor}
      aria-label={connection ? `Connection ${connection.name}` : `New connection: ${connector.title}`}
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <div>
        <Title order={2}>{connection ? connection.name : `New connection: ${connector.title}`}</Title>
        <Text c="dimmed" size="xs">
          {connection && `${connector.title}. `}
          <Prose text={connector.description || connector.summary} />
        </Text>
        {connection && <Marks connection={connection} />}
      </div>
      {connection?.problem && <ProblemNotice problem={connection.problem} compact />}
      <TextInput
        label="Name"
        description="What it is called in this workspace."
        value={name}
        error={problem?.field === "name" ? `${problem.message} ${problem.hint ?? ""}` : undefined}
        spellCheck={false}
        onChange={(event) => change({ name: event.currentTarget.value })}
      />
      <SchemaForm
        schema={schema}
        value={settings}
        onChange={(next) => change({ settings: next })}
        columns={[]}
        secrets={connection?.secrets}
        problem={atForm?.field === "name" || !isShownIn(schema, atForm, problem) ? null : atForm}
      />
      <div className={classes.actions}>
        <Button type="submit" loading={busy} disabled={name.trim() === "" || (connection && draft === null)}>
          {leadsToImport && !connection ? "Save and look around" : "Save"}
        </Button>
        <Button
          variant="default"
          leftSection={<IconPlugConnected size={16} aria-hidden />}
          loading={check.running}
          onClick={test}
        >
          Test
        </Button>
        {connection && (
          <>
            <Button variant="default" onClick={() => navigate(newSourceAddress(connection.id))}>
              Import from it
            </Button>
            <span className={classes.rest} />
            <Button
              variant="subtle"
              color="gray"
              leftSection={<IconCopy size={16} aria-hidden />}
              disabled={busy}
              onClick={() => void duplicate()}
            >
              Duplicate
            </Button>
            <Button
              variant="subtle"
              color="red"
              leftSection={<IconTrash size={16} aria-hidden />}
              onClick={() => setDeleting(true)}
            >
              Delete
            </Button>
          </>
        )}
      </div>
      <CheckResult check={check} />
      {connection && <DeleteDialog connection={connection} opened={deleting} onClose={() => setDeleting(false)} />}
    </form>
  );
}

/** A refused save is always shown; what a test found is shown below it and only repeated at the field it names. */
function isShownIn(schema: FormSchema, found: Problem | null, refused: Problem | null): boolean {
  if (refused) return true;
  const first = found?.field?.split(".")[0];
  return fieldsOf(schema).some(([name]) => name === first);
}
