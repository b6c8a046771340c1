import { Tooltip } from "@mantine/core";
import { Fragment } from "react";
import type { Distribution } from "../../generated/rpc";
import { count, counted } from "../../shared/format";
import classes from "./tables.module.css";

interface Props {
  name: string;
  distribution: Distribution;
  rows: number;
}

/** How a column's values are distributed: a histogram, or its most frequent values. */
export function DistributionChart({ name, distribution, rows }: Props) {
  if (distribution.kind === "histogram") return <Histogram name={name} {...distribution} />;
  if (distribution.kind === "top") return <TopValues name={name} {...distribution} rows={rows} />;
  return <span className={classes.faint}>all missing or all different</span>;
}

function Histogram({ name, edges, counts }: { name: string; edges: string[]; counts: number[] }) {
  const most = Math.max(...counts, 1);
  return (
    <div>
      <div className={classes.histogram} role="img" aria-label={`Histogram of ${name}`}>
        {counts.map((rows, bin) => (
          <Tooltip key={edges[bin]} label={`${edges[bin]} to ${edges[bin + 1]}: ${counted(rows, "row")}`}>
            <span style={{ height: `${(100 * rows) / most}%`, minHeight: rows > 0 ? 1 : 0 }} />
          </Tooltip>
        ))}
      </div>
      <div className={classes.edges}>
        <span>{edges[0]}</span>
        <span>{edges[edges.length - 1]}</span>
      </div>
    </div>
  );
}

function TopValues(props: { name: string; values: { value: string; rows: number }[]; others: number; rows: number }) {
  const most = Math.max(...props.values.map((each) => each.rows), 1);
  return (
    <div className={classes.top} role="img" aria-label={`Most frequent values of ${props.name}`}>
      {props.values.slice(0, 5).map((each) => (
        <Fragment key={each.value}>
          <span className={classes.topValue} title={each.value}>
            <i style={{ width: `${(100 * each.rows) / most}%` }} />
            <span>{each.value === "" ? '""' : each.value}</span>
          </span>
          <span className={classes.right}>{count(each.rows)}</span>
        </Fragment>
      ))}
      {props.others > 0 && (
        <>
          <span className={`${classes.topValue} ${classes.faint}`}>other values</span>
          <span className={classes.right}>{count(props.others)}</span>
        </>
      )}
    </div>
  );
}
