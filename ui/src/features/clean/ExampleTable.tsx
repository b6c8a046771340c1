import type { SmallTable, StepExample } from "../../generated/rpc";
import classes from "./clean.module.css";

const ROWS = 4;

/** A step's example: a small table before and after, with what differs marked. */
export function ExampleTable({ example }: { example: StepExample }) {
  return (
    <figure className={classes.example}>
      <figcaption>{example.title}</figcaption>
      <div className={classes.exampleTables}>
        <Small name="Before" table={example.before} />
        <span aria-hidden>→</span>
        <Small name="After" table={example.after} other={example.before} />
      </div>
    </figure>
  );
}

function Small({ name, table, other }: { name: string; table: SmallTable; other?: SmallTable }) {
  const sameRows = other?.rows.length === table.rows.length;
  return (
    <table aria-label={name}>
      <thead>
        <tr>
          {table.columns.map((column) => (
            <th key={column}>{column}</th>
          ))}
        </tr>
      </thead>
      <tbody>
        {table.rows.slice(0, ROWS).map((row, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: an example's rows never move
          <tr key={index}>
            {row.map((value, at) => {
              const column = table.columns[at] ?? "";
              const before = other?.columns.indexOf(column) ?? -1;
              const changed = sameRows && before >= 0 && other?.rows[index]?.[before] !== value;
              const meaning = other && before < 0 ? "added" : changed ? "changed" : undefined;
              return (
                <td key={column} data-meaning={meaning} data-null={value === null || undefined}>
                  {value === null
                    ? "null"
                    : value === ""
                      ? '""'
                      : value.replace(/^ +| +$|(?<= ) +/g, (run) => "·".repeat(run.length))}
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
