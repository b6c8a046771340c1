use polars::prelude::*;
use pulse_core::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::names;
use crate::step::{About, Example, RowEffect, Step, StepInput, StepOutput};

/// Removes columns from the result. The table they come from keeps them.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DropColumns {
    /// The columns to remove, at least one.
    #[schemars(extend("x-widget" = "columns"))]
    columns: Vec<String>,
}

impl Step for DropColumns {
    fn apply(&self, input: StepInput) -> Result<StepOutput> {
        let columns = input.columns(&self.columns, "columns")?;
        let frame = input.frame.drop(by_name(columns, true, false));
        Ok(StepOutput { frame, rejects: Vec::new(), rows: RowEffect::Keep })
    }

    fn sentence(&self) -> String {
        format!("Drop {}", names::list_or(&self.columns, "columns"))
    }

    fn about() -> About {
        About {
            kind: "drop",
            title: "Drop columns",
            group: "Columns",
            applies_to: crate::steps::ANY,
            column_field: Some("columns"),
        }
    }

    fn examples() -> Vec<Example> {
        vec![
            Example {
                title: "Remove one column",
                config: json!({"columns": ["note"]}),
                before: json!({"item": ["rice", "maize"], "note": [null, "x"], "price": [1, 2]}),
                after: json!({"item": ["rice", "maize"], "price": [1, 2]}),
            },
            Example {
                title: "Remove several columns",
                config: json!({"columns": ["a", "c"]}),
                before: json!({"a": [1], "b": [2], "c": [3]}),
                after: json!({"b": [2]}),
            },
        ]
    }
}
