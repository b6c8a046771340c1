import { type Table, tableFromIPC, type Vector } from "apache-arrow";

/** One fetched page of rows. Text is decoded when a cell is first drawn, not when the page arrives. */
export class RowPage {
  readonly rows: number;
  readonly #table: Table;
  readonly #columns = new Map<string, Column | null>();

  constructor(bytes: Uint8Array) {
    this.#table = tableFromIPC(bytes);
    this.rows = this.#table.numRows;
  }

  /** The text of a cell; null where the value is missing, undefined where the page has no such column or row. */
  text(column: string, row: number): string | null | undefined {
    const found = this.#column(column);
    if (!found || row >= this.rows) {
      return undefined;
    }
    const decoded = found.decoded[row];
    if (decoded !== undefined) {
      return decoded;
    }
    const value: unknown = found.vector.get(row);
    const text = value === null || value === undefined ? null : String(value);
    found.decoded[row] = text;
    return text;
  }

  /** Whether the cell says true, as a boolean or as text; false where the page has no such column. */
  flag(column: string, row: number): boolean {
    return this.text(column, row) === "true";
  }

  #column(name: string): Column | null {
    let column = this.#columns.get(name);
    if (column === undefined) {
      const vector = this.#table.getChild(name);
      column = vector === null ? null : { vector, decoded: new Array(this.rows) };
      this.#columns.set(name, column);
    }
    return column;
  }
}

interface Column {
  vector: Vector;
  decoded: Array<string | null | undefined>;
}
