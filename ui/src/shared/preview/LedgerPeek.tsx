import { Text, Title } from "@mantine/core";
import type { ImportPreview } from "../../generated/rpc";
import { count, estimate } from "../format";
import { Prose } from "../Prose";
import classes from "./preview.module.css";

/** The account of the records, and the first that did not fit with the reason. */
export function LedgerPeek({ preview }: { preview: ImportPreview }) {
  const { complete, ledger } = preview;
  return (
    <section className={classes.ledger} aria-labelledby="ledger">
      <div className={classes.panelHead}>
        <Title order={2} id="ledger">
          What does not fit
        </Title>
        <Text size="xs" c="dimmed">
          {account(preview)}
        </Text>
      </div>
      {ledger.length === 0 ? (
        <Text size="xs" c="dimmed">
          {complete ? "Every record and every value fits." : "Everything in the part read so far fits."}
        </Text>
      ) : (
        <ul className={classes.entries}>
          {ledger.map((entry, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: entries have no other name than their place.
            <li key={index}>
              <span className={classes.place}>
                {entry.line === null ? entry.source : `line ${count(entry.line)}`}
                {entry.column !== null && `, ${entry.column}`}
              </span>
              <span>
                <Prose text={entry.reason} />
              </span>
              {entry.value !== null && (
                <code className={classes.value} title={entry.value}>
                  {entry.value}
                </code>
              )}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** Where the records go: "8,006 records = 8,001 rows + 5 in the ledger only". */
function account({ records, rows, rejected, complete }: ImportPreview): string {
  const number = complete ? count : estimate;
  const [of, into] = [records === 1 ? "record" : "records", rows === 1 ? "row" : "rows"];
  const sum = `${number(records)} ${of} = ${number(rows)} ${into} + ${number(rejected)} in the ledger only`;
  return complete ? sum : `About ${sum}`;
}
