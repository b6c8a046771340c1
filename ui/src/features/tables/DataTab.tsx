import { Menu } from "@mantine/core";
import { useCallback, useMemo, useState } from "react";
import { useLocation } from "wouter";
import type { TableDetail } from "../../generated/rpc";
import { type Bounds, type CellInfo, ColumnMenu, DataGrid } from "../../grid";
import { toProblem } from "../../platform";
import { tableAddress } from "../../shared/addresses";
import { EmptyState } from "../../shared/EmptyState";
import { ProblemNotice } from "../../shared/ProblemNotice";
import { useProfile } from "./queries";
import { sqlAddress, sqlName } from "./sqlAddress";
import classes from "./tables.module.css";

interface Props {
  detail: TableDetail;
  whitespace: boolean;
  onCell(cell: CellInfo | null): void;
}

/** The rows of the version on screen; the profile fills the headers once the rows are there. */
export function DataTab({ detail, whitespace, onCell }: Props) {
  const { info } = detail;
  const [rowsShown, setRowsShown] = useState(false);
  const [menu, setMenu] = useState<{ column: string; bounds: Bounds } | null>(null);
  const profile = useProfile(info.table, info.version, rowsShown);
  const columns = useMemo(() => {
    const known = new Map(profile.data?.columns.map((each) => [each.name, each]));
    return detail.columns.map((column) => ({ ...column, profile: known.get(column.name) }));
  }, [detail.columns, profile.data]);
  const openMenu = useCallback((column: string, bounds: Bounds) => setMenu({ column, bounds }), []);
  const onTopRow = useCallback(() => setRowsShown(true), []);
  if (detail.columns.length === 0) {
    return <EmptyState title="This version has no columns">Choose another version above.</EmptyState>;
  }
  if (info.rows === 0) {
    return <EmptyState title="This version has no rows">Choose another version above.</EmptyState>;
  }
  return (
    <>
      {profile.error && (
        <div className={classes.notices}>
          <ProblemNotice
            problem={toProblem(profile.error)}
            compact
            action={{ label: "Count again", run: () => profile.refetch() }}
          />
        </div>
      )}
      <DataGrid
        ariaLabel={`Rows of ${info.table}`}
        source={{ kind: "table", table: info.table, version: info.version }}
        rowCount={info.rows}
        columns={columns}
        rich
        showWhitespace={whitespace}
        onColumnMenu={openMenu}
        onCell={onCell}
        onTopRow={onTopRow}
      />
      {menu && <DataMenu table={info.table} {...menu} onClose={() => setMenu(null)} />}
    </>
  );
}

function DataMenu(props: { table: string; column: string; bounds: Bounds; onClose(): void }) {
  const { table, column, bounds, onClose } = props;
  const [, navigate] = useLocation();
  const name = sqlName(column);
  const counting = `SELECT ${name}, count(*) AS rows\nFROM ${table}\nGROUP BY ${name}\nORDER BY rows DESC`;
  return (
    <ColumnMenu bounds={bounds} label={`Column ${column}`} onClose={onClose}>
      <Menu.Label>{column}</Menu.Label>
      <Menu.Item onClick={() => navigate(`${tableAddress(table)}/clean?${new URLSearchParams({ column })}`)}>
        Clean this column
      </Menu.Item>
      <Menu.Item onClick={() => navigate(sqlAddress(counting))}>Count its values in SQL</Menu.Item>
      <Menu.Item onClick={() => void navigator.clipboard?.writeText(column)}>Copy its name</Menu.Item>
    </ColumnMenu>
  );
}
