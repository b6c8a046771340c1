import { Menu } from "@mantine/core";
import { Fragment } from "react";
import type { StepInfo } from "../../generated/rpc";
import type { Bounds } from "../../grid";
import { grouped, kindsForColumn } from "./steps";

interface Props {
  column: string;
  type: string;
  bounds: Bounds;
  catalogue: StepInfo[];
  onClose(): void;
  onAdd(kind: StepInfo): void;
}

/** The steps that make sense for a column of this type. */
export function ColumnStepMenu({ column, type, bounds, catalogue, onClose, onAdd }: Props) {
  const place = { left: bounds.x, top: bounds.y, width: bounds.width, height: bounds.height };
  return (
    <Menu opened returnFocus onChange={onClose} position="bottom-start" width={240}>
      <Menu.Target>
        <div style={{ position: "fixed", pointerEvents: "none", ...place }} />
      </Menu.Target>
      <Menu.Dropdown aria-label={`Steps for ${column}`} mah={420} style={{ overflowY: "auto" }}>
        {grouped(kindsForColumn(catalogue, type)).map(([group, kinds]) => (
          <Fragment key={group}>
            <Menu.Label>{group}</Menu.Label>
            {kinds.map((kind) => (
              <Menu.Item key={kind.kind} py={4} onClick={() => onAdd(kind)}>
                {kind.title}
              </Menu.Item>
            ))}
          </Fragment>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
