import { Button, Group, Skeleton, Title } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { JobInfo } from "../generated/rpc";
import { rpc, toProblem } from "../platform";
import classes from "./FollowedJob.module.css";
import { JobProgress } from "./JobProgress";
import { type ProblemAction, ProblemNotice } from "./ProblemNotice";
import { isActive, useJob, useJobsChanged } from "./queries";

interface FollowedJobProps {
  id: string;
  /** The way back to where it was started, for when it cannot be followed. */
  back: ProblemAction;
  /** What else can be done while it runs. */
  meanwhile?: ReactNode;
  /** What is shown once it has ended. */
  children(ended: JobInfo): ReactNode;
}

/** A job on a page of its own: its progress with the way to stop it, then what came of it. */
export function FollowedJob({ id, back, meanwhile, children }: FollowedJobProps) {
  const detail = useJob(id);
  const jobsChanged = useJobsChanged();
  const cancel = useMutation({ mutationFn: () => rpc("job_cancel", { id }), onSettled: jobsChanged });
  const failure = detail.error ?? cancel.error;
  const info = detail.data?.info;
  if (!info && !failure) return <Skeleton m="lg" h={96} w="auto" />;
  return (
    <div className={classes.followed}>
      {failure && <ProblemNotice problem={toProblem(failure)} action={back} />}
      {!failure && info && !isActive(info.state) && children(info)}
      {!failure && info && isActive(info.state) && (
        <>
          <Title order={1}>{info.title}</Title>
          <JobProgress job={info} />
          <Group gap="xs">
            <Button variant="default" loading={cancel.isPending} onClick={() => cancel.mutate()}>
              Cancel
            </Button>
            {meanwhile}
          </Group>
        </>
      )}
    </div>
  );
}
