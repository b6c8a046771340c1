import { Anchor, Table } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import type { TableInfo } from "../../generated/rpc";
import { tableAddress } from "../../shared/addresses";
import { FedBy } from "../../shared/FedBy";
import { bytes, count } from "../../shared/format";
import { Freshness } from "./Freshness";
import { StaleNotice } from "./StaleNotice";
import classes from "./tables.module.css";

/** The tables of one layer. */
export function LayerSection({ layer, says, tables }: { layer: string; says: string; tables: TableInfo[] }) {
  if (tables.length === 0) return null;
  return (
    <section aria-label={`${layer} tables`} className={classes.layer}>
      <h2 className={classes.layerName}>
        <span className={classes.layerBadge} data-layer={layer}>
          {layer}
        </span>
        <span className={classes.says}>{says}</span>
      </h2>
      <Table highlightOnHover className={classes.list} aria-label={`${layer} tables`}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Name</Table.Th>
            <Table.Th className={classes.right}>Rows</Table.Th>
            <Table.Th className={classes.right}>Columns</Table.Th>
            <Table.Th className={classes.right}>Size</Table.Th>
            <Table.Th className={classes.right}>Version</Table.Th>
            <Table.Th className={classes.right}>Ledger</Table.Th>
            <Table.Th>Written</Table.Th>
            <Table.Th>State</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {tables.map((info) => (
            <TableRow key={info.table} info={info} />
          ))}
        </Table.Tbody>
      </Table>
    </section>
  );
}

function TableRow({ info }: { info: TableInfo }) {
  const name = (
    <Anchor href={`#${tableAddress(info.table)}`} fw={500} fz={13} aria-label={info.table}>
      {info.name}
    </Anchor>
  );
  if (info.problem) {
    return (
      <Table.Tr>
        <Table.Td>{name}</Table.Td>
        <Table.Td colSpan={7}>
          <span className={classes.rowProblem}>
            <IconAlertTriangle size={14} aria-hidden />
            {info.problem.message} {info.problem.hint}
          </span>
        </Table.Td>
      </Table.Tr>
    );
  }
  return (
    <Table.Tr>
      <Table.Td>{name}</Table.Td>
      <Table.Td className={classes.right}>{count(info.rows)}</Table.Td>
      <Table.Td className={classes.right}>{count(info.columns)}</Table.Td>
      <Table.Td className={classes.right}>{bytes(info.bytes)}</Table.Td>
      <Table.Td className={classes.right}>{info.version}</Table.Td>
      <Table.Td className={classes.right}>
        {info.ledger_entries > 0 ? (
          <Anchor fz={13} href={`#${tableAddress(info.table, { tab: "ledger" })}`}>
            {count(info.ledger_entries)}
          </Anchor>
        ) : (
          <span className={classes.faint}>none</span>
        )}
      </Table.Td>
      <Table.Td>
        <Freshness ms={info.modified_ms} />
      </Table.Td>
      <Table.Td>
        <StaleNotice info={info} />
        <span className={classes.faint}>
          <FedBy table={info.table} />
        </span>
      </Table.Td>
    </Table.Tr>
  );
}
