import { TextInput } from "@mantine/core";
import { useState } from "react";
import { type FieldProps, useProblemAt } from "./context";
import { naming } from "./naming";
import { complaint } from "./schema";

/** A short text. An optional one is null while it is empty. */
export function TextField(props: FieldProps) {
  const { schema, path, value, onChange, optional, bare, label } = props;
  const [touched, setTouched] = useState(false);
  const refused = useProblemAt(path);
  const text = typeof value === "string" ? value : "";
  const wrong = touched && !(optional && text === "") ? complaint(schema, text) : null;
  return (
    <TextInput
      {...naming(props, refused ?? wrong ?? undefined)}
      value={text}
      placeholder={schema["x-placeholder"] ?? (bare ? label : undefined)}
      spellCheck={false}
      onBlur={() => setTouched(true)}
      onChange={(event) => {
        const next = event.currentTarget.value;
        onChange(optional && next === "" ? null : next);
      }}
    />
  );
}
