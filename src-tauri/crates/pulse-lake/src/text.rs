//! The text of a typed value, exactly as tables show and export it, for columns that become text.

use chrono::{DateTime, NaiveDate};
use polars::prelude::{DataType, Expr, Field, IntoColumn as _, IntoSeries as _, PolarsResult, Series, TimeUnit};

use crate::types::column;

/// Whether values of `dtype` have a text that nothing is lost in.
pub(crate) fn has_text(dtype: &DataType) -> bool {
    use DataType as T;
    matches!(dtype, T::Boolean | T::String | T::Date | T::Datetime(..) | T::Decimal(..))
        || dtype.is_integer()
        || dtype.is_float()
}

/// The column `name` of type `dtype` as text: integers plain, decimals exact, floats the shortest text that reads back
/// as the same number, dates and times ISO 8601 with `Z` where they are UTC.
pub(crate) fn text(name: &str, dtype: &DataType) -> Expr {
    if dtype.is_string() {
        return column(name);
    }
    column(name).map(
        |values| Ok(series_text(values.as_materialized_series())?.into_column()),
        |_, field| Ok(Field::new(field.name().clone(), DataType::String)),
    )
}

fn series_text(values: &Series) -> PolarsResult<Series> {
    match values.dtype() {
        dtype if dtype.is_float() => {
            let texts = values.cast(&DataType::String)?;
            // Two and 2.0 are the same number; tables show the shorter one.
            let whole = |text: &str, short: &mut String| short.push_str(text.strip_suffix(".0").unwrap_or(text));
            Ok(texts.str()?.apply_into_string_amortized(whole).into_series())
        }
        DataType::Date => {
            let days = values.to_physical_repr();
            Ok(days.i32()?.apply_into_string_amortized(|day, text| text.push_str(&date(day))).into_series())
        }
        DataType::Datetime(unit, zone) => {
            let (instants, unit, zone) = (values.to_physical_repr(), *unit, if zone.is_some() { "Z" } else { "" });
            let texts = instants.i64()?.apply_into_string_amortized(|instant, text| {
                text.push_str(&moment(instant, unit, zone));
            });
            Ok(texts.into_series())
        }
        _ => values.cast(&DataType::String),
    }
}

/// Beyond the calendar's range the stored number is the only lossless text; the same holds for times.
fn date(days: i32) -> String {
    NaiveDate::from_epoch_days(days).map_or_else(|| format!("{days} d"), |date| date.to_string())
}

fn moment(instant: i64, unit: TimeUnit, zone: &str) -> String {
    let moment = match unit {
        TimeUnit::Nanoseconds => Some(DateTime::from_timestamp_nanos(instant)),
        TimeUnit::Microseconds => DateTime::from_timestamp_micros(instant),
        TimeUnit::Milliseconds => DateTime::from_timestamp_millis(instant),
    };
    match moment {
        Some(moment) => format!("{}{zone}", moment.naive_utc().format("%Y-%m-%dT%H:%M:%S%.f")),
        None => format!("{instant} {unit}"),
    }
}
