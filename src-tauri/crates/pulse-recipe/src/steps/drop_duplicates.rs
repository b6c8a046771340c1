use polars::prelude::*;
use pulse_core::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::names;
use crate::step::{About, Example, RowEffect, Step, StepInput, StepOutput};

/// Keeps one row of those that have the same values in the chosen columns. Missing values count as equal. The rows
/// that stay keep their order.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DropDuplicates {
    /// The columns that must be equal; none means every column.
    #[schemars(extend("x-widget" = "columns"))]
    columns: Vec<String>,
    /// Which of the equal rows to keep.
    keep: Keep,
}

/// Which of several equal rows to keep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Keep {
    /// The first
    #[default]
    First,
    /// The last
    Last,
}

impl Step for DropDuplicates {
    fn apply(&self, input: StepInput) -> Result<StepOutput> {
        let columns = input.columns_or_all(&self.columns, "columns")?;
        let keep = match self.keep {
            Keep::First => UniqueKeepStrategy::First,
            Keep::Last => UniqueKeepStrategy::Last,
        };
        let frame = input.frame.unique_stable(Some(by_name(columns, true, false)), keep);
        Ok(StepOutput { frame, rejects: Vec::new(), rows: RowEffect::Subset })
    }

    fn sentence(&self) -> String {
        let kept = match self.keep {
            Keep::First => "first",
            Keep::Last => "last",
        };
        format!("Drop rows with equal {}, keep the {kept}", names::list_or(&self.columns, "values in all columns"))
    }

    fn about() -> About {
        About {
            kind: "drop_duplicates",
            title: "Drop duplicates",
            group: "Rows",
            applies_to: crate::steps::PLAIN,
            column_field: Some("columns"),
        }
    }

    fn examples() -> Vec<Example> {
        vec![
            Example {
                title: "Rows that are equal in every column",
                config: json!({}),
                before: json!({"item": ["rice", "rice", "rice", null, null], "year": [2023, 2024, 2023, 1, 1]}),
                after: json!({"item": ["rice", "rice", null], "year": [2023, 2024, 1]}),
            },
            Example {
                title: "The last row of each item",
                config: json!({"columns": ["item"], "keep": "last"}),
                before: json!({"item": ["rice", "maize", "rice"], "price": [1, 2, 3]}),
                after: json!({"item": ["maize", "rice"], "price": [2, 3]}),
            },
        ]
    }
}
