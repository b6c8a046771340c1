use std::collections::HashSet;

use polars::prelude::*;
use pulse_core::{Error, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::convert;
use crate::names::{self, col};
use crate::step::{About, Example, RowEffect, Step, StepInput, StepOutput};
use crate::steps::change_type;
use crate::steps::find_replace::regex;
use crate::text;

/// Keeps or removes the rows that match rules. A missing value matches only "is missing", "is not", "does not contain"
/// and "is none of".
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FilterRows {
    /// What happens to the rows that match.
    action: Action,
    /// How the rules work together.
    combine: Combine,
    /// The rules, at least one.
    #[schemars(extend("x-widget" = "condition"))]
    rules: Vec<Rule>,
}

/// What happens to the rows that match.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Action {
    /// Keep them
    #[default]
    Keep,
    /// Remove them
    Remove,
}

/// How rules work together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Combine {
    /// All rules must match
    #[default]
    All,
    /// Any rule must match
    Any,
}

/// One rule about a column.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Rule {
    /// The column to look at.
    #[schemars(extend("x-widget" = "column"))]
    column: String,
    /// How to compare.
    operator: Operator,
    /// The value to compare with, in the form the column shows: 12.5, 2024-01-31, true.
    #[schemars(extend("x-depends-on" = {"field": "operator", "values": [
        "is", "is_not", "contains", "not_contains", "starts_with", "ends_with", "matches",
        "greater", "greater_or_equal", "less", "less_or_equal"]}))]
    value: String,
    /// The values to compare with.
    #[schemars(extend("x-widget" = "tokens", "x-depends-on" = {"field": "operator", "values": ["one_of", "none_of"]}))]
    values: Vec<String>,
}

/// How to compare.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Operator {
    /// is
    #[default]
    Is,
    /// is not
    IsNot,
    /// contains
    Contains,
    /// does not contain
    NotContains,
    /// starts with
    StartsWith,
    /// ends with
    EndsWith,
    /// matches the regular expression
    Matches,
    /// is greater than (or later, or after in the alphabet)
    Greater,
    /// is at least
    GreaterOrEqual,
    /// is less than (or earlier, or before in the alphabet)
    Less,
    /// is at most
    LessOrEqual,
    /// is one of
    OneOf,
    /// is none of
    NoneOf,
    /// is missing
    IsMissing,
    /// is not missing
    IsNotMissing,
}

/// The value a user wrote, as a literal of the type of `column`; fails where it is no value of that type.
pub fn literal(column: &str, dtype: &DataType, value: &str, field: &str) -> Result<Expr> {
    let refused = |reason: &str| {
        Error::invalid(format!(
            "“{value}” cannot be a value of `{column}`, which is {}. {reason}",
            text::type_word(dtype)
        ))
        .hint("Write the value as the column shows it.")
        .field(field)
    };
    let series = if dtype.is_string() {
        Series::new(column.into(), [value])
    } else {
        let parse = change_type::parse(dtype).map_err(|_| refused("The type has no values that can be written."))?;
        let wide = match dtype {
            dtype if dtype.is_integer() => DataType::Int64,
            dtype if dtype.is_float() => DataType::Float64,
            other => other.clone(),
        };
        let parsed = convert::one(value, &wide, parse.as_ref()).map_err(|reason| refused(&reason))?;
        parsed.strict_cast(dtype).map_err(|_| refused("It does not fit the type."))?
    };
    let value = series.get(0).map_err(|_| refused(""))?.into_static();
    Ok(lit(Scalar::new(dtype.clone(), value)))
}

impl Rule {
    /// Whether a row matches; never missing.
    fn matches(&self, input: &StepInput, field: &str) -> Result<Expr> {
        let dtype = input.dtype(&self.column, &format!("{field}.column"))?;
        let value_field = format!("{field}.value");
        let column = || col(self.column.as_str());
        let (value, shown) = (self.value.clone(), || text::expr(&self.column, dtype));
        let matched = match self.operator {
            Operator::Is | Operator::IsNot => column().eq(self.literal(dtype, &self.value, &value_field)?),
            Operator::Contains | Operator::NotContains => test(shown(), move |text| text.contains(&value)),
            Operator::StartsWith => test(shown(), move |text| text.starts_with(&value)),
            Operator::EndsWith => test(shown(), move |text| text.ends_with(&value)),
            Operator::Matches => {
                let pattern = regex(&self.value, true, &value_field)?;
                test(shown(), move |text| pattern.is_match(text))
            }
            Operator::Greater => column().gt(self.literal(dtype, &self.value, &value_field)?),
            Operator::GreaterOrEqual => column().gt_eq(self.literal(dtype, &self.value, &value_field)?),
            Operator::Less => column().lt(self.literal(dtype, &self.value, &value_field)?),
            Operator::LessOrEqual => column().lt_eq(self.literal(dtype, &self.value, &value_field)?),
            Operator::OneOf | Operator::NoneOf => self.one_of(dtype, &format!("{field}.values"))?,
            Operator::IsMissing => column().is_null(),
            Operator::IsNotMissing => column().is_not_null(),
        };
        let matched = matched.fill_null(lit(false));
        let negative = matches!(self.operator, Operator::IsNot | Operator::NotContains | Operator::NoneOf);
        Ok(if negative { matched.not() } else { matched })
    }

    /// The value in the column's type; a number with decimals may be compared with a column of integers.
    fn literal(&self, dtype: &DataType, value: &str, field: &str) -> Result<Expr> {
        literal(&self.column, dtype, value, field).or_else(|error| {
            if dtype.is_integer() {
                literal(&self.column, &DataType::Float64, value, field).map_err(|_| error)
            } else {
                Err(error)
            }
        })
    }

    fn one_of(&self, dtype: &DataType, field: &str) -> Result<Expr> {
        if dtype.is_string() {
            let values: HashSet<String> = self.values.iter().cloned().collect();
            return Ok(test(col(self.column.as_str()), move |text| values.contains(text)));
        }
        let equal =
            self.values.iter().map(|value| Ok(col(self.column.as_str()).eq(self.literal(dtype, value, field)?)));
        let equal: Result<Vec<Expr>> = equal.collect();
        Ok(equal?.into_iter().reduce(Expr::or).unwrap_or_else(|| lit(false)))
    }

    fn words(&self) -> String {
        let operator = match self.operator {
            Operator::Is => "is",
            Operator::IsNot => "is not",
            Operator::Contains => "contains",
            Operator::NotContains => "does not contain",
            Operator::StartsWith => "starts with",
            Operator::EndsWith => "ends with",
            Operator::Matches => "matches",
            Operator::Greater => ">",
            Operator::GreaterOrEqual => "≥",
            Operator::Less => "<",
            Operator::LessOrEqual => "≤",
            Operator::OneOf => return format!("{} is one of {}", self.column, names::list(&self.values)),
            Operator::NoneOf => return format!("{} is none of {}", self.column, names::list(&self.values)),
            Operator::IsMissing => return format!("{} is missing", self.column),
            Operator::IsNotMissing => return format!("{} is not missing", self.column),
        };
        format!("{} {operator} “{}”", self.column, self.value)
    }
}

/// Whether each text passes `check`; missing where the text is.
fn test(texts: Expr, check: impl Fn(&str) -> bool + Send + Sync + 'static) -> Expr {
    texts.map(
        move |texts| {
            let passed: BooleanChunked = texts.str()?.iter().map(|text| text.map(&check)).collect();
            Ok(passed.with_name(texts.name().clone()).into_column())
        },
        |_, field| Ok(Field::new(field.name().clone(), DataType::Boolean)),
    )
}

impl Step for FilterRows {
    fn apply(&self, input: StepInput) -> Result<StepOutput> {
        let rules = self.rules.iter().enumerate().map(|(index, rule)| rule.matches(&input, &format!("rules.{index}")));
        let rules: Result<Vec<Expr>> = rules.collect();
        let combined = rules?.into_iter().reduce(|a, b| match self.combine {
            Combine::All => a.and(b),
            Combine::Any => a.or(b),
        });
        let matched = combined.ok_or_else(|| Error::invalid("There is no rule.").hint("Add a rule.").field("rules"))?;
        let kept = if self.action == Action::Keep { matched } else { matched.not() };
        Ok(StepOutput { frame: input.frame.filter(kept), rejects: Vec::new(), rows: RowEffect::Subset })
    }

    fn sentence(&self) -> String {
        let action = if self.action == Action::Keep { "Keep" } else { "Remove" };
        let rules: Vec<String> = self.rules.iter().map(Rule::words).collect();
        let join = if self.combine == Combine::All { " and " } else { " or " };
        if rules.is_empty() { format!("{action} rows") } else { format!("{action} rows where {}", rules.join(join)) }
    }

    fn about() -> About {
        About { kind: "filter_rows", title: "Filter rows", group: "Rows", applies_to: crate::steps::ANY, column_field: Some("rules") }
    }

    fn examples() -> Vec<Example> {
        let before = json!({"item": ["rice", "maize", null, "rice flour"], "price": [2.5, 1.0, 3.0, null]});
        vec![
            Example {
                title: "Keep rows that match all rules",
                config: json!({"rules": [
                    {"column": "item", "operator": "starts_with", "value": "rice"},
                    {"column": "price", "operator": "greater", "value": "2"}]}),
                before: before.clone(),
                after: json!({"item": ["rice"], "price": [2.5]}),
            },
            Example {
                title: "Remove rows that match any rule",
                config: json!({"action": "remove", "combine": "any", "rules": [
                    {"column": "item", "operator": "is_missing"},
                    {"column": "price", "operator": "less_or_equal", "value": "1"}]}),
                before: before.clone(),
                after: json!({"item": ["rice", "rice flour"], "price": [2.5, null]}),
            },
            Example {
                title: "A missing value is not “rice”",
                config: json!({"rules": [{"column": "item", "operator": "is_not", "value": "rice"}]}),
                before: before.clone(),
                after: json!({"item": ["maize", null, "rice flour"], "price": [1.0, 3.0, null]}),
            },
            Example {
                title: "One of several values",
                config: json!({"rules": [{"column": "item", "operator": "one_of", "values": ["maize", "wheat"]}]}),
                before,
                after: json!({"item": ["maize"], "price": [1.0]}),
            },
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fold;

    #[test]
    fn values_are_read_in_the_type_of_their_column() {
        let day = Series::new("day".into(), [19_723_i32, 19_753]).into_date();
        let moment = Series::new("moment".into(), [0_i64, 86_400_000_000])
            .into_datetime(TimeUnit::Microseconds, Some(TimeZone::UTC));
        let money = Series::new("money".into(), [1.5, 2.25]).cast(&DataType::Decimal(10, 2)).expect("decimals");
        let small = Series::new("small".into(), [1_i32, 2]);
        let flag = Series::new("flag".into(), [true, false]);
        let columns = [day, moment, money, small, flag].map(IntoColumn::into_column).to_vec();
        let table = DataFrame::new(2, columns).expect("a frame");
        let cases = [
            ("day", Operator::GreaterOrEqual, "2024-01-31", Ok(1)),
            ("day", Operator::Is, "2024-01-01", Ok(1)),
            ("day", Operator::Is, "1.1.2024", Err("rules.0.value")),
            ("moment", Operator::Less, "1970-01-02", Ok(1)),
            ("money", Operator::Is, "2.250", Ok(1)),
            ("money", Operator::Is, "2.255", Err("rules.0.value")),
            ("small", Operator::Greater, "1.5", Ok(1)),
            ("small", Operator::Is, "two", Err("rules.0.value")),
            ("small", Operator::StartsWith, "2", Ok(1)),
            ("flag", Operator::IsNot, "true", Ok(1)),
            ("flag", Operator::Matches, "(", Err("rules.0.value")),
            ("fleg", Operator::Is, "true", Err("rules.0.column")),
        ];
        for (column, operator, value, expected) in cases {
            let rule = Rule { column: column.into(), operator, value: value.into(), values: Vec::new() };
            let step = FilterRows { rules: vec![rule], ..FilterRows::default() };
            let frame = fold::numbered(table.clone().lazy()).expect("numbered");
            let rows = fold::apply(&step, frame, "t", "1").map(|output| output.frame.collect().expect("rows").height());
            let rows = rows.map_err(|error| error.field.unwrap_or_default());
            assert_eq!(rows, expected.map_err(str::to_owned), "{column} {operator:?} {value}");
        }
    }
}
