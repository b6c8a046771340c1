import { NumberInput } from "@mantine/core";
import { useState } from "react";
import { type FieldProps, useProblemAt } from "./context";
import { naming } from "./naming";
import { complaint } from "./schema";

/** A number. An optional one is null while it is empty; another one keeps its value until a number is there. */
export function NumberField(props: FieldProps) {
  const { schema, path, value, onChange, optional, bare, label } = props;
  const [emptied, setEmptied] = useState(false);
  const refused = useProblemAt(path);
  const wrong = emptied ? "A number is needed." : complaint(schema, value);
  return (
    <NumberInput
      {...naming(props, refused ?? wrong ?? undefined)}
      value={emptied || typeof value !== "number" ? "" : value}
      min={schema.minimum}
      max={schema.maximum}
      clampBehavior="none"
      allowDecimal={schema.type !== "integer"}
      placeholder={schema["x-placeholder"] ?? (bare ? label : undefined)}
      onBlur={() => setEmptied(false)}
      onChange={(next) => {
        if (typeof next === "number") onChange(next);
        else if (optional) onChange(null);
        setEmptied(next === "" && !optional);
      }}
    />
  );
}
