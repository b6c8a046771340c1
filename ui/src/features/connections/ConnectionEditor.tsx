import { Button, Text, TextInput, Title } from "@mantine/core";
import { IconCopy, IconPlugConnected, IconTrash } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import { Link, useSearch } from "wouter";
import { SchemaForm } from "../../forms/SchemaForm";
import { type FormSchema, fieldsOf } from "../../forms/schema";
import type { ConnectionInfo, ConnectorInfo, Problem } from "../../generated/rpc";
import { newSourceAddress, newSyncAddress } from "../../shared/addresses";
import { ProblemNotice } from "../../shared/ProblemNotice";
import { Prose } from "../../shared/Prose";
import { CheckResult } from "./CheckResult";
import { Marks } from "./ConnectionList";
import classes from "./connections.module.css";
import { DeleteDialog } from "./DeleteDialog";
import { type Check, useCheck } from "./useCheck";
import { useConnectionDraft } from "./useConnectionDraft";

interface ConnectionEditorProps {
  connector: ConnectorInfo;
  /** The saved one; a new one without. */
  connection?: ConnectionInfo;
  /** All there are: names must differ. */
  connections: ConnectionInfo[];
}

/** The form of a connection, its test, and what can be done with it. */
export function ConnectionEditor({ connector, connection, connections }: ConnectionEditorProps) {
  const next = NEXT[new URLSearchParams(useSearch()).get("next") ?? ""];
  const draft = useConnectionDraft(connector, connection, connections, next?.address);
  const check = useCheck();
  const { name, problem, changed } = draft;
  const title = connection ? connection.name : `New connection: ${connector.title}`;
  return (
    <form
      className={classes.editor}
      aria-label={title}
      onSubmit={(event) => {
        event.preventDefault();
        draft.save();
      }}
    >
      <div>
        <Title order={2}>{title}</Title>
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
        onChange={(event) => draft.change({ name: event.currentTarget.value })}
      />
      <SchemaForm
        schema={connector.settings}
        value={draft.settings}
        onChange={(settings) => {
          draft.change({ settings });
          check.clear();
        }}
        columns={[]}
        secrets={connection?.secrets}
        problem={formProblem(connector.settings as FormSchema, problem, check)}
      />
      <div className={classes.actions}>
        <Button type="submit" loading={draft.busy} disabled={name.trim() === "" || (connection && !changed)}>
          {next && !connection ? next.label : "Save"}
        </Button>
        <Button
          variant="default"
          leftSection={<IconPlugConnected size={16} aria-hidden />}
          loading={check.running}
          onClick={() => check.run(connection && !changed ? { saved: { id: connection.id } } : { draft: draft.doc })}
        >
          Test
        </Button>
        {connection && <SavedActions connection={connection} busy={draft.busy} onDuplicate={draft.duplicate} />}
      </div>
      <CheckResult check={check} />
    </form>
  );
}

/** What a new connection is made for, and where saving it leads. */
const NEXT: Record<string, { label: string; address(id: string): string }> = {
  source: { label: "Save and look around", address: newSourceAddress },
  sync: { label: "Save and go on", address: (connection) => newSyncAddress({ connection }) },
};

interface SavedActionsProps {
  connection: ConnectionInfo;
  busy: boolean;
  onDuplicate(): void;
}

/** What can be done with a connection that is saved. */
function SavedActions({ connection, busy, onDuplicate }: SavedActionsProps): ReactNode {
  const [deleting, setDeleting] = useState(false);
  return (
    <>
      <Button variant="default" component={Link} href={newSourceAddress(connection.id)}>
        Import from it
      </Button>
      <span className={classes.rest} />
      <Button
        variant="subtle"
        color="gray"
        leftSection={<IconCopy size={16} aria-hidden />}
        disabled={busy}
        onClick={onDuplicate}
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
      <DeleteDialog connection={connection} opened={deleting} onClose={() => setDeleting(false)} />
    </>
  );
}

/**
 * What the form shows: a refused save at its field or above the form; what a test found only at the field it names,
 * because the test itself tells the rest. The name is no part of the form.
 */
function formProblem(schema: FormSchema, refused: Problem | null, { result }: Check): Problem | null {
  const found = refused ?? result?.steps.find((step) => step.problem?.field)?.problem ?? null;
  if (!found || found.field === "name") return null;
  const field = found.field?.replace(/^settings\./, "");
  const named = fieldsOf(schema).some(([name]) => name === field?.split(".")[0]);
  return refused || named ? { ...found, field } : null;
}
