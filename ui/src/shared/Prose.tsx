import { Fragment } from "react";
import classes from "./Prose.module.css";

/** A sentence from the engine: what stands between backticks is shown as code. */
export function Prose({ text }: { text: string }) {
  return text.split("`").map((part, at) => {
    const key = `${at} ${part}`;
    return at % 2 === 1 ? (
      <code key={key} className={classes.code}>
        {part}
      </code>
    ) : (
      <Fragment key={key}>{part}</Fragment>
    );
  });
}
