import type { GetCellsThunk, GridCell, Rectangle } from "@glideapps/glide-data-grid";
import { useCallback, useState } from "react";
import { dataCell } from "./cells";
import { PAGE_ROWS, type RowPages } from "./rowPages";
import type { DataColumn } from "./types";

/** More rows than this are an export, not a copy: they would stall the clipboard of every program. */
export const COPY_ROWS = 50_000;

/** The cells of a selection for the clipboard; rows that are not here yet are fetched first. */
export function useCopy(pages: RowPages, columns: readonly DataColumn[], rowOf: (row: number) => number) {
  const [cut, setCut] = useState(false);
  const cellsForSelection = useCallback(
    (range: Rectangle): GridCell[][] | GetCellsThunk => {
      const rows = Math.min(range.height, COPY_ROWS);
      setCut(rows < range.height);
      const picked = columns.slice(range.x, range.x + range.width);
      const wanted = Array.from({ length: rows }, (_, index) => rowOf(range.y + index));
      const cellsOf = (row: number) => {
        const page = pages.peek(row);
        return picked.map((column) => dataCell(page, row % PAGE_ROWS, column, false, false));
      };
      if (wanted.every((row) => pages.peek(row))) {
        return wanted.map(cellsOf);
      }
      return async () => {
        const first = wanted[0] ?? 0;
        const last = wanted[wanted.length - 1] ?? first;
        const start = Math.floor(first / PAGE_ROWS);
        const read = await pages.read(first, last);
        return wanted.map((row) =>
          picked.map((column) =>
            dataCell(read[Math.floor(row / PAGE_ROWS) - start], row % PAGE_ROWS, column, false, false),
          ),
        );
      };
    },
    [pages, columns, rowOf],
  );
  return { cellsForSelection, cut, forgetCut: () => setCut(false) };
}
