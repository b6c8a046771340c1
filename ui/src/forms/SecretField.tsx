import { Button, Input, PasswordInput, Textarea } from "@mantine/core";
import { useContext } from "react";
import { type FieldProps, Form, useProblemAt } from "./context";
import classes from "./forms.module.css";
import { naming } from "./naming";

/**
 * A password, key or token, of several lines where the schema asks for `code`. A saved one is never shown: an empty field keeps it, writing replaces it, and null, which
 * the button sets, removes it.
 */
export function SecretField(props: FieldProps) {
  const { schema, path, value, onChange, label } = props;
  const { secrets } = useContext(Form);
  const refused = useProblemAt(path);
  const saved = secrets.includes(path);
  const removed = saved && value === null;
  const text = typeof value === "string" ? value : "";
  const common = {
    ...naming(props, refused),
    value: text,
    placeholder: removed ? "removed when you save" : saved ? "saved" : schema["x-placeholder"],
    spellCheck: false,
  };
  return (
    <div>
      {schema["x-widget"] === "code" ? (
        <Textarea
          {...common}
          classNames={{ input: classes.hiddenLines }}
          autosize
          minRows={2}
          maxRows={8}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      ) : (
        <PasswordInput
          {...common}
          autoComplete="new-password"
          visibilityToggleButtonProps={{ "aria-label": `Show ${label}`, tabIndex: 0 }}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      )}
      {saved && (
        <div className={classes.secret}>
          <Input.Description>
            {removed
              ? "It will be removed when you save."
              : text === ""
                ? "Saved; leave it empty to keep it."
                : "Replaces the saved one."}
          </Input.Description>
          <Button
            variant="subtle"
            size="compact-xs"
            aria-label={removed ? `Keep the saved ${label}` : `Remove the saved ${label}`}
            onClick={() => onChange(removed ? "" : null)}
          >
            {removed ? "Keep it" : "Remove"}
          </Button>
        </div>
      )}
    </div>
  );
}
