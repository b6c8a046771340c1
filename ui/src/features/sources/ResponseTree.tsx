import { Button, Menu, Text } from "@mantine/core";
import { useMemo, useState } from "react";
import type { ResponseField } from "../../forms/responsePath";
import { glance, type Place, pathFor } from "./responseTree";
import classes from "./sources.module.css";

/** How many members of a list or an object are shown; the others are counted. */
const SHOWN = 25;

interface ResponseTreeProps {
  /** The first response as text. */
  sample: string;
  /** The fields of the form that name a place in a response. */
  fields: readonly ResponseField[];
  onPick(field: ResponseField, place: string): void;
}

/** The first response as a tree; a click on a place writes it into the form. */
export function ResponseTree({ sample, ...rest }: ResponseTreeProps) {
  const parsed = useMemo(() => parse(sample), [sample]);
  if (parsed === undefined) {
    return (
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable for the keyboard to scroll it.
      <pre className={classes.raw} role="log" tabIndex={0} aria-label="The first response">
        {sample}
      </pre>
    );
  }
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable for the keyboard to scroll it.
    <section className={classes.tree} tabIndex={0} aria-label="The first response">
      {rest.fields.length > 0 && (
        <Text size="xs" c="dimmed" mb={8}>
          Choose a place to use it for {rest.fields.map(({ label }) => label.toLowerCase()).join(", ")}.
        </Text>
      )}
      <ul>
        <Node place={{ path: [], value: parsed }} name="response" depth={0} {...rest} />
      </ul>
    </section>
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

interface NodeProps extends Omit<ResponseTreeProps, "sample"> {
  place: Place;
  name: string;
  depth: number;
}

function Node({ place, name, depth, ...rest }: NodeProps) {
  const [opened, setOpened] = useState(depth < 2);
  const { path, value } = place;
  const inner = members(value);
  const label = (
    <>
      <span className={classes.treeName}>{name}</span>
      <span className={classes.treeValue}>{glance(value)}</span>
    </>
  );
  return (
    <li>
      <div className={classes.treeRow}>
        {inner.length > 0 ? (
          <button
            type="button"
            className={classes.treeToggle}
            aria-expanded={opened}
            onClick={() => setOpened(!opened)}
          >
            <span aria-hidden>{opened ? "▾" : "▸"}</span>
            {label}
          </button>
        ) : (
          <span className={classes.treeLeaf}>{label}</span>
        )}
        <Uses place={place} {...rest} />
      </div>
      {opened && inner.length > 0 && (
        <ul>
          {inner.slice(0, SHOWN).map(([key, one]) => (
            <Node
              key={key}
              name={String(key)}
              place={{ path: [...path, key], value: one }}
              depth={depth + 1}
              {...rest}
            />
          ))}
          {inner.length > SHOWN && <li className={classes.treeMore}>and {inner.length - SHOWN} more</li>}
        </ul>
      )}
    </li>
  );
}

function members(value: unknown): [string | number, unknown][] {
  if (Array.isArray(value)) return value.map((one, at) => [at, one]);
  return value !== null && typeof value === "object" ? Object.entries(value) : [];
}

interface UsesProps extends Omit<ResponseTreeProps, "sample"> {
  place: Place;
}

/** What a place can be used for; what it is used for already is said. */
function Uses({ place, fields, onPick }: UsesProps) {
  const possible = fields.flatMap((field) => {
    const text = pathFor(field, place);
    return text === null ? [] : [{ field, text, used: field.value === text }];
  });
  const used = possible.filter((one) => one.used).map(({ field }) => field.label);
  const free = possible.filter((one) => !one.used);
  const [only] = free;
  return (
    <>
      {used.length > 0 && <span className={classes.used}>{used.join(", ")}</span>}
      {only && free.length === 1 && (
        <Button
          variant="light"
          size="compact-xs"
          className={classes.use}
          onClick={() => onPick(only.field, only.text)}
          aria-label={`Use ${only.text} as ${only.field.label}`}
        >
          Use as {only.field.label.toLowerCase()}
        </Button>
      )}
      {free.length > 1 && (
        <Menu position="bottom-start">
          <Menu.Target>
            <Button variant="light" size="compact-xs" className={classes.use}>
              Use as…
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            {free.map(({ field, text }) => (
              <Menu.Item key={field.path} onClick={() => onPick(field, text)}>
                {field.label}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      )}
    </>
  );
}
