import type { ImportPreview } from "../../generated/rpc";
import { counted, estimate } from "../format";

/** A count of a preview with its noun; an estimated one says so and has two digits only. */
export function counts(preview: ImportPreview, value: number, noun: string): string {
  if (preview.complete) return counted(value, noun);
  return `about ${estimate(value)} ${value === 1 ? noun : `${noun}s`}`;
}
