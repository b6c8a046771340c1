//! Rows as JSON objects, digit for digit: whole numbers and decimals as numbers of any length, times as ISO 8601, bytes as
//! base64, missing values as null. NaN and the infinities, for which JSON has no number, are the texts `NaN`, `Infinity`
//! and `-Infinity`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use polars::prelude::*;
use pulse_core::{Error, Result};

use crate::iso;

/// The rows of a batch, ready to be written one by one.
pub(crate) struct JsonRows {
    members: Vec<(Vec<u8>, Cells)>,
}

impl JsonRows {
    /// The rows of `frame`, the columns under their names.
    pub fn new(frame: &DataFrame) -> Result<Self> {
        let member = |column: &Column| {
            let mut name = Vec::new();
            text(column.name(), &mut name);
            name.push(b':');
            Ok((name, Cells::of(column.as_materialized_series())?))
        };
        Ok(Self { members: frame.columns().iter().map(member).collect::<Result<_>>()? })
    }

    /// Appends the row `at` as an object.
    pub fn write(&self, at: usize, out: &mut Vec<u8>) {
        out.push(b'{');
        for (index, (name, cells)) in self.members.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            out.extend_from_slice(name);
            cells.write(at, out);
        }
        out.push(b'}');
    }

    /// Appends the value of the column `column` in the row `at`.
    pub fn write_value(&self, column: usize, at: usize, out: &mut Vec<u8>) {
        self.members[column].1.write(at, out);
    }
}

/// The values of a column, in the type that decides how they are written.
pub(super) enum Cells {
    Null,
    Boolean(BooleanChunked),
    Int8(Int8Chunked),
    Int16(Int16Chunked),
    Int32(Int32Chunked),
    Int64(Int64Chunked),
    Float32(Float32Chunked),
    Float64(Float64Chunked),
    String(StringChunked),
    Binary(BinaryChunked),
    Day(Int32Chunked),
    /// Microseconds since 1970, and whether they are UTC.
    Instant(Int64Chunked, bool),
    /// Digits behind the point.
    Decimal(Int128Chunked, usize),
    /// Where the items of each row begin in the items of all rows; the row is missing where it says so.
    List(BooleanChunked, Vec<i64>, Box<Self>),
    Struct(BooleanChunked, Vec<(Vec<u8>, Self)>),
}

impl Cells {
    pub(super) fn of(series: &Series) -> Result<Self> {
        Self::made(&series.rechunk()).map_err(|cause| Error::internal("write rows as JSON", cause))?.ok_or_else(|| {
            Error::internal("write rows as JSON", format!("`{}` has the type {}", series.name(), series.dtype()))
        })
    }

    fn made(series: &Series) -> PolarsResult<Option<Self>> {
        let physical = series.to_physical_repr();
        Ok(Some(match series.dtype() {
            DataType::Null => Self::Null,
            DataType::Boolean => Self::Boolean(series.bool()?.clone()),
            DataType::Int8 => Self::Int8(series.i8()?.clone()),
            DataType::Int16 => Self::Int16(series.i16()?.clone()),
            DataType::Int32 => Self::Int32(series.i32()?.clone()),
            DataType::Int64 => Self::Int64(series.i64()?.clone()),
            DataType::Float32 => Self::Float32(series.f32()?.clone()),
            DataType::Float64 => Self::Float64(series.f64()?.clone()),
            DataType::String => Self::String(series.str()?.clone()),
            DataType::Binary => Self::Binary(series.binary()?.clone()),
            DataType::Date => Self::Day(physical.i32()?.clone()),
            DataType::Datetime(TimeUnit::Microseconds, zone) => Self::Instant(physical.i64()?.clone(), zone.is_some()),
            DataType::Decimal(_, scale) => Self::Decimal(physical.i128()?.clone(), *scale),
            DataType::List(_) => {
                let lists = series.list()?;
                let offsets = lists.downcast_iter().next().map(|array| array.offsets().as_slice().to_vec());
                let Some(items) = Self::made(&lists.get_inner().rechunk())? else { return Ok(None) };
                Self::List(series.is_null(), offsets.unwrap_or_default(), Box::new(items))
            }
            DataType::Struct(_) => {
                let mut members = Vec::new();
                for field in series.struct_()?.fields_as_series() {
                    let Some(cells) = Self::made(&field.rechunk())? else { return Ok(None) };
                    let mut name = Vec::new();
                    text(field.name(), &mut name);
                    name.push(b':');
                    members.push((name, cells));
                }
                Self::Struct(series.is_null(), members)
            }
            _ => return Ok(None),
        }))
    }

    fn write(&self, at: usize, out: &mut Vec<u8>) {
        match self {
            Self::Null => null(out),
            Self::Boolean(values) => match values.get(at) {
                Some(true) => out.extend_from_slice(b"true"),
                Some(false) => out.extend_from_slice(b"false"),
                None => null(out),
            },
            Self::Int8(values) => number(values.get(at), out),
            Self::Int16(values) => number(values.get(at), out),
            Self::Int32(values) => number(values.get(at), out),
            Self::Int64(values) => number(values.get(at), out),
            Self::Float32(values) => match values.get(at) {
                Some(value) if value.is_finite() => number(Some(value), out),
                value => odd(value.map(f64::from), out),
            },
            Self::Float64(values) => match values.get(at) {
                Some(value) if value.is_finite() => number(Some(value), out),
                value => odd(value, out),
            },
            Self::String(values) => match values.get(at) {
                Some(value) => text(value, out),
                None => null(out),
            },
            Self::Binary(values) => match values.get(at) {
                Some(value) => text(&STANDARD.encode(value), out),
                None => null(out),
            },
            Self::Day(values) => match values.get(at) {
                Some(days) => {
                    out.push(b'"');
                    iso::push_day(i64::from(days), out);
                    out.push(b'"');
                }
                None => null(out),
            },
            Self::Instant(values, utc) => match values.get(at) {
                Some(micros) => {
                    out.push(b'"');
                    iso::push_instant(micros, 6, out);
                    out.extend_from_slice(if *utc { b"Z\"" } else { b"\"" });
                }
                None => null(out),
            },
            Self::Decimal(values, scale) => match values.get(at) {
                Some(value) => decimal(value, *scale, out),
                None => null(out),
            },
            Self::List(missing, offsets, items) => list(missing, offsets, items, at, out),
            Self::Struct(missing, members) => structure(missing, members, at, out),
        }
    }
}

fn list(missing: &BooleanChunked, offsets: &[i64], items: &Cells, at: usize, out: &mut Vec<u8>) {
    if missing.get(at) == Some(true) {
        return null(out);
    }
    let place = |at: usize| offsets.get(at).map_or(0, |offset| usize::try_from(*offset).unwrap_or_default());
    out.push(b'[');
    for (index, item) in (place(at)..place(at + 1)).enumerate() {
        if index > 0 {
            out.push(b',');
        }
        items.write(item, out);
    }
    out.push(b']');
}

fn structure(missing: &BooleanChunked, members: &[(Vec<u8>, Cells)], at: usize, out: &mut Vec<u8>) {
    if missing.get(at) == Some(true) {
        return null(out);
    }
    out.push(b'{');
    for (index, (name, cells)) in members.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(name);
        cells.write(at, out);
    }
    out.push(b'}');
}

fn null(out: &mut Vec<u8>) {
    out.extend_from_slice(b"null");
}

fn number<T: serde::Serialize>(value: Option<T>, out: &mut Vec<u8>) {
    // Writing a number to memory cannot fail.
    let _ = serde_json::to_writer(out, &value);
}

fn text(value: &str, out: &mut Vec<u8>) {
    // Writing a text to memory cannot fail.
    let _ = serde_json::to_writer(out, value);
}

fn odd(value: Option<f64>, out: &mut Vec<u8>) {
    match value {
        None => null(out),
        Some(value) if value.is_nan() => out.extend_from_slice(b"\"NaN\""),
        Some(value) if value > 0.0 => out.extend_from_slice(b"\"Infinity\""),
        Some(_) => out.extend_from_slice(b"\"-Infinity\""),
    }
}

/// Appends a decimal with all digits behind its point.
fn decimal(value: i128, scale: usize, out: &mut Vec<u8>) {
    if value < 0 {
        out.push(b'-');
    }
    let start = out.len();
    match u64::try_from(value.unsigned_abs()) {
        Ok(short) => number(Some(short), out),
        Err(_) => number(Some(value.unsigned_abs()), out),
    }
    if scale > 0 {
        let digits = out.len() - start;
        if digits <= scale {
            out.splice(start..start, std::iter::repeat_n(b'0', scale + 1 - digits));
        }
        out.insert(out.len() - scale, b'.');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(frame: DataFrame) -> Vec<String> {
        let rows = JsonRows::new(&frame).expect("rows");
        let row = |at| {
            let mut out = Vec::new();
            rows.write(at, &mut out);
            String::from_utf8(out).expect("UTF-8")
        };
        (0..frame.height()).map(row).collect()
    }

    #[test]
    fn every_type_is_written_digit_for_digit() {
        let frame = df!(
            "b\"" => [Some(true), None],
            "i" => [Some(i64::MIN), Some(9_007_199_254_740_993)],
            "f" => [Some(0.1), Some(f64::NAN)],
            "g" => [Some(0.1f32), Some(f32::NEG_INFINITY)],
            "s" => [Some("a\"\n\u{0}ü"), None],
            "d" => [Some(-1i32), Some(19_000)],
            "t" => [Some(-1i64), None],
            "m" => [Some(-5i64), Some(123_456)],
        )
        .expect("a frame");
        let frame = frame.lazy().with_columns([
            col("d").cast(DataType::Date),
            col("t").cast(DataType::Datetime(TimeUnit::Microseconds, Some(TimeZone::UTC))),
            (col("m").cast(DataType::Decimal(20, 2)) / lit(100)).cast(DataType::Decimal(20, 2)),
        ]);
        let rows = written(frame.collect().expect("collected"));
        assert_eq!(
            rows[0],
            "{\"b\\\"\":true,\"i\":-9223372036854775808,\"f\":0.1,\"g\":0.1,\"s\":\"a\\\"\\n\\u0000ü\",\
             \"d\":\"1969-12-31\",\"t\":\"1969-12-31T23:59:59.999999Z\",\"m\":-0.05}"
        );
        assert_eq!(
            rows[1],
            "{\"b\\\"\":null,\"i\":9007199254740993,\"f\":\"NaN\",\"g\":\"-Infinity\",\"s\":null,\
             \"d\":\"2022-01-08\",\"t\":null,\"m\":1234.56}"
        );
    }

    #[test]
    fn decimals_keep_every_digit() {
        let cases = [
            (0, 0, "0"),
            (0, 2, "0.00"),
            (7, 3, "0.007"),
            (-100, 2, "-1.00"),
            (i128::from(u64::MAX) + 1, 4, "1844674407370955.1616"),
            (-99_999_999_999_999_999_999_999_999_999_999_999_999, 38, "-0.99999999999999999999999999999999999999"),
        ];
        for (value, scale, expected) in cases {
            let mut out = Vec::new();
            decimal(value, scale, &mut out);
            assert_eq!(String::from_utf8_lossy(&out), expected);
        }
    }

    #[test]
    fn nested_values_keep_their_shape_and_what_is_missing() {
        let lists = Series::new(
            "l".into(),
            [Some(Series::new("".into(), [1i64, 2])), None, Some(Series::new("".into(), Vec::<i64>::new()))],
        );
        let inner = df!("x" => [Some("a"), None, Some("c")], "y" => [1i32, 2, 3]).expect("a frame");
        let structs = inner.into_struct("s".into()).into_series();
        let frame = DataFrame::new(3, vec![lists.into(), structs.into()]).expect("a frame");
        let sliced = written(frame.slice(1, 2));
        assert_eq!(
            written(frame),
            [
                "{\"l\":[1,2],\"s\":{\"x\":\"a\",\"y\":1}}",
                "{\"l\":null,\"s\":{\"x\":null,\"y\":2}}",
                "{\"l\":[],\"s\":{\"x\":\"c\",\"y\":3}}"
            ]
        );
        assert_eq!(sliced[1], "{\"l\":[],\"s\":{\"x\":\"c\",\"y\":3}}", "a slice has its own offsets");
    }
}
