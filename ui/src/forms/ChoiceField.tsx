import { Input, SegmentedControl, Select } from "@mantine/core";
import { useId } from "react";
import { type FieldProps, useProblemAt } from "./context";
import { help, naming } from "./naming";
import { type Option, options } from "./schema";

/** The most letters that stand side by side in a panel's width. */
const ONE_LINE = 36;

/** One of several: side by side where they are short, otherwise in a list. */
export function ChoiceField(props: FieldProps) {
  const { schema, path, value, onChange, optional, bare, unlabelled, label } = props;
  const id = useId();
  const refused = useProblemAt(path);
  const choices = options(schema) ?? [];
  const chosen = typeof value === "string" ? value : null;
  if (!bare && !optional && areShort(choices)) {
    return (
      <Input.Wrapper
        label={unlabelled ? undefined : label}
        labelProps={{ id }}
        labelElement="div"
        description={help(schema)}
        error={refused}
      >
        <SegmentedControl
          {...(unlabelled ? { "aria-label": label } : { "aria-labelledby": id })}
          fullWidth
          data={choices}
          value={chosen ?? ""}
          onChange={onChange}
          transitionDuration={0}
          mt={4}
        />
      </Input.Wrapper>
    );
  }
  return (
    <Select
      {...naming({ ...props, bare: bare || unlabelled }, refused)}
      data={choices}
      value={chosen}
      onChange={onChange}
      clearable={optional}
      allowDeselect={false}
      searchable={choices.length > 8}
      placeholder={schema["x-placeholder"] ?? label}
      comboboxProps={{ width: "max-content", position: "bottom-start" }}
    />
  );
}

function areShort(choices: Option[]): boolean {
  const letters = choices.reduce((sum, { label }) => sum + label.length, 0);
  return choices.length > 1 && choices.length < 5 && letters <= ONE_LINE;
}
