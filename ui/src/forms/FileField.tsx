import { Button, Input, TextInput } from "@mantine/core";
import { useState } from "react";
import type { Problem } from "../generated/rpc";
import { platform, toProblem } from "../platform";
import { type FieldProps, useProblemAt } from "./context";
import classes from "./forms.module.css";
import { help } from "./naming";

/** The path of a file, written or chosen. In a browser a chosen file is handed to the engine first. */
export function FileField({ schema, path, value, onChange, label, bare, optional, autoFocus }: FieldProps) {
  const [failed, setFailed] = useState<Problem | null>(null);
  const refused = useProblemAt(path) ?? failed?.message;
  const pick = async () => {
    setFailed(null);
    try {
      const [chosen] = await platform.pickFiles();
      if (chosen !== undefined) onChange(chosen);
    } catch (error) {
      setFailed(toProblem(error));
    }
  };
  return (
    <Input.Wrapper
      label={bare ? undefined : label}
      labelElement="div"
      description={bare ? undefined : help(schema)}
      error={refused}
    >
      <div className={classes.file}>
        <TextInput
          aria-label={label}
          value={typeof value === "string" ? value : ""}
          placeholder={schema["x-placeholder"] ?? "Path of a file"}
          error={refused !== undefined}
          autoFocus={autoFocus}
          spellCheck={false}
          onChange={(event) => {
            const next = event.currentTarget.value;
            onChange(optional && next === "" ? null : next);
          }}
        />
        <Button variant="default" aria-label={`Browse for ${label}`} onClick={() => void pick()}>
          Browse
        </Button>
      </div>
    </Input.Wrapper>
  );
}
