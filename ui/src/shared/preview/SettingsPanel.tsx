import { Button, Text, Title } from "@mantine/core";
import type { ImportSetting, Problem, ReadOptions } from "../../generated/rpc";
import { percent } from "../format";
import { Prose } from "../Prose";
import classes from "./preview.module.css";
import { SettingControl } from "./SettingControl";
import { confidenceWord, isSettingKey, type SettingKey, withOption } from "./settings";

interface SettingsPanelProps {
  settings: ImportSetting[];
  options: ReadOptions;
  /** Why there is no preview; shown at the setting it belongs to. */
  problem: Problem | null;
  /** How many inputs are chosen. */
  files: number;
  onChange(options: ReadOptions): void;
}

/** The detected settings, each with its confidence and changeable. */
export function SettingsPanel({ settings, options, problem, files, onChange }: SettingsPanelProps) {
  const problemAt = (key: SettingKey) => (problem?.field?.split(".").pop() === key ? problem.message : undefined);
  const set = (key: SettingKey, value: ReadOptions[SettingKey] | undefined) =>
    onChange(withOption(options, key, value));
  return (
    <section className={classes.settings} aria-labelledby="settings">
      <div className={classes.panelHead}>
        <Title order={2} id="settings">
          Settings
        </Title>
        {Object.keys(options).length > 0 && (
          <Button variant="subtle" size="compact-xs" onClick={() => onChange({})}>
            Detect all
          </Button>
        )}
      </div>
      {settings.map(({ key, value, confidence, why }) => {
        if (!isSettingKey(key)) return null;
        const given = options[key];
        return (
          <div key={key} className={classes.setting}>
            <SettingControl
              setting={key}
              value={given === undefined ? value : String(given)}
              problem={problemAt(key)}
              onChange={(next) => set(key, next)}
            />
            {given === undefined ? (
              <Text size="xs" c="dimmed">
                <span className={classes.confidence} data-guess={confidence < 0.6 || undefined}>
                  {confidenceWord(confidence)}, {percent(confidence)}.
                </span>{" "}
                <Prose text={why} />
              </Text>
            ) : (
              <Text size="xs" c="dimmed">
                You chose it.{" "}
                <button type="button" className={classes.undo} onClick={() => set(key, undefined)}>
                  Detect again
                </button>
              </Text>
            )}
          </div>
        );
      })}
      {files > 1 && (
        <div className={classes.setting}>
          <SettingControl
            setting="source_column"
            value={String(options.source_column ?? true)}
            onChange={(next) => set("source_column", next)}
          />
        </div>
      )}
    </section>
  );
}
