import { Autocomplete, NumberInput, Select, Switch, TextInput } from "@mantine/core";
import type { ReadOptions } from "../../generated/rpc";
import { SETTINGS, type SettingKey } from "./settings";

interface SettingControlProps {
  setting: SettingKey;
  /** The value as text. */
  value: string;
  problem?: string;
  onChange(value: ReadOptions[SettingKey]): void;
}

/** The control of one setting. */
export function SettingControl({ setting, value, problem, onChange }: SettingControlProps) {
  const { label, control, choices = [], placeholder } = SETTINGS[setting];
  switch (control) {
    case "switch":
      return (
        <Switch
          label={label}
          checked={value === "true"}
          error={problem}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
      );
    case "count":
      return (
        <NumberInput
          label={label}
          value={Number(value)}
          min={0}
          allowDecimal={false}
          error={problem}
          onChange={(next) => typeof next === "number" && onChange(next)}
        />
      );
    case "choice": {
      const known = choices.some((choice) => choice.value === value);
      return (
        <Select
          label={label}
          data={known ? [...choices] : [{ value, label: value }, ...choices]}
          value={value}
          allowDeselect={false}
          searchable={choices.length > 6}
          error={problem}
          onChange={(next) => next !== null && onChange(next)}
        />
      );
    }
    case "character": {
      // Typing one character is as good as choosing one from the list.
      const shown = choices.find((choice) => choice.value === value)?.label ?? value;
      const take = (text: string) => {
        const choice = choices.find((one) => one.label === text);
        if (choice) onChange(choice.value);
        else if ([...text].length === 1) onChange(text);
      };
      return (
        <Autocomplete
          key={shown}
          label={label}
          data={choices.map((choice) => choice.label)}
          defaultValue={shown}
          filter={({ options }) => options}
          error={problem}
          onFocus={(event) => event.currentTarget.select()}
          onChange={take}
        />
      );
    }
    case "text":
      return (
        <TextInput
          label={label}
          value={value}
          placeholder={placeholder}
          error={problem}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      );
  }
}
