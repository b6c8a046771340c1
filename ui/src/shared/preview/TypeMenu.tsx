import { Menu } from "@mantine/core";
import { IconCheck } from "@tabler/icons-react";
import type { ImportColumn } from "../../generated/rpc";
import { Prose } from "../Prose";
import classes from "./preview.module.css";

/** The types a column can be read as, in the engine's words. */
const TYPES = ["text", "integer", "decimal", "number", "boolean", "date", "timestamp"];

interface TypeMenuProps {
  column: ImportColumn;
  /** The badge that was clicked. */
  badge: HTMLElement;
  /** The type the user chose, where one was chosen. */
  chosen: string | undefined;
  /** `undefined` lets the type be detected again. */
  onType(type: string | undefined): void;
  onClose(): void;
}

/** The menu under a column's type badge. There is one for all columns, because a file may have hundreds. */
export function TypeMenu({ column, badge, chosen, onType, onClose }: TypeMenuProps) {
  const { left, bottom } = badge.getBoundingClientRect();
  const close = () => {
    onClose();
    badge.focus();
  };
  return (
    <Menu opened onChange={(opened) => !opened && close()} position="bottom-start" width={240}>
      <Menu.Target>
        <span style={{ position: "fixed", left, top: bottom }} />
      </Menu.Target>
      <Menu.Dropdown aria-label={`Type of ${column.name}`}>
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
