use polars::prelude::*;
use pulse_core::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::names;
use crate::step::{About, Example, ROW, RowEffect, Step, StepInput, StepOutput};

/// Puts columns in a chosen order, and drops the others or keeps them at the end.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SelectColumns {
    /// The columns in the order they should have, at least one.
    #[schemars(extend("x-widget" = "columns"))]
    columns: Vec<String>,
    /// Keep the columns that are not chosen, after the chosen ones in their old order.
    keep_others: bool,
}

impl Step for SelectColumns {
    fn apply(&self, input: StepInput) -> Result<StepOutput> {
        let mut columns = input.columns(&self.columns, "columns")?;
        if self.keep_others {
            let others: Vec<String> = input.names().into_iter().filter(|name| !columns.contains(name)).collect();
            columns.extend(others);
        }
        let columns: Vec<Expr> = std::iter::once(ROW.to_owned()).chain(columns).map(col).collect();
        Ok(StepOutput { frame: input.frame.select(columns), rejects: Vec::new(), rows: RowEffect::Keep })
    }

    fn sentence(&self) -> String {
        let columns = names::list_or(&self.columns, "columns");
        if self.keep_others { format!("Move {columns} to the front") } else { format!("Select {columns}") }
    }

    fn about() -> About {
        About {
            kind: "select",
            title: "Select and reorder columns",
            group: "Columns",
            applies_to: &[],
            column_field: None,
        }
    }

    fn examples() -> Vec<Example> {
        let before = json!({"a": [1], "b": [2], "c": [3]});
        vec![
            Example {
                title: "Keep two columns in another order",
                config: json!({"columns": ["c", "a"]}),
                before: before.clone(),
                after: json!({"c": [3], "a": [1]}),
            },
            Example {
                title: "Move a column to the front",
                config: json!({"columns": ["b"], "keep_others": true}),
                before,
                after: json!({"b": [2], "a": [1], "c": [3]}),
            },
        ]
    }
}
