import { Menu } from "@mantine/core";
import { Fragment } from "react";
import type { StepInfo } from "../../generated/rpc";
import { type Bounds, ColumnMenu } from "../../grid";
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
  return (
    <ColumnMenu bounds={bounds} label={`Steps for ${column}`} onClose={onClose}>
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
    </ColumnMenu>
  );
}
