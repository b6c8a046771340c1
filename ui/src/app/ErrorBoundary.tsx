import { Component, type ReactNode } from "react";
import { toProblem } from "../platform";
import { ProblemNotice } from "../shared/ProblemNotice";
import classes from "./ErrorBoundary.module.css";

interface ErrorBoundaryProps {
  /** Where the page is; another place gets another try. */
  place: string;
  children: ReactNode;
}

interface ErrorBoundaryState {
  error: unknown;
  failed: boolean;
}

/** Keeps the frame usable when a page cannot be shown. */
export class ErrorBoundary extends Component<ErrorBoundaryProps, ErrorBoundaryState> {
  state: ErrorBoundaryState = { error: null, failed: false };

  static getDerivedStateFromError(error: unknown): ErrorBoundaryState {
    return { error, failed: true };
  }

  componentDidUpdate(before: ErrorBoundaryProps) {
    if (before.place !== this.props.place && this.state.failed) this.setState({ error: null, failed: false });
  }

  render() {
    if (!this.state.failed) return this.props.children;
    const problem = toProblem(this.state.error);
    return (
      <div className={classes.place}>
        <ProblemNotice
          title="This page could not be shown"
          problem={{
            ...problem,
            hint: problem.hint ?? "Load the page again; your data and running jobs are not touched.",
          }}
          action={{ label: "Load again", run: () => window.location.reload() }}
        />
      </div>
    );
  }
}
