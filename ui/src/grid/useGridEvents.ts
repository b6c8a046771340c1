import {
  CompactSelection,
  type DataEditorProps,
  type GridMouseEventArgs,
  type GridSelection,
  type Item,
} from "@glideapps/glide-data-grid";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { count, number } from "../shared/format";
import type { DataGridProps } from "./DataGrid";
import type { ShowTip, Tip } from "./GridTip";
import { MENU_SIZE } from "./header";
import { cellMark, markWords } from "./marks";
import { PAGE_ROWS, type RowPages } from "./rowPages";
import type { CellInfo, DataColumn } from "./types";

interface Events extends DataGridProps {
  pages: RowPages;
  rowOf: (row: number) => number;
  marks: boolean;
}

type Handlers = Pick<
  DataEditorProps,
  | "gridSelection"
  | "onGridSelectionChange"
  | "onHeaderClicked"
  | "onHeaderContextMenu"
  | "onCellContextMenu"
  | "onItemHovered"
  | "onKeyDown"
>;

/** Selection, menus and tooltips of the grid. */
export function useGridEvents(grid: Events) {
  const { columns, pages, rowOf, marks, selectedColumn, onColumnMenu, onHeaderClick, onCell } = grid;
  const [selection, setSelection] = useState<GridSelection>(NOTHING);
  const showTip = useRef<ShowTip>(null);
  const hideTip = useCallback(() => showTip.current?.(null), []);

  const selectedIndex = columns.findIndex((column) => column.name === selectedColumn);
  useEffect(() => {
    if (selectedColumn !== undefined) {
      setSelection((before) => ({
        ...before,
        columns: selectedIndex < 0 ? CompactSelection.empty() : CompactSelection.fromSingleSelection(selectedIndex),
      }));
    }
  }, [selectedColumn, selectedIndex]);

  const cell = selection.current?.cell;
  useEffect(() => {
    onCell?.(cell ? cellInfo(cell, columns, pages, rowOf, marks) : null);
  }, [cell, columns, pages, rowOf, marks, onCell]);

  const handlers = useMemo<Handlers>(() => {
    const openMenu = (index: number, bounds: Tip["bounds"]) => {
      const column = columns[index];
      if (column && onColumnMenu) {
        hideTip();
        onColumnMenu(column.name, bounds);
      }
    };
    return {
      gridSelection: selection,
      onGridSelectionChange: setSelection,
      onHeaderClicked: (index, event) => {
        const { bounds, localEventX, localEventY } = event;
        if (onColumnMenu && localEventX > bounds.width - MENU_SIZE - 6 && localEventY < MENU_SIZE) {
          event.preventDefault();
          openMenu(index, { ...bounds, x: bounds.x + bounds.width - MENU_SIZE, height: MENU_SIZE, width: MENU_SIZE });
        } else if (columns[index]) {
          onHeaderClick?.(columns[index].name);
        }
      },
      onHeaderContextMenu: (index, event) => {
        event.preventDefault();
        openMenu(index, { ...event.bounds, height: MENU_SIZE });
      },
      onCellContextMenu: ([index], event) => {
        event.preventDefault();
        openMenu(index, event.bounds);
      },
      onItemHovered: (event) => showTip.current?.(tipFor(event, columns, pages, rowOf, marks)),
      onKeyDown: (event) => {
        const wanted = event.key === "ContextMenu" || (event.shiftKey && event.key === "F10");
        // Glide's own location counts the column of row numbers, the selection does not.
        const index = selection.current?.cell[0] ?? selection.columns.first();
        if (wanted && index !== undefined && event.bounds) {
          event.cancel();
          event.preventDefault();
          // A menu closes on keys pressed outside of it: it has to open after this one is over.
          const { bounds } = event;
          setTimeout(() => openMenu(index, bounds));
        }
      },
    };
  }, [selection, columns, pages, rowOf, marks, onColumnMenu, onHeaderClick, hideTip]);

  return { handlers, selection, showTip, hideTip };
}

const NOTHING: GridSelection = { columns: CompactSelection.empty(), rows: CompactSelection.empty() };

function cellInfo(
  [index, row]: Item,
  columns: readonly DataColumn[],
  pages: RowPages,
  rowOf: (row: number) => number,
  marks: boolean,
): CellInfo | null {
  const column = columns[index];
  if (!column) return null;
  const at = rowOf(row);
  const page = pages.peek(at);
  const inPage = at % PAGE_ROWS;
  const mark = page && marks ? markWords(cellMark(page, inPage, column.name, column.status)) : undefined;
  return { column: column.name, row: at, value: page?.text(column.name, inPage), mark };
}

/** What hovering tells: a column's range in the header, what the preview did to a cell. */
function tipFor(
  event: GridMouseEventArgs,
  columns: readonly DataColumn[],
  pages: RowPages,
  rowOf: (row: number) => number,
  marks: boolean,
): Tip | null {
  if (event.kind === "header") {
    const column = columns[event.location[0]];
    return column ? { text: columnWords(column), bounds: event.bounds } : null;
  }
  if (event.kind !== "cell" || !marks) return null;
  const mark = cellInfo(event.location, columns, pages, rowOf, marks)?.mark;
  return mark ? { text: mark, bounds: event.bounds } : null;
}

function columnWords({ name, type, status, profile }: DataColumn): string {
  const lines = [`${name}: ${type}${status && status !== "kept" ? `, ${status}` : ""}`];
  if (profile) {
    lines.push(`${count(profile.missing)} missing, ${count(profile.distinct)} distinct`);
    if (profile.min !== null && profile.max !== null) lines.push(`from ${profile.min} to ${profile.max}`);
    if (profile.mean !== null) lines.push(`mean ${number(profile.mean)}`);
  }
  return lines.join("\n");
}
