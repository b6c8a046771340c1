import { Button, Select, Text, Title } from "@mantine/core";
import { IconArrowLeft } from "@tabler/icons-react";
import { SchemaForm } from "../../forms/SchemaForm";
import { type FormSchema, words } from "../../forms/schema";
import type { ColumnInfo, ConnectorInfo, ImportSetting, Problem, SourceDoc } from "../../generated/rpc";
import { useConnections } from "../../shared/connections";
import { Prose } from "../../shared/Prose";
import { detectedText, withDetected } from "./detected";
import classes from "./sources.module.css";

interface SelectionPanelProps {
  connector: ConnectorInfo;
  doc: SourceDoc;
  columns: readonly ColumnInfo[];
  problem: Problem | null;
  /** What was found out about the selection. */
  detected: ImportSetting[];
  /** Whether there is no preview of this selection. */
  outdated: boolean;
  reading: boolean;
  onChange(part: Partial<SourceDoc>): void;
  onPreview(): void;
  onBack(): void;
}

/** What is read: the connector's form, what was detected, and the button that shows what comes of it. */
export function SelectionPanel(props: SelectionPanelProps) {
  const { connector, doc, columns, problem, detected, outdated, reading, onChange, onPreview, onBack } = props;
  const schema = connector.selection as FormSchema;
  const change = (key: string) => onChange({ selection: withDetected(schema, doc.selection, key, detected) });
  return (
    <form
      className={classes.selection}
      aria-label="What is read"
      onSubmit={(event) => {
        event.preventDefault();
        onPreview();
      }}
    >
      <div className={classes.panelHead}>
        <Title order={2}>What is read</Title>
        <Button
          variant="subtle"
          size="compact-xs"
          leftSection={<IconArrowLeft size={14} aria-hidden />}
          onClick={onBack}
        >
          Back
        </Button>
      </div>
      <Connection kind={connector.kind} chosen={doc.connection} onChange={(connection) => onChange({ connection })} />
      <SchemaForm
        schema={connector.selection}
        value={doc.selection}
        onChange={(selection) => onChange({ selection })}
        columns={columns}
        problem={problem}
      />
      {detected.length > 0 && (
        <section aria-label="Detected" className={classes.detected}>
          <Title order={3}>Detected</Title>
          {detected.map(({ key, value, confidence, why }) => (
            <div key={key} className={classes.detectedOne}>
              <span>
                {words(key.replaceAll(".", ", "))}:{" "}
                <strong>{detectedText(schema, doc.selection, { key, value, confidence, why })}</strong>
              </span>
              <Text size="xs" c="dimmed">
                <Prose text={why} />{" "}
                <button
                  type="button"
                  className={classes.link}
                  aria-label={`Change ${words(key)}`}
                  onClick={() => change(key)}
                >
                  Change
                </button>
              </Text>
            </div>
          ))}
        </section>
      )}
      <div className={classes.previewButton}>
        <Button type="submit" fullWidth variant={outdated ? "filled" : "default"} loading={reading}>
          {outdated ? "Preview" : "Preview again"}
        </Button>
      </div>
    </form>
  );
}

interface ConnectionProps {
  kind: string;
  chosen: string;
  onChange(id: string): void;
}

/** Which connection of the kind is used, where there is a choice. */
function Connection({ kind, chosen, onChange }: ConnectionProps) {
  const connections = useConnections().data?.filter((one) => one.kind === kind) ?? [];
  const current = connections.find(({ id }) => id === chosen);
  if (connections.length < 2) {
    return (
      <Text size="xs" c="dimmed">
        {current && `Through ${[...new Set([current.name, current.kind_title])].join(", ")}`}
      </Text>
    );
  }
  return (
    <Select
      label="Connection"
      data={connections.map(({ id, name }) => ({ value: id, label: name }))}
      value={chosen}
      allowDeselect={false}
      onChange={(next) => next !== null && onChange(next)}
    />
  );
}
