import { IconAlertTriangle, IconLock, IconShieldOff, type TablerIcon } from "@tabler/icons-react";
import { Link, useSearch } from "wouter";
import type { ConnectionInfo, ConnectorInfo } from "../../generated/rpc";
import { connectionsAddress } from "../../shared/addresses";
import { counted } from "../../shared/format";
import classes from "./connections.module.css";
import { settingsSummary } from "./summary";

interface ConnectionListProps {
  connections: ConnectionInfo[];
  connectors: ConnectorInfo[];
}

/** All connections: what they are, what is unsafe about them, and who uses them. */
export function ConnectionList({ connections, connectors }: ConnectionListProps) {
  const chosen = new URLSearchParams(useSearch()).get("id");
  if (connections.length === 0) {
    return <p className={classes.none}>None yet. Choose on the right what to connect to.</p>;
  }
  return (
    <ul className={classes.list} aria-label="Connections">
      {connections.map((connection) => (
        <li key={connection.id}>
          <Link
            href={connectionsAddress({ id: connection.id })}
            className={classes.card}
            aria-current={connection.id === chosen ? "true" : undefined}
          >
            <span className={classes.cardHead}>
              <span className={classes.name}>{connection.name}</span>
              {connection.name !== connection.kind_title && (
                <span className={classes.kind}>{connection.kind_title}</span>
              )}
            </span>
            <span className={classes.summary}>
              {settingsSummary(schemaOf(connectors, connection.kind), connection.settings) || "No settings needed"}
            </span>
            <Marks connection={connection} />
          </Link>
        </li>
      ))}
    </ul>
  );
}

function schemaOf(connectors: ConnectorInfo[], kind: string): unknown {
  return connectors.find((one) => one.kind === kind)?.settings ?? {};
}

/** What one has to know about a connection before using it. */
export function Marks({ connection }: { connection: ConnectionInfo }) {
  const { origin, origin_detail: where, risks, used_by: users, problem } = connection;
  return (
    <span className={classes.marks}>
      {problem && <Mark icon={IconAlertTriangle} tone="error" text="cannot be used" says={problem.message} />}
      {risks.map((risk) => (
        <Mark key={risk} icon={IconShieldOff} tone="risk" text={risk} />
      ))}
      {origin !== "saved" && <Mark icon={IconLock} text={`read-only, from the ${origin}`} says={where} />}
      <span className={classes.users} title={users.join(", ")}>
        {used(users)}
      </span>
    </span>
  );
}

/** By what a connection is used: sources and syncs. */
function used(users: readonly string[]): string {
  if (users.length === 0) return "not used";
  return users.length === 1
    ? `used by ${users[0]}`
    : `used by ${counted(users.length, "source or sync", "sources and syncs")}`;
}

interface MarkProps {
  icon: TablerIcon;
  text: string;
  tone?: "risk" | "error";
  says?: string;
}

function Mark({ icon: Icon, text, tone, says }: MarkProps) {
  return (
    <span className={classes.mark} data-tone={tone} title={says}>
      <Icon size={13} aria-hidden />
      {text}
    </span>
  );
}
