import { Tooltip } from "@mantine/core";
import { Prose } from "./Prose";
import classes from "./TypeBadge.module.css";

/** What stands before the name of a type; types that are not listed show their word alone. */
const SIGNS: Record<string, string> = {
  text: "Aa",
  integer: "12",
  decimal: "1.0",
  number: "1.5",
  boolean: "✓✗",
  date: "▤",
  timestamp: "◷",
};

interface TypeBadgeProps {
  /** The type as a word, such as `decimal(10,2)`. */
  type: string;
  /** Why it is that type, shown on hover. */
  why?: string;
  /** Shows the sign alone, for narrow places; the word stays readable for screen readers. */
  short?: boolean;
}

/** A column's type as a small badge. */
export function TypeBadge({ type, why, short }: TypeBadgeProps) {
  const family = type.replace(/\(.*$/, "");
  const badge = (
    <span className={classes.badge} data-family={family}>
      <span className={classes.sign} aria-hidden>
        {SIGNS[family] ?? "·"}
      </span>
      <span className={short ? classes.hidden : undefined}>{type}</span>
    </span>
  );
  if (!why && !short) return badge;
  return (
    <Tooltip label={<Prose text={why ?? type} />} multiline maw={320} withinPortal>
      {badge}
    </Tooltip>
  );
}
