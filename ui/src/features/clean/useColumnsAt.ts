import { useQuery } from "@tanstack/react-query";
import type { ColumnInfo, RecipeStep } from "../../generated/rpc";
import { rpc } from "../../platform";
import { effectKey } from "./steps";

/** The columns that a step can work on: those of the input, changed by the steps before it. */
export function useColumnsAt(table: string, version: number, input: ColumnInfo[], before: RecipeStep[]): ColumnInfo[] {
  const columns = useQuery({
    queryKey: ["columns-at", table, version, effectKey(before)],
    queryFn: async () => {
      const preview = await rpc("recipe_preview", { table, version, steps: before });
      return preview.columns.filter((each) => each.status !== "removed").map(({ name, type }) => ({ name, type }));
    },
    enabled: before.length > 0,
    placeholderData: (last) => last,
  });
  return before.length === 0 ? input : (columns.data ?? input);
}
