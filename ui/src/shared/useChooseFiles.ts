import { useState } from "react";
import { useLocation } from "wouter";
import type { Problem } from "../generated/rpc";
import { platform, toProblem } from "../platform";
import { importAddress } from "./addresses";

/** Lets the user choose files or a folder and opens the import with them. */
export function useChooseFiles() {
  const [, navigate] = useLocation();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const choose = async (pick: () => Promise<string[]>) => {
    setBusy(true);
    setProblem(null);
    try {
      const paths = await pick();
      if (paths.length > 0) navigate(importAddress(paths));
    } catch (error) {
      setProblem(toProblem(error));
    } finally {
      setBusy(false);
    }
  };
  const folder = async () => {
    const path = await platform.pickFolder();
    return path === null ? [] : [path];
  };
  return {
    busy,
    problem,
    chooseFiles: () => void choose(platform.pickFiles),
    /** Absent where a folder cannot be handed over. */
    chooseFolder: platform.kind === "window" ? () => void choose(folder) : undefined,
  };
}
