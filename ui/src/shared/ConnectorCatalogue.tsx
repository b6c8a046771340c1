import { Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import type { ConnectorInfo } from "../generated/rpc";
import classes from "./ConnectorCatalogue.module.css";
import { grouped } from "./connections";
import { Prose } from "./Prose";

interface ConnectorCatalogueProps {
  connectors: readonly ConnectorInfo[];
  onChoose(connector: ConnectorInfo): void;
  /** What else can be done with a kind, such as using it without settings. */
  extra?(connector: ConnectorInfo): ReactNode;
}

/** The kinds of connections under their headings. */
export function ConnectorCatalogue({ connectors, onChoose, extra }: ConnectorCatalogueProps) {
  return (
    <div className={classes.catalogue}>
      {grouped(connectors).map(([group, members]) => (
        <section key={group} aria-label={group}>
          <Title order={3} className={classes.group}>
            {group}
          </Title>
          <div className={classes.kinds}>
            {members.map((connector) => (
              <div key={connector.kind} className={classes.kind}>
                <button type="button" className={classes.choose} onClick={() => onChoose(connector)}>
                  <Text fw={600}>{connector.title}</Text>
                  <Text size="xs" c="dimmed">
                    <Prose text={connector.summary} />
                  </Text>
                </button>
                {extra?.(connector)}
              </div>
            ))}
          </div>
        </section>
      ))}
    </div>
  );
}
