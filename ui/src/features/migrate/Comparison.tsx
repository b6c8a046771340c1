import { Button, Text, Title } from "@mantine/core";
import { IconCheck, IconX } from "@tabler/icons-react";
import { useState } from "react";
import type { SyncVerification } from "../../generated/rpc";
import { counted } from "../../shared/format";
import { Prose } from "../../shared/Prose";
import classes from "./report.module.css";

/** What the comparison with the target found: in one line where all is the same, else what differs first. */
export function Comparison({ found }: { found: SyncVerification }) {
  const { comparisons, differing, note, matched } = found;
  const [all, setAll] = useState(false);
  const different = comparisons.filter(({ here, there }) => here !== there);
  const shown = all ? comparisons : different;
  const sentence =
    comparisons.length === 0
      ? "The target was not compared."
      : matched
        ? `${counted(comparisons.length, "comparison")} with the target, all the same.`
        : `${counted(different.length, "comparison")} of ${comparisons.length} with the target differ${different.length === 1 ? "s" : ""}.`;
  return (
    <section className={classes.comparison} aria-label="Comparison with the target">
      <div className={classes.comparisonHead}>
        <Title order={3}>Comparison</Title>
        <Text size="xs">{sentence}</Text>
        {comparisons.length > different.length && (
          <Button variant="subtle" size="compact-xs" aria-expanded={all} onClick={() => setAll(!all)}>
            {all ? "Show less" : "Show all"}
          </Button>
        )}
      </div>
      {note !== "" && (
        <Text size="xs" c="dimmed">
          <Prose text={note} />
        </Text>
      )}
      {shown.length > 0 && (
        <div className={classes.scroll}>
          <table className={classes.table}>
            <thead>
              <tr>
                <th>Compared</th>
                <th className={classes.right}>Here</th>
                <th className={classes.right}>At the target</th>
                <th>Result</th>
              </tr>
            </thead>
            <tbody>
              {shown.map(({ name, here, there }) => (
                <tr key={name} data-differs={here !== there || undefined}>
                  <th scope="row" title={name}>
                    {name}
                  </th>
                  <td className={classes.right}>{here}</td>
                  <td className={classes.right}>{there}</td>
                  <td>
                    {here === there ? (
                      <IconCheck size={14} className={classes.good} aria-label="the same" />
                    ) : (
                      <span className={classes.differs}>
                        <IconX size={14} aria-hidden /> differs
                      </span>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {differing.length > 0 && (
        <div>
          <Text size="xs" fw={600}>
            Rows that differ, some of them
          </Text>
          <ul className={classes.keys}>
            {differing.map((key) => (
              <li key={key}>
                <code>{key}</code>
              </li>
            ))}
          </ul>
        </div>
      )}
    </section>
  );
}
