import { CompactSelection, type GridSelection } from "@glideapps/glide-data-grid";
import { Table, tableToIPC, Utf8, vectorFromArray } from "apache-arrow";
import { describe, expect, it } from "vitest";
import { copyText, pickedBy } from "./copyText";
import { RowPage } from "./rowPage";

const page = new RowPage(
  tableToIPC(
    new Table({
      item: vectorFromArray(["rice", 'the "best"', "two\nlines", null], new Utf8()),
      price: vectorFromArray(["1", "", "3", "4"], new Utf8()),
    }),
    "stream",
  ),
);
const columns = ["item", "price"].map((name) => ({ name, type: "text" }));
const none: GridSelection = { columns: CompactSelection.empty(), rows: CompactSelection.empty() };
const area = (x: number, y: number, width: number, height: number): GridSelection => ({
  ...none,
  current: { cell: [x, y], range: { x, y, width, height }, rangeStack: [] },
});
const copied = (selection: GridSelection, rowOf = (row: number) => row, most = 100) => {
  const picked = pickedBy(selection, columns, rowOf, 4, most);
  return picked && copyText(picked, () => page);
};

describe("copying", () => {
  it("copies a rectangle as a spreadsheet reads it", () => {
    expect(copied(area(0, 0, 2, 4))).toBe('rice\t1\n"the ""best"""\t\n"two\nlines"\t3\n\t4');
  });

  it("copies whole columns, and at most so many rows", () => {
    const price = { ...none, columns: CompactSelection.fromSingleSelection(1) };
    expect(copied(price)).toBe("1\n\n3\n4");
    expect(copied(price, undefined, 2)).toBe("1\n");
    expect(pickedBy(price, columns, (row) => row, 4, 2)?.complete, "the cut is known").toBe(false);
  });

  it("follows the rows on screen where some are left out", () => {
    expect(copied(area(1, 0, 1, 2), (row) => row + 2)).toBe("3\n4");
  });

  it("leaves the clipboard alone where nothing is selected", () => {
    expect(copied(none)).toBeNull();
  });
});
