use polars::prelude::*;
use pulse_core::{Error, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::names::{self, col};
use crate::step::{About, Example, ROW, RowEffect, Step, StepInput, StepOutput, column_name, rejects};
use crate::text;

/// Makes one row of all rows that have the same values in the group columns, with computed columns. Groups stand in
/// the order in which they first appear. Missing values are left out of every computation.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GroupAggregate {
    /// The columns to group by; none means one row for the whole table.
    #[schemars(extend("x-widget" = "columns"))]
    group_by: Vec<String>,
    /// What to compute for each group, at least one.
    aggregations: Vec<Aggregation>,
}

/// A computed column.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Aggregation {
    /// What to compute.
    function: Function,
    /// The column to compute it from.
    #[schemars(extend("x-widget" = "column", "x-depends-on" = {"field": "function", "values": [
        "count_values", "count_distinct", "sum", "mean", "median", "min", "max", "first", "last"]}))]
    column: String,
    /// The name of the computed column; empty for a name made of the function and the column.
    #[schemars(extend("x-widget" = "new_column"))]
    name: String,
}

/// What to compute for a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Function {
    /// Number of rows
    #[default]
    Count,
    /// Number of values that are not missing
    CountValues,
    /// Number of distinct values
    CountDistinct,
    /// Sum
    Sum,
    /// Mean
    Mean,
    /// Median
    Median,
    /// Smallest or earliest
    Min,
    /// Largest or latest
    Max,
    /// First value
    First,
    /// Last value
    Last,
}

impl Function {
    fn word(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::CountValues => "count_values",
            Self::CountDistinct => "count_distinct",
            Self::Sum => "sum",
            Self::Mean => "mean",
            Self::Median => "median",
            Self::Min => "min",
            Self::Max => "max",
            Self::First => "first",
            Self::Last => "last",
        }
    }
}

impl Aggregation {
    fn name(&self) -> String {
        match (self.name.is_empty(), self.function) {
            (false, _) => self.name.clone(),
            (true, Function::Count) => "count".to_owned(),
            (true, function) => format!("{}_{}", function.word(), self.column),
        }
    }

    /// The computation; the sum of integers is computed with 128 bits and narrowed afterwards.
    fn expr(&self, input: &StepInput, field: &str) -> Result<Expr> {
        if self.function == Function::Count {
            return Ok(len().cast(DataType::Int64).alias(self.name()));
        }
        let field = format!("{field}.column");
        let dtype = input.dtype(&self.column, &field)?;
        let numeric = dtype.is_primitive_numeric() || dtype.is_decimal();
        if matches!(self.function, Function::Sum | Function::Mean | Function::Median) && !numeric {
            let message = format!(
                "The column `{}` is {}; it has no {}.",
                self.column,
                text::type_word(dtype),
                self.function.word()
            );
            return Err(Error::invalid(message)
                .hint("Choose a column of numbers, or parse it in a step before.")
                .field(field));
        }
        let values = col(self.column.as_str());
        let computed = match self.function {
            Function::Count => len(),
            Function::CountValues => values.count().cast(DataType::Int64),
            Function::CountDistinct => values.drop_nulls().n_unique().cast(DataType::Int64),
            Function::Sum => {
                let wide = if dtype.is_integer() { values.clone().cast(DataType::Int128) } else { values.clone() };
                // The sum of no values is missing, as in SQL, not 0.
                when(values.count().gt(lit(0))).then(wide.sum()).otherwise(lit(NULL))
            }
            Function::Mean => values.mean(),
            Function::Median => values.median(),
            Function::Min => values.min(),
            Function::Max => values.max(),
            Function::First => values.drop_nulls().first(),
            Function::Last => values.drop_nulls().last(),
        };
        Ok(computed.alias(self.name()))
    }
}

impl GroupAggregate {
    fn check_names(&self) -> Result<()> {
        let mut taken = self.group_by.clone();
        for (index, aggregation) in self.aggregations.iter().enumerate() {
            let (name, field) = (aggregation.name(), format!("aggregations.{index}.name"));
            column_name(&name, &field)?;
            if taken.contains(&name) {
                return Err(Error::invalid(format!("The result would have two columns called `{name}`."))
                    .hint("Give each computed column a name of its own.")
                    .field(field));
            }
            taken.push(name);
        }
        Ok(())
    }

    /// The names of the sums of integer columns.
    fn integer_sums(&self, input: &StepInput) -> Vec<String> {
        let sums = self.aggregations.iter().filter(|aggregation| {
            let dtype = input.schema.get(&aggregation.column);
            aggregation.function == Function::Sum && dtype.is_some_and(DataType::is_integer)
        });
        sums.map(Aggregation::name).collect()
    }
}

impl Step for GroupAggregate {
    fn apply(&self, input: StepInput) -> Result<StepOutput> {
        if !self.group_by.is_empty() {
            input.columns(&self.group_by, "group_by")?;
        }
        if self.aggregations.is_empty() {
            return Err(Error::invalid("There is nothing to compute.")
                .hint("Add a computation.")
                .field("aggregations"));
        }
        let exprs = self.aggregations.iter().enumerate();
        let exprs: Result<Vec<Expr>> =
            exprs.map(|(index, aggregation)| aggregation.expr(&input, &format!("aggregations.{index}"))).collect();
        let exprs = exprs?;
        self.check_names()?;
        let grouped = if self.group_by.is_empty() {
            input.frame.clone().select(exprs)
        } else {
            let keys: Vec<Expr> = self.group_by.iter().map(|name| col(name.as_str())).collect();
            input.frame.clone().group_by_stable(keys).agg(exprs)
        };
        let wide = grouped.with_column(lit(NULL).cast(DataType::UInt64).alias(ROW));
        let sums = self.integer_sums(&input);
        let narrow = |name: &String| col(name.as_str()).cast(DataType::Int64);
        let rejected = sums.iter().map(|name| {
            let overflow = narrow(name).is_null().and(col(name.as_str()).is_not_null());
            let reason = when(overflow).then(lit("The sum is too large for an integer.")).otherwise(lit(NULL));
            let value = col(name.as_str()).cast(DataType::String);
            rejects(wide.clone(), &input.source, &input.label, name, value, reason.cast(DataType::String))
        });
        let rejected = rejected.collect();
        let frame = wide.with_columns(sums.iter().map(narrow).collect::<Vec<_>>());
        Ok(StepOutput { frame, rejects: rejected, rows: RowEffect::Reshape })
    }

    fn sentence(&self) -> String {
        let computed: Vec<String> = self.aggregations.iter().map(Aggregation::name).collect();
        format!(
            "Group by {}: {}",
            names::list_or(&self.group_by, "nothing"),
            names::list_or(&computed, "nothing computed")
        )
    }

    fn about() -> About {
        About {
            kind: "group_aggregate",
            title: "Group and aggregate",
            group: "Tables",
            applies_to: crate::steps::ANY,
            column_field: Some("group_by"),
        }
    }

    fn examples() -> Vec<Example> {
        let before =
            json!({"item": ["rice", "maize", "rice", null], "price": [2.0, 1.0, 4.0, null], "sold": [1, 2, 3, 9]});
        vec![
            Example {
                title: "Mean price and number of rows of each item",
                config: json!({"group_by": ["item"], "aggregations": [
                    {"function": "mean", "column": "price"}, {"function": "count", "name": "rows"}]}),
                before: before.clone(),
                after: json!({"item": ["rice", "maize", null], "mean_price": [3.0, 1.0, null], "rows": [2, 1, 1]}),
            },
            Example {
                title: "The whole table in one row",
                config: json!({"aggregations": [
                    {"function": "sum", "column": "sold"}, {"function": "count_values", "column": "price"},
                    {"function": "count_distinct", "column": "item", "name": "items"}]}),
                before,
                after: json!({"sum_sold": [15], "count_values_price": [3], "items": [2]}),
            },
            Example {
                title: "First, last, smallest and largest",
                config: json!({"group_by": ["g"], "aggregations": [
                    {"function": "first", "column": "v", "name": "first"}, {"function": "last", "column": "v", "name": "last"},
                    {"function": "min", "column": "v", "name": "min"}, {"function": "max", "column": "v", "name": "max"},
                    {"function": "median", "column": "n", "name": "median"}]}),
                before: json!({"g": ["a", "a", "a"], "v": [null, "y", "x"], "n": [1, 2, 10]}),
                after: json!({"g": ["a"], "first": ["y"], "last": ["x"], "min": ["x"], "max": ["y"], "median": [2.0]}),
            },
            Example {
                title: "A sum too large for an integer goes to the ledger",
                config: json!({"aggregations": [{"function": "sum", "column": "n"}]}),
                before: json!({"n": [9223372036854775807_i64, 1]}),
                after: json!({"sum_n": [null]}),
            },
        ]
    }
}
