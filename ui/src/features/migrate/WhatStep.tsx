import { Radio, Stack, Text } from "@mantine/core";
import type { DestinationInfo, SyncDoc } from "../../generated/rpc";
import { useTables } from "../../shared/queries";
import classes from "./migrate.module.css";
import { PreparationChoice } from "./PreparationChoice";
import { QueryParts } from "./QueryParts";
import { TableChoice } from "./TableChoice";

export interface DocProps {
  doc: SyncDoc;
  destination: DestinationInfo | undefined;
  onChange(doc: SyncDoc): void;
}

/** What is sent: tables at a version, results of queries, or the whole workspace; and what is done before. */
export function WhatStep({ doc, destination, onChange }: DocProps) {
  const count = useTables().data?.length ?? 0;
  return (
    <Stack gap="md">
      <Radio.Group
        label="How much is sent"
        labelProps={{ className: classes.hidden }}
        value={doc.everything ? "everything" : "chosen"}
        onChange={(value) => onChange({ ...doc, everything: value === "everything" })}
      >
        <Stack gap={6}>
          <Radio value="chosen" label="Tables and queries I choose" />
          <Radio
            value="everything"
            label="The whole workspace"
            description={
              doc.everything
                ? `All ${count} tables, and those that come later, each to a target named like silver_prices.`
                : undefined
            }
          />
        </Stack>
      </Radio.Group>
      {doc.everything && (
        <Text size="xs" c="dimmed">
          Choose a table below only to give it a version, a target, a key or columns of its own.
        </Text>
      )}
      <TableChoice doc={doc} destination={destination} onChange={onChange} />
      <QueryParts doc={doc} destination={destination} onChange={onChange} />
      <PreparationChoice doc={doc} onChange={onChange} />
    </Stack>
  );
}
