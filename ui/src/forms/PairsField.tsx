import { ActionIcon, Button, Input, TextInput } from "@mantine/core";
import { IconPlus, IconX } from "@tabler/icons-react";
import { useId } from "react";
import { type FieldProps, useProblemAt } from "./context";
import classes from "./forms.module.css";
import { help } from "./naming";
import { asMembers } from "./schema";

/** Names with values, such as headers. */
export function PairsField({ schema, path, value, onChange, label, bare }: FieldProps) {
  const id = useId();
  const refused = useProblemAt(path);
  const pairs = (Array.isArray(value) ? value : []).map((one) => {
    const members = asMembers(one);
    return { ...members, name: String(members.name ?? ""), value: String(members.value ?? "") };
  });
  const [noun, what] = [label.toLowerCase(), bare ? { "aria-label": label } : { "aria-labelledby": id }];
  return (
    <Input.Wrapper
      label={bare ? undefined : label}
      labelElement="div"
      labelProps={{ id }}
      description={bare ? undefined : help(schema)}
      error={refused}
    >
      {pairs.length > 0 && (
        <ul className={classes.list} {...what}>
          {pairs.map((pair, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: pairs have no other name than their place.
            <li key={at} className={classes.named}>
              <PairInput
                path={`${path}.${at}.name`}
                label={`Name ${at + 1} of ${noun}`}
                placeholder="Name"
                value={pair.name}
                onChange={(name) => onChange(pairs.with(at, { ...pair, name }))}
              />
              <PairInput
                path={`${path}.${at}.value`}
                label={`Value ${at + 1} of ${noun}`}
                placeholder="Value"
                value={pair.value}
                onChange={(next) => onChange(pairs.with(at, { ...pair, value: next }))}
              />
              <ActionIcon
                size="sm"
                aria-label={`Remove ${pair.name || `entry ${at + 1}`} from ${noun}`}
                onClick={() => onChange(pairs.toSpliced(at, 1))}
              >
                <IconX size={14} />
              </ActionIcon>
            </li>
          ))}
        </ul>
      )}
      <Button
        variant="default"
        size="compact-xs"
        mt={6}
        leftSection={<IconPlus size={14} />}
        aria-label={`Add to ${noun}`}
        onClick={() => onChange([...pairs, { name: "", value: "" }])}
      >
        Add
      </Button>
    </Input.Wrapper>
  );
}

interface PairInputProps {
  path: string;
  label: string;
  placeholder: string;
  value: string;
  onChange(value: string): void;
}

function PairInput({ path, label, placeholder, value, onChange }: PairInputProps) {
  return (
    <TextInput
      aria-label={label}
      placeholder={placeholder}
      value={value}
      error={useProblemAt(path)}
      spellCheck={false}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}
