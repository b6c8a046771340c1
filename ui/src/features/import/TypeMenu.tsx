import { Menu, UnstyledButton } from "@mantine/core";
import { IconCheck } from "@tabler/icons-react";
import { useState } from "react";
import type { ImportColumn } from "../../generated/rpc";
import { Prose } from "../../shared/Prose";
import { TypeBadge } from "../../shared/TypeBadge";
import classes from "./import.module.css";

/** The types a column can be read as, in the engine's words. */
const TYPES = ["text", "integer", "decimal", "number", "boolean", "date", "timestamp"];

interface TypeMenuProps {
  column: ImportColumn;
  /** The type the user chose, where one was chosen. */
  chosen: string | undefined;
  /** `undefined` lets the type be detected again. */
  onType(type: string | undefined): void;
}

/** A column's type: says why on hover, and is changed by a click. */
export function TypeMenu({ column, chosen, onType }: TypeMenuProps) {
  const [opened, setOpened] = useState(false);
  return (
    <Menu position="bottom-start" width={240} opened={opened} onChange={setOpened}>
      <Menu.Target>
        <UnstyledButton
          className={classes.type}
          data-chosen={chosen !== undefined || undefined}
          aria-label={`Type of ${column.name}: ${column.type}. ${column.why}`}
        >
          <TypeBadge type={column.type} why={opened ? undefined : column.why} />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label className={classes.why}>
          <Prose text={column.why} />
        </Menu.Label>
        {chosen !== undefined && <Menu.Item onClick={() => onType(undefined)}>As detected</Menu.Item>}
        {TYPES.map((type) => (
          <Menu.Item
            key={type}
            rightSection={chosen === type ? <IconCheck size={14} aria-label="chosen" /> : undefined}
            onClick={() => onType(type)}
          >
            {type}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
