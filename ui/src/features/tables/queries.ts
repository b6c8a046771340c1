import { useMutation, useQuery } from "@tanstack/react-query";
import { rpc } from "../../platform";
import { useJobsChanged } from "../../shared/queries";

/** A table at a version. */
export function useTable(table: string, version?: number) {
  return useQuery({
    queryKey: ["table", table, version ?? "newest"],
    queryFn: () => rpc("table_show", { table, version }),
    placeholderData: (before) => (before?.info.table === table ? before : undefined),
  });
}

/** The profile of a version, which never changes. It is asked for when the rows are on screen. */
export function useProfile(table: string, version: number, enabled = true) {
  return useQuery({
    queryKey: ["profile", table, version],
    queryFn: () => rpc("table_profile", { table, version }),
    enabled,
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** The versions of a table, newest first. */
export function useHistory(table: string) {
  return useQuery({
    queryKey: ["history", table],
    queryFn: async () => {
      const versions = await rpc("table_history", { table });
      return versions.toSorted((one, other) => other.version - one.version);
    },
  });
}

/** Applies the recipe that writes a table to the newest version of its input; resolves to the job's id. */
export function useApplyAgain(table: string) {
  const jobsChanged = useJobsChanged();
  return useMutation({
    mutationFn: async () => {
      const recipes = await rpc("recipe_list", {});
      const recipe = recipes.find((each) => each.output === table);
      if (!recipe) throw new Error(`There is no recipe that writes ${table}; it may have been removed.`);
      const { job } = await rpc("recipe_apply", { recipe: recipe.id });
      await jobsChanged();
      return job;
    },
  });
}
