import { Anchor, Title, Tooltip } from "@mantine/core";
import { Link } from "wouter";
import type { TableInfo } from "../../generated/rpc";
import { tableAddress } from "../../shared/addresses";
import { ago, bytes, count, counted, localMoment } from "../../shared/format";
import classes from "./home.module.css";

/** How many tables are listed; the Tables page has them all. */
const SHOWN = 8;

/** The tables written last. */
export function RecentTables({ tables }: { tables: TableInfo[] }) {
  const recent = [...tables].sort((a, b) => b.modified_ms - a.modified_ms).slice(0, SHOWN);
  return (
    <section aria-labelledby="recent">
      <div className={classes.heading}>
        <Title order={2} id="recent">
          Recent tables
        </Title>
        {tables.length > SHOWN && (
          <Anchor component={Link} href="/tables" size="xs">
            All {count(tables.length)}
          </Anchor>
        )}
      </div>
      <table className={classes.tables}>
        <thead>
          <tr>
            <th scope="col">Table</th>
            <th scope="col" className={classes.number}>
              Rows
            </th>
            <th scope="col" className={classes.number}>
              Columns
            </th>
            <th scope="col" className={classes.number}>
              Size
            </th>
            <th scope="col" className={classes.number}>
              Ledger
            </th>
            <th scope="col">Written</th>
          </tr>
        </thead>
        <tbody>
          {recent.map((table) => (
            <TableRow key={table.table} table={table} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function TableRow({ table }: { table: TableInfo }) {
  const name = (
    <Link href={tableAddress(table.table)} className={classes.name}>
      <span className={classes.layer}>{table.layer}.</span>
      {table.name}
    </Link>
  );
  if (table.problem) {
    return (
      <tr>
        <td>{name}</td>
        <td colSpan={5} className={classes.broken}>
          {table.problem.message}
        </td>
      </tr>
    );
  }
  return (
    <tr>
      <td>
        {name}
        {table.stale && (
          <Tooltip
            label={`${table.input} has a newer version than the one this was made from; apply the recipe again.`}
          >
            <span className={classes.stale}>input is newer</span>
          </Tooltip>
        )}
      </td>
      <td className={classes.number}>{count(table.rows)}</td>
      <td className={classes.number}>{count(table.columns)}</td>
      <td className={classes.number}>{bytes(table.bytes)}</td>
      <td className={classes.number}>
        {table.ledger_entries > 0 ? (
          <Anchor
            component={Link}
            href={tableAddress(table.table, { tab: "ledger" })}
            size="xs"
            title="See what did not fit"
          >
            {counted(table.ledger_entries, "entry", "entries")}
          </Anchor>
        ) : (
          "0"
        )}
      </td>
      <td title={localMoment(table.modified_ms)}>{ago(table.modified_ms, Date.now())}</td>
    </tr>
  );
}
