import { Skeleton, Table } from "@mantine/core";
import type { ColumnProfile, TableDetail } from "../../generated/rpc";
import { toProblem } from "../../platform";
import { count, number, percent } from "../../shared/format";
import { ProblemNotice } from "../../shared/ProblemNotice";
import { TypeBadge } from "../../shared/TypeBadge";
import { DistributionChart } from "./DistributionChart";
import { useProfile } from "./queries";
import classes from "./tables.module.css";

/** What every column holds, in numbers and pictures. */
export function ProfileTab({ detail: { info } }: { detail: TableDetail }) {
  const profile = useProfile(info.table, info.version);
  if (profile.error) {
    return (
      <div className={classes.inner}>
        <ProblemNotice
          problem={toProblem(profile.error)}
          action={{ label: "Count again", run: () => profile.refetch() }}
        />
      </div>
    );
  }
  if (!profile.data) return <Skeleton m={16} h={320} w="auto" aria-label="Counting values in every column" />;
  const { rows, columns } = profile.data;
  return (
    <Table className={classes.profile} stickyHeader aria-label={`Profile of ${info.table}`}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th pl={16}>Column</Table.Th>
          <Table.Th>Type</Table.Th>
          <Table.Th className={classes.right}>Missing</Table.Th>
          <Table.Th className={classes.right}>Distinct</Table.Th>
          <Table.Th>Smallest</Table.Th>
          <Table.Th>Largest</Table.Th>
          <Table.Th className={classes.right}>Mean</Table.Th>
          <Table.Th w={340}>Distribution</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {columns.map((column) => (
          <ProfileRow key={column.name} column={column} rows={rows} />
        ))}
      </Table.Tbody>
    </Table>
  );
}

function ProfileRow({ column, rows }: { column: ColumnProfile; rows: number }) {
  const share = rows === 0 ? 0 : column.missing / rows;
  return (
    <Table.Tr>
      <Table.Td pl={16} fw={600}>
        {column.name}
      </Table.Td>
      <Table.Td>
        <TypeBadge type={column.type} />
      </Table.Td>
      <Table.Td className={classes.right}>
        {column.missing === 0 ? (
          <span className={classes.faint}>none</span>
        ) : (
          `${count(column.missing)} (${percent(share)})`
        )}
        <div className={classes.bar} aria-hidden>
          <span style={{ width: `${100 * (1 - share)}%` }} />
          <span style={{ width: `${100 * share}%`, minWidth: column.missing > 0 ? 2 : 0 }} />
        </div>
      </Table.Td>
      <Table.Td className={classes.right}>{count(column.distinct)}</Table.Td>
      <Table.Td className={classes.value} title={column.min ?? undefined}>
        {column.min ?? <span className={classes.faint}>none</span>}
      </Table.Td>
      <Table.Td className={classes.value} title={column.max ?? undefined}>
        {column.max ?? <span className={classes.faint}>none</span>}
      </Table.Td>
      <Table.Td className={classes.right}>{column.mean === null ? "" : number(column.mean)}</Table.Td>
      <Table.Td>
        <DistributionChart name={column.name} distribution={column.distribution} rows={rows} />
      </Table.Td>
    </Table.Tr>
  );
}
