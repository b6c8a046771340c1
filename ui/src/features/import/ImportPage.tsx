import { Skeleton, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useLocation, useSearch } from "wouter";
import { rpc, toProblem } from "../../platform";
import { ConnectionWays } from "../../shared/ConnectionWays";
import { DropZone } from "../../shared/DropZone";
import { ProblemNotice } from "../../shared/ProblemNotice";
import { ImportJob } from "./ImportJob";
import classes from "./import.module.css";
import { Workbench } from "./Workbench";

/** Turns files into a table: the files, the rows as they will become, the settings, and one button. */
export default function ImportPage() {
  const search = new URLSearchParams(useSearch());
  const paths = search.getAll("path");
  const job = search.get("job");
  if (job !== null) return <ImportJob id={job} paths={paths} />;
  if (paths.length === 0) {
    return (
      <div className={classes.start}>
        <Title order={1}>Import</Title>
        <DropZone />
        <ConnectionWays />
      </div>
    );
  }
  return <Inspecting key={paths.join("\n")} paths={paths} />;
}

function Inspecting({ paths }: { paths: string[] }) {
  const [, navigate] = useLocation();
  const inspected = useQuery({
    queryKey: ["import_inspect", paths],
    queryFn: () => rpc("import_inspect", { paths }),
    staleTime: 0,
  });
  if (inspected.error) {
    return (
      <div className={classes.start}>
        <ProblemNotice
          problem={toProblem(inspected.error)}
          action={{ label: "Choose other files", run: () => navigate("/import") }}
        />
      </div>
    );
  }
  if (!inspected.data) return <Skeleton m="lg" h={320} w="auto" />;
  return <Workbench paths={paths} inspected={inspected.data} />;
}
