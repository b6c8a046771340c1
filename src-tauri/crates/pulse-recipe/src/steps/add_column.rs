use polars::prelude::*;
use polars::sql::sql_expr;
use pulse_core::{Error, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::names;
use crate::step::{About, Example, Step, StepInput, StepOutput, column_name};

/// Computes a column from the others by an SQL expression, such as `price * quantity` or
/// `CASE WHEN year < 2000 THEN 'old' ELSE 'new' END`. Names with blanks stand in double quotes. `CAST` stops with an
/// error where a value does not fit; `TRY_CAST` gives a missing value instead. A sum, difference or product too large
/// for an integer becomes missing and goes to the ledger.
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
        let refused =
            |reason: &str| Error::invalid(format!("The expression cannot be used: {reason}")).field("expression");
        if self.expression.trim().is_empty() {
            return Err(refused("it is empty.").hint("Enter an SQL expression, such as price * quantity."));
        }
        let expr = sql_expr(&self.expression).map_err(|cause| {
            refused(names::first_line(&cause.to_string()))
                .hint("Write one SQL expression over the columns; put names with blanks in double quotes and texts in single ones.")
        })?;
        for part in &expr {
            match part {
                Expr::Column(column) => {
                    input.dtype(column, "expression")?;
                }
                Expr::SubPlan(_, _) | Expr::Selector(_) => {
                    return Err(refused("it must not contain a query or `*`.").hint("Name the columns one by one."));
                }
                Expr::Explode { .. } => {
                    return Err(refused("it would change the number of rows.")
                        .hint("Use a function that gives one value for each row."));
                }
                _ => {}
            }
        }
        Ok(expr)
    }

    /// The type of the computed column; fails where the expression does not fit the columns.
    fn dtype(&self, input: &StepInput, expr: &Expr) -> Result<DataType> {
        let schema = input.frame.clone().select([expr.clone().alias("computed")]).collect_schema();
        let dtype = schema.and_then(|schema| schema.try_get("computed").cloned());
        dtype.map_err(|cause| {
            Error::invalid(format!(
                "The expression does not fit the columns: {}",
                names::first_line(&cause.to_string())
            ))
            .hint("Check the types of the columns; CAST(column AS DOUBLE) changes one.")
            .field("expression")
        })
    }
}

/// The same arithmetic on integers with 128 bits, where the engine's own would wrap around unseen; nothing where the
/// expression is more than sums, differences and products of columns, numbers and cases.
fn widened(expr: &Expr, schema: &Schema) -> Option<Expr> {
    let plain = |part: &Expr| match part {
        Expr::Column(_) | Expr::Literal(_) | Expr::Ternary { .. } => true,
        Expr::BinaryExpr { op, .. } => !matches!(op, Operator::TrueDivide | Operator::RustDivide),
        _ => false,
    };
    let arithmetic = |part: &Expr| {
        matches!(part, Expr::BinaryExpr { op: Operator::Plus | Operator::Minus | Operator::Multiply, .. })
    };
    if !(expr.into_iter().all(plain) && expr.into_iter().any(arithmetic)) {
        return None;
    }
    Some(expr.clone().map_expr(|part| match part {
        Expr::Column(name) if schema.get(&name).is_some_and(DataType::is_integer) => {
            Expr::Column(name).cast(DataType::Int128)
        }
        other => other,
    }))
}

impl Step for AddColumn {
    fn apply(&self, input: StepInput) -> Result<StepOutput> {
        if self.replace {
            column_name(&self.name, "name")?
        } else {
            input.new_column(&self.name, "name")?
        }
        let expr = self.expr(&input)?;
        let dtype = self.dtype(&input, &expr)?;
        let wide = if dtype.is_integer() { widened(&expr, &input.schema) } else { None };
        let wide = wide.filter(|wide| matches!(self.dtype(&input, wide), Ok(DataType::Int128)));
        let Some(wide) = wide else { return Ok(input.with(vec![expr.alias(self.name.as_str())])) };
        let narrow = wide.clone().cast(if dtype.is_unsigned_integer() { dtype } else { DataType::Int64 });
        let overflow = narrow.clone().is_null().and(wide.clone().is_not_null());
        let reason = when(overflow)
            .then(lit("The result is too large for an integer."))
            .otherwise(lit(NULL))
            .cast(DataType::String);
        let rejects = vec![input.reject(&self.name, wide.cast(DataType::String), reason)];
        Ok(StepOutput { rejects, ..input.with(vec![narrow.alias(self.name.as_str())]) })
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
                title: "A product too large for an integer goes to the ledger",
                config: json!({"name": "square", "expression": "n * n"}),
                before: json!({"n": [3, 4000000000_i64]}),
                after: json!({"n": [3, 4000000000_i64], "square": [9, null]}),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fold;

    #[test]
    fn expressions_that_cannot_be_used_say_why() {
        let table = df!("price" => [1.0], "name" => ["x"]).expect("a frame");
        let cases = [
            ("", "empty"),
            ("price *", "cannot be used"),
            ("prise * 2", "no column `prise`"),
            ("__row + 1", "no column `__row`"),
            ("SELECT 1", "cannot be used"),
            ("(SELECT * FROM read_csv('/etc/passwd'))", "cannot be used"),
            ("price IN (SELECT price FROM t)", "cannot be used"),
            ("nonsense(price)", "cannot be used"),
            ("name * price", "does not fit"),
        ];
        for (expression, expected) in cases {
            let step = AddColumn { name: "new".into(), expression: expression.into(), replace: false };
            let frame = fold::numbered(table.clone().lazy()).expect("numbered");
            let error = fold::apply(&step, frame, "t", "1").err().unwrap_or_else(|| panic!("`{expression}` must fail"));
            assert!(error.message.contains(expected), "`{expression}`: {error}");
            assert_eq!(error.field.as_deref(), Some("expression"), "`{expression}`: {error}");
            assert!(error.hint.is_some(), "`{expression}` must come with a hint");
        }
    }
}
