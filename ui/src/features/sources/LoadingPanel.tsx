import { MultiSelect, Radio, Select, Stack, Switch, Text, TextInput, Title } from "@mantine/core";
import type { ImportColumn, Loading, Problem, SourcePreview } from "../../generated/rpc";
import { ProblemNotice } from "../../shared/ProblemNotice";
import { Prose } from "../../shared/Prose";
import { DriftList } from "./DriftList";
import { DELETES, type Explained, MODES, POLICIES, suggestedLoading, suggestionReason } from "./loading";
import classes from "./sources.module.css";

interface LoadingPanelProps {
  loading: Loading;
  /** The columns as they will become. */
  columns: ImportColumn[];
  preview: SourcePreview | null;
  /** Whether the mode followed from what was read. */
  suggested: boolean;
  /** Whether the table is there already. */
  exists: boolean;
  problem: Problem | null;
  onChange(loading: Loading): void;
}

/** How the rows meet those that are there, and what happens when columns change. */
export function LoadingPanel(props: LoadingPanelProps) {
  const { loading, columns, preview, suggested, exists, problem, onChange } = props;
  const set = (part: Partial<Loading>) => onChange({ ...loading, ...part });
  return (
    <section className={classes.loading} aria-label="Loading">
      {preview && exists && <DriftList drift={preview.drift} />}
      <Choice label="When it is refreshed" choices={MODES} value={loading.mode} onChange={(mode) => set({ mode })} />
      {preview && suggested && loading.mode === suggestedLoading(preview).mode && (
        <Text size="xs" c="dimmed">
          {suggestionReason(preview)}
        </Text>
      )}
      {problem && <ProblemNotice problem={problem} compact />}
      {loading.mode === "merge" && <Merge {...props} columns={columns} set={set} />}
      <Choice
        label="When columns change"
        choices={POLICIES}
        value={loading.drift}
        onChange={(drift) => set({ drift })}
      />
    </section>
  );
}

interface MergeProps extends LoadingPanelProps {
  set(part: Partial<Loading>): void;
}

/** What merging needs to know. */
function Merge({ loading, columns, preview, set }: MergeProps) {
  const names = columns.map(({ name }) => name);
  const withChosen = (chosen: readonly string[]) => [...names, ...chosen.filter((name) => !names.includes(name))];
  const partly = preview?.incremental === true && loading.deletes !== "keep" && !loading.deleted_column;
  return (
    <Stack gap="sm" className={classes.merge}>
      <MultiSelect
        label="Key"
        description="The columns that together name a row."
        data={withChosen(loading.key)}
        value={loading.key}
        onChange={(key) => set({ key })}
        searchable
        placeholder={loading.key.length === 0 ? "Choose columns" : undefined}
        error={loading.key.length === 0 ? "Merging needs a key." : undefined}
      />
      <Select
        label="Newest by"
        description="Where a key comes twice, the row with the greatest value wins; the later row without one."
        data={withChosen(loading.newest_by ? [loading.newest_by] : [])}
        value={loading.newest_by ?? null}
        onChange={(name) => set({ newest_by: name ?? undefined })}
        clearable
        searchable
        placeholder="The later row wins"
      />
      <Choice label="Deleted rows" choices={DELETES} value={loading.deletes} onChange={(deletes) => set({ deletes })} />
      {partly && (
        <Text size="xs" className={classes.hint}>
          A refresh reads only what is new, so it cannot see which rows vanished: name the column that marks them.
        </Text>
      )}
      {loading.deletes !== "keep" && (
        <>
          <Select
            label="Column that marks deleted rows"
            description="A row is deleted where it is true, not missing, or equal to the value below."
            data={withChosen(loading.deleted_column ? [loading.deleted_column] : [])}
            value={loading.deleted_column ?? null}
            onChange={(name) => set({ deleted_column: name ?? undefined })}
            clearable
            searchable
            placeholder="None: rows that vanish are deleted"
          />
          {loading.deleted_column && (
            <TextInput
              label="Value that marks them"
              value={loading.deleted_value ?? ""}
              placeholder="true or not missing"
              onChange={(event) => set({ deleted_value: event.currentTarget.value || undefined })}
            />
          )}
        </>
      )}
      <Switch
        label="Keep the history of every row"
        description={<Prose text="Every state of a row stays, with `_valid_from`, `_valid_to` and `_current`." />}
        checked={loading.history}
        onChange={(event) => set({ history: event.currentTarget.checked })}
      />
    </Stack>
  );
}

interface ChoiceProps<T extends string> {
  label: string;
  choices: readonly Explained<T>[];
  value: T;
  onChange(value: T): void;
}

function Choice<T extends string>({ label, choices, value, onChange }: ChoiceProps<T>) {
  return (
    <Radio.Group label={<Title order={3}>{label}</Title>} value={value} onChange={(next) => onChange(next as T)}>
      <Stack gap={6} mt={6}>
        {choices.map((choice) => (
          <Radio
            key={choice.value}
            value={choice.value}
            label={choice.label}
            description={choice.value === value ? <Prose text={choice.says} /> : undefined}
            title={choice.says.replaceAll("`", "")}
          />
        ))}
      </Stack>
    </Radio.Group>
  );
}
