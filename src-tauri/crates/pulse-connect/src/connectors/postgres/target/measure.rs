//! Measures of a column that Polars and PostgreSQL compute to the same digits.

use polars::prelude::*;
use pulse_core::{Error, Result};

use super::digest::digest;
use super::encode::MICROS_TO_2000;
use super::shape;
use super::types::{Fit, Way};
use crate::outgoing::{JsonRows, OutgoingColumn};

/// One measure of a column.
pub(super) struct Measure {
    /// What it is, in words.
    pub name: String,
    /// It here.
    pub here: Expr,
    /// It at the target, as SQL about the row `t`.
    pub there: String,
}

/// The measures of a column: how many values there are, the least and the greatest, and a sum that does not depend on the
/// order of the rows. Where values can be added up without loss it is theirs; otherwise it is that of whole numbers that
/// stand for them: the bits of floating numbers, which tell every value from every other, zeros with either sign included,
/// and digests of texts, where the server's are like ours (`digests`).
pub(super) fn measures(sent: &OutgoingColumn, fit: &Fit, column: &shape::Column, digests: bool) -> Vec<Measure> {
    let name = &sent.name;
    let plain = Expr::Column(PlSmallStr::from(name.as_str()));
    let value = fit.convert.as_ref().map_or(plain.clone(), |dtype| plain.clone().cast(dtype.clone()));
    let there = format!("t.{}", super::super::sql::name(name));
    let mut found = Vec::new();
    let mut add = |what: &str, here: Expr, there: String| {
        found.push(Measure { name: format!("{name}: {what}"), here, there });
    };
    let total = |of: &str| format!("coalesce(sum({of}), 0)");
    let digested = |text: &str| format!("pg_catalog.hashtextextended({text} COLLATE \"C\", 0)");
    add("values", plain.clone().count(), format!("count({there})"));
    match &fit.way {
        Way::Boolean => add("true", value.cast(DataType::UInt64).sum(), format!("count(*) FILTER (WHERE {there})")),
        Way::Int16 | Way::Int32 | Way::Int64 => {
            add("least", value.clone().min(), format!("min({there})"));
            add("greatest", value.clone().max(), format!("max({there})"));
            add("sum", value.cast(DataType::Int128).sum(), total(&format!("{there}::bigint")));
        }
        Way::Numeric => {
            let shortest = |sql: &str| format!("trim_scale({sql})");
            add("least", value.clone().min(), shortest(&format!("min({there})")));
            add("greatest", value.max(), shortest(&format!("max({there})")));
            if let Some((units, scale)) = units(plain, &sent.dtype) {
                let there = format!("{} * 1e{scale}", total(&there));
                add("sum", units.sum(), shortest(&there));
            }
        }
        Way::Float32 | Way::Float64 => {
            let (word, send, whole) = match fit.way {
                Way::Float32 => ("real", "float4send", "bit(32)::integer::bigint"),
                _ => ("double precision", "float8send", "bit(64)::bigint"),
            };
            let nan = value.clone().is_nan();
            let is_nan = format!("{there} = 'NaN'::{word}");
            let count = format!("count(*) FILTER (WHERE {is_nan})");
            add("not a number", nan.clone().cast(DataType::UInt64).sum(), count);
            // Zeros are equal whatever their sign, and either may come out as the least.
            let number = value.clone().filter(nan.not());
            let least = |which: &str| format!("{which}({there}) FILTER (WHERE NOT {is_nan}) + 0::{word}");
            add("least", number.clone().min() + lit(0.0f32), least("min"));
            add("greatest", number.max() + lit(0.0f32), least("max"));
            add("sum of bits", whole_sum(value, bits), total(&hex_number(send, &there, whole)));
        }
        // A padded type does not keep blanks at the end.
        Way::Text
            if !column.type_name.starts_with("character(")
                && (column.category == "S" || !column.labels.is_empty() || column.type_name == "json") =>
        {
            let there = format!("{there}::text");
            if digests {
                add("sum of digests", whole_sum(value, of_texts), total(&digested(&there)));
            } else {
                let bytes = value.str().len_bytes().cast(DataType::UInt64).sum();
                add("bytes", bytes, total(&format!("octet_length({there})")));
            }
        }
        Way::Uuid if digests => {
            let lower = value.str().to_lowercase();
            add("sum of digests", whole_sum(lower, of_texts), total(&digested(&format!("{there}::text"))));
        }
        Way::Bytes if digests => {
            let there = digested(&format!("encode({there}, 'hex')"));
            add("sum of digests", whole_sum(value, of_bytes), total(&there));
        }
        Way::Date => {
            add("first", value.clone().min(), format!("min({there})"));
            add("last", value.clone().max(), format!("max({there})"));
            let days = value.to_physical().cast(DataType::Int128).sum();
            let finite = format!("sum(({there} - '1970-01-01'::date)::bigint) FILTER (WHERE isfinite({there}))");
            add("sum of days", days, format!("coalesce({finite}, 0)"));
        }
        Way::Timestamp => {
            add("first", value.clone().min(), format!("min({there})"));
            add("last", value.clone().max(), format!("max({there})"));
            let micros = value.to_physical().cast(DataType::Int128) - lit(MICROS_TO_2000).cast(DataType::Int128);
            // Both types have the same bytes.
            let there = hex_number("timestamp_send", &format!("{there}::timestamp"), "bit(64)::bigint");
            add("sum of microseconds", micros.sum(), total(&there));
        }
        _ => {}
    }
    found
}

/// The digits of decimal numbers and how many of them are behind the point, where the sum of any number of rows has room.
fn units(value: Expr, dtype: &DataType) -> Option<(Expr, usize)> {
    match dtype {
        // 10^10 rows of 28 digits.
        DataType::Decimal(precision, scale) if *precision <= 28 => {
            Some((value.to_physical().cast(DataType::Int128), *scale))
        }
        dtype if dtype.is_integer() => Some((value.cast(DataType::Int128), 0)),
        _ => None,
    }
}

/// SQL that takes the bytes of a value as a whole number.
fn hex_number(send: &str, value: &str, cast: &str) -> String {
    format!("('x' || encode({send}({value}), 'hex'))::{cast}")
}

/// The sum of whole numbers that stand for values.
fn whole_sum(value: Expr, of: fn(&Column) -> PolarsResult<Int64Chunked>) -> Expr {
    let whole = move |column: Column| Ok(of(&column)?.with_name(column.name().clone()).into_column());
    value.map(whole, |_, field| Ok(Field::new(field.name().clone(), DataType::Int64))).cast(DataType::Int128).sum()
}

fn bits(column: &Column) -> PolarsResult<Int64Chunked> {
    Ok(match column.dtype() {
        DataType::Float32 => {
            column.f32()?.iter().map(|value| value.map(|value| i64::from(value.to_bits().cast_signed()))).collect()
        }
        _ => column.f64()?.iter().map(|value| value.map(|value| value.to_bits().cast_signed())).collect(),
    })
}

fn of_texts(column: &Column) -> PolarsResult<Int64Chunked> {
    Ok(column.str()?.iter().map(|text| text.map(|text| digest(text.as_bytes()).cast_signed())).collect())
}

/// Digests of bytes written in hexadecimal digits.
fn of_bytes(column: &Column) -> PolarsResult<Int64Chunked> {
    let mut text = Vec::new();
    let mut one = |bytes: &[u8]| {
        text.clear();
        for byte in bytes {
            text.extend([byte >> 4, byte & 15].map(|half| b"0123456789abcdef"[usize::from(half)]));
        }
        digest(&text).cast_signed()
    };
    Ok(column.binary()?.iter().map(|bytes| bytes.map(&mut one)).collect())
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
