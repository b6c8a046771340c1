import { useEffect, useState } from "react";
import type { Problem, SyncDoc } from "../../generated/rpc";
import { CheckStep } from "./CheckStep";
import { ColumnsStep } from "./ColumnsStep";
import { missing, type StepId, whatWords } from "./draft";
import classes from "./editor.module.css";
import { HowStep } from "./HowStep";
import { MODES } from "./modes";
import { useColumnsOf } from "./queries";
import { SaveBar } from "./SaveBar";
import { Step } from "./Step";
import { StepNav, type StepState } from "./StepNav";
import { usePreflight } from "./usePreflight";
import { type Surroundings, useSyncDraft } from "./useSyncDraft";
import { WhatStep } from "./WhatStep";
import { WhereStep } from "./WhereStep";

interface SyncEditorProps {
  start: SyncDoc;
  around: Surroundings;
}

/** A sync as one page that fills downwards: what, where, how, columns, check; then it is saved and run. */
export function SyncEditor({ start, around }: SyncEditorProps) {
  const draft = useSyncDraft(start, around);
  const { doc, destination } = draft;
  const check = usePreflight();
  const [refused, setRefused] = useState<Problem | null>(null);
  const gap = missing(doc, destination);
  const columns = useColumnsOf(doc.parts.map(({ from }) => from)).map(
    (found, at) => found ?? check.found?.[at]?.columns.map((one) => ({ name: one.column, type: one.type_word })) ?? [],
  );
  const hasWhat = doc.parts.length > 0 || doc.everything;
  const { found } = check;
  useEffect(() => {
    // What was asked for comes into sight; the page was shorter when it was asked.
    if (found) open("check");
  }, [found]);
  const summaries: Record<StepId, string> = {
    what: hasWhat ? whatWords(doc) : "",
    where: draft.connection?.name ?? "",
    how: destination ? MODES[doc.mode].label : "",
    columns: ownColumns(doc),
    check: checkWords(check, doc),
  };
  const states = stepStates(gap?.step ?? null, checkWords(check, doc) === READY);
  return (
    <div className={classes.editor}>
      <StepNav summaries={summaries} states={states} onOpen={open} />
      <div className={classes.steps}>
        <h1 className={classes.editorTitle}>{doc.id === undefined ? "New sync" : `Edit ${start.name}`}</h1>
        <Step id="what" title="What is sent">
          <WhatStep doc={doc} destination={destination} onChange={draft.change} />
        </Step>
        <Step id="where" title="Where it goes" waits={hasWhat ? null : "First choose what is sent."}>
          <WhereStep draft={draft} around={around} columns={columns} check={check} />
        </Step>
        <Step
          id="how"
          title="How rows meet those at the target"
          waits={destination ? null : "First choose where it goes."}
        >
          {destination && <HowStep doc={doc} destination={destination} columns={columns} onChange={draft.change} />}
        </Step>
        <Step id="columns" title="Columns" waits={destination ? null : "First choose where it goes."}>
          <ColumnsStep doc={doc} columns={columns} found={check.found} onChange={draft.change} />
        </Step>
        <Step id="check" title="Check" waits={gap?.text ?? null}>
          <CheckStep draft={draft} check={check} />
        </Step>
      </div>
      <SaveBar
        draft={draft}
        check={check}
        gap={gap?.text ?? null}
        refused={refused}
        onRefused={setRefused}
        onCheck={() => {
          check.run(doc);
          open("check");
        }}
      />
    </div>
  );
}

function open(step: StepId): void {
  document.getElementById(`step-${step}`)?.scrollIntoView({ block: "start" });
}

function ownColumns({ parts }: SyncDoc): string {
  const own = parts.reduce((sum, { columns }) => sum + columns.length, 0);
  return own === 0 ? "as they are" : `${own} changed`;
}

/** What is said of a check after which everything can be sent. */
const READY = "ready";

function checkWords(check: ReturnType<typeof usePreflight>, doc: SyncDoc): string {
  if (check.ticket !== null) return "checking";
  if (check.problem) return "failed";
  if (!check.found) return "not checked yet";
  if (!check.covers(doc)) return "changed since";
  return check.found.every(({ ready }) => ready) ? READY : "cannot be sent";
}

const ORDER: readonly StepId[] = ["what", "where", "how", "columns", "check"];

/** Which steps are complete: all before the one where something is missing. */
function stepStates(gap: StepId | null, ready: boolean): Record<StepId, StepState> {
  const at = gap === null ? ORDER.length - 1 : ORDER.indexOf(gap);
  const states = ORDER.map((step, index): [StepId, StepState] => {
    if (index === at) return [step, gap === null && ready ? "done" : "current"];
    return [step, index < at ? "done" : "waiting"];
  });
  return Object.fromEntries(states) as Record<StepId, StepState>;
}
