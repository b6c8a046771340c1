import { expect, it } from "vitest";
import { find } from "./findEntries";

const entries = [
  { label: "Home", description: "Where you left off" },
  { label: "country", description: "Column of bronze.prices" },
  { label: "bronze.prices", description: "Table" },
  { label: "silver.prices", description: "Table" },
  { label: "unit_price", description: "Column of bronze.prices" },
];
const names = (query: string) => find(entries, query, 10).map(({ label }) => label);

it.each([
  ["", ["Home", "country", "bronze.prices", "silver.prices", "unit_price"]],
  ["price", ["bronze.prices", "silver.prices", "unit_price", "country"]],
  ["  SILVER  pri ", ["silver.prices"]],
  ["table bronze", ["bronze.prices"]],
  ["nothing", []],
])("finds for %j", (query, expected) => expect(names(query)).toEqual(expected));

it("stops at the limit", () => expect(find(entries, "", 2)).toHaveLength(2));
