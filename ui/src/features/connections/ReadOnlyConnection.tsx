import { Button, Text, Title } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useLocation } from "wouter";
import { asMembers, type FormSchema, fieldsOf, words } from "../../forms/schema";
import type { ConnectionInfo, ConnectorInfo } from "../../generated/rpc";
import { rpc, toProblem } from "../../platform";
import { connectionsAddress, newSourceAddress } from "../../shared/addresses";
import { ProblemNotice } from "../../shared/ProblemNotice";
import { CheckResult } from "./CheckResult";
import { Marks } from "./ConnectionList";
import classes from "./connections.module.css";
import { useCheck } from "./useCheck";

interface ReadOnlyConnectionProps {
  connection: ConnectionInfo;
  connector: ConnectorInfo | undefined;
}

/** A connection that is written elsewhere: it can be tested and used, not changed. */
export function ReadOnlyConnection({ connection, connector }: ReadOnlyConnectionProps) {
  const [, navigate] = useLocation();
  const check = useCheck();
  const client = useQueryClient();
  const copy = useMutation({
    mutationFn: () => rpc("connection_duplicate", { id: connection.id }),
    onSuccess: async ({ id }) => {
      await client.invalidateQueries({ queryKey: ["connections"] });
      navigate(connectionsAddress({ id }));
    },
  });
  const settings = Object.entries(asMembers(connection.settings)).filter(([, value]) => value !== null && value !== "");
  const titles = new Map(fieldsOf((connector?.settings ?? {}) as FormSchema).map(([name, { title }]) => [name, title]));
  return (
    <div className={classes.editor}>
      <div>
        <Title order={2}>{connection.name}</Title>
        <Text c="dimmed" size="xs">
          {connection.kind_title}. {connection.origin_detail} It is changed there, not here.
        </Text>
        <Marks connection={connection} />
      </div>
      {connection.problem && <ProblemNotice problem={connection.problem} compact />}
      <dl className={classes.settings}>
        {settings.map(([name, value]) => (
          <div key={name}>
            <dt>{titles.get(name) ?? words(name)}</dt>
            <dd>{typeof value === "object" ? JSON.stringify(value) : String(value)}</dd>
          </div>
        ))}
        {connection.secrets.map((name) => (
          <div key={name}>
            <dt>{words(name.split(".").pop() ?? name)}</dt>
            <dd className={classes.dimmed}>kept, never shown</dd>
          </div>
        ))}
      </dl>
      <div className={classes.actions}>
        <Button onClick={() => navigate(newSourceAddress(connection.id))}>Import from it</Button>
        <Button variant="default" loading={check.running} onClick={() => check.run({ saved: { id: connection.id } })}>
          Test
        </Button>
        <Button
          variant="subtle"
          color="gray"
          loading={copy.isPending}
          title="Saves a copy with its passwords and keys, which can be changed here."
          onClick={() => copy.mutate()}
        >
          Duplicate
        </Button>
      </div>
      {copy.error && <ProblemNotice problem={toProblem(copy.error)} compact />}
      <CheckResult check={check} />
    </div>
  );
}
