import { Input, Pill, PillsInput, UnstyledButton } from "@mantine/core";
import { useState } from "react";
import { type FieldProps, useProblemAt } from "./context";
import classes from "./forms.module.css";
import { naming } from "./naming";
import { visible } from "./visible";

/** Short texts as chips, exact to the blank: Enter takes what is written as it is. */
export function TokensField(props: FieldProps) {
  const { schema, path, value, onChange, label } = props;
  const [draft, setDraft] = useState("");
  const refused = useProblemAt(path, true);
  const { autoFocus, "aria-label": ariaLabel, ...names } = { "aria-label": label, ...naming(props, refused) };
  const tokens = Array.isArray(value) ? value.map(String) : [];
  const suggestions = (schema["x-suggestions"] ?? []).filter((one) => !tokens.includes(one));
  const add = (token: string) => {
    setDraft("");
    if (!tokens.includes(token)) onChange([...tokens, token]);
  };
  const onKey = (event: React.KeyboardEvent) => {
    if (event.key === "Enter" && draft !== "") {
      event.preventDefault();
      add(draft);
    } else if (event.key === "Backspace" && draft === "" && tokens.length > 0) {
      onChange(tokens.slice(0, -1));
    }
  };
  return (
    <div>
      <PillsInput {...names} inputContainer={(input) => input}>
        <Pill.Group>
          {tokens.map((token, at) => (
            <Pill
              key={token}
              withRemoveButton
              className={classes.token}
              onRemove={() => onChange(tokens.toSpliced(at, 1))}
              removeButtonProps={{ "aria-label": `Remove ${visible(token)}` }}
            >
              {visible(token)}
            </Pill>
          ))}
          <PillsInput.Field
            className={tokens.length > 0 ? classes.pillInput : undefined}
            aria-label={ariaLabel}
            autoFocus={autoFocus}
            value={draft}
            placeholder={tokens.length === 0 ? (schema["x-placeholder"] ?? "Write one and press Enter") : undefined}
            spellCheck={false}
            onChange={(event) => setDraft(event.currentTarget.value)}
            onKeyDown={onKey}
            onBlur={() => draft !== "" && add(draft)}
          />
        </Pill.Group>
      </PillsInput>
      {suggestions.length > 0 && (
        <div className={classes.suggestions}>
          <Input.Description>Add</Input.Description>
          {suggestions.map((token) => (
            <UnstyledButton
              key={token}
              className={classes.suggestion}
              aria-label={`Add ${visible(token)}`}
              onClick={() => add(token)}
            >
              {visible(token)}
            </UnstyledButton>
          ))}
        </div>
      )}
    </div>
  );
}
