import { useQuery } from "@tanstack/react-query";
import { useParams } from "wouter";
import { rpc, toProblem } from "../../platform";
import { ProblemNotice } from "../../shared/ProblemNotice";
import classes from "./clean.module.css";
import { Workbench } from "./Workbench";

/** A table with its recipe beside it: every change of a step is painted in the grid at once. */
export default function CleanPage() {
  const params = useParams<{ table: string }>();
  const table = decodeURIComponent(params.table ?? "");
  const detail = useQuery({ queryKey: ["table", table, "newest"], queryFn: () => rpc("table_show", { table }) });
  // The recipe lives in the workbench from here on: reading it again would overtake what the user just typed.
  const recipe = useQuery({
    queryKey: ["recipe", table],
    queryFn: () => rpc("recipe_open", { table }),
    staleTime: 0,
    gcTime: 0,
  });
  const catalogue = useQuery({
    queryKey: ["step-catalogue"],
    queryFn: () => rpc("step_catalogue", {}),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const failed = [detail, recipe, catalogue].find((query) => query.error);
  if (failed) {
    return (
      <div className={classes.problem}>
        <ProblemNotice
          problem={toProblem(failed.error)}
          action={{ label: "Try again", run: () => void failed.refetch() }}
        />
      </div>
    );
  }
  if (!detail.data || !recipe.data || !catalogue.data) return null;
  return <Workbench key={recipe.data.id} detail={detail.data} recipe={recipe.data} catalogue={catalogue.data} />;
}
