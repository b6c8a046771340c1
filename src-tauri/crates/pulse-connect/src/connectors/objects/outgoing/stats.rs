//! Statistics of a file for the Delta log, by which readers pass over files.
//!
//! Format: Delta protocol, "Per-file Statistics". They are written as text, digit for digit: a decimal is no double. A
//! bound that is not known exactly is left out, which a reader takes for unknown.

use polars::prelude::*;

use crate::iso;

/// Columns that statistics are kept of: so many as a reader looks at, and a log that stays small.
const MOST: usize = 100;
/// Characters of a text that its bounds keep.
const LONGEST: usize = 32;
/// Microseconds of the years 1 to 9999, which all readers can parse.
const YEARS: std::ops::Range<i64> = -62_135_596_800_000_000..253_402_300_800_000_000;

/// The bounds and missing values of one column, as JSON texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Bounds {
    pub nulls: usize,
    pub low: Option<String>,
    pub high: Option<String>,
}

/// The statistics of a file with these rows.
pub(super) fn of(frame: &DataFrame) -> String {
    let (mut low, mut high, mut nulls) = (Vec::new(), Vec::new(), Vec::new());
    for column in frame.columns().iter().filter(|column| is_simple(column.dtype())).take(MOST) {
        let name = quoted(column.name());
        let bounds = bounds(column);
        nulls.push(format!("{name}:{}", bounds.nulls));
        low.extend(bounds.low.map(|bound| format!("{name}:{bound}")));
        high.extend(bounds.high.map(|bound| format!("{name}:{bound}")));
    }
    let (low, high, nulls) = (low.join(","), high.join(","), nulls.join(","));
    let rows = frame.height();
    format!("{{\"numRecords\":{rows},\"minValues\":{{{low}}},\"maxValues\":{{{high}}},\"nullCount\":{{{nulls}}}}}")
}

fn is_simple(dtype: &DataType) -> bool {
    !matches!(dtype, DataType::List(_) | DataType::Struct(_))
}

/// The bounds of a column.
pub(super) fn bounds(column: &Column) -> Bounds {
    let (low, high) = match found(column) {
        Ok(Some(found)) => found,
        // A column whose bounds cannot be told has none.
        Ok(None) | Err(_) => (None, None),
    };
    Bounds { nulls: column.null_count(), low, high }
}

type Found = (Option<String>, Option<String>);

fn found(column: &Column) -> PolarsResult<Option<Found>> {
    let series = column.as_materialized_series();
    let physical = series.to_physical_repr();
    let both = |low: Option<i64>, high: Option<i64>, text: &dyn Fn(i64) -> Option<String>| {
        Some((low.and_then(text), high.and_then(text)))
    };
    Ok(match series.dtype() {
        dtype if dtype.is_integer() => {
            let wide = physical.cast(&DataType::Int64)?;
            both(wide.i64()?.min(), wide.i64()?.max(), &|value| Some(value.to_string()))
        }
        DataType::Date => {
            let days = physical.cast(&DataType::Int64)?;
            let text = |day: i64| {
                let inside = YEARS.contains(&day.saturating_mul(86_400_000_000));
                inside.then(|| format!("\"{}\"", iso::day(day)))
            };
            both(days.i64()?.min(), days.i64()?.max(), &text)
        }
        DataType::Datetime(TimeUnit::Microseconds, zone) => {
            let zone = if zone.is_some() { "Z" } else { "" };
            let text = |millis: i64| {
                let inside = YEARS.contains(&millis.saturating_mul(1000));
                inside.then(|| format!("\"{}{zone}\"", iso::instant(millis, 3)))
            };
            // Readers keep milliseconds of bounds; the upper one is rounded up so that it stays one.
            let (low, high) = (physical.i64()?.min(), physical.i64()?.max());
            let high = high.map(|micros| micros.div_euclid(1000) + i64::from(micros.rem_euclid(1000) != 0));
            both(low.map(|micros| micros.div_euclid(1000)), high, &text)
        }
        DataType::Decimal(_, scale) => {
            let digits = physical.i128()?;
            let text = |value: Option<i128>| value.map(|value| decimal(value, *scale));
            Some((text(digits.min()), text(digits.max())))
        }
        DataType::Float32 | DataType::Float64 => {
            let wide = physical.cast(&DataType::Float64)?;
            let values = wide.f64()?;
            // What NaN is to an order differs among readers.
            if values.is_nan().any() {
                return Ok(None);
            }
            let text = |value: Option<f64>| value.filter(|value| value.is_finite()).map(float);
            Some((text(values.min()), text(values.max())))
        }
        DataType::String => {
            let values = series.str()?;
            let (low, high) = (values.iter().flatten().min(), values.iter().flatten().max());
            let low = low.map(|text| quoted(&text.chars().take(LONGEST).collect::<String>()));
            Some((low, high.and_then(upper).map(|text| quoted(&text))))
        }
        _ => None,
    })
}

/// A text that no text beginning like this one comes behind; nothing if there is none.
fn upper(text: &str) -> Option<String> {
    let mut kept: Vec<char> = text.chars().take(LONGEST).collect();
    if kept.len() == text.chars().count() {
        return Some(text.to_owned());
    }
    while let Some(last) = kept.pop() {
        let next = match last {
            '\u{d7ff}' => Some('\u{e000}'),
            other => char::from_u32(u32::from(other) + 1),
        };
        if let Some(next) = next {
            kept.push(next);
            return Some(kept.into_iter().collect());
        }
    }
    None
}

/// A double as JSON; negative zero is zero as a lower bound and as an upper one.
fn float(value: f64) -> String {
    serde_json::Number::from_f64(value + 0.0).map_or_else(|| "0.0".into(), |number| number.to_string())
}

fn decimal(value: i128, scale: usize) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let digits = value.unsigned_abs().to_string();
    if scale == 0 {
        return format!("{sign}{digits}");
    }
    let padded = format!("{digits:0>width$}", width = scale + 1);
    let (whole, fraction) = padded.split_at(padded.len() - scale);
    format!("{sign}{whole}.{fraction}")
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_upper_bound_is_one(text in ".{0,40}|[\u{10fffe}-\u{10ffff}]{30,40}|[a\u{d7ff}]{30,40}", more in ".{0,5}") {
            if let Some(bound) = upper(&text) {
                prop_assert!(bound.as_str() >= text.as_str());
                let head: String = text.chars().take(LONGEST).collect();
                if text.chars().count() > LONGEST {
                    prop_assert!(bound > head + &more);
                }
            }
        }
    }

    #[test]
    fn bounds_are_exact_or_absent() {
        let frame = df!(
            "n" => [Some(-3i64), None, Some(i64::MAX)],
            "f" => [1.5, f64::NAN, 2.0],
            "g" => [-0.0, f64::INFINITY, 2.0],
            "t" => ["b", "a\"", "c"],
        )
        .expect("a frame");
        assert_eq!(
            of(&frame),
            r#"{"numRecords":3,"minValues":{"n":-3,"g":0.0,"t":"a\""},"maxValues":{"n":9223372036854775807,"t":"c"},"nullCount":{"n":1,"f":0,"g":0,"t":0}}"#
        );
        assert_eq!(decimal(-5, 2), "-0.05");
        let micros = Int64Chunked::new("m".into(), [-1i64, 1001]);
        let micros = micros.into_datetime(TimeUnit::Microseconds, None).into_column();
        let found = bounds(&micros);
        assert_eq!(found.low.as_deref(), Some("\"1969-12-31T23:59:59.999\""));
        assert_eq!(found.high.as_deref(), Some("\"1970-01-01T00:00:00.002\""));
    }
}
