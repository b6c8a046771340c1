import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import type { Problem, SourceDoc } from "../../generated/rpc";
import { rpc, toProblem } from "../../platform";
import { sourceAddress } from "../../shared/addresses";
import { useJobsChanged, watchUntilShown } from "../../shared/queries";

/** Saving a source, and refreshing it from the same button. */
export interface Saving {
  busy: boolean;
  problem: Problem | null;
  save(): void;
  saveAndRefresh(): void;
}

/** Saves a source; `onSaved` hears its id, so that a second try does not make a second source. */
export function useSaveSource(doc: SourceDoc, onSaved: (id: string) => void): Saving {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [, navigate] = useLocation();
  const client = useQueryClient();
  const jobsChanged = useJobsChanged();
  const run = async (refresh: boolean) => {
    setBusy(true);
    setProblem(null);
    try {
      const { id } = await rpc("source_save", doc);
      onSaved(id);
      if (refresh) {
        const request = { sources: [id], full: false, replay: false, accept_drift: false };
        const { jobs } = await rpc("source_refresh", request);
        for (const { job } of jobs) watchUntilShown(job);
        await jobsChanged();
        await client.invalidateQueries({ queryKey: ["sources"] });
        navigate(sourceAddress(id, jobs[0]?.job), { replace: doc.id !== undefined });
      } else {
        await client.invalidateQueries({ queryKey: ["sources"] });
        navigate("/sources");
      }
      await client.invalidateQueries({ queryKey: ["connections"] });
    } catch (error) {
      setProblem(toProblem(error));
    } finally {
      setBusy(false);
    }
  };
  return { busy, problem, save: () => void run(false), saveAndRefresh: () => void run(true) };
}
