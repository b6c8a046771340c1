//! Recipes at work: the live preview on a sample, exact counts, and the job that writes a silver table.

use std::time::Instant;

use polars::prelude::DataFrame;
use pulse_core::{Error, Progress, Result, TableName};
use pulse_lake::{Mode, Snapshot, Write};
use pulse_recipe::ColumnStatus;
use pulse_rpc::types::*;
use serde_json::{Map, Value, json};

use crate::job_commands::Request;
use crate::{Engine, recipes};

/// Rows a preview looks at: enough to see what a step does, few enough to answer while the user types.
const SAMPLE_ROWS: u32 = 10_000;

pub(crate) fn preview(engine: &Engine, request: &PreviewRequest) -> Result<RecipePreview> {
    let began = Instant::now();
    let snapshot = engine.0.lake.snapshot(&request.table.parse()?, request.version)?;
    let sample = sample(engine, &snapshot)?;
    let recipe = recipes::recipe("", &request.steps);
    let selected = request.selected.and_then(|selected| usize::try_from(selected).ok());
    let found = pulse_recipe::preview(&sample, &recipe, selected);
    let rows = found.frame.height() as u64;
    let outcomes = found.steps.into_iter().zip(&request.steps).map(|(outcome, step)| StepOutcome {
        id: outcome.id,
        sentence: outcome.sentence,
        rows_in: outcome.rows_in,
        rows_out: outcome.rows_out,
        cells_changed: outcome.cells_changed,
        rejected: outcome.rejected,
        columns_added: outcome.columns_added,
        columns_removed: outcome.columns_removed,
        problem: outcome.error.as_ref().map(Problem::from),
        skipped: !outcome.ran || !step.enabled,
    });
    Ok(RecipePreview {
        version: snapshot.version,
        steps: outcomes.collect(),
        columns: found.columns.into_iter().map(column).collect(),
        rows,
        sample_rows: sample.height() as u64,
        table_rows: snapshot.rows,
        id: engine.0.frames.keep_preview(found.frame),
        seconds: began.elapsed().as_secs_f64(),
    })
}

pub(crate) fn counts(engine: &Engine, request: &CountsRequest) -> Result<Vec<StepCount>> {
    let snapshot = engine.0.lake.snapshot(&request.table.parse()?, request.version)?;
    let recipe = recipes::recipe("", &request.steps);
    let counts = pulse_recipe::counts(engine.0.lake.scan(&snapshot)?, &recipe, &Progress::new())?;
    Ok(counts.into_iter().map(step_count).collect())
}

pub(crate) fn start(engine: &Engine, request: ApplyRequest) -> Result<JobStarted> {
    let recipe = recipes::get(engine, &request.recipe)?;
    let title = format!("Apply “{}” to {} into {}", recipe.name, recipe.input, recipe.output);
    let handle = engine.clone();
    let stored = Request::RecipeApply(request.clone());
    engine.submit("apply", title, &stored, Box::new(move |progress| run(&handle, &recipe, request.version, progress)))
}

/// Applies the recipe of a table within another job.
pub(crate) fn apply_now(engine: &Engine, table: &str, progress: &Progress) -> Result<Value> {
    run(engine, &recipes::open(engine, table)?, None, progress)
}

/// The job: plan over the full table, collect the ledger, count every step, write and commit.
fn run(engine: &Engine, doc: &RecipeDoc, version: Option<u64>, progress: &Progress) -> Result<Value> {
    let began = Instant::now();
    let output: TableName = doc.output.parse()?;
    let snapshot = engine.0.lake.snapshot(&doc.input.parse()?, version)?;
    let source = format!("{}@{}", snapshot.table, snapshot.version);
    let recipe = recipes::recipe(&doc.name, &doc.steps);
    progress.stage("Collecting what does not convert", 0, 0);
    // The scan itself looks at the job, so that a cancel stops even a sort or a group in the middle.
    let scan = pulse_recipe::watch(engine.0.lake.scan(&snapshot)?, progress, false);
    let plan = pulse_recipe::plan(scan, &recipe, &source)?;
    let ledger = pulse_recipe::ledger(&plan, progress)?;
    progress.stage("Counting rows of every step", 0, 0);
    let counts = pulse_recipe::counts(engine.0.lake.scan(&snapshot)?, &recipe, progress)?;
    let rows = counts.last().map_or(snapshot.rows, |last| last.rows_out);
    let steps: Vec<StepCount> = counts.into_iter().map(step_count).collect();
    progress.stage("Writing rows", rows, 0);
    let mode = if engine.0.lake.tables()?.contains(&output) { Mode::Replace } else { Mode::Create };
    let committed = engine.0.lake.write(
        &output,
        Write {
            rows: plan.frame.into(),
            mode,
            ledger: (ledger.height() > 0).then_some(ledger),
            operation: "apply".into(),
            info: commit_info(doc, &snapshot, &steps, rows)?,
            expected_version: None,
            source: None,
            widen: false,
            expected_rows: Some(rows),
        },
        progress,
    )?;
    Ok(json!({
        "table": output.to_string(),
        "version": committed.version,
        "rows": committed.rows,
        "ledger": committed.ledger_entries,
        "steps": steps,
        "input": snapshot.table.to_string(),
        "input_version": snapshot.version,
        "seconds": began.elapsed().as_secs_f64(),
    }))
}

/// Stamps the version with its recipe, its input version and the counts of every step.
fn commit_info(doc: &RecipeDoc, input: &Snapshot, steps: &[StepCount], rows: u64) -> Result<Map<String, Value>> {
    let active = doc.steps.iter().filter(|step| step.enabled).count();
    let body = recipes::recipe(&doc.name, &doc.steps);
    let body = serde_json::to_value(body).map_err(|cause| Error::internal("record the recipe", cause))?;
    let mut info = Map::new();
    let summary = format!(
        "Applied “{}” ({active} steps) to {} version {}: {} rows became {rows}.",
        doc.name, input.table, input.version, input.rows
    );
    info.insert("summary".into(), summary.into());
    info.insert("input".into(), json!({ "table": input.table.to_string(), "version": input.version }));
    info.insert("recipe".into(), json!({ "id": doc.id, "revision": doc.revision, "body": body }));
    info.insert("steps".into(), json!(steps));
    Ok(info)
}

/// The first rows of a table version, kept for the next preview.
fn sample(engine: &Engine, snapshot: &Snapshot) -> Result<DataFrame> {
    engine.0.frames.sample(crate::frames::identity(snapshot), || {
        let frame = engine.0.lake.scan(snapshot)?.slice(0, SAMPLE_ROWS);
        frame.collect().map_err(|cause| Error::internal(&format!("read {}", snapshot.table), cause))
    })
}

fn column(column: pulse_recipe::PreviewColumn) -> PreviewColumn {
    let status = match column.status {
        ColumnStatus::Kept => "kept",
        ColumnStatus::Added => "added",
        ColumnStatus::Removed => "removed",
        ColumnStatus::Changed => "changed",
    };
    PreviewColumn { name: column.name, type_word: column.type_word, status: status.to_owned() }
}

fn step_count(count: pulse_recipe::StepCounts) -> StepCount {
    StepCount { id: count.step_id, rows_in: count.rows_in, rows_out: count.rows_out, rejected: count.rejected }
}
