import { MultiSelect, Radio, Stack, TagsInput, Text } from "@mantine/core";
import type { ColumnInfo, DestinationInfo, SyncDoc, SyncMode } from "../../generated/rpc";
import { missing, originOf, withPart } from "./draft";
import classes from "./editor.module.css";
import { ModeExample } from "./ModeExample";
import common from "./migrate.module.css";
import { MODES, needsKey, takesKey } from "./modes";

interface HowStepProps {
  doc: SyncDoc;
  destination: DestinationInfo;
  /** The columns of each part. */
  columns: (readonly ColumnInfo[])[];
  onChange(doc: SyncDoc): void;
}

/** How rows meet those at the target, each way with an example, and the key where one is needed. */
export function HowStep({ doc, destination, columns, onChange }: HowStepProps) {
  const gap = missing(doc, destination);
  return (
    <Stack gap="md">
      <Radio.Group
        label="How rows meet"
        labelProps={{ className: common.hidden }}
        value={doc.mode}
        onChange={(mode) => onChange({ ...doc, mode: mode as SyncMode })}
      >
        <div className={classes.modes}>
          {destination.modes.map((mode) => (
            <Radio.Card
              key={mode}
              value={mode}
              className={classes.modeCard}
              aria-label={`${MODES[mode].label}. ${MODES[mode].says}`}
            >
              <span className={classes.modeHead}>
                <Radio.Indicator size="xs" />
                <strong>{MODES[mode].label}</strong>
              </span>
              <span className={classes.modeSays}>{MODES[mode].says}</span>
              <ModeExample mode={MODES[mode]} />
            </Radio.Card>
          ))}
        </div>
      </Radio.Group>
      {takesKey(doc.mode, destination) && <Keys doc={doc} columns={columns} onChange={onChange} />}
      {gap?.step === "how" && doc.mode === "incremental" && !gap.text.startsWith("Choose") && (
        <Text size="xs" className={classes.hint}>
          {gap.text}
        </Text>
      )}
    </Stack>
  );
}

function Keys({ doc, columns, onChange }: Omit<HowStepProps, "destination">) {
  if (doc.parts.length === 0) {
    return (
      <Text size="xs" className={classes.hint}>
        {needsKey(doc.mode)
          ? "Rows are found again by a key: choose each table above and name its key columns here."
          : "Rows are sent without a key: choose each table above to name key columns here."}
      </Text>
    );
  }
  return doc.parts.map((part, at) => {
    const names = columns[at]?.map(({ name }) => name) ?? [];
    const props = {
      label: `Key columns of ${originOf(part.from)}`,
      description: needsKey(doc.mode)
        ? "They name a row: no two rows have the same, and none lacks a value."
        : "They go along as the key of each row. Rows may have the same; none is needed.",
      value: part.key,
      onChange: (key: string[]) => onChange(withPart(doc, at, { key })),
      placeholder: part.key.length === 0 ? "Choose columns" : undefined,
      clearable: true,
      maw: 480,
    };
    // The columns of a query are known only once it was checked, so names can be written as well.
    return part.from.kind === "sql" ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: the same table may be sent to two targets.
      <TagsInput key={at} {...props} data={names} />
    ) : (
      <MultiSelect
        // biome-ignore lint/suspicious/noArrayIndexKey: the same table may be sent to two targets.
        key={at}
        {...props}
        data={[...names, ...part.key.filter((name) => !names.includes(name))]}
        searchable
        hidePickedOptions
        clearSearchOnChange
        nothingFoundMessage="No other column has that name"
      />
    );
  });
}
