use polars::prelude::*;
use pulse_core::{Error, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::names::{self, col};
use crate::step::{About, Example, RowEffect, Step, StepInput, StepOutput};

/// Sorts the rows. Rows that are equal in the chosen columns keep their order.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Sort {
    /// The columns to sort by, the most important first.
    by: Vec<Key>,
    /// Put rows without a value last, whatever the direction; otherwise they come first.
    missing_last: bool,
}

/// A column to sort by.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Key {
    /// The column.
    #[schemars(extend("x-widget" = "column"))]
    column: String,
    /// From large to small, late to early, Z to A.
    descending: bool,
}

impl Default for Sort {
    fn default() -> Self {
        Self { by: Vec::new(), missing_last: true }
    }
}

impl Step for Sort {
    fn apply(&self, input: StepInput) -> Result<StepOutput> {
        if self.by.is_empty() {
            return Err(Error::invalid("There is no column to sort by.").hint("Add a column.").field("by"));
        }
        for (index, key) in self.by.iter().enumerate() {
            input.dtype(&key.column, &format!("by.{index}.column"))?;
        }
        let keys: Vec<Expr> = self.by.iter().map(|key| col(key.column.as_str())).collect();
        let options = SortMultipleOptions::default()
            .with_order_descending_multi(self.by.iter().map(|key| key.descending).collect::<Vec<_>>())
            .with_nulls_last(self.missing_last)
            .with_maintain_order(true);
        let frame = input.frame.sort_by_exprs(keys, options);
        Ok(StepOutput { frame, rejects: Vec::new(), rows: RowEffect::Subset })
    }

    fn sentence(&self) -> String {
        let keys: Vec<String> = self
            .by
            .iter()
            .map(|key| if key.descending { format!("{} descending", key.column) } else { key.column.clone() })
            .collect();
        format!("Sort by {}", names::list_or(&keys, "columns"))
    }

    fn about() -> About {
        About { kind: "sort", title: "Sort", group: "Rows", applies_to: crate::steps::ANY, column_field: Some("by") }
    }

    fn examples() -> Vec<Example> {
        vec![
            Example {
                title: "By two columns in different directions",
                config: json!({"by": [{"column": "item"}, {"column": "year", "descending": true}]}),
                before: json!({"item": ["rice", "maize", "rice"], "year": [2023, 2024, 2024]}),
                after: json!({"item": ["maize", "rice", "rice"], "year": [2024, 2024, 2023]}),
            },
            Example {
                title: "Rows without a value first; equal rows keep their order",
                config: json!({"by": [{"column": "n"}], "missing_last": false}),
                before: json!({"n": [2, null, 1, 1], "id": ["a", "b", "c", "d"]}),
                after: json!({"n": [null, 1, 1, 2], "id": ["b", "c", "d", "a"]}),
            },
        ]
    }
}
