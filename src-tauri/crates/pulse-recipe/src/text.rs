//! Display text of every type, the words for types, and Arrow bytes for the window.

use std::fmt::Write as _;

use chrono::{DateTime, NaiveDate, NaiveDateTime};
use polars::io::ipc::IpcStreamWriter;
use polars::prelude::*;

use crate::names::col;
use pulse_core::{Error, Result};

/// Every column as the text the window shows; nothing is rounded or cut. Integers are plain, decimals exact, floats the
/// shortest text that reads back as the same number, dates and timestamps ISO 8601, lists and structs JSON, bytes
/// hexadecimal; missing stays missing.
pub fn to_text(df: &DataFrame) -> Result<DataFrame> {
    let columns: PolarsResult<Vec<Column>> =
        df.columns().iter().map(|column| Ok(series_to_text(column.as_materialized_series())?.into_column())).collect();
    let columns = columns.map_err(|cause| Error::internal("show the values as text", cause))?;
    DataFrame::new(df.height(), columns).map_err(|cause| Error::internal("show the values as text", cause))
}

/// The frame as an Arrow IPC stream of one record batch, in the oldest layout: readers without string views read it.
pub fn ipc(df: &DataFrame) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut whole = df.clone();
    whole.rechunk_mut();
    arrow_stream(&mut whole, &mut bytes).map_err(|cause| Error::internal("send the rows to the window", cause))?;
    Ok(bytes)
}

/// The word for a type, as the window shows it: `text`, `integer`, `decimal(10,2)`, `number`, `boolean`, `date`,
/// `timestamp`, `time`, `duration`, `list`, `struct`, `binary`, `nothing`.
pub fn type_word(dtype: &DataType) -> String {
    match dtype {
        DataType::String => "text".to_owned(),
        DataType::Boolean => "boolean".to_owned(),
        DataType::Decimal(precision, scale) => format!("decimal({precision},{scale})"),
        DataType::Date => "date".to_owned(),
        DataType::Datetime(_, _) => "timestamp".to_owned(),
        DataType::Time => "time".to_owned(),
        DataType::Duration(_) => "duration".to_owned(),
        DataType::List(_) => "list".to_owned(),
        DataType::Struct(_) => "struct".to_owned(),
        DataType::Binary | DataType::BinaryOffset => "binary".to_owned(),
        DataType::Null => "nothing".to_owned(),
        dtype if dtype.is_integer() => "integer".to_owned(),
        dtype if dtype.is_float() => "number".to_owned(),
        other => other.to_string(),
    }
}

/// The column as display text, lazily.
pub fn expr(column: &str, dtype: &DataType) -> Expr {
    if dtype.is_string() {
        return col(column);
    }
    let name = PlSmallStr::from(column);
    col(column).map(
        |column| Ok(series_to_text(column.as_materialized_series())?.into_column()),
        move |_, _| Ok(Field::new(name.clone(), DataType::String)),
    )
}

/// A series as display text.
pub fn series_to_text(series: &Series) -> PolarsResult<Series> {
    match series.dtype() {
        DataType::String => Ok(series.clone()),
        dtype if dtype.is_integer() || dtype.is_decimal() => series.cast(&DataType::String),
        dtype if dtype.is_float() => {
            let texts = series.cast(&DataType::String)?;
            Ok(texts.str()?.apply_into_string_amortized(|text, short| short.push_str(whole(text))).into_series())
        }
        DataType::Date => {
            let days = series.to_physical_repr();
            Ok(days.i32()?.apply_into_string_amortized(date).into_series())
        }
        DataType::Datetime(unit, zone) => {
            let (instants, unit, zoned) = (series.to_physical_repr(), *unit, zone.is_some());
            let texts = instants
                .i64()?
                .apply_into_string_amortized(|instant, text| text.push_str(&timestamp(instant, unit, zoned)));
            Ok(texts.into_series())
        }
        _ => {
            let mut texts = Vec::with_capacity(series.len());
            for value in series.iter() {
                texts.push((!value.is_null()).then(|| display(&value)));
            }
            Ok(StringChunked::from_iter_options(series.name().clone(), texts.into_iter()).into_series())
        }
    }
}

fn arrow_stream(df: &mut DataFrame, bytes: &mut Vec<u8>) -> PolarsResult<()> {
    IpcStreamWriter::new(bytes).with_compat_level(CompatLevel::oldest()).finish(df)
}

/// One value as display text.
pub fn display(value: &AnyValue) -> String {
    match value {
        AnyValue::Null => String::new(),
        AnyValue::String(text) => (*text).to_owned(),
        AnyValue::StringOwned(text) => text.to_string(),
        AnyValue::Datetime(instant, unit, zone) => timestamp(*instant, *unit, zone.is_some()),
        AnyValue::DatetimeOwned(instant, unit, zone) => timestamp(*instant, *unit, zone.is_some()),
        AnyValue::Time(nanoseconds) => time(*nanoseconds),
        AnyValue::Duration(length, unit) => duration(*length, *unit),
        AnyValue::Binary(bytes) => hex(bytes),
        AnyValue::BinaryOwned(bytes) => hex(bytes),
        AnyValue::List(_) | AnyValue::Struct(_, _, _) | AnyValue::StructOwned(_) => json(value),
        AnyValue::Date(days) => {
            let mut text = String::new();
            date(*days, &mut text);
            text
        }
        other => scalar(other),
    }
}

/// A plain value by the engine's own exact text.
fn scalar(value: &AnyValue) -> String {
    let series = Series::from_any_values(PlSmallStr::EMPTY, std::slice::from_ref(value), true);
    let text = series.and_then(|series| series.cast(&DataType::String));
    match text {
        Ok(text) => text.str().ok().and_then(|text| text.get(0).map(|text| whole(text).to_owned())).unwrap_or_default(),
        Err(_) => value.to_string(),
    }
}

/// The text of a floating point number without the `.0` of whole ones: `2` reads back as the same number.
fn whole(text: &str) -> &str {
    text.strip_suffix(".0").unwrap_or(text)
}

/// A value as JSON: numbers and booleans plain, everything else quoted.
fn json(value: &AnyValue) -> String {
    let quote = |text: &str| serde_json::Value::from(text).to_string();
    match value {
        AnyValue::Null => "null".to_owned(),
        AnyValue::List(items) => {
            let items: Vec<String> = items.iter().map(|item| json(&item)).collect();
            format!("[{}]", items.join(","))
        }
        AnyValue::Struct(_, _, fields) => {
            let values = value._iter_struct_av();
            let members =
                fields.iter().zip(values).map(|(field, value)| format!("{}:{}", quote(field.name()), json(&value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        }
        AnyValue::StructOwned(pair) => {
            let members =
                pair.1.iter().zip(&pair.0).map(|(field, value)| format!("{}:{}", quote(field.name()), json(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        }
        value if value.is_nan() => quote("NaN"),
        value if value.is_primitive_numeric() || value.is_boolean() => {
            let text = display(value);
            if text.contains("inf") { quote(&text) } else { text }
        }
        AnyValue::Decimal(_, _, _) => display(value),
        other => quote(&display(other)),
    }
}

/// Days since 1970-01-01 as ISO 8601.
fn date(days: i32, text: &mut String) {
    // Writing to a String cannot fail. Beyond the calendar's range the stored number is the only lossless text.
    let _ = match NaiveDate::from_epoch_days(days) {
        Some(date) => write!(text, "{date}"),
        None => write!(text, "{days} d"),
    };
}

/// An instant as ISO 8601, with `Z` where the type has a time zone (instants are stored in UTC).
fn timestamp(instant: i64, unit: TimeUnit, zoned: bool) -> String {
    let moment: Option<NaiveDateTime> = match unit {
        TimeUnit::Nanoseconds => Some(DateTime::from_timestamp_nanos(instant).naive_utc()),
        TimeUnit::Microseconds => DateTime::from_timestamp_micros(instant).map(|moment| moment.naive_utc()),
        TimeUnit::Milliseconds => DateTime::from_timestamp_millis(instant).map(|moment| moment.naive_utc()),
    };
    match moment {
        Some(moment) => format!("{}{}", moment.format("%Y-%m-%dT%H:%M:%S%.f"), if zoned { "Z" } else { "" }),
        // Beyond the calendar's range the stored number is the only lossless text.
        None => format!("{instant} {unit}"),
    }
}

fn time(nanoseconds: i64) -> String {
    let (seconds, rest) = (nanoseconds.div_euclid(1_000_000_000), nanoseconds.rem_euclid(1_000_000_000));
    let mut text = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    fraction(&mut text, rest, 9);
    text
}

/// An ISO 8601 duration in days, hours, minutes and seconds.
fn duration(length: i64, unit: TimeUnit) -> String {
    let (per_second, digits) = match unit {
        TimeUnit::Nanoseconds => (1_000_000_000, 9),
        TimeUnit::Microseconds => (1_000_000, 6),
        TimeUnit::Milliseconds => (1_000, 3),
    };
    let whole = i128::from(length).abs();
    let (seconds, rest) = (whole / per_second, whole % per_second);
    let mut text = String::from(if length < 0 { "-P" } else { "P" });
    if seconds >= 86_400 {
        // Writing to a String cannot fail.
        let _ = write!(text, "{}D", seconds / 86_400);
    }
    let _ = write!(text, "T{}H{}M{}", seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    fraction(&mut text, i64::try_from(rest).unwrap_or_default(), digits);
    text.push('S');
    text
}

fn fraction(text: &mut String, rest: i64, digits: usize) {
    if rest != 0 {
        let padded = format!("{rest:0digits$}");
        text.push('.');
        text.push_str(padded.trim_end_matches('0'));
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_lossless_text() {
        let digits = Int128Chunked::from_slice("d".into(), &[-12_345_678_901_234_567_890_123_456_789_012_345_678]);
        let cases: Vec<(Series, &str, &str)> = vec![
            (Series::new("a".into(), [i64::MIN]), "integer", "-9223372036854775808"),
            (Series::new("a".into(), [u64::MAX]), "integer", "18446744073709551615"),
            (
                digits.into_decimal_unchecked(38, 2).into_series(),
                "decimal(38,2)",
                "-123456789012345678901234567890123456.78",
            ),
            (Series::new("a".into(), [0.1 + 0.2]), "number", "0.30000000000000004"),
            (Series::new("a".into(), [2.0]), "number", "2"),
            (Series::new("a".into(), [1e300]), "number", "1e+300"),
            (Series::new("a".into(), [f64::NAN]), "number", "NaN"),
            (Series::new("a".into(), [true]), "boolean", "true"),
            (Series::new("a".into(), [19_782_i32]).into_date(), "date", "2024-02-29"),
            (
                Series::new("a".into(), [1_709_211_600_000_001_i64]).into_datetime(TimeUnit::Microseconds, None),
                "timestamp",
                "2024-02-29T13:00:00.000001",
            ),
            (
                Series::new("a".into(), [1_709_211_600_000_i64])
                    .into_datetime(TimeUnit::Milliseconds, Some(TimeZone::UTC)),
                "timestamp",
                "2024-02-29T13:00:00Z",
            ),
            (Series::new("a".into(), [3_723_500_000_000_i64]).into_time(), "time", "01:02:03.5"),
            (
                Series::new("a".into(), [-90_061_500_i64]).into_duration(TimeUnit::Milliseconds),
                "duration",
                "-P1DT1H1M1.5S",
            ),
            (Series::new("a".into(), [&[0_u8, 255, 16][..]]), "binary", "00ff10"),
            (Series::new("a".into(), [Series::new("".into(), ["x\"y", "z"])]), "list", r#"["x\"y","z"]"#),
        ];
        for (series, word, expected) in cases {
            assert_eq!(type_word(series.dtype()), word, "the word for {}", series.dtype());
            let text = series_to_text(&series).expect("text of every type");
            assert_eq!(text.str().expect("text").get(0), Some(expected), "the text of a {word}");
        }
    }

    #[test]
    fn structs_are_json_and_missing_stays_missing() {
        let df = df!("a" => [Some(1_i64), None], "b" => ["x", "y"]).expect("a frame");
        let nested = df.clone().into_struct("s".into()).into_series();
        let text = series_to_text(&nested).expect("text");
        assert_eq!(text.str().expect("text").get(1), Some(r#"{"a":null,"b":"y"}"#), "a struct is a JSON object");
        let shown = to_text(&df).expect("text");
        assert_eq!(shown.column("a").expect("kept").null_count(), 1, "missing is not the empty text");
    }

    #[test]
    fn arrow_bytes_read_back_as_one_batch() {
        let mut df = df!("a" => ["x", "y"], "n" => [1_u64, 2]).expect("a frame");
        df.vstack_mut(&df.clone()).expect("same columns");
        let bytes = ipc(&df).expect("bytes");
        let back = IpcStreamReader::new(std::io::Cursor::new(bytes)).finish().expect("readable");
        assert_eq!((back.height(), back.first_col_n_chunks()), (4, 1), "all rows in one batch");
    }
}
