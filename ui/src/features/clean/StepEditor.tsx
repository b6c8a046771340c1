import { Textarea } from "@mantine/core";
import { SchemaForm } from "../../forms/SchemaForm";
import type { RecipeStep } from "../../generated/rpc";
import { Prose } from "../../shared/Prose";
import classes from "./clean.module.css";
import type { StepCardProps } from "./StepCard";
import { useColumnsAt } from "./useColumnsAt";

type Props = StepCardProps & { onEdit(part: Partial<RecipeStep>, typing?: boolean): void };

/** The settings of a step as a form made from its schema, over the columns there are at this point of the recipe. */
export function StepEditor({ step, index, steps, detail, info, outcome, onEdit }: Props) {
  const columns = useColumnsAt(detail.info.table, detail.info.version, detail.columns, steps.slice(0, index));
  return (
    <div className={classes.editor}>
      {info && (
        <p className={classes.about}>
          <Prose text={info.description} />
        </p>
      )}
      {info && (
        <SchemaForm
          schema={info.schema}
          value={step.config}
          columns={columns}
          problem={outcome?.problem ?? null}
          onChange={(config: unknown) => onEdit({ config }, true)}
        />
      )}
      <Textarea
        label="Comment"
        autosize
        minRows={1}
        placeholder="Why this step"
        value={step.comment}
        onChange={(event) => onEdit({ comment: event.currentTarget.value }, true)}
      />
    </div>
  );
}
