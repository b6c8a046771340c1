//! Recipes, steps, previews and their application.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

/// A kind of step: what the catalogue shows and the form is made from.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct StepInfo {
    /// The word in recipe files, such as `trim_whitespace`.
    pub kind: String,
    /// Its name for people.
    pub title: String,
    /// What it does, in a sentence or two.
    pub description: String,
    /// The heading it stands under in the catalogue.
    pub group: String,
    /// The types of column it makes sense for; empty for the whole table.
    pub applies_to: Vec<String>,
    /// The member of its settings that a column's menu fills in.
    pub column_field: Option<String>,
    /// JSON Schema of its settings.
    #[ts(type = "unknown")]
    pub schema: Value,
    /// Settings to start from.
    #[ts(type = "unknown")]
    pub default_config: Value,
    /// Examples, each tested.
    pub examples: Vec<StepExample>,
}

/// An example of a step.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct StepExample {
    /// What it shows.
    pub title: String,
    /// The settings.
    #[ts(type = "unknown")]
    pub config: Value,
    /// The table before.
    pub before: SmallTable,
    /// The table after.
    pub after: SmallTable,
}

/// A few rows as text.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct SmallTable {
    /// The columns.
    pub columns: Vec<String>,
    /// The rows; null for missing.
    pub rows: Vec<Vec<Option<String>>>,
}

/// Names a recipe.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct RecipeId {
    /// Its id.
    pub id: String,
}

/// A saved recipe.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct RecipeDoc {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The table it reads.
    pub input: String,
    /// The table it writes.
    pub output: String,
    /// The steps in order.
    pub steps: Vec<RecipeStep>,
    /// Grows with every save.
    pub revision: u64,
    /// Whether there is a revision to go back to.
    pub can_undo: bool,
    /// Whether there is a revision to go forward to.
    pub can_redo: bool,
}

/// One step of a recipe.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct RecipeStep {
    /// Stays the same while the step is edited and moved.
    pub id: String,
    /// The kind of step.
    pub kind: String,
    /// Its settings.
    #[ts(type = "unknown")]
    pub config: Value,
    /// Whether it is applied.
    pub enabled: bool,
    /// The user's remark.
    #[serde(default)]
    pub comment: String,
}

/// A recipe file for a table.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct RecipeImport {
    /// The table whose recipe gets the steps.
    pub table: String,
    /// The file's content.
    pub text: String,
}

/// What to preview.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct PreviewRequest {
    /// The input table.
    pub table: String,
    /// Its version; the newest where none is given.
    #[serde(default)]
    #[ts(optional)]
    pub version: Option<u64>,
    /// All steps of the recipe.
    pub steps: Vec<RecipeStep>,
    /// The step whose effect is marked; all steps together where none is given.
    #[serde(default)]
    #[ts(optional)]
    pub selected: Option<u64>,
}

/// The effect of steps on a sample.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct RecipePreview {
    /// For `rows`.
    pub id: String,
    /// The input version.
    pub version: u64,
    /// One outcome a step.
    pub steps: Vec<StepOutcome>,
    /// Columns of the preview grid, removed ones included.
    pub columns: Vec<PreviewColumn>,
    /// Rows of the preview grid, removed ones included.
    pub rows: u64,
    /// Rows of the input that were looked at.
    pub sample_rows: u64,
    /// Rows of the input table.
    pub table_rows: u64,
    /// How long it took.
    pub seconds: f64,
}

/// What a step does to the sample.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct StepOutcome {
    /// The step.
    pub id: String,
    /// The step as a sentence.
    pub sentence: String,
    /// Rows before it.
    pub rows_in: u64,
    /// Rows after it.
    pub rows_out: u64,
    /// Cells with another value than before.
    pub cells_changed: u64,
    /// Values for the ledger.
    pub rejected: u64,
    /// Columns that are new.
    pub columns_added: Vec<String>,
    /// Columns that are gone.
    pub columns_removed: Vec<String>,
    /// Why it cannot be applied, where it cannot.
    pub problem: Option<super::Problem>,
    /// Whether it was left out: switched off, or behind a failed step.
    pub skipped: bool,
}

/// A column of the preview grid.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct PreviewColumn {
    /// Its name.
    pub name: String,
    /// Its type as a word.
    #[serde(rename = "type")]
    pub type_word: String,
    /// `kept`, `added`, `removed` or `changed`.
    pub status: String,
}

/// Which steps to count.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct CountsRequest {
    /// The input table.
    pub table: String,
    /// Its version; the newest where none is given.
    #[serde(default)]
    #[ts(optional)]
    pub version: Option<u64>,
    /// All steps of the recipe.
    pub steps: Vec<RecipeStep>,
}

/// Exact counts of a step over the full table.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct StepCount {
    /// The step.
    pub id: String,
    /// Rows before it.
    pub rows_in: u64,
    /// Rows after it.
    pub rows_out: u64,
    /// Values in the ledger.
    pub rejected: u64,
}

/// Which recipe to apply.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct ApplyRequest {
    /// The recipe.
    pub recipe: String,
    /// The input version; the newest where none is given.
    #[serde(default)]
    #[ts(optional)]
    pub version: Option<u64>,
}
