import { Anchor, Button, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import type { JobInfo, StepOutcome, TableDetail } from "../../generated/rpc";
import { rpc, toProblem } from "../../platform";
import { tableAddress } from "../../shared/addresses";
import { count, counted } from "../../shared/format";
import { JobProgress } from "../../shared/JobProgress";
import { ProblemNotice } from "../../shared/ProblemNotice";
import { isActive, useJob, useJobsChanged, useTables } from "../../shared/queries";
import classes from "./clean.module.css";
import type { OpenRecipe } from "./useRecipe";

interface Props {
  detail: TableDetail;
  recipe: OpenRecipe;
  outcomes: Map<string, StepOutcome>;
}

/** What Apply will do, the button, and the job's progress and result in its place. */
export function ApplyBar({ detail: { info }, recipe, outcomes }: Props) {
  const { doc } = recipe;
  const [jobId, setJobId] = useState<string | null>(null);
  const job = useJob(jobId).data?.info;
  const jobsChanged = useJobsChanged();
  const apply = useMutation({
    mutationFn: async () => {
      await recipe.save();
      const { job: started } = await rpc("recipe_apply", { recipe: doc.id, version: info.version });
      setJobId(started);
      await jobsChanged();
    },
  });
  const steps = doc.steps.filter((step) => step.enabled).length;
  const blocked = doc.steps.find((step) => outcomes.get(step.id)?.problem);
  const badName = recipe.problem?.field === "output" ? recipe.problem : null;
  const target = useTables().data?.find((each) => each.table === doc.output);
  if (job && isActive(job.state)) {
    return (
      <section className={classes.apply} aria-label="Apply">
        <div className={classes.progress}>
          <JobProgress job={job} />
        </div>
        <Button variant="default" onClick={() => void rpc("job_cancel", { id: job.id }).then(jobsChanged)}>
          Cancel
        </Button>
      </section>
    );
  }
  const problem = apply.error ? toProblem(apply.error) : job?.problem;
  return (
    <section className={classes.apply} aria-label="Apply">
      {problem && <ProblemNotice problem={problem} compact />}
      {job?.state === "succeeded" && !problem ? (
        <Applied job={job} onBack={() => setJobId(null)} />
      ) : (
        <>
          <div className={classes.will}>
            {target ? "Writes" : "Creates"}
            <OutputName recipe={recipe} />
            {target && <>version {target.version + 1} </>}
            from {info.table} version {info.version} with {steps === 0 ? "no steps" : counted(steps, "step")}
            {target?.input === info.table && target.input_version !== null && target.input_version < info.version && (
              <span className={classes.newer}> (last applied to version {target.input_version})</span>
            )}
          </div>
          {badName && (
            <span className={classes.blocked} role="alert">
              {badName.message} {badName.hint}
            </span>
          )}
          {blocked && <span className={classes.blocked}>Mend step {doc.steps.indexOf(blocked) + 1} first</span>}
          <Button
            disabled={steps === 0 || blocked !== undefined || badName !== null}
            loading={apply.isPending}
            onClick={() => apply.mutate()}
          >
            {target ? "Apply again" : "Apply"}
          </Button>
        </>
      )}
    </section>
  );
}

/** What the job wrote, with the way there. */
function Applied({ job, onBack }: { job: JobInfo; onBack(): void }) {
  const result = (job.result ?? {}) as { table?: string; version?: number; rows?: number; ledger?: number };
  const table = result.table ?? "";
  return (
    <>
      <div className={classes.will} role="status">
        Wrote {table} version {result.version} with {counted(result.rows ?? 0, "row")}
        {(result.ledger ?? 0) > 0 && (
          <>
            {" "}
            and{" "}
            <Anchor href={`#${tableAddress(table, { tab: "ledger" })}`}>
              {count(result.ledger ?? 0)} in the ledger
            </Anchor>
          </>
        )}
      </div>
      <Button variant="default" onClick={onBack}>
        Keep cleaning
      </Button>
      <Button component="a" href={`#${tableAddress(table)}`}>
        Open {table}
      </Button>
    </>
  );
}

/** The name of the table that is written, which can be changed in place. */
function OutputName({ recipe: { doc, change, problem } }: { recipe: OpenRecipe }) {
  const layer = doc.output.split(".")[0] ?? "silver";
  const name = doc.output.slice(layer.length + 1);
  const [typed, setTyped] = useState(name);
  useEffect(() => setTyped(name), [name]);
  const commit = () => {
    const next = typed.trim();
    if (next === "") setTyped(name);
    else if (next !== name) change({ output: `${layer}.${next}` });
  };
  return (
    <TextInput
      className={classes.output}
      aria-label="Name of the table to write"
      leftSection={<span>{layer}.</span>}
      leftSectionWidth={44}
      value={typed}
      error={problem?.field === "output"}
      onChange={(event) => setTyped(event.currentTarget.value)}
      onBlur={commit}
      onKeyDown={(event) => {
        if (event.key === "Enter") commit();
        if (event.key === "Escape") setTyped(name);
      }}
    />
  );
}
