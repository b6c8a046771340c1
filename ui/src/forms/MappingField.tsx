import { ActionIcon, Button, Input, TextInput, Tooltip } from "@mantine/core";
import { IconArrowRight, IconPlus, IconSlash, IconX } from "@tabler/icons-react";
import { useId } from "react";
import { type FieldProps, useProblemAt } from "./context";
import classes from "./forms.module.css";
import { help } from "./naming";
import { asPairs, type Pair, pastedPairs } from "./pairs";

/** A table of values and what they become. A list copied from a spreadsheet can be pasted into it. */
export function MappingField({ schema, path, value, onChange, label }: FieldProps) {
  const id = useId();
  const refused = useProblemAt(path);
  const given = asPairs(value);
  // The first pair stands ready; it counts once it is edited.
  const pairs = given.length > 0 ? given : [{ from: "", to: "" }];
  const paste = (at: number, text: string) => {
    const pasted = pastedPairs(text);
    if (pasted) onChange(pairs.toSpliced(at, pairs[at]?.from === "" ? 1 : 0, ...pasted));
    return pasted !== null;
  };
  return (
    <Input.Wrapper label={label} labelElement="div" labelProps={{ id }} description={help(schema)} error={refused}>
      <ul className={classes.list} aria-labelledby={id}>
        {pairs.map((pair, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: pairs have no other name than their place.
          <li key={at}>
            <PairRow
              name={String(at + 1)}
              path={`${path}.${at}`}
              pair={pair}
              onChange={(next) => onChange(pairs.with(at, next))}
              onPaste={(text) => paste(at, text)}
              onRemove={() => onChange(pairs.toSpliced(at, 1))}
            />
          </li>
        ))}
      </ul>
      <Button
        variant="default"
        size="compact-xs"
        mt={6}
        leftSection={<IconPlus size={14} />}
        onClick={() => onChange([...pairs, { from: "", to: "" }])}
      >
        Add a value
      </Button>
    </Input.Wrapper>
  );
}

interface PairRowProps {
  name: string;
  path: string;
  pair: Pair;
  onChange(pair: Pair): void;
  /** Whether the text was a list of pairs and was taken as such. */
  onPaste(text: string): boolean;
  onRemove(): void;
}

function PairRow({ name, path, pair, onChange, onPaste, onRemove }: PairRowProps) {
  const missing = pair.to === null;
  return (
    <div className={classes.pair}>
      <TextInput
        aria-label={`Value ${name}`}
        placeholder="Value"
        value={pair.from}
        error={useProblemAt(`${path}.from`)}
        spellCheck={false}
        onPaste={(event) => onPaste(event.clipboardData.getData("text/plain")) && event.preventDefault()}
        onChange={(event) => onChange({ ...pair, from: event.currentTarget.value })}
      />
      <IconArrowRight size={14} className={classes.arrow} aria-label="becomes" />
      <TextInput
        aria-label={`Replacement ${name}`}
        placeholder={missing ? "missing" : "Becomes"}
        value={pair.to ?? ""}
        error={useProblemAt(`${path}.to`)}
        spellCheck={false}
        onChange={(event) => onChange({ ...pair, to: event.currentTarget.value })}
      />
      <Tooltip label={missing ? "Write a text instead" : "Make it missing"}>
        <ActionIcon
          size="sm"
          variant={missing ? "light" : "subtle"}
          color={missing ? "accent" : "gray"}
          aria-label={`Make value ${name} missing`}
          aria-pressed={missing}
          onClick={() => onChange({ ...pair, to: missing ? "" : null })}
        >
          <IconSlash size={14} />
        </ActionIcon>
      </Tooltip>
      <ActionIcon size="sm" aria-label={`Remove value ${name}`} onClick={onRemove}>
        <IconX size={14} />
      </ActionIcon>
    </div>
  );
}
