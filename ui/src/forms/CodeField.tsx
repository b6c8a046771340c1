import { Textarea } from "@mantine/core";
import { type FieldProps, useProblemAt } from "./context";
import classes from "./forms.module.css";
import { naming } from "./naming";

/** An expression in a fixed-width font. */
export function CodeField(props: FieldProps) {
  const { schema, path, value, onChange, optional } = props;
  const refused = useProblemAt(path);
  return (
    <Textarea
      {...naming(props, refused)}
      classNames={{ input: classes.code }}
      value={typeof value === "string" ? value : ""}
      placeholder={schema["x-placeholder"]}
      autosize
      minRows={schema["x-language"] === "sql" ? 2 : 1}
      maxRows={12}
      spellCheck={false}
      autoCapitalize="off"
      autoCorrect="off"
      onChange={(event) => {
        const next = event.currentTarget.value;
        onChange(optional && next === "" ? null : next);
      }}
    />
  );
}
