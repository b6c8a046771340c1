import type { RefreshInfo } from "../../generated/rpc";
import { refreshFacts } from "./refreshWords";
import classes from "./sources.module.css";

/** What a refresh brought, in a line. */
export function RefreshFacts({ info }: { info: RefreshInfo }) {
  return (
    <span className={classes.changes}>
      {refreshFacts(info).map(({ kind, text }) => (
        <span key={text} data-kind={kind}>
          {text}
        </span>
      ))}
    </span>
  );
}
