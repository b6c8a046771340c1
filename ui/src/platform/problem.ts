import type { Problem } from "../generated/rpc";

/** What a command rejects with: what failed, why, and what to do next. */
export class RpcProblem extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.message);
    this.name = "RpcProblem";
    this.problem = problem;
  }
}

/** Turns anything thrown into a problem that can be shown. */
export function toProblem(error: unknown): Problem {
  if (error instanceof RpcProblem) return error.problem;
  if (isProblem(error)) return error;
  if (error instanceof Error) return { code: "internal", message: error.message };
  return { code: "internal", message: String(error) };
}

/** Whether a value has the members of a problem. */
export function isProblem(value: unknown): value is Problem {
  if (typeof value !== "object" || value === null) return false;
  const candidate = value as Record<string, unknown>;
  return typeof candidate.code === "string" && typeof candidate.message === "string";
}
