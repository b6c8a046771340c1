import { useQuery } from "@tanstack/react-query";
import type { TableDetail } from "../../generated/rpc";
import { type CellInfo, DataGrid, rowPages } from "../../grid";
import { EmptyState } from "../../shared/EmptyState";
import { count, counted } from "../../shared/format";
import { LEDGER_COLUMNS, reasonCounts } from "./ledgerReasons";
import classes from "./tables.module.css";

interface Props {
  detail: TableDetail;
  onCell(cell: CellInfo | null): void;
}

/** Every value and record that did not fit, with where it came from and why. */
export function LedgerTab({ detail: { info }, onCell }: Props) {
  const source = { kind: "ledger", table: info.table, version: info.version } as const;
  const reasons = useQuery({
    queryKey: ["ledger-reasons", info.table, info.version],
    queryFn: () => reasonCounts(rowPages(source, info.ledger_entries)),
    enabled: info.ledger_entries > 0,
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (info.ledger_entries === 0) {
    return (
      <EmptyState title="The ledger is empty">
        Every value and record of version {info.version} fits. What does not fit is never dropped: it is kept here with
        where it came from and why.
      </EmptyState>
    );
  }
  return (
    <>
      <div className={classes.toolbar}>
        <span>
          {counted(info.ledger_entries, "value or record", "values and records")} did not fit in version {info.version}.
          Nothing was dropped: here is where each came from and why.
        </span>
      </div>
      {reasons.data && (
        <div className={classes.toolbar}>
          <ul className={classes.reasons} aria-label="Reasons">
            {reasons.data.reasons.map(({ reason, entries }) => (
              <li key={reason}>
                <strong>{count(entries)}</strong> {reason}
              </li>
            ))}
          </ul>
          {!reasons.data.complete && (
            <span className={classes.faint}>counted in the first {count(reasons.data.counted)}</span>
          )}
        </div>
      )}
      <DataGrid
        ariaLabel={`Ledger of ${info.table}`}
        source={source}
        rowCount={info.ledger_entries}
        columns={LEDGER_COLUMNS}
        onCell={onCell}
      />
    </>
  );
}
