//! The live preview: a recipe on a sample, with what each step did to rows and cells.

mod diff;

use polars::prelude::*;
use pulse_core::{Error, Result};
use serde::Serialize;

use crate::engine;
use crate::fold;
use crate::names::col;
use crate::recipe::{Recipe, RecipeStep};
use crate::step::{ROW, RowEffect};
use diff::Difference;

/// A recipe tried on a sample.
#[derive(Clone, Debug, Serialize)]
pub struct Preview {
    /// What became of each step of the recipe, in order.
    pub steps: Vec<StepOutcome>,
    /// The columns of `frame`, in order.
    pub columns: Vec<PreviewColumn>,
    /// What the grid shows: each column as text, `__mark` with "" or "removed" (a row the step removes) or "added" for
    /// each row, and for each column with changed cells `__changed:<column>` (boolean) and `__old:<column>` (text).
    #[serde(skip)]
    pub frame: DataFrame,
}

/// What a step did to the sample.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct StepOutcome {
    /// The step's id in the recipe.
    pub id: String,
    /// What it does, as a sentence; its kind where its settings are not understood.
    pub sentence: String,
    /// Whether it took part: it is enabled and no earlier step failed.
    pub ran: bool,
    /// Rows before.
    pub rows_in: u64,
    /// Rows after.
    pub rows_out: u64,
    /// Cells whose shown value is another than before.
    pub cells_changed: u64,
    /// Values it could not convert; they go to the ledger.
    pub rejected: u64,
    /// Why it failed; the field is a setting of the step.
    pub error: Option<Error>,
    /// Columns it added.
    pub columns_added: Vec<String>,
    /// Columns it removed.
    pub columns_removed: Vec<String>,
}

/// A column of a preview.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PreviewColumn {
    /// Its name.
    pub name: String,
    /// Its type, after the step; for a removed column before it.
    pub type_word: String,
    /// What happened to it.
    pub status: ColumnStatus,
}

/// What happened to a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnStatus {
    /// Its type and its cells are as before.
    Kept,
    /// It is new.
    Added,
    /// It is no longer there after the step; the frame shows what it was.
    Removed,
    /// Its type or some of its cells changed.
    Changed,
}

/// Tries `recipe` on `sample`. The frame shows the step at `selected` (from 0) compared with the step before it, or
/// without a selection the whole recipe compared with the sample.
///
/// It never fails as a whole: a step that fails carries its error, and the steps behind it do not run. Row numbers
/// start afresh behind a step that makes other rows.
pub fn preview(sample: &DataFrame, recipe: &Recipe, selected: Option<usize>) -> Preview {
    let start =
        fold::numbered(sample.clone().lazy()).and_then(|frame| frame.collect().map_err(engine("read the sample")));
    let start = match start {
        Ok(start) => start,
        Err(error) => return failed(recipe, error),
    };
    let mut current = start.clone();
    let mut shown = None;
    let mut reshaped = false;
    let mut broken = false;
    let mut steps = Vec::with_capacity(recipe.steps.len());
    for (index, step) in recipe.steps.iter().enumerate() {
        let mut outcome = idle(step, current.height() as u64);
        if step.enabled && !broken {
            match run(step, index, &current) {
                Ok(ran) => {
                    reshaped |= ran.reshaped;
                    outcome = StepOutcome { id: outcome.id, ..ran.outcome };
                    let before = std::mem::replace(&mut current, ran.after);
                    if selected == Some(index) {
                        shown = Some(ran.difference.show(&before, &current));
                    }
                }
                Err(error) => {
                    broken = true;
                    outcome.error = Some(error);
                }
            }
        }
        if selected == Some(index) && shown.is_none() {
            shown = Some(Difference::none().show(&current, &current));
        }
        steps.push(outcome);
    }
    let shown = shown.unwrap_or_else(|| Difference::new(&start, &current, reshaped)?.show(&start, &current));
    let (columns, frame) = match shown {
        Ok(shown) => shown,
        Err(error) => return failed(recipe, error),
    };
    Preview { steps, columns, frame }
}

/// What running one step gave.
struct Ran {
    after: DataFrame,
    reshaped: bool,
    difference: Difference,
    outcome: StepOutcome,
}

fn run(step: &RecipeStep, index: usize, before: &DataFrame) -> Result<Ran> {
    let parsed = crate::steps::parse(&step.kind, &step.config)?;
    let label = fold::label(index, &step.kind);
    let output = fold::apply(parsed.as_ref(), before.clone().lazy(), "", &label)?;
    let collect = |frame: LazyFrame| frame.collect().map_err(engine("run the step"));
    let mut rejected = 0;
    for reject in output.rejects {
        rejected += collect(reject.select([col("row")]))?.height() as u64;
    }
    let reshaped = output.rows == RowEffect::Reshape;
    let mut after = collect(output.frame)?;
    if reshaped {
        let numbers = UInt64Chunked::from_iter_values(ROW.into(), 0..after.height() as u64);
        after.with_column(numbers.into_column()).map_err(engine("number the rows"))?;
    }
    let difference = Difference::new(before, &after, reshaped)?;
    let outcome = StepOutcome {
        sentence: parsed.sentence(),
        ran: true,
        rows_in: before.height() as u64,
        rows_out: after.height() as u64,
        cells_changed: difference.cells_changed(),
        rejected,
        columns_added: missing_from(before, &after),
        columns_removed: missing_from(&after, before),
        ..StepOutcome::default()
    };
    Ok(Ran { after, reshaped, difference, outcome })
}

/// The columns of `df` that `other` does not have.
fn missing_from(other: &DataFrame, df: &DataFrame) -> Vec<String> {
    let names = df.get_column_names().into_iter().filter(|name| !other.schema().contains(name));
    names.map(ToString::to_string).collect()
}

/// The outcome of a step that does not run.
fn idle(step: &RecipeStep, rows: u64) -> StepOutcome {
    let parsed = crate::steps::parse(&step.kind, &step.config);
    StepOutcome {
        id: step.id.clone(),
        sentence: parsed.map_or_else(|_| step.kind.clone(), |parsed| parsed.sentence()),
        rows_in: rows,
        rows_out: rows,
        ..StepOutcome::default()
    }
}

/// A preview without rows, for a sample that cannot be read: the first step carries the error.
fn failed(recipe: &Recipe, error: Error) -> Preview {
    let mut steps: Vec<StepOutcome> = recipe.steps.iter().map(|step| idle(step, 0)).collect();
    if let Some(first) = steps.first_mut() {
        first.error = Some(error);
    }
    Preview { steps, columns: Vec::new(), frame: DataFrame::empty() }
}

#[cfg(test)]
mod tests;
