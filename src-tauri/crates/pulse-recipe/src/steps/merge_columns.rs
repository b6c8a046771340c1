use polars::prelude::*;
use pulse_core::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::names;
use crate::step::{About, Example, RowEffect, Step, StepInput, StepOutput};

/// Writes the texts of several columns into one new column at the end, with a separator between them. Missing values
/// are left out; where all are missing, so is the result.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MergeColumns {
    /// The columns to merge, in order; columns that are not text are merged as the text they show.
    #[schemars(extend("x-widget" = "columns"))]
    columns: Vec<String>,
    /// What stands between two values.
    separator: String,
    /// The name of the new column.
    #[schemars(extend("x-widget" = "new_column"))]
    into: String,
    /// Remove the columns that were merged.
    remove_originals: bool,
}

impl Default for MergeColumns {
    fn default() -> Self {
        Self { columns: Vec::new(), separator: " ".to_owned(), into: String::new(), remove_originals: false }
    }
}

impl Step for MergeColumns {
    fn apply(&self, input: StepInput) -> Result<StepOutput> {
        let columns = input.columns(&self.columns, "columns")?;
        input.new_column(&self.into, "into")?;
        let texts: Vec<Expr> = columns.iter().map(|column| input.text_of(column)).collect();
        let present = texts.iter().cloned().map(Expr::is_not_null).reduce(Expr::or).unwrap_or_else(|| lit(false));
        let merged = concat_str(texts, &self.separator, true);
        let merged = when(present).then(merged).otherwise(lit(NULL).cast(DataType::String)).alias(self.into.as_str());
        let frame = input.frame.with_column(merged);
        let frame = if self.remove_originals { frame.drop(by_name(columns, true, false)) } else { frame };
        Ok(StepOutput { frame, rejects: Vec::new(), rows: RowEffect::Keep })
    }

    fn sentence(&self) -> String {
        format!("Merge {} into {}", names::list_or(&self.columns, "columns"), self.into)
    }

    fn about() -> About {
        About {
            kind: "merge_columns",
            title: "Merge columns",
            group: "Columns",
            applies_to: crate::steps::PLAIN,
            column_field: Some("columns"),
        }
    }

    fn examples() -> Vec<Example> {
        vec![
            Example {
                title: "A code from two columns",
                config: json!({"columns": ["country", "year"], "separator": "-", "into": "key"}),
                before: json!({"country": ["NA", null], "year": [2024, 2023]}),
                after: json!({"country": ["NA", null], "year": [2024, 2023], "key": ["NA-2024", "2023"]}),
            },
            Example {
                title: "One name instead of two columns",
                config: json!({"columns": ["given", "family"], "into": "name", "remove_originals": true}),
                before: json!({"given": ["Amartya", null], "family": ["Sen", null], "n": [1, 2]}),
                after: json!({"n": [1, 2], "name": ["Amartya Sen", null]}),
            },
        ]
    }
}
