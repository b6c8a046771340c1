import type { RecipePreview } from "../../generated/rpc";
import { count, counted } from "../../shared/format";
import classes from "./clean.module.css";

/** What the marks in the grid mean, with how many there are. */
export function Legend({ preview, selected }: { preview: RecipePreview; selected: string | undefined }) {
  const { changed, removed, added } = effect(preview, selected);
  return (
    <div className={classes.legend} aria-live="polite">
      {changed > 0 && (
        <span className={classes.mark} data-meaning="changed" title={`${counted(changed, "cell")} changed`}>
          {count(changed)} changed
        </span>
      )}
      {removed > 0 && (
        <span className={classes.mark} data-meaning="removed" title={`${counted(removed, "row")} removed`}>
          {count(removed)} removed
        </span>
      )}
      {added > 0 && (
        <span className={classes.mark} data-meaning="added" title={`${counted(added, "column")} added`}>
          {count(added)} added
        </span>
      )}
      {changed + removed + added === 0 && <span>nothing marked</span>}
    </div>
  );
}

/** The numbers of the selected step, or of all steps together. */
export function effect(preview: RecipePreview, selected: string | undefined) {
  const steps = preview.steps.filter((step) => !step.skipped && (selected === undefined || step.id === selected));
  const sum = (of: (step: (typeof steps)[number]) => number) => steps.reduce((total, step) => total + of(step), 0);
  return {
    changed: sum((step) => step.cells_changed),
    removed: sum((step) => Math.max(0, step.rows_in - step.rows_out)),
    added: preview.columns.filter((column) => column.status === "added").length,
  };
}
