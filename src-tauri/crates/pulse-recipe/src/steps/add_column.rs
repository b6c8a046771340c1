use polars::prelude::*;
use polars::sql::sql_expr;
use pulse_core::{Error, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::names;
use crate::step::{About, Example, ROW, RowEffect, Step, StepInput, StepOutput, column_name};

/// Computes a column from the others by an SQL expression, such as `price * quantity` or
/// `CASE WHEN year < 2000 THEN 'old' ELSE 'new' END`. Names with blanks stand in double quotes. `CAST` stops with an
/// error where a value does not fit; `TRY_CAST` gives a missing value instead.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AddColumn {
    /// The name of the new column; it stands last.
    #[schemars(extend("x-widget" = "new_column"))]
    name: String,
    /// The SQL expression.
    #[schemars(extend("x-widget" = "code", "x-language" = "sql", "x-placeholder" = "price * quantity"))]
    expression: String,
    /// Replace the column if there is one of that name.
    replace: bool,
}

impl AddColumn {
    fn expr(&self, input: &StepInput) -> Result<Expr> {
        let refused = |reason: &str| Error::invalid(format!("The expression cannot be used: {reason}")).field("expression");
        if self.expression.trim().is_empty() {
            return Err(refused("it is empty.").hint("Enter an SQL expression, such as price * quantity."));
        }
        let expr = sql_expr(&self.expression).map_err(|cause| {
            refused(names::first_line(&cause.to_string()))
                .hint("Write one SQL expression over the columns; put names with blanks in double quotes and texts in single ones.")
        })?;
        for part in &expr {
            match part {
                Expr::Column(column) if column == ROW => return Err(input.dtype("", "expression").err().unwrap_or_else(|| refused(""))),
                Expr::Column(column) => {
                    input.dtype(column, "expression")?;
                }
                Expr::SubPlan(_, _) | Expr::Selector(_) => {
                    return Err(refused("it must not contain a query or `*`.").hint("Name the columns one by one."));
                }
                _ => {}
            }
        }
        Ok(expr)
    }
}

impl Step for AddColumn {
    fn apply(&self, input: StepInput) -> Result<StepOutput> {
        if self.replace { column_name(&self.name, "name")? } else { input.new_column(&self.name, "name")? }
        let expr = self.expr(&input)?.alias(self.name.as_str());
        let mut frame = input.frame.with_column(expr);
        frame.collect_schema().map_err(|cause| {
            Error::invalid(format!("The expression does not fit the columns: {}", names::first_line(&cause.to_string())))
                .hint("Check the types of the columns; CAST(column AS DOUBLE) changes one.")
                .field("expression")
        })?;
        Ok(StepOutput { frame, rejects: Vec::new(), rows: RowEffect::Keep })
    }

    fn sentence(&self) -> String {
        format!("Add {} = {}", self.name, self.expression)
    }

    fn about() -> About {
        About { kind: "add_column", title: "Add column", group: "Columns", applies_to: &[], column_field: None }
    }

    fn examples() -> Vec<Example> {
        vec![
            Example {
                title: "Multiply two columns",
                config: json!({"name": "total", "expression": "price * \"Quantity sold\""}),
                before: json!({"price": [2.5, 1.0], "Quantity sold": [2, null]}),
                after: json!({"price": [2.5, 1.0], "Quantity sold": [2, null], "total": [5.0, null]}),
            },
            Example {
                title: "A class by a condition",
                config: json!({"name": "era", "expression": "CASE WHEN year < 2000 THEN 'old' ELSE 'new' END"}),
                before: json!({"year": [1999, 2024]}),
                after: json!({"year": [1999, 2024], "era": ["old", "new"]}),
            },
            Example {
                title: "Replace a column",
                config: json!({"name": "name", "expression": "UPPER(name)", "replace": true}),
                before: json!({"name": ["rice"], "n": [1]}),
                after: json!({"name": ["RICE"], "n": [1]}),
            },
        ]
    }
}
