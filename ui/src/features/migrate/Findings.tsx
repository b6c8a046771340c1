import { Text } from "@mantine/core";
import type { PreflightFinding } from "../../generated/rpc";
import { count, counted } from "../../shared/format";
import { Prose } from "../../shared/Prose";
import common from "./migrate.module.css";
import classes from "./report.module.css";
import { StateBadge } from "./StateBadge";
import { SEVERITIES } from "./verdict";

/** What a check found, the worst first: which column, how many rows, examples, and what to do. */
export function Findings({ findings }: { findings: readonly PreflightFinding[] }) {
  if (findings.length === 0) return null;
  const order = (severity: string) => SEVERITIES[severity]?.order ?? 3;
  const sorted = findings.toSorted((one, other) => order(one.severity) - order(other.severity));
  return (
    <ul className={classes.findings} aria-label="Findings">
      {sorted.map((finding) => (
        <li key={`${finding.severity} ${finding.column} ${finding.text}`} data-severity={finding.severity}>
          <Finding finding={finding} />
        </li>
      ))}
    </ul>
  );
}

function Finding({ finding: { severity, column, rows, examples, text, hint } }: { finding: PreflightFinding }) {
  const { word, tone } = SEVERITIES[severity] ?? { word: severity, tone: "plain" as const };
  return (
    <>
      <div className={classes.findingHead}>
        <StateBadge word={word} tone={tone} />
        {column !== "" && <code>{column}</code>}
        {rows > 0 && <span className={common.dimmed}>{counted(rows, "row")}</span>}
      </div>
      <Text size="xs">
        <Prose text={text} />
      </Text>
      {examples.length > 0 && (
        <ul className={classes.examples} aria-label="Examples">
          {examples.map(({ row, value }) => (
            <li key={`${row} ${value}`}>
              <span className={common.dimmed}>row {count(row + 1)}:</span> <code>{value}</code>
            </li>
          ))}
        </ul>
      )}
      {hint !== "" && (
        <Text size="xs" c="dimmed">
          <Prose text={hint} />
        </Text>
      )}
    </>
  );
}
