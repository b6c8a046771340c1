import { type ReactNode, useEffect, useState } from "react";
import { createPortal } from "react-dom";

/** The id of the frame's status line. */
export const STATUS_LINE_ID = "status-line";

/** Shows its children in the frame's status line: rows, version, ledger count, what the numbers are based on. */
export function StatusLine({ children }: { children: ReactNode }) {
  const [place, setPlace] = useState<HTMLElement | null>(null);
  useEffect(() => setPlace(document.getElementById(STATUS_LINE_ID)), []);
  return place && createPortal(children, place);
}
