import "@glideapps/glide-data-grid/dist/index.css";
import { DataEditor, type DataEditorRef, type Item, type Rectangle } from "@glideapps/glide-data-grid";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { RowSource } from "../generated/rpc";
import { cellDrawing, dataCell } from "./cells";
import { gridTheme, useGridColors } from "./colors";
import classes from "./DataGrid.module.css";
import { CopyNotice, GridNotice, GridSkeleton } from "./GridNotice";
import { GridTip } from "./GridTip";
import { useFonts, useGridName, usePortal, useShownColumn } from "./gridPlace";
import { headerDrawing, PLAIN_HEADER, RICH_HEADER } from "./header";
import { PAGE_ROWS } from "./rowPages";
import type { Bounds, CellInfo, DataColumn } from "./types";
import { useColumnWidths } from "./useColumnWidths";
import { useCopy } from "./useCopy";
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
  /** Scrolls sideways until this column is on screen, whenever it becomes another one. */
  showColumn?: string;
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
  const [laidOut, setLaidOut] = useState(false);
  const [, setRetried] = useState(0);

  const repaint = useCallback(() => {
    const { x, y, width, height } = region.current;
    const cells: Array<{ cell: Item }> = [];
    for (let column = x; column < x + width; column++) {
      for (let row = y; row < y + height; row++) cells.push({ cell: [column, row] });
    }
    editor.current?.updateCells(cells);
  }, []);
  const { pages, arrived, ready, problem, retry } = useRows(source, rowCount, repaint);
  const fonts = useFonts();
  const colors = useGridColors();
  const theme = useMemo(() => gridTheme(colors), [colors]);
  const widths = useColumnWidths(columns, fonts ? pages.peek(0) : undefined, rich);

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
  const rowsShown = shown ? shown.length : rowCount;
  const copy = useCopy(frame, { pages, columns, rowOf, rowCount: rowsShown, selection: events.selection });
  useGridName(frame, props.ariaLabel);
  usePortal();

  useShownColumn(editor, region, columns, laidOut ? props.showColumn : undefined);

  const onVisible = useCallback(
    (range: Rectangle) => {
      region.current = range;
      setLaidOut(true);
      fetchVisible();
      events.hideTip();
      onTopRow?.(rowOf(range.y));
    },
    [fetchVisible, events.hideTip, onTopRow, rowOf],
  );

  return (
    <div className={classes.frame} ref={frame}>
      {ready && fonts ? (
        <DataEditor
          ref={editor}
          width="100%"
          height="100%"
          columns={gridColumns}
          rows={rowsShown}
          rowHeight={ROW_HEIGHT}
          headerHeight={rich ? RICH_HEADER : PLAIN_HEADER}
          rowMarkers={{ kind: "number", width: 20 + 8 * Math.max(3, String(rowsShown).length) }}
          rowSelect="none"
          columnSelect="single"
          rangeSelect="rect"
          getCellContent={cellContent}
          drawHeader={drawHeader}
          drawCell={drawCell}
          theme={theme}
          experimental={PAINTING}
          fixedShadowX={false}
          fixedShadowY={false}
          smoothScrollX
          smoothScrollY
          minColumnWidth={56}
          maxColumnWidth={1200}
          onColumnResize={(column, width) => widths.resize(column.title, width)}
          onVisibleRegionChanged={onVisible}
          keybindings={{ copy: false, search: false, cut: false, paste: false, delete: false }}
          {...events.handlers}
        />
      ) : (
        <GridSkeleton />
      )}
      <GridTip ref={events.showTip} />
      {problem && (
        <GridNotice
          problem={problem}
          action="Read the rows again"
          onAction={() => {
            retry();
            setRetried((before) => before + 1);
          }}
        />
      )}
      {copy.outcome && <CopyNotice outcome={copy.outcome} onDismiss={copy.dismiss} />}
    </div>
  );
}

/** Glide's choice for Safari, two buffers and shadows on top, costs WebKitGTK a fifth more time for each frame. */
const PAINTING = { renderStrategy: "single-buffer" } as const;
const NO_COLUMN: DataColumn = { name: "", type: "text" };
