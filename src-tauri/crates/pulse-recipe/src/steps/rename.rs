use polars::prelude::*;
use pulse_core::{Error, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::names::col;
use crate::step::{About, Example, ROW, RowEffect, Step, StepInput, StepOutput, column_name};

/// Gives a column another name. The values and the order of the columns stay as they are.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Rename {
    /// The column to rename.
    #[schemars(extend("x-widget" = "column"))]
    column: String,
    /// Its new name. No other column may have it.
    #[schemars(extend("x-widget" = "new_column"))]
    to: String,
}

impl Step for Rename {
    fn apply(&self, input: StepInput) -> Result<StepOutput> {
        input.dtype(&self.column, "column")?;
        column_name(&self.to, "to")?;
        if self.to != self.column && input.schema.contains(&self.to) {
            return Err(Error::invalid(format!("There is a column `{}` already.", self.to))
                .hint("Choose another name, or drop the other column first.")
                .field("to"));
        }
        let columns = input
            .names()
            .into_iter()
            .map(|name| if name == self.column { col(name).alias(self.to.as_str()) } else { col(name) });
        let columns: Vec<Expr> = std::iter::once(col(ROW)).chain(columns).collect();
        Ok(StepOutput { frame: input.frame.select(columns), rejects: Vec::new(), rows: RowEffect::Keep })
    }

    fn sentence(&self) -> String {
        format!("Rename {} to {}", self.column, self.to)
    }

    fn about() -> About {
        About {
            kind: "rename",
            title: "Rename column",
            group: "Columns",
            applies_to: crate::steps::ANY,
            column_field: Some("column"),
        }
    }

    fn examples() -> Vec<Example> {
        vec![
            Example {
                title: "Give a column a clear name",
                config: json!({"column": "val", "to": "price_usd"}),
                before: json!({"item": ["rice"], "val": [2.5], "year": [2024]}),
                after: json!({"item": ["rice"], "price_usd": [2.5], "year": [2024]}),
            },
            Example {
                title: "Remove blanks from a name",
                config: json!({"column": " Area Code ", "to": "area_code"}),
                before: json!({" Area Code ": ["004", "008"]}),
                after: json!({"area_code": ["004", "008"]}),
            },
        ]
    }
}
