export { ColumnMenu } from "./ColumnMenu";
export { changedRows } from "./changedRows";
export { DataGrid, type DataGridProps } from "./DataGrid";
export { preloadRows, rowPages } from "./rowPages";
export { type Bounds, type CellInfo, type DataColumn, isNumeric } from "./types";
