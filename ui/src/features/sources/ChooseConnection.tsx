import { Button, Text, Title } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useLocation } from "wouter";
import { completed, type FormSchema } from "../../forms/schema";
import type { ConnectionInfo, ConnectorInfo } from "../../generated/rpc";
import { rpc, toProblem } from "../../platform";
import { connectionsAddress, newSourceAddress } from "../../shared/addresses";
import { ConnectorCatalogue } from "../../shared/ConnectorCatalogue";
import { freeName } from "../../shared/connections";
import { ProblemNotice } from "../../shared/ProblemNotice";
import classes from "./sources.module.css";

interface ChooseConnectionProps {
  connections: ConnectionInfo[];
  connectors: ConnectorInfo[];
}

/** Through which connection: one that is there, or a new one. */
export function ChooseConnection({ connections, connectors }: ChooseConnectionProps) {
  const [, navigate] = useLocation();
  const client = useQueryClient();
  const use = useMutation({
    mutationFn: ({ title, kind, settings }: ConnectorInfo) => {
      const name = freeName(
        title,
        connections.map((one) => one.name),
      );
      return rpc("connection_save", { name, kind, settings: completed(settings as FormSchema, {}) });
    },
    onSuccess: async ({ id }) => {
      await client.invalidateQueries({ queryKey: ["connections"] });
      navigate(newSourceAddress(id));
    },
  });
  const made = new Set(connections.map(({ kind }) => kind));
  return (
    <div className={classes.start}>
      <div>
        <Title order={1}>Import from a connection</Title>
        <Text c="dimmed">Look around in it, see the rows as they will become, then import and refresh them.</Text>
      </div>
      {use.error && <ProblemNotice problem={toProblem(use.error)} />}
      {connections.length > 0 && (
        <section aria-labelledby="your-connections">
          <Title order={2} id="your-connections" mb={8}>
            Your connections
          </Title>
          <ul className={classes.connections}>
            {connections.map((connection) => (
              <li key={connection.id}>
                <Link href={newSourceAddress(connection.id)} className={classes.connection}>
                  <strong>{connection.name}</strong>
                  <span className={classes.dimmed}>{connection.problem?.message ?? connection.kind_title}</span>
                </Link>
              </li>
            ))}
          </ul>
        </section>
      )}
      <section aria-labelledby="new-connection">
        <Title order={2} id="new-connection" mb={8}>
          {connections.length > 0 ? "Or a new connection" : "What do you want to connect to?"}
        </Title>
        <ConnectorCatalogue
          connectors={connectors}
          onChoose={({ kind }) => navigate(connectionsAddress({ kind, next: "source" }))}
          extra={(connector) =>
            connector.ready &&
            !made.has(connector.kind) && (
              <Button
                variant="subtle"
                className={classes.ready}
                loading={use.isPending && use.variables.kind === connector.kind}
                title="Without signing in, or with the credentials this machine already has."
                aria-label={`Use ${connector.title} without settings`}
                onClick={() => use.mutate(connector)}
              >
                Use without settings
              </Button>
            )
          }
        />
      </section>
    </div>
  );
}
