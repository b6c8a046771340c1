import { expect, it } from "vitest";
import type { JobInfo, JobState } from "../../generated/rpc";
import { failedJobs } from "./failedJobs";

const job = (title: string, state: JobState, created_ms: number) => ({ title, state, created_ms }) as JobInfo;

it("lists what failed and was not done since, newest first", () => {
  const jobs = [
    job("import a", "failed", 1),
    job("import a", "succeeded", 2),
    job("import b", "succeeded", 3),
    job("import b", "failed", 4),
    job("import c", "interrupted", 5),
    job("import d", "cancelled", 6),
    job("import e", "failed", 7),
    job("import e", "running", 8),
  ];
  expect(failedJobs(jobs).map(({ title }) => title)).toEqual(["import c", "import b"]);
});
