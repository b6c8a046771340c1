import type { RecipeDoc, SourceInfo, SyncDoc } from "../../generated/rpc";

/** What can be done before sending, so that what is sent is new. */
export interface Preparation {
  /** Sources that fill what is sent, directly or through recipes. */
  sources: SourceInfo[];
  /** Recipes on the way, in the order in which they are applied. */
  recipes: RecipeDoc[];
}

/** The sources and recipes behind what a sync sends, and those it has chosen already. */
export function preparation(
  doc: SyncDoc,
  all: { tables: readonly string[]; sources: readonly SourceInfo[]; recipes: readonly RecipeDoc[] },
): Preparation {
  const reached = new Set(sentTables(doc, all.tables));
  const recipes: RecipeDoc[] = [];
  // A set that grows while it is walked: each recipe leads one table further back.
  for (const table of reached) {
    for (const recipe of all.recipes) {
      if (recipe.output !== table || recipe.input === table || recipe.steps.length === 0) continue;
      if (!recipes.includes(recipe)) recipes.unshift(recipe);
      reached.add(recipe.input);
    }
  }
  const chosen = all.recipes.filter((recipe) => doc.apply.includes(recipe.input) && !recipes.includes(recipe));
  return {
    sources: all.sources.filter((source) => reached.has(source.doc.table) || doc.refresh.includes(source.id)),
    recipes: [...chosen, ...recipes],
  };
}

/** The tables whose newest version is sent. */
function sentTables({ parts, everything }: SyncDoc, tables: readonly string[]): string[] {
  if (everything) return [...tables];
  return parts.flatMap(({ from }) => {
    if (from.kind === "sql") return tables.filter((table) => from.sql.includes(table));
    return from.version === undefined ? [from.table] : [];
  });
}

/** The key that a source which fills a table merges by; none where there is none. */
export function sourceKey(table: string, sources: readonly SourceInfo[], recipes: readonly RecipeDoc[]): string[] {
  const inputs = recipes.filter(({ output }) => output === table).map(({ input }) => input);
  const source = sources.find(({ doc }) => doc.table === table || inputs.includes(doc.table));
  return source?.doc.loading.mode === "merge" ? source.doc.loading.key : [];
}
