import { useState } from "react";
import type { ConnectionCheck, ConnectionTest, Problem } from "../../generated/rpc";
import { rpc, toProblem } from "../../platform";

/** The test of a connection. */
export interface Check {
  running: boolean;
  result: ConnectionCheck | null;
  /** Why the test itself could not be run. */
  problem: Problem | null;
  run(test: ConnectionTest): void;
  /** Forgets the result, because the settings changed. */
  clear(): void;
}

/** Tries connections. */
export function useCheck(): Check {
  const [running, setRunning] = useState(false);
  const [result, setResult] = useState<ConnectionCheck | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const clear = () => {
    setResult(null);
    setProblem(null);
  };
  const run = async (test: ConnectionTest) => {
    clear();
    setRunning(true);
    try {
      setResult(await rpc("connection_test", test));
    } catch (error) {
      setProblem(toProblem(error));
    } finally {
      setRunning(false);
    }
  };
  return { running, result, problem, run: (test) => void run(test), clear };
}
