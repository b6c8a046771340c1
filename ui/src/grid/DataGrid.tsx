import "@glideapps/glide-data-grid/dist/index.css";
import { DataEditor, type DataEditorRef, type Item, type Rectangle } from "@glideapps/glide-data-grid";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { RowSource } from "../generated/rpc";
import { ProblemNotice } from "../shared/ProblemNotice";
import { cellDrawing, dataCell } from "./cells";
import { gridTheme, useGridColors } from "./colors";
import classes from "./DataGrid.module.css";
import { GridTip } from "./GridTip";
import { headerDrawing, PLAIN_HEADER, RICH_HEADER } from "./header";
import { PAGE_ROWS } from "./rowPages";
import type { Bounds, CellInfo, DataColumn } from "./types";
import { useColumnWidths } from "./useColumnWidths";
import { COPY_ROWS, useCopy } from "./useCopy";
import { useGridEvents } from "./useGridEvents";
import { useRows } from "./useRows";

const ROW_HEIGHT = 28;

export interface DataGridProps {
  source: RowSource;
  columns: readonly DataColumn[];
  rowCount: number;
  /** Names the grid for screen readers. */
  ariaLabel: string;
  selectedColumn?: string;
  /** Offers a menu in each header; also opened by right click, and by Shift-F10 on a cell. */
  onColumnMenu?: (column: string, bounds: Bounds) => void;
  onHeaderClick?: (column: string) => void;
  /** Tells which cell the keyboard is on. */
  onCell?: (cell: CellInfo | null) => void;
  /** Tells the first row on screen, so that a next source can be preloaded there. */
  onTopRow?: (row: number) => void;
  showWhitespace?: boolean;
  /** Paints what a preview says was changed, added and removed. */
  marks?: boolean;
  /** Shows these rows of the source only. */
  rows?: readonly number[];
  /** Keeps room for profiles in the headers before they arrive. */
  rich?: boolean;
  /** The rows that the profiles count. */
  profileRows?: number;
}

/** Rows of any source in a canvas grid that fetches what is on screen. */
export function DataGrid(props: DataGridProps) {
  const { source, columns, rowCount, rows: shown, marks = false, showWhitespace = false, onTopRow } = props;
  const rich = props.rich ?? columns.some((column) => column.profile);
  const frame = useRef<HTMLDivElement>(null);
  const editor = useRef<DataEditorRef>(null);
  const region = useRef<Rectangle>({ x: 0, y: 0, width: 12, height: 40 });
  const rowOf = useCallback((row: number) => (shown ? (shown[row] ?? 0) : row), [shown]);
  const [, setShownProblem] = useState(0);

  const repaint = useCallback(() => {
    const { x, y, width, height } = region.current;
    const cells: Array<{ cell: Item }> = [];
    for (let column = x; column < x + width; column++) {
      for (let row = y; row < y + height; row++) cells.push({ cell: [column, row] });
    }
    editor.current?.updateCells(cells);
  }, []);
  const { pages, arrived, ready, problem, retry } = useRows(source, rowCount, repaint);
  const colors = useGridColors();
  const theme = useMemo(() => gridTheme(colors), [colors]);
  const widths = useColumnWidths(columns, pages.peek(0), rich);
  const { cellsForSelection, cut, forgetCut } = useCopy(pages, columns, rowOf);

  const fetchVisible = useCallback(() => {
    const { y, height } = region.current;
    pages.show(rowOf(y), rowOf(Math.max(y, y + height - 1)));
  }, [pages, rowOf]);
  useEffect(fetchVisible, [fetchVisible]);

  // `arrived` makes a new callback, and so a new rendering, once pages came: see useRows.
  // biome-ignore lint/correctness/useExhaustiveDependencies: `arrived` stands for the content of `pages`
  const cellContent = useCallback(
    ([column, row]: Item) => {
      const found = columns[column];
      const at = rowOf(row);
      const page = found && pages.peek(at);
      return dataCell(page, at % PAGE_ROWS, found ?? NO_COLUMN, marks, showWhitespace);
    },
    [columns, pages, rowOf, marks, showWhitespace, arrived],
  );
  const gridColumns = useMemo(
    () => columns.map((column) => ({ id: column.name, title: column.name, width: widths.width(column.name) })),
    [columns, widths.width],
  );
  const menu = props.onColumnMenu !== undefined;
  const profileRows = props.profileRows ?? rowCount;
  const drawHeader = useMemo(
    () => headerDrawing(columns, colors, { rich, menu, profileRows }),
    [columns, colors, rich, menu, profileRows],
  );
  const drawCell = useMemo(() => cellDrawing(colors), [colors]);
  const events = useGridEvents({ ...props, pages, rowOf, marks });
  useGridName(frame, props.ariaLabel, ready);

  const onVisible = useCallback(
    (range: Rectangle) => {
      region.current = range;
      fetchVisible();
      events.hideTip();
      onTopRow?.(rowOf(range.y));
    },
    [fetchVisible, events.hideTip, onTopRow, rowOf],
  );

  const count = shown ? shown.length : rowCount;
  return (
    <div className={classes.frame} ref={frame}>
      {ready ? (
        <DataEditor
          ref={editor}
          width="100%"
          height="100%"
          columns={gridColumns}
          rows={count}
          rowHeight={ROW_HEIGHT}
          headerHeight={rich ? RICH_HEADER : PLAIN_HEADER}
          rowMarkers={{ kind: "number", width: 20 + 8 * Math.max(3, String(count).length) }}
          rowSelect="none"
          columnSelect="single"
          rangeSelect="rect"
          getCellContent={cellContent}
          getCellsForSelection={cellsForSelection}
          drawHeader={drawHeader}
          drawCell={drawCell}
          theme={theme}
          smoothScrollX
          smoothScrollY
          minColumnWidth={56}
          maxColumnWidth={1200}
          onColumnResize={(column, width) => widths.resize(column.title, width)}
          onVisibleRegionChanged={onVisible}
          keybindings={{ search: false, cut: false, paste: false, delete: false }}
          {...events.handlers}
        />
      ) : (
        <Skeleton />
      )}
      <GridTip ref={events.showTip} />
      {problem && (
        <div className={classes.notice}>
          <ProblemNotice
            problem={problem}
            action={{
              label: "Read the rows again",
              run: () => {
                retry();
                setShownProblem((before) => before + 1);
              },
            }}
          />
        </div>
      )}
      {cut && (
        <div className={classes.notice}>
          <ProblemNotice
            problem={{
              code: "limit_exceeded",
              message: `Copied the first ${COPY_ROWS.toLocaleString("en-US")} rows of the selection.`,
              hint: "Export the table to get all of them.",
            }}
            action={{ label: "Dismiss", run: forgetCut }}
          />
        </div>
      )}
    </div>
  );
}

const NO_COLUMN: DataColumn = { name: "", type: "text" };

/** The shape of a grid, shown while the first rows are read (after 150 ms). */
function Skeleton() {
  return (
    <div className={classes.skeleton} role="status" aria-label="Reading rows">
      {Array.from({ length: 14 }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the bars are all the same
        <div key={index} />
      ))}
    </div>
  );
}

/** Glide's accessibility tree has no name of its own. */
function useGridName(frame: React.RefObject<HTMLDivElement | null>, name: string, ready: boolean) {
  useEffect(() => {
    if (ready) frame.current?.querySelector("[role=grid]")?.setAttribute("aria-label", name);
  });
}
