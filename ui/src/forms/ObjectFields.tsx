import { Button } from "@mantine/core";
import { IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import { type ReactNode, useContext, useState } from "react";
import { ChoiceField } from "./ChoiceField";
import { Form, isWithin } from "./context";
import { Field } from "./Field";
import classes from "./forms.module.css";
import { type FormSchema, fieldsOf, isShown, type Members, variantMembers, variants, words } from "./schema";

interface ObjectFieldsProps {
  schema: FormSchema;
  path: string;
  value: Members;
  onChange(value: Members): void;
  /** Fields side by side without labels, for short objects in a list. */
  bare?: boolean;
  autoFocus?: boolean;
}

/** The fields of an object in the order of its properties; advanced ones are folded away. */
export function ObjectFields({ schema, path, value, onChange, bare, autoFocus }: ObjectFieldsProps) {
  const union = unionOf(schema);
  const current = union?.variants.find((variant) => variant.value === value[union.tag]);
  const fields = [...fieldsOf(schema), ...(current ? fieldsOf(current.schema) : [])];
  const shown = fields.filter(([name, field]) => name !== union?.tag && isShown(field, value));
  const plain = shown.filter(([, field]) => !field["x-advanced"]);
  const advanced = shown.filter(([, field]) => field["x-advanced"]);
  const refused = useContext(Form).problem?.field;
  const at = (name: string) => (path === "" ? name : `${path}.${name}`);
  const render = ([name, field]: [string, FormSchema], index: number) => (
    <Field
      key={name}
      schema={field}
      path={at(name)}
      value={value[name]}
      onChange={(next) => onChange({ ...value, [name]: next })}
      label={field.title ?? words(name)}
      bare={bare}
      autoFocus={autoFocus && index === 0 && !union}
    />
  );
  const choose = (tag: string, next: unknown) => {
    const variant = union?.variants.find((one) => one.value === next);
    const own = new Set((current ? fieldsOf(current.schema) : []).map(([name]) => name));
    const kept = Object.entries(value).filter(([name]) => !own.has(name));
    if (variant) onChange(Object.fromEntries([...kept, ...variantMembers(tag, variant)]));
  };
  return (
    <div className={bare ? classes.bare : classes.fields}>
      {union && (
        <ChoiceField
          schema={{ oneOf: union.variants.map(({ value: constant, label }) => ({ const: constant, title: label })) }}
          path={at(union.tag)}
          value={value[union.tag]}
          onChange={(next) => choose(union.tag, next)}
          label={words(union.tag)}
          unlabelled={union.only}
          autoFocus={autoFocus}
        />
      )}
      {plain.map(render)}
      {advanced.length > 0 && (
        <Advanced refused={refused !== undefined && advanced.some(([name]) => isWithin(refused, at(name)))}>
          {advanced.map((entry) => render(entry, -1))}
        </Advanced>
      )}
    </div>
  );
}

/** The union of a schema; a schema that is nothing else needs no second name for its choice. */
function unionOf(schema: FormSchema) {
  const union = variants(schema);
  return union && { ...union, only: fieldsOf(schema).every(([name]) => name === union.tag) };
}

interface AdvancedProps {
  /** Whether a problem is at one of the folded fields. */
  refused: boolean;
  children: ReactNode;
}

function Advanced({ refused, children }: AdvancedProps) {
  const [opened, setOpened] = useState(false);
  const open = opened || refused;
  const Chevron = open ? IconChevronDown : IconChevronRight;
  return (
    <div>
      <Button
        variant="subtle"
        color="gray"
        size="compact-xs"
        leftSection={<Chevron size={14} />}
        aria-expanded={open}
        onClick={() => setOpened(!open)}
      >
        More settings
      </Button>
      {open && <div className={classes.fields}>{children}</div>}
    </div>
  );
}
