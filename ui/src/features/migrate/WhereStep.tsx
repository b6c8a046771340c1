import { Button, Radio, Stack, Text } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useState } from "react";
import { useLocation } from "wouter";
import type { ColumnInfo } from "../../generated/rpc";
import { connectionsAddress } from "../../shared/addresses";
import { ConnectorCatalogue } from "../../shared/ConnectorCatalogue";
import classes from "./editor.module.css";
import { keepDraft } from "./keptDraft";
import common from "./migrate.module.css";
import { TargetForms } from "./TargetForms";
import type { Checking } from "./usePreflight";
import { destinationOfConnection, type Surroundings, type SyncDraft } from "./useSyncDraft";

interface WhereStepProps {
  draft: SyncDraft;
  around: Surroundings;
  /** The columns of each part. */
  columns: (readonly ColumnInfo[])[];
  check: Checking;
}

/** Where it goes: the connection, and the target of each part. */
export function WhereStep({ draft, around, columns, check }: WhereStepProps) {
  const { connections, connectors } = around;
  const [, navigate] = useLocation();
  const able = connections.filter(({ id }) => destinationOfConnection(id, connections, connectors));
  const [making, setMaking] = useState(false);
  const catalogue = (
    <ConnectorCatalogue
      connectors={connectors.filter(({ destination }) => destination)}
      onChoose={({ kind }) => {
        keepDraft(draft.doc);
        navigate(connectionsAddress({ kind, next: "sync" }));
      }}
    />
  );
  if (able.length === 0) {
    return (
      <Stack gap="sm">
        <Text>No connection can be written to yet. Make one; what you have chosen here is kept.</Text>
        {catalogue}
      </Stack>
    );
  }
  return (
    <Stack gap="md">
      <Radio.Group
        label="Connection"
        labelProps={{ className: common.hidden }}
        value={draft.doc.connection}
        onChange={(id) => {
          const chosen = able.find((one) => one.id === id);
          if (chosen) draft.connect(chosen);
        }}
      >
        <div className={classes.cards}>
          {able.map(({ id, name, kind_title: kind, problem, risks }) => (
            <Radio.Card key={id} value={id} className={classes.card} aria-label={`${name}, ${kind}`}>
              <Radio.Indicator size="xs" />
              <span className={classes.cardWords}>
                <strong>{name}</strong>
                <span className={common.dimmed}>{problem?.message ?? [kind, ...risks].join(" · ")}</span>
              </span>
            </Radio.Card>
          ))}
        </div>
      </Radio.Group>
      <Button
        variant="subtle"
        leftSection={<IconPlus size={14} aria-hidden />}
        aria-expanded={making}
        className={common.add}
        onClick={() => setMaking(!making)}
      >
        New connection
      </Button>
      {making && catalogue}
      {draft.destination && (
        <TargetForms
          doc={draft.doc}
          destination={draft.destination}
          columns={columns}
          check={check}
          onChange={draft.change}
        />
      )}
    </Stack>
  );
}
