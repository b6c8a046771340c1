import { useCallback, useEffect, useRef, useState } from "react";
import type { Problem, RecipePreview, RecipeStep, StepCount } from "../../generated/rpc";
import { preloadRows } from "../../grid";
import { rpc, toProblem } from "../../platform";
import { effectKey } from "./steps";

/** While something is typed, the preview waits for so long a pause; a single change is answered at once. */
const TYPING_MS = 80;
const SINGLE_MS = 250;
const SETTLED_MS = 700;

/**
 * The effect of the steps on a sample, calculated again with every change. The last preview stays until the next one
 * is complete with the rows on screen; answers that were overtaken are dropped.
 */
export function usePreview(table: string, version: number, steps: RecipeStep[], selected: string | undefined) {
  const [preview, setPreview] = useState<RecipePreview | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [pending, setPending] = useState(true);
  const topRow = useRef(0);
  const changedAt = useRef(Number.NEGATIVE_INFINITY);
  const [attempt, setAttempt] = useState(0);
  const index = steps.findIndex((step) => step.id === selected);
  const key = effectKey(steps);

  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` stands for `steps`, `attempt` asks again
  useEffect(() => {
    let current = true;
    setPending(true);
    const ask = async () => {
      try {
        const answer = await rpc("recipe_preview", {
          table,
          version,
          steps,
          ...(index < 0 ? {} : { selected: index }),
        });
        if (!current) return;
        await preloadRows({ kind: "preview", id: answer.id }, answer.rows, topRow.current);
        if (!current) return;
        setPreview(answer);
        setProblem(null);
      } catch (error) {
        if (current) setProblem(toProblem(error));
      }
      if (current) setPending(false);
    };
    const now = performance.now();
    const timer = setTimeout(ask, now - changedAt.current > SINGLE_MS ? 0 : TYPING_MS);
    changedAt.current = now;
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [table, version, key, index, attempt]);

  const onTopRow = useCallback((row: number) => {
    topRow.current = row;
  }, []);
  const retry = useCallback(() => setAttempt((before) => before + 1), []);
  return { preview, problem, pending, onTopRow, retry };
}

/**
 * Exact counts over the whole table, asked for once the preview has settled and only where the sample is not the whole
 * table. Null until they are there.
 */
export function useCounts(table: string, steps: RecipeStep[], preview: RecipePreview | null, pending: boolean) {
  const [counts, setCounts] = useState<{ key: string; counts: StepCount[] } | null>(null);
  const key = `${preview?.version} ${effectKey(steps)}`;
  const wanted =
    preview !== null &&
    !pending &&
    preview.sample_rows < preview.table_rows &&
    preview.steps.some((step) => !step.skipped) &&
    preview.steps.every((step) => step.problem === null);
  const version = preview?.version;

  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` stands for `steps`
  useEffect(() => {
    if (!wanted) return;
    let current = true;
    const ask = async () => {
      try {
        const answer = await rpc("recipe_counts", { table, version, steps });
        if (current) setCounts({ key, counts: answer });
      } catch {
        // The preview's own numbers stay on screen, labelled as what they are.
        if (current) setCounts(null);
      }
    };
    const timer = setTimeout(ask, SETTLED_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [table, version, key, wanted]);

  return counts?.key === key ? counts.counts : null;
}
