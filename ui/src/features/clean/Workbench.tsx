import { useHotkeys } from "@mantine/hooks";
import { useCallback, useEffect, useMemo, useState } from "react";
import { useLocation, useSearch } from "wouter";
import type { RecipeDoc, StepInfo, TableDetail } from "../../generated/rpc";
import type { CellInfo } from "../../grid";
import { tableAddress } from "../../shared/addresses";
import { ApplyBar } from "./ApplyBar";
import { CleanHeader } from "./CleanHeader";
import { CleanStatus } from "./CleanStatus";
import classes from "./clean.module.css";
import { PreviewPane } from "./PreviewPane";
import { RecipePanel } from "./RecipePanel";
import { inserted, newId, newStep } from "./steps";
import { useCounts, usePreview } from "./usePreview";
import { useRecipe } from "./useRecipe";

interface Props {
  detail: TableDetail;
  recipe: RecipeDoc;
  catalogue: StepInfo[];
}

/** The cleaning bench: the preview in the middle, the recipe at the side, what Apply does at the bottom. */
export function Workbench({ detail, recipe: opened, catalogue }: Props) {
  const { info } = detail;
  const recipe = useRecipe(opened);
  const { doc, change, undo, redo } = recipe;
  const [selected, select] = useSelectedStep(info.table, doc);
  const [cell, setCell] = useState<CellInfo | null>(null);
  const [adding, setAdding] = useState(opened.steps.length === 0);
  const column = useColumnOfAddress();
  const [wanted, setWanted] = useState<string | undefined>(column);
  useEffect(() => {
    if (column !== undefined) setAdding(true);
  }, [column]);

  const preview = usePreview(info.table, info.version, doc.steps, selected);
  const counts = useCounts(info.table, doc.steps, preview.preview, preview.pending);
  useHotkeys([
    ["mod+Z", () => void undo()],
    ["mod+Y", () => void redo()],
    ["mod+shift+Z", () => void redo()],
  ]);

  const add = useCallback(
    (kind: StepInfo, toColumn?: string) => {
      const step = newStep(kind, newId(), toColumn);
      change({ steps: inserted(doc.steps, step, selected) });
      setAdding(false);
      setWanted(undefined);
      select(step.id);
    },
    [change, doc.steps, selected, select],
  );
  const outcomes = useMemo(
    () => new Map(preview.preview?.steps.map((outcome) => [outcome.id, outcome])),
    [preview.preview],
  );
  return (
    <div className={classes.bench}>
      <CleanHeader info={info} recipe={recipe} />
      <div className={classes.middle}>
        <PreviewPane
          detail={detail}
          preview={preview}
          selected={selected}
          catalogue={catalogue}
          onAdd={add}
          onCell={setCell}
        />
        <RecipePanel
          detail={detail}
          recipe={recipe}
          catalogue={catalogue}
          outcomes={outcomes}
          counts={counts}
          preview={preview}
          selected={selected}
          onSelect={select}
          adding={adding}
          onAdding={(next) => {
            setAdding(next);
            setWanted(undefined);
          }}
          column={wanted}
          onAdd={add}
        />
      </div>
      <ApplyBar detail={detail} recipe={recipe} outcomes={outcomes} />
      <CleanStatus info={info} preview={preview.preview} counted={counts !== null} selected={selected} cell={cell} />
    </div>
  );
}

/** The step in the address whose effect is painted; none where it is gone. */
function useSelectedStep(table: string, doc: RecipeDoc): [string | undefined, (id: string | undefined) => void] {
  const [, navigate] = useLocation();
  const id = new URLSearchParams(useSearch()).get("step");
  const select = useCallback(
    (next: string | undefined) => {
      const query = next === undefined ? "" : `?${new URLSearchParams({ step: next })}`;
      navigate(`${tableAddress(table)}/clean${query}`, { replace: true });
    },
    [navigate, table],
  );
  return [doc.steps.find((step) => step.id === id)?.id, select];
}

function useColumnOfAddress(): string | undefined {
  return new URLSearchParams(useSearch()).get("column") ?? undefined;
}
