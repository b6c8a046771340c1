import { ago, localMoment } from "../../shared/format";

/** How long ago a version was written; the exact time on hover. */
export function Freshness({ ms }: { ms: number }) {
  return (
    <time dateTime={new Date(ms).toISOString()} title={localMoment(ms)}>
      {ago(ms, Date.now())}
    </time>
  );
}
