import { Button, ScrollArea } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useState } from "react";
import type { StepCount, StepInfo, StepOutcome, TableDetail } from "../../generated/rpc";
import { count } from "../../shared/format";
import { ProblemNotice } from "../../shared/ProblemNotice";
import { Catalogue } from "./Catalogue";
import classes from "./clean.module.css";
import { StepCard } from "./StepCard";
import { moved } from "./steps";
import type { usePreview } from "./usePreview";
import type { OpenRecipe } from "./useRecipe";

interface Props {
  detail: TableDetail;
  recipe: OpenRecipe;
  catalogue: StepInfo[];
  outcomes: Map<string, StepOutcome>;
  counts: StepCount[] | null;
  preview: ReturnType<typeof usePreview>;
  selected: string | undefined;
  onSelect(id: string | undefined): void;
  adding: boolean;
  onAdding(adding: boolean): void;
  /** The column to add a step for, where one was chosen. */
  column: string | undefined;
  onAdd(kind: StepInfo, column?: string): void;
}

/** The recipe: its steps in order, or the catalogue to add one from. */
export function RecipePanel(props: Props) {
  const { recipe, catalogue, outcomes, counts, preview, selected, onSelect, adding, onAdding, onAdd } = props;
  const { doc, change } = recipe;
  const [dragged, setDragged] = useState<string | null>(null);
  const exact = new Map(counts?.map((each) => [each.id, each]));
  const after = doc.steps.findIndex((step) => step.id === selected) + 1;
  if (adding) {
    return (
      <aside className={classes.panel} aria-label="Recipe">
        <Catalogue
          catalogue={catalogue}
          column={props.column}
          columnType={props.detail.columns.find((each) => each.name === props.column)?.type}
          empty={doc.steps.length === 0}
          after={after}
          onCancel={() => onAdding(false)}
          onAdd={onAdd}
        />
      </aside>
    );
  }
  const move = (id: string, to: number) => change({ steps: moved(doc.steps, id, to) });
  return (
    <aside className={classes.panel} aria-label="Recipe">
      <div className={classes.panelHead}>
        <h2 className={classes.panelTitle}>Recipe</h2>
        <span className={classes.basis}>{basis(preview.preview, counts !== null)}</span>
      </div>
      <ScrollArea className={classes.steps} type="auto" scrollbarSize={8}>
        {recipe.fileProblem && (
          <ProblemNotice
            problem={recipe.fileProblem}
            title="The recipe stays as it was"
            compact
            action={{ label: "Dismiss", run: () => recipe.setFileProblem(null) }}
          />
        )}
        {recipe.problem && recipe.problem.field !== "output" && (
          <ProblemNotice
            problem={recipe.problem}
            title="The last change is not saved"
            compact
            action={{ label: "Save again", run: () => void recipe.save() }}
          />
        )}
        {doc.steps.length === 0 ? (
          <p className={classes.invite}>
            The recipe is empty. Add a first step: trimming whitespace or parsing numbers are good starts. You can also
            open the menu of a column in the grid.
          </p>
        ) : (
          <ol className={classes.list} aria-label="Steps">
            {doc.steps.map((step, index) => (
              <StepCard
                key={step.id}
                step={step}
                index={index}
                steps={doc.steps}
                detail={props.detail}
                info={catalogue.find((each) => each.kind === step.kind)}
                outcome={outcomes.get(step.id)}
                exact={exact.get(step.id)}
                selected={step.id === selected}
                dragged={dragged}
                onDragged={setDragged}
                onSelect={onSelect}
                onSteps={(steps, typing) => change({ steps }, typing)}
                onMove={move}
              />
            ))}
          </ol>
        )}
      </ScrollArea>
      <div className={classes.panelFoot}>
        <Button
          fullWidth
          variant={doc.steps.length === 0 ? "filled" : "light"}
          leftSection={<IconPlus size={16} aria-hidden />}
          onClick={() => onAdding(true)}
        >
          {doc.steps.length === 0 ? "Add the first step" : after > 0 ? `Add a step after step ${after}` : "Add a step"}
        </Button>
      </div>
    </aside>
  );
}

function basis(preview: Props["preview"]["preview"], exact: boolean): string {
  if (!preview) return "";
  if (preview.sample_rows >= preview.table_rows || exact) return `counts of all ${count(preview.table_rows)} rows`;
  return `counts of the first ${count(preview.sample_rows)} of ${count(preview.table_rows)} rows`;
}
