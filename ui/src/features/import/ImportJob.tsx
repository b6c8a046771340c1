import { Button, Group, Skeleton, Title } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useEffect } from "react";
import { useLocation } from "wouter";
import { rpc, toProblem } from "../../platform";
import { importAddress, tableAddress } from "../../shared/addresses";
import { EmptyState } from "../../shared/EmptyState";
import { JobProgress } from "../../shared/JobProgress";
import { ProblemNotice } from "../../shared/ProblemNotice";
import { isActive, jobProduct, useJob, useJobsChanged } from "../../shared/queries";
import classes from "./import.module.css";

/** An import on its way: its progress, then the table it made. */
export function ImportJob({ id, paths }: { id: string; paths: string[] }) {
  const [, navigate] = useLocation();
  const detail = useJob(id);
  const jobsChanged = useJobsChanged();
  const cancel = useMutation({ mutationFn: () => rpc("job_cancel", { id }), onSettled: jobsChanged });
  const info = detail.data?.info;
  const table = info?.state === "succeeded" ? jobProduct(info).table : undefined;
  useEffect(() => {
    if (table) navigate(tableAddress(table), { replace: true });
  }, [table, navigate]);

  const back = { label: "Back to the settings", run: () => navigate(importAddress(paths)) };
  const failure = detail.error ?? cancel.error;
  if (failure) {
    return (
      <div className={classes.start}>
        <ProblemNotice problem={toProblem(failure)} action={back} />
      </div>
    );
  }
  if (!info) return <Skeleton m="lg" h={96} w="auto" />;
  if (isActive(info.state)) {
    return (
      <div className={classes.start}>
        <Title order={1}>{info.title}</Title>
        <JobProgress job={info} />
        <Group gap="xs">
          <Button variant="default" loading={cancel.isPending} onClick={() => cancel.mutate()}>
            Cancel
          </Button>
        </Group>
      </div>
    );
  }
  if (info.problem && info.state !== "cancelled") {
    return (
      <div className={classes.start}>
        <ProblemNotice title={`${info.title}: ${info.state}`} problem={info.problem} action={back} />
      </div>
    );
  }
  return (
    <EmptyState
      title={`${info.title}: ${info.state}`}
      action={
        <Button variant="default" onClick={back.run}>
          {back.label}
        </Button>
      }
    >
      {info.state === "succeeded" ? "The table is there." : "Nothing was written."}
    </EmptyState>
  );
}
