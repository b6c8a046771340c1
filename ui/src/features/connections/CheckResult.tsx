import { Loader, Text } from "@mantine/core";
import { IconAlertTriangle, IconCheck } from "@tabler/icons-react";
import { useEffect, useRef } from "react";
import type { ConnectionCheckStep } from "../../generated/rpc";
import { duration } from "../../shared/format";
import { ProblemNotice } from "../../shared/ProblemNotice";
import { Prose } from "../../shared/Prose";
import classes from "./connections.module.css";
import type { Check } from "./useCheck";

/** What a test did, step by step, and what failed. */
export function CheckResult({ check: { running, result, problem } }: { check: Check }) {
  const place = useRef<HTMLElement>(null);
  useEffect(() => {
    // The form above may be longer than the window; what was asked for comes into sight.
    if (result) place.current?.scrollIntoView({ block: "nearest" });
  }, [result]);
  if (running) {
    return (
      <p className={classes.testing} role="status">
        <Loader size={14} aria-hidden /> Testing
      </p>
    );
  }
  if (problem) return <ProblemNotice title="The test could not be run" problem={problem} compact />;
  if (!result) return null;
  return (
    <section className={classes.check} aria-label="Test" ref={place}>
      <Text fw={600} role="status" className={classes.verdict} data-ok={result.ok}>
        {result.ok ? (
          <IconCheck size={16} className={classes.sign} aria-hidden />
        ) : (
          <IconAlertTriangle size={16} aria-hidden />
        )}
        {result.ok ? "It works" : "It does not work"}
      </Text>
      <ol className={classes.checkSteps}>
        {result.steps.map((step, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: steps have no other name than their place.
          <li key={at}>
            <Step step={step} />
          </li>
        ))}
      </ol>
    </section>
  );
}

function Step({ step }: { step: ConnectionCheckStep }) {
  return (
    <>
      <div className={classes.checkStep} data-failed={step.problem ? true : undefined}>
        {step.problem ? (
          <IconAlertTriangle size={16} className={classes.sign} aria-label="failed" />
        ) : (
          <IconCheck size={16} className={classes.sign} aria-label="done" />
        )}
        <strong>{step.name}</strong>
        <span className={classes.detail}>
          <Prose text={step.detail} />
        </span>
        <span className={classes.seconds}>{duration(step.seconds)}</span>
      </div>
      {step.problem && <ProblemNotice problem={step.problem} compact />}
    </>
  );
}
