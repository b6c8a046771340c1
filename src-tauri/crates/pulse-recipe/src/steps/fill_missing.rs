use polars::prelude::*;
use pulse_core::{Error, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::names::{self, col};
use crate::step::{About, Example, Step, StepInput, StepOutput};
use crate::steps::filter_rows::literal;
use crate::text;

/// Fills missing values with a fixed value, a neighbour's value, or an average of the column. Filling keeps the
/// column's type: an average that fills a column of integers is rounded.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FillMissing {
    /// The columns to fill, at least one.
    #[schemars(extend("x-widget" = "columns"))]
    columns: Vec<String>,
    /// What to fill with.
    with: Filler,
    /// The value to write, in the form the column shows: 0, 2024-01-31, true.
    #[schemars(extend("x-depends-on" = {"field": "with", "values": ["constant"]}))]
    value: String,
}

/// What to fill missing values with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Filler {
    /// A fixed value
    #[default]
    Constant,
    /// The value before it
    Previous,
    /// The value after it
    Next,
    /// The mean of the column
    Mean,
    /// The median of the column
    Median,
    /// The most common value (of equally common ones, the first)
    MostCommon,
}

impl FillMissing {
    fn expr(&self, column: &str, dtype: &DataType) -> Result<Expr> {
        let values = col(column);
        let numeric = dtype.is_primitive_numeric() || dtype.is_decimal();
        if matches!(self.with, Filler::Mean | Filler::Median) && !numeric {
            return Err(Error::invalid(format!(
                "The column `{column}` is {}; it has no average.",
                text::type_word(dtype)
            ))
            .hint("Choose another filling, or parse the column as a number in a step before.")
            .field("with"));
        }
        let average = |average: Expr| {
            let average = if dtype.is_integer() { average.round(0, RoundMode::HalfAwayFromZero) } else { average };
            average.cast(dtype.clone())
        };
        Ok(match self.with {
            Filler::Constant => values.fill_null(literal(column, dtype, &self.value, "value")?),
            Filler::Previous => values.fill_null_with_strategy(FillNullStrategy::Forward(None)),
            Filler::Next => values.fill_null_with_strategy(FillNullStrategy::Backward(None)),
            Filler::Mean => values.clone().fill_null(average(values.mean())),
            Filler::Median => values.clone().fill_null(average(values.median())),
            Filler::MostCommon => values.clone().fill_null(values.drop_nulls().mode(true).first()),
        })
    }
}

impl Step for FillMissing {
    fn apply(&self, input: StepInput) -> Result<StepOutput> {
        let columns = input.columns(&self.columns, "columns")?;
        let exprs: Result<Vec<Expr>> =
            columns.iter().map(|column| self.expr(column, input.dtype(column, "columns")?)).collect();
        Ok(input.with(exprs?))
    }

    fn sentence(&self) -> String {
        let filler = match self.with {
            Filler::Constant => format!("“{}”", self.value),
            Filler::Previous => "the previous value".to_owned(),
            Filler::Next => "the next value".to_owned(),
            Filler::Mean => "the mean".to_owned(),
            Filler::Median => "the median".to_owned(),
            Filler::MostCommon => "the most common value".to_owned(),
        };
        format!("Fill missing {} with {filler}", names::list_or(&self.columns, "values"))
    }

    fn about() -> About {
        About {
            kind: "fill_missing",
            title: "Fill missing values",
            group: "Missing values",
            applies_to: crate::steps::PLAIN,
            column_field: Some("columns"),
        }
    }

    fn examples() -> Vec<Example> {
        vec![
            Example {
                title: "A fixed value",
                config: json!({"columns": ["count"], "with": "constant", "value": "0"}),
                before: json!({"count": [3, null, 5]}),
                after: json!({"count": [3, 0, 5]}),
            },
            Example {
                title: "The value above, as in a merged spreadsheet cell",
                config: json!({"columns": ["region"], "with": "previous"}),
                before: json!({"region": [null, "Africa", null, null, "Asia"], "n": [1, 2, 3, 4, 5]}),
                after: json!({"region": [null, "Africa", "Africa", "Africa", "Asia"], "n": [1, 2, 3, 4, 5]}),
            },
            Example {
                title: "The value below",
                config: json!({"columns": ["a"], "with": "next"}),
                before: json!({"a": [null, "x", null]}),
                after: json!({"a": ["x", "x", null]}),
            },
            Example {
                title: "The mean of the column",
                config: json!({"columns": ["price"], "with": "mean"}),
                before: json!({"price": [1.0, null, 2.0]}),
                after: json!({"price": [1.0, 1.5, 2.0]}),
            },
            Example {
                title: "The median, rounded in a column of integers",
                config: json!({"columns": ["n"], "with": "median"}),
                before: json!({"n": [1, 2, null, 9, 10]}),
                after: json!({"n": [1, 2, 6, 9, 10]}),
            },
            Example {
                title: "The most common value",
                config: json!({"columns": ["unit"], "with": "most_common"}),
                before: json!({"unit": ["t", "kg", null, "kg", "t"]}),
                after: json!({"unit": ["t", "kg", "t", "kg", "t"]}),
            },
        ]
    }
}
