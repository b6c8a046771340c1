import { Loader, SegmentedControl, Switch } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useCallback, useMemo, useState } from "react";
import type { RecipePreview, RowSource, StepInfo, TableDetail } from "../../generated/rpc";
import { type Bounds, type CellInfo, changedRows, DataGrid, rowPages } from "../../grid";
import { rpc } from "../../platform";
import { EmptyState } from "../../shared/EmptyState";
import { count } from "../../shared/format";
import { ProblemNotice } from "../../shared/ProblemNotice";
import { ColumnStepMenu } from "./ColumnStepMenu";
import classes from "./clean.module.css";
import { Legend } from "./Legend";
import type { usePreview } from "./usePreview";

type View = "before" | "after" | "changes";

interface Props {
  detail: TableDetail;
  preview: ReturnType<typeof usePreview>;
  selected: string | undefined;
  catalogue: StepInfo[];
  onAdd(kind: StepInfo, column: string): void;
  onCell(cell: CellInfo | null): void;
}

/** The grid with what the steps do to the rows painted in it. */
export function PreviewPane({ detail, preview: live, selected, catalogue, onAdd, onCell }: Props) {
  const { info } = detail;
  const { preview, problem, pending, onTopRow, retry } = live;
  const [view, setView] = useState<View>("after");
  const [whitespace, setWhitespace] = useState(false);
  const [menu, setMenu] = useState<{ column: string; bounds: Bounds } | null>(null);
  const openMenu = useCallback((column: string, bounds: Bounds) => setMenu({ column, bounds }), []);
  const before = view === "before";
  const profile = useQuery({
    queryKey: ["profile", info.table, info.version],
    queryFn: () => rpc("table_profile", { table: info.table, version: info.version }),
    enabled: preview !== null,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const columns = useMemo(() => {
    const known = new Map(profile.data?.columns.map((each) => [each.name, each]));
    if (before || !preview) return detail.columns.map((each) => ({ ...each, profile: known.get(each.name) }));
    // The profile counts the input, so it stands only over columns that no step has touched.
    return preview.columns.map((each) => {
      const input = known.get(each.name);
      return { ...each, profile: each.status === "kept" && input?.type === each.type ? input : undefined };
    });
  }, [before, detail.columns, preview, profile.data]);
  const changes = useChangedRows(preview, view === "changes");
  const source: RowSource =
    before || !preview
      ? { kind: "table", table: info.table, version: info.version }
      : { kind: "preview", id: preview.id };
  const menuType = columns.find((each) => each.name === menu?.column)?.type ?? "text";
  return (
    <section className={classes.preview} aria-label="Preview">
      <div className={classes.toolbar}>
        <SegmentedControl
          aria-label="What is shown"
          value={view}
          onChange={(value) => setView(value as View)}
          data={[
            { value: "before", label: "Before" },
            { value: "after", label: "After" },
            { value: "changes", label: "Changes only" },
          ]}
        />
        <Switch
          label="Show whitespace"
          checked={whitespace}
          onChange={(event) => setWhitespace(event.currentTarget.checked)}
        />
        {pending && <Loader size={14} className={classes.late} aria-label="Calculating the preview" />}
        {preview && !before && <Legend preview={preview} selected={selected} />}
      </div>
      {problem && (
        <div className={classes.problem}>
          <ProblemNotice problem={problem} action={{ label: "Calculate again", run: retry }} />
        </div>
      )}
      {view === "after" && preview?.rows === 0 ? (
        <EmptyState title="No row is left">
          {selected ? "No row reaches this step" : "The steps remove every row"} of the first{" "}
          {count(preview.sample_rows)}. Select an earlier step to see which one removes them.
        </EmptyState>
      ) : view === "changes" && changes?.length === 0 ? (
        <EmptyState title="No row or value changes">
          {selected ? "This step leaves" : "The steps leave"} the first {count(preview?.sample_rows ?? 0)} rows as they
          are, apart from columns that are added or removed.
        </EmptyState>
      ) : (
        (before || preview) && (
          <DataGrid
            ariaLabel={before ? `Rows of ${info.table}` : "Preview of the recipe"}
            source={source}
            columns={columns}
            rowCount={before || !preview ? info.rows : preview.rows}
            rows={view === "changes" ? (changes ?? undefined) : undefined}
            marks={!before}
            showColumn={before ? undefined : firstTouched(preview)}
            rich
            profileRows={info.rows}
            showWhitespace={whitespace}
            onColumnMenu={openMenu}
            onCell={onCell}
            onTopRow={onTopRow}
          />
        )
      )}
      {menu && (
        <ColumnStepMenu
          {...menu}
          type={menuType}
          catalogue={catalogue}
          onClose={() => setMenu(null)}
          onAdd={(kind) => onAdd(kind, menu.column)}
        />
      )}
    </section>
  );
}

/** The first column that the marked step changes, adds or removes. */
function firstTouched(preview: RecipePreview | null): string | undefined {
  return preview?.columns.find((column) => column.status !== "kept")?.name;
}

/** The rows of the preview that were touched; null until they are known. */
function useChangedRows(preview: RecipePreview | null, wanted: boolean): number[] | null {
  const changes = useQuery({
    queryKey: ["changed-rows", preview?.id],
    queryFn: () => {
      if (!preview) return [];
      const changed = preview.columns.filter((each) => each.status === "changed").map((each) => each.name);
      return changedRows(rowPages({ kind: "preview", id: preview.id }, preview.rows), changed);
    },
    enabled: wanted && preview !== null,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 10_000,
  });
  return changes.data ?? null;
}
