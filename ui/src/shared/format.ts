const integers = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const decimals = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 4 });

/** A count with thousands separators: `12,431`. */
export function count(value: number): string {
  return integers.format(value);
}

/** A count with its noun: `1 row`, `12,431 rows`. */
export function counted(value: number, noun: string, plural = `${noun}s`): string {
  return `${count(value)} ${value === 1 ? noun : plural}`;
}

/** An estimated count to two digits, so that it does not look exact: `3,100,000` for 3,138,802. */
export function estimate(value: number): string {
  return count(Number(value.toPrecision(2)));
}

/** A measured number with at most four significant digits; whole numbers stay whole. */
export function number(value: number): string {
  return Number.isInteger(value) ? count(value) : decimals.format(value);
}

/** A share of 1 as a percentage; a share that is not quite nothing or everything never reads as 0% or 100%. */
export function percent(share: number): string {
  const value = share * 100;
  if (value > 0 && value < 1) return "<1%";
  if (value > 99 && value < 100) return ">99%";
  return `${Math.round(value)}%`;
}

/** Bytes in decimal units, as file managers show them: `812 B`, `12.4 MB`. */
export function bytes(value: number): string {
  if (value < 1000) return `${count(value)} B`;
  const units = ["kB", "MB", "GB", "TB", "PB"];
  let size = value / 1000;
  let unit = 0;
  // 999.95 would be rounded to 1000.0 of this unit, which is 1.0 of the next.
  while (size >= 999.95 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${size.toFixed(size < 99.95 ? 1 : 0)} ${units[unit]}`;
}

/** A duration in seconds, to the precision that matters: `0.42 s`, `12 s`, `3 min 5 s`, `2 h 4 min`. */
export function duration(seconds: number): string {
  if (seconds < 0.01) return "under 0.01 s";
  if (seconds < 10) return `${Number(seconds.toFixed(seconds < 1 ? 2 : 1))} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  if (hours > 0) return minutes > 0 ? `${hours} h ${minutes} min` : `${hours} h`;
  return rest > 0 ? `${minutes} min ${rest} s` : `${minutes} min`;
}

/** A moment (ms since 1970) as an ISO date and time to the minute, in local time: `2026-11-22 14:05`. */
export function moment(ms: number): string {
  const date = new Date(ms);
  const pad = (value: number) => String(value).padStart(2, "0");
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())} ${pad(date.getHours())}:${pad(date.getMinutes())}`;
}

/** A moment in the reader's own form, for hovering. */
export function localMoment(ms: number): string {
  return new Date(ms).toLocaleString(undefined, { dateStyle: "full", timeStyle: "medium" });
}

/** How long ago a moment (ms since 1970) was: `just now`, `5 min ago`, `yesterday`, then the date. */
export function ago(ms: number, now: number): string {
  const seconds = Math.max(0, (now - ms) / 1000);
  if (seconds < 60) return "just now";
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  if (seconds < 2 * 86_400) return "yesterday";
  if (seconds < 7 * 86_400) return `${Math.floor(seconds / 86_400)} days ago`;
  return moment(ms).slice(0, 10);
}

/** The last part of a path, whichever way its slashes lean. */
export function fileName(path: string): string {
  return path.split(/[\\/]/).pop() || path;
}
