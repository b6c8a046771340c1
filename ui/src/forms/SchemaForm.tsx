import { useMemo } from "react";
import type { ColumnInfo, Problem } from "../generated/rpc";
import { ProblemNotice } from "../shared/ProblemNotice";
import { Form } from "./context";
import classes from "./forms.module.css";
import { ObjectFields } from "./ObjectFields";
import { asMembers, type FormSchema, fieldsOf, type Members, variants } from "./schema";

interface SchemaFormProps {
  /** JSON Schema of an object, with the extensions that the step catalogue and the connectors use. */
  schema: unknown;
  /** The settings. */
  value: unknown;
  /** Called with the new settings after every edit. */
  onChange(value: Members): void;
  /** The columns that column fields offer. */
  columns: readonly ColumnInfo[];
  /** What the engine refused; shown at the field it names, otherwise above the form. */
  problem: Problem | null;
  /** The dotted paths of the secrets that are kept already. */
  secrets?: readonly string[];
  /** Whether the first field takes the focus. */
  autoFocus?: boolean;
}

/** A form made from a JSON Schema. */
export function SchemaForm({ schema, value, onChange, columns, problem, secrets = NONE, autoFocus }: SchemaFormProps) {
  const context = useMemo(() => ({ columns, problem, secrets }), [columns, problem, secrets]);
  const form = schema as FormSchema;
  return (
    <Form value={context}>
      <div className={classes.form}>
        {problem && !hasField(form, problem.field) && <ProblemNotice problem={problem} compact />}
        <ObjectFields schema={form} path="" value={asMembers(value)} onChange={onChange} autoFocus={autoFocus} />
      </div>
    </Form>
  );
}

const NONE: readonly string[] = [];

/** Whether a field of the form is the one a problem names, or holds it. */
function hasField(schema: FormSchema, path: string | undefined): boolean {
  const first = path?.split(".")[0];
  if (!first) return false;
  const union = variants(schema);
  const names = [schema, ...(union?.variants.map((variant) => variant.schema) ?? [])].flatMap(fieldsOf);
  return union?.tag === first || names.some(([name]) => name === first);
}
