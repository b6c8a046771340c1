//! Measures of a column that Polars and PostgreSQL compute to the same digits.

use polars::prelude::*;
use pulse_core::{Error, Result};

use super::shape;
use super::types::{Fit, Way};
use crate::outgoing::JsonRows;

/// One measure of a column.
pub(super) struct Measure {
    /// What it is, in words.
    pub name: String,
    /// It here.
    pub here: Expr,
    /// It at the target, as SQL about the row `t`.
    pub there: String,
}

/// The measures of a column: how many values there are, the least and the greatest, the sum. A floating sum depends on the
/// order of its parts and is left out.
pub(super) fn measures(name: &str, fit: &Fit, column: &shape::Column) -> Vec<Measure> {
    let sent = Expr::Column(PlSmallStr::from(name));
    let value = fit.convert.as_ref().map_or(sent.clone(), |dtype| sent.clone().cast(dtype.clone()));
    let there = format!("t.{}", super::super::sql::name(name));
    let mut found = Vec::new();
    let mut add = |what: &str, here: Expr, there: String| {
        found.push(Measure { name: format!("{name}: {what}"), here, there });
    };
    add("values", sent.count(), format!("count({there})"));
    match &fit.way {
        Way::Boolean => add("true", value.cast(DataType::UInt64).sum(), format!("count(*) FILTER (WHERE {there})")),
        Way::Int16 | Way::Int32 | Way::Int64 => {
            add("least", value.clone().min(), format!("min({there})"));
            add("greatest", value.clone().max(), format!("max({there})"));
            let sum = value.cast(DataType::Int128).sum();
            add("sum", sum, format!("coalesce(sum({there}::numeric), 0)"));
        }
        Way::Numeric => {
            let plain = |sql: &str| format!("trim_scale({sql})");
            add("least", value.clone().min(), plain(&format!("min({there})")));
            add("greatest", value.max(), plain(&format!("max({there})")));
        }
        Way::Float32 | Way::Float64 => {
            let nan = value.clone().is_nan();
            let word = if fit.way == Way::Float32 { "real" } else { "double precision" };
            let finite = format!("FILTER (WHERE {there} <> 'NaN'::{word})");
            add(
                "not a number",
                nan.clone().cast(DataType::UInt64).sum(),
                format!("count(*) FILTER (WHERE {there} = 'NaN'::{word})"),
            );
            let number = value.filter(nan.not());
            add("least", number.clone().min(), format!("min({there}) {finite}"));
            add("greatest", number.max(), format!("max({there}) {finite}"));
        }
        // A padded type does not keep blanks at the end, and enumerations sort by their own order.
        Way::Text
            if column.labels.is_empty() && !column.type_name.starts_with("character(") && column.category == "S" =>
        {
            let bytes = value.clone().str().len_bytes().cast(DataType::UInt64).sum();
            add("bytes", bytes, format!("coalesce(sum(octet_length({there}::text)), 0)"));
            add("first", value.clone().min(), format!("min({there}::text COLLATE \"C\")"));
            add("last", value.max(), format!("max({there}::text COLLATE \"C\")"));
        }
        Way::Date | Way::Timestamp => {
            add("first", value.clone().min(), format!("min({there})"));
            add("last", value.max(), format!("max({there})"));
        }
        _ => {}
    }
    found
}

/// The one value of a measure, as PostgreSQL writes it.
pub(super) fn text(column: &Column) -> Result<Option<String>> {
    let failed = |cause: PolarsError| Error::internal("compare the target with what was sent", cause);
    if column.null_count() == column.len() {
        return Ok(None);
    }
    let frame = DataFrame::new(column.len(), vec![column.clone()]).map_err(failed)?;
    let mut bytes = Vec::new();
    JsonRows::new(&match column.dtype() {
        DataType::UInt32 | DataType::UInt64 | DataType::Int128 => return first(column).map(Some).map_err(failed),
        _ => frame,
    })?
    .write_value(0, 0, &mut bytes);
    let json = String::from_utf8_lossy(&bytes).into_owned();
    let text = serde_json::from_str::<String>(&json).unwrap_or(json);
    Ok(Some(match column.dtype() {
        DataType::Decimal(_, scale) if *scale > 0 => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        DataType::Datetime(_, zone) => {
            let text = text.trim_end_matches('Z').replace('T', " ");
            let text =
                if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text };
            if zone.is_some() { format!("{text}+00") } else { text }
        }
        DataType::Float32 | DataType::Float64 => float(column, text).map_err(failed)?,
        _ => text,
    }))
}

fn first(column: &Column) -> PolarsResult<String> {
    Ok(column.cast(&DataType::String)?.str()?.get(0).unwrap_or_default().to_owned())
}

/// A floating number in the shortest digits that give it back, with PostgreSQL's choice of an exponent ("float8out"): from
/// 1e-4 up to the digits of its type without one.
fn float(column: &Column, written: String) -> PolarsResult<String> {
    let value = column.cast(&DataType::Float64)?.f64()?.get(0).unwrap_or_default();
    if !value.is_finite() {
        return Ok(written);
    }
    let single = column.dtype() == &DataType::Float32;
    let scientific = if single { format!("{:e}", value as f32) } else { format!("{value:e}") };
    let plain = if single { format!("{}", value as f32) } else { format!("{value}") };
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let most = if single { 6 } else { 15 };
    Ok(if value == 0.0 || (-4..most).contains(&exponent) {
        plain
    } else {
        format!("{digits}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
    })
}
