import { Button } from "@mantine/core";
import { useEffect } from "react";
import { useLocation } from "wouter";
import type { JobInfo } from "../../generated/rpc";
import { importAddress, tableAddress } from "../../shared/addresses";
import { EmptyState } from "../../shared/EmptyState";
import { FollowedJob } from "../../shared/FollowedJob";
import { type ProblemAction, ProblemNotice } from "../../shared/ProblemNotice";
import { jobProduct } from "../../shared/queries";

/** An import on its way: its progress, then the table it made. */
export function ImportJob({ id, paths }: { id: string; paths: string[] }) {
  const [, navigate] = useLocation();
  const back = { label: "Back to the settings", run: () => navigate(importAddress(paths)) };
  return (
    <FollowedJob id={id} back={back}>
      {(info) => <Ended info={info} back={back} />}
    </FollowedJob>
  );
}

/** What came of an import; a table is shown at once. */
function Ended({ info, back }: { info: JobInfo; back: ProblemAction }) {
  const [, navigate] = useLocation();
  const table = info.state === "succeeded" ? jobProduct(info).table : undefined;
  useEffect(() => {
    if (table) navigate(tableAddress(table), { replace: true });
  }, [table, navigate]);
  const title = `${info.title}: ${info.state}`;
  if (info.problem && info.state !== "cancelled") {
    return <ProblemNotice title={title} problem={info.problem} action={back} />;
  }
  return (
    <EmptyState
      title={title}
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
