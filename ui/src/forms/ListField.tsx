import { ActionIcon, Button, Input } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconPlus, IconX } from "@tabler/icons-react";
import { useId } from "react";
import { type FieldProps, useProblemAt } from "./context";
import { Field } from "./Field";
import classes from "./forms.module.css";
import { help } from "./naming";
import { ObjectFields } from "./ObjectFields";
import { asMembers, complaint, type FormSchema, initial, words } from "./schema";

/** A list whose items are added, removed and put in order. */
export function ListField({ schema, path, value, onChange, label, bare }: FieldProps) {
  const id = useId();
  const refused = useProblemAt(path);
  const item = schema.items ?? {};
  const given = Array.isArray(value) ? value : [];
  // Rules without a rule say nothing, so the first one stands ready; it counts once it is edited.
  const items = given.length === 0 && schema["x-widget"] === "condition" ? [initial(item)] : given;
  const wrong = complaint(schema, given) ?? undefined;
  const name = words(singular(label)).toLowerCase();
  const replace = (at: number, next: unknown) => onChange(items.with(at, next));
  const move = (from: number, to: number) => {
    const rest = items.toSpliced(from, 1);
    onChange(rest.toSpliced(to, 0, items[from]));
  };
  return (
    <Input.Wrapper
      label={bare ? undefined : label}
      labelElement="div"
      labelProps={{ id }}
      description={help(schema)}
      error={refused ?? (given.length > 0 ? wrong : undefined)}
    >
      {items.length > 0 && (
        <ol className={classes.list} aria-labelledby={bare ? undefined : id} aria-label={bare ? label : undefined}>
          {items.map((one, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: items have no other name than their place.
            <li key={at} className={classes.item}>
              <div className={classes.itemFields}>
                <Item
                  schema={item}
                  path={`${path}.${at}`}
                  value={one}
                  label={`${words(name)} ${at + 1}`}
                  onChange={(next) => replace(at, next)}
                />
              </div>
              <ItemActions
                name={`${name} ${at + 1}`}
                onUp={at > 0 ? () => move(at, at - 1) : undefined}
                onDown={at < items.length - 1 ? () => move(at, at + 1) : undefined}
                onRemove={() => onChange(items.toSpliced(at, 1))}
              />
            </li>
          ))}
        </ol>
      )}
      <Button
        variant="default"
        size="compact-xs"
        mt={6}
        leftSection={<IconPlus size={14} />}
        onClick={() => onChange([...items, initial(item)])}
      >
        Add {name}
      </Button>
    </Input.Wrapper>
  );
}

interface ItemProps {
  schema: FormSchema;
  path: string;
  value: unknown;
  label: string;
  onChange(value: unknown): void;
}

function Item({ schema, path, value, label, onChange }: ItemProps) {
  if (schema.properties) {
    return <ObjectFields schema={schema} path={path} value={asMembers(value)} onChange={onChange} bare />;
  }
  return <Field schema={schema} path={path} value={value} label={label} onChange={onChange} bare />;
}

interface ItemActionsProps {
  name: string;
  onUp?: () => void;
  onDown?: () => void;
  onRemove(): void;
}

function ItemActions({ name, onUp, onDown, onRemove }: ItemActionsProps) {
  return (
    <div className={classes.itemActions}>
      {(onUp || onDown) && (
        <>
          <ActionIcon size="sm" aria-label={`Move ${name} up`} disabled={!onUp} onClick={onUp}>
            <IconArrowUp size={14} />
          </ActionIcon>
          <ActionIcon size="sm" aria-label={`Move ${name} down`} disabled={!onDown} onClick={onDown}>
            <IconArrowDown size={14} />
          </ActionIcon>
        </>
      )}
      <ActionIcon size="sm" aria-label={`Remove ${name}`} onClick={onRemove}>
        <IconX size={14} />
      </ActionIcon>
    </div>
  );
}

/** One of a list: "Rules" holds a rule; names that are no plural, such as "By", hold an entry. */
function singular(label: string): string {
  if (label.endsWith("ies")) return `${label.slice(0, -3)}y`;
  return /[^su]s$/.test(label) ? label.slice(0, -1) : "entry";
}
