//! Which files of a table can hold a key that comes, by the bounds that the log tells for each file.
//!
//! A file that cannot is not read to find the rows of a merge. Only bounds that this crate has written are trusted, and
//! only those of types whose order is the same everywhere; a bound that is missing leaves its side open. Rows without a
//! key lie outside all bounds and match nothing.

use chrono::{NaiveDate, NaiveDateTime};
use polars::prelude::{DataType, Expr, LazyFrame, Schema, TimeUnit, lit};
use pulse_core::{Progress, Result};
use serde_json::Value;

use crate::files;
use crate::meet::new;
use crate::state::DataFile;
use crate::types::column;

/// Comparisons beyond which looking at the keys costs more than reading those of the table.
const COMPARISONS: u64 = 2_000_000_000;

/// For each file, whether a key of the `rows` that came, as a [`crate::meet::Meeting`] has them, can be in it. `there`
/// are the table's columns.
pub(crate) fn candidates(
    files: &[DataFile],
    key: &[String],
    there: &Schema,
    (came, rows): (&LazyFrame, u64),
    progress: &Progress,
) -> Result<Vec<bool>> {
    let mut can = vec![true; files.len()];
    if rows.saturating_mul(files.len() as u64) > COMPARISONS {
        return Ok(can);
    }
    let (mut bounded, mut tests) = (Vec::new(), Vec::new());
    for (number, file) in files.iter().enumerate() {
        if let Some(inside) = inside(file, key, there) {
            tests.push(inside.any(true).alias(number.to_string()));
            bounded.push(number);
        }
    }
    if tests.is_empty() {
        return Ok(can);
    }
    let found = files::collect(came.clone().select(tests), progress)?;
    for (number, column) in bounded.into_iter().zip(found.columns()) {
        can[number] = column.bool().ok().and_then(|found| found.get(0)).unwrap_or(true);
    }
    Ok(can)
}

/// Whether a row's key is inside the bounds of `file`; nothing if none is known.
fn inside(file: &DataFile, key: &[String], there: &Schema) -> Option<Expr> {
    if !files::is_ours(&file.path) {
        return None;
    }
    let stats: Value = serde_json::from_str(file.stats.as_deref()?).ok()?;
    let within = |name: &String| {
        let dtype = there.get(name)?;
        let bound = |side: &str| stats[side].get(name).and_then(|value| literal(value, dtype));
        let low = bound("minValues").map(|low| column(new(name)).gt_eq(low));
        let high = bound("maxValues").map(|high| column(new(name)).lt_eq(high));
        low.into_iter().chain(high).reduce(Expr::and)
    };
    key.iter().filter_map(within).reduce(Expr::and)
}

/// A bound in the log as a value of its column; nothing for types that are not compared, or a text that is no bound.
fn literal(value: &Value, dtype: &DataType) -> Option<Expr> {
    let value = match dtype {
        dtype if dtype.is_integer() => lit(value.as_i64()?),
        DataType::String => return Some(lit(value.as_str()?.to_owned())),
        DataType::Date => {
            let date: NaiveDate = value.as_str()?.parse().ok()?;
            lit(date.to_epoch_days())
        }
        DataType::Datetime(TimeUnit::Microseconds, zone) => {
            let form = if zone.is_some() { "%Y-%m-%dT%H:%M:%S%.fZ" } else { "%Y-%m-%d %H:%M:%S%.f" };
            let time = NaiveDateTime::parse_from_str(value.as_str()?, form).ok()?;
            lit(time.and_utc().timestamp_micros())
        }
        // At most 15 digits are written, which a floating point number gives back.
        DataType::Decimal(_, scale) => lit(format!("{:.scale$}", value.as_f64()?)),
        _ => return None,
    };
    Some(value.strict_cast(dtype.clone()))
}
