use polars::prelude::*;
use pulse_core::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::names::{self, col};
use crate::step::{About, Example, RowEffect, Step, StepInput, StepOutput};

/// Removes rows that have no value in the chosen columns.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DropMissing {
    /// The columns to look at; none means every column.
    #[schemars(extend("x-widget" = "columns"))]
    columns: Vec<String>,
    /// Which rows to remove.
    when: When,
    /// Count texts that are empty or only white space as missing.
    blank_is_missing: bool,
}

/// Which rows count as missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum When {
    /// Rows in which any of the columns is missing
    #[default]
    Any,
    /// Rows in which all of the columns are missing
    All,
}

impl Step for DropMissing {
    fn apply(&self, input: StepInput) -> Result<StepOutput> {
        let columns = input.columns_or_all(&self.columns, "columns")?;
        let mut conditions = Vec::new();
        for column in &columns {
            let missing = col(column).is_null();
            let blank = self.blank_is_missing && input.dtype(column, "columns")?.is_string();
            conditions.push(if blank {
                missing.or(col(column).str().strip_chars(lit(NULL)).eq(lit("")).fill_null(lit(false)))
            } else {
                missing
            });
        }
        let combined = conditions.into_iter().reduce(|a, b| match self.when {
            When::Any => a.or(b),
            When::All => a.and(b),
        });
        let frame = match combined {
            Some(missing) => input.frame.filter(missing.not()),
            None => input.frame,
        };
        Ok(StepOutput { frame, rejects: Vec::new(), rows: RowEffect::Subset })
    }

    fn sentence(&self) -> String {
        let columns = names::list_or(&self.columns, "all columns");
        match self.when {
            When::Any => format!("Drop rows with a missing value in {columns}"),
            When::All => format!("Drop rows with no value in {columns}"),
        }
    }

    fn about() -> About {
        About {
            kind: "drop_missing",
            title: "Drop rows with missing values",
            group: "Rows",
            applies_to: crate::steps::ANY,
            column_field: Some("columns"),
        }
    }

    fn examples() -> Vec<Example> {
        let before = json!({"item": ["rice", null, "maize", null], "price": [1, 2, null, null]});
        vec![
            Example {
                title: "A value is needed in one column",
                config: json!({"columns": ["price"]}),
                before: before.clone(),
                after: json!({"item": ["rice", null], "price": [1, 2]}),
            },
            Example {
                title: "Remove rows without any value",
                config: json!({"when": "all"}),
                before,
                after: json!({"item": ["rice", null, "maize"], "price": [1, 2, null]}),
            },
            Example {
                title: "Empty texts count as missing",
                config: json!({"columns": ["item"], "blank_is_missing": true}),
                before: json!({"item": ["rice", " ", ""]}),
                after: json!({"item": ["rice"]}),
            },
        ]
    }
}
