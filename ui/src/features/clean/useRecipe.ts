import { useCallback, useEffect, useRef, useState } from "react";
import type { Problem, RecipeDoc } from "../../generated/rpc";
import { rpc, toProblem } from "../../platform";

/** While settings are typed, one revision a pause: undo then takes back a change, not a letter. */
const TYPING_MS = 500;

export type RecipeChange = Partial<Pick<RecipeDoc, "name" | "output" | "steps">>;

/** A recipe that is shown as the user changes it and saved behind that, one save after the other. */
export function useRecipe(opened: RecipeDoc) {
  const [doc, setDoc] = useState(opened);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [fileProblem, setFileProblem] = useState<Problem | null>(null);
  const latest = useRef(opened);
  const dirty = useRef(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const queue = useRef<Promise<void>>(Promise.resolve());

  const show = useCallback((next: RecipeDoc) => {
    latest.current = next;
    setDoc(next);
  }, []);

  const save = useCallback((): Promise<void> => {
    clearTimeout(timer.current);
    queue.current = queue.current.then(async () => {
      if (!dirty.current) return;
      dirty.current = false;
      try {
        const { revision, can_undo, can_redo } = await rpc("recipe_save", latest.current);
        show({ ...latest.current, revision, can_undo, can_redo });
        setProblem(null);
      } catch (error) {
        dirty.current = true;
        setProblem(toProblem(error));
      }
    });
    return queue.current;
  }, [show]);

  const change = useCallback(
    (part: RecipeChange, typing = false) => {
      show({ ...latest.current, ...part, can_undo: true, can_redo: false });
      dirty.current = true;
      clearTimeout(timer.current);
      if (typing) timer.current = setTimeout(save, TYPING_MS);
      else void save();
    },
    [show, save],
  );

  const step = useCallback(
    async (command: "recipe_undo" | "recipe_redo") => {
      await save();
      try {
        show(await rpc(command, { id: latest.current.id }));
        setProblem(null);
      } catch (error) {
        setProblem(toProblem(error));
      }
    },
    [save, show],
  );
  const undo = useCallback(() => step("recipe_undo"), [step]);
  const redo = useCallback(() => step("recipe_redo"), [step]);

  useEffect(() => () => void save(), [save]);
  /** Takes the steps of a recipe file, which the engine has saved already. */
  const takeFile = useCallback(
    async (text: string) => {
      await save();
      show(await rpc("recipe_import", { table: latest.current.input, text }));
      setProblem(null);
      setFileProblem(null);
    },
    [save, show],
  );
  return { doc, problem, fileProblem, setFileProblem, change, save, undo, redo, takeFile };
}

export type OpenRecipe = ReturnType<typeof useRecipe>;
