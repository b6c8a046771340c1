import { rowIsMarked } from "./marks";
import { PAGE_ROWS, type RowPages } from "./rowPages";

/** The rows of a preview that the steps did something to, in order. Reads all of the preview's pages. */
export async function changedRows(pages: RowPages, columns: readonly string[]): Promise<number[]> {
  const read = await pages.read(0, pages.rowCount - 1);
  const rows: number[] = [];
  read.forEach((page, index) => {
    for (let row = 0; row < page.rows; row++) {
      if (rowIsMarked(page, row, columns)) rows.push(index * PAGE_ROWS + row);
    }
  });
  return rows;
}
