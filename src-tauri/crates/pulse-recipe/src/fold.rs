//! The fold: a recipe applied to a lazy frame, with its ledger and exact counts.

use polars::prelude::*;
use pulse_core::{Error, LedgerEntry, Progress, Result};
use serde::Serialize;

use crate::engine;
use crate::names::col;
use crate::recipe::{Recipe, at_step};
use crate::step::{ROW, RowEffect, Step, StepInput, StepOutput};

/// A recipe applied to a frame, not yet computed.
pub struct Plan {
    /// The result, without hidden columns.
    pub frame: LazyFrame,
    /// The enabled steps, in order.
    pub steps: Vec<PlannedStep>,
    /// What could not be converted: each frame has exactly the columns of [`LedgerEntry::COLUMNS`].
    pub rejects: Vec<LazyFrame>,
}

/// One enabled step of a plan.
pub struct PlannedStep {
    /// Its position in the recipe, from 0.
    pub index: usize,
    /// Its id in the recipe.
    pub id: String,
    /// Which step it is.
    pub kind: String,
    /// What it does, as a sentence.
    pub sentence: String,
    /// What it does to the rows.
    pub rows: RowEffect,
    /// The rows after it, with hidden columns.
    frame: LazyFrame,
    /// What it could not convert.
    rejects: Vec<LazyFrame>,
}

/// How many rows went through a step, exactly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StepCounts {
    /// The step's id in the recipe.
    pub step_id: String,
    /// Rows before.
    pub rows_in: u64,
    /// Rows after.
    pub rows_out: u64,
    /// Values it could not convert: its ledger entries.
    pub rejected: u64,
}

/// Applies the enabled steps of `recipe` to `frame`. `input` names the table in ledger entries: `bronze.prices@3`.
///
/// Nothing is computed. Fails where a step does not fit the columns, with the field `steps.<index>.<setting>`.
pub fn plan(frame: LazyFrame, recipe: &Recipe, input: &str) -> Result<Plan> {
    let mut frame = numbered(frame)?;
    let mut steps = Vec::new();
    for (index, step) in recipe.steps.iter().enumerate().filter(|(_, step)| step.enabled) {
        let at = |error| at_step(index, &step.kind, error);
        let parsed = crate::steps::parse(&step.kind, &step.config).map_err(at)?;
        let output = apply(parsed.as_ref(), frame, input, &label(index, &step.kind)).map_err(at)?;
        frame = output.frame.clone();
        steps.push(PlannedStep {
            index,
            id: step.id.clone(),
            kind: step.kind.clone(),
            sentence: parsed.sentence(),
            rows: output.rows,
            frame: output.frame,
            rejects: output.rejects,
        });
    }
    let rejects = steps.iter().flat_map(|step| step.rejects.iter().cloned()).collect();
    Ok(Plan { frame: frame.drop(by_name([ROW], true, false)), steps, rejects })
}

/// Computes every ledger entry of the plan, step by step; within a step, in the order of the rows.
pub fn ledger(plan: &Plan, progress: &Progress) -> Result<DataFrame> {
    let mut entries = empty_ledger();
    for reject in &plan.rejects {
        let found = collect(watch(reject.clone(), progress, false), "write the ledger", progress)?;
        entries.vstack_mut_owned(found).map_err(|cause| Error::internal("write the ledger", cause))?;
    }
    Ok(entries)
}

/// Counts rows and rejected values of each enabled step over all of `frame`.
pub fn counts(frame: LazyFrame, recipe: &Recipe, progress: &Progress) -> Result<Vec<StepCounts>> {
    let frame = watch(frame, progress, false);
    let mut rows_in = height(frame.clone(), progress)?;
    let mut counted = Vec::new();
    for step in plan(frame, recipe, "")?.steps {
        let rows_out = if step.rows == RowEffect::Keep { rows_in } else { height(step.frame, progress)? };
        let mut rejected = 0;
        for reject in step.rejects {
            rejected += height(reject, progress)?;
        }
        counted.push(StepCounts { step_id: step.id, rows_in, rows_out, rejected });
        rows_in = rows_out;
    }
    Ok(counted)
}

/// The same frame, which stops with an error once the job is cancelled and counts its rows where `count_rows` is set.
///
/// The engine offers no cancellation; this looks at the job's progress for each batch of rows that streams through.
pub fn watch(frame: LazyFrame, progress: &Progress, count_rows: bool) -> LazyFrame {
    let progress = progress.clone();
    frame.map(
        move |batch| {
            progress.check().map_err(|cancelled| polars_err!(ComputeError: "{}", cancelled.message))?;
            if count_rows {
                progress.add_rows(batch.height() as u64);
            }
            Ok(batch)
        },
        AllowedOptimizations::default() | AllowedOptimizations::STREAMING,
        None,
        Some("watch"),
    )
}

/// Computes `frame` with the streaming engine; `attempt` completes "Could not …".
pub fn collect(frame: LazyFrame, attempt: &str, progress: &Progress) -> Result<DataFrame> {
    progress.check()?;
    let computed = frame.collect_with_engine(Engine::Streaming);
    progress.check()?;
    // A frame is one query, so there is a single result.
    Ok(computed.map_err(engine(attempt))?.unwrap_single())
}

/// The frame with its rows numbered in [`ROW`]; fails where a column of the table has that name already.
pub fn numbered(mut frame: LazyFrame) -> Result<LazyFrame> {
    let schema = frame.collect_schema().map_err(engine("read the table's columns"))?;
    if schema.contains(ROW) {
        return Err(Error::invalid(format!("The table has a column called `{ROW}`, which is reserved."))
            .hint("Rename the column in the source and import it again."));
    }
    let names: Vec<Expr> = schema.iter_names().map(|name| col(name.clone())).collect();
    let row = col(ROW).cast(DataType::UInt64);
    Ok(frame.with_row_index(ROW, None).select([vec![row], names].concat()))
}

/// Applies one step to a frame with [`ROW`] and checks the columns that come out.
pub fn apply(step: &dyn Step, mut frame: LazyFrame, source: &str, label: &str) -> Result<StepOutput> {
    let schema = frame.collect_schema().map_err(engine("read the columns"))?;
    let visible = schema.iter().filter(|(name, _)| name.as_str() != ROW);
    let schema: Schema = visible.map(|(name, dtype)| (name.clone(), dtype.clone())).collect();
    let input = StepInput { frame, schema, source: source.to_owned(), label: label.to_owned() };
    let mut output = step.apply(input)?;
    output.frame.collect_schema().map_err(engine("apply the step"))?;
    Ok(output)
}

/// The step's label in ledger entries; `index` counts from 0, the label from 1 as the recipe panel does.
pub fn label(index: usize, kind: &str) -> String {
    format!("{} {kind}", index + 1)
}

fn height(frame: LazyFrame, progress: &Progress) -> Result<u64> {
    let counted = collect(frame.select([len().cast(DataType::UInt64)]), "count the rows", progress)?;
    let count = counted.columns().first().and_then(|column| column.u64().ok()?.get(0));
    count.ok_or_else(|| Error::internal("count the rows", "the engine gave no count"))
}

fn empty_ledger() -> DataFrame {
    let schema: Schema = LedgerEntry::COLUMNS
        .into_iter()
        .map(|name| {
            let dtype = if matches!(name, "line" | "row") { DataType::UInt64 } else { DataType::String };
            (PlSmallStr::from(name), dtype)
        })
        .collect();
    DataFrame::empty_with_schema(&schema)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RecipeStep;
    use serde_json::json;

    fn recipe(steps: &[(&str, serde_json::Value)]) -> Recipe {
        let steps = steps.iter().enumerate().map(|(index, (kind, config))| RecipeStep {
            id: index.to_string(),
            kind: (*kind).to_owned(),
            config: config.clone(),
            enabled: true,
            comment: String::new(),
        });
        Recipe { steps: steps.collect(), ..Recipe::new("test") }
    }

    #[test]
    fn what_cannot_be_converted_is_missing_and_in_the_ledger() {
        let df = df!("price" => [Some("1,5"), Some("n/a"), None, Some("1e400")], "year" => [1.0, 1.5, 2.0, f64::NAN])
            .expect("a frame");
        let recipe = recipe(&[
            ("filter_rows", json!({"rules": [{"column": "price", "operator": "is_not", "value": "x"}]})),
            ("parse_number", json!({"columns": ["price"], "decimal_mark": "comma"})),
            ("change_type", json!({"columns": ["year"], "to": "integer"})),
        ]);
        let plan = plan(df.clone().lazy(), &recipe, "bronze.prices@3").expect("the recipe fits");
        let ledger = ledger(&plan, &Progress::new()).expect("a ledger");
        let names: Vec<&str> = ledger.get_column_names().into_iter().map(PlSmallStr::as_str).collect();
        assert_eq!(names, LedgerEntry::COLUMNS, "a ledger has the columns every ledger has");
        let text = crate::to_text(&ledger.select(["source", "row", "column", "value", "step"]).expect("columns"))
            .expect("text");
        let rows: Vec<String> = (0..text.height())
            .map(|row| {
                text.columns()
                    .iter()
                    .map(|column| column.str().expect("text").get(row).unwrap_or("-").to_owned())
                    .collect::<Vec<_>>()
                    .join(" | ")
            })
            .collect();
        assert_eq!(
            rows,
            [
                "bronze.prices@3 | 1 | price | n/a | 2 parse_number",
                "bronze.prices@3 | 3 | price | 1e400 | 2 parse_number",
                "bronze.prices@3 | 1 | year | 1.5 | 3 change_type",
                "bronze.prices@3 | 3 | year | NaN | 3 change_type",
            ],
            "each rejected value says where it was and what it was"
        );
        let counts = counts(df.lazy(), &recipe, &Progress::new()).expect("counts");
        assert_eq!(
            counts.iter().map(|step| step.rejected).collect::<Vec<_>>(),
            [0, 2, 2],
            "the counts agree with the ledger"
        );
    }

    #[test]
    fn a_missing_column_names_the_field_and_the_columns_close_to_it() {
        let df = df!("country" => ["a"]).expect("a frame");
        let recipe = recipe(&[("trim_whitespace", json!({"columns": ["contry"]}))]);
        let error = plan(df.lazy(), &recipe, "t").err().expect("the column is missing");
        assert_eq!(error.field.as_deref(), Some("steps.0.columns"), "the error belongs to the setting");
        assert!(error.hint.is_some_and(|hint| hint.contains("country")), "the hint names the column meant");
    }

    #[test]
    fn a_cancelled_job_stops() {
        let df = df!("a" => ["x"]).expect("a frame");
        let progress = Progress::new();
        progress.cancel();
        let error = counts(df.lazy(), &recipe(&[]), &progress).expect_err("cancelled");
        assert_eq!(error.code, pulse_core::Code::Cancelled, "a cancel is not a failure of the data");
    }
}
