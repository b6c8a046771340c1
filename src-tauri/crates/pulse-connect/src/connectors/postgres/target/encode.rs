//! Rows in COPY's binary format, straight from the columns.

use polars::prelude::*;
use pulse_core::{Error, Result};

use super::super::misfit::DAYS_TO_2000;
use super::types::{Fit, Way};
use crate::outgoing::JsonRows;

/// Microseconds from 1970 to 2000, from which PostgreSQL counts.
pub(super) const MICROS_TO_2000: i64 = DAYS_TO_2000 as i64 * 86_400_000_000;
/// What a COPY in binary format begins with: a signature, no flags, no extension.
pub(super) const HEADER: &[u8; 19] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// What it ends with: a row of -1 fields.
pub(super) const TRAILER: [u8; 2] = [0xff, 0xff];
/// A value that is missing: a length of -1.
const NULL: [u8; 4] = [0xff; 4];

/// The rows of a batch, ready to be written one by one.
pub(super) struct Encoder {
    columns: Vec<Cells>,
    /// How many fields follow those of the columns.
    more: usize,
}

/// The values of a column in the form they are sent in.
enum Cells {
    Boolean(BooleanChunked),
    Int16(Int16Chunked),
    Int32(Int32Chunked),
    Int64(Int64Chunked),
    Float32(Float32Chunked),
    Float64(Float64Chunked),
    /// Units, and how many digits are behind the point.
    Numeric(Int128Chunked, usize),
    Text(StringChunked),
    Uuid(StringChunked),
    Bytes(BinaryChunked),
    Date(Int32Chunked),
    Timestamp(Int64Chunked),
    /// JSON as it stands behind the byte of its version.
    JsonbText(StringChunked),
    /// Nested values as JSON, behind the byte of its version if there is one, and where they are missing.
    Json(JsonRows, BooleanChunked, bool),
    /// Where the items of each row begin, the items, their type, and where a row is missing.
    Array(Vec<i64>, Box<Cells>, u32, BooleanChunked),
}

impl Encoder {
    /// Of the columns of `frame` in the order of `fits`; `more` fields are written by the caller after each row.
    pub fn new(frame: &DataFrame, fits: &[(String, Fit)], more: usize) -> Result<Self> {
        let column = |(name, fit): &(String, Fit)| {
            let made = frame.column(name).and_then(|column| {
                let series = column.as_materialized_series().rechunk();
                let series = fit.convert.as_ref().map_or(Ok(series.clone()), |dtype| series.strict_cast(dtype))?;
                Cells::of(&series, &fit.way)
            });
            made.map_err(|cause| Error::internal(&format!("encode the column `{name}`"), cause))
        };
        Ok(Self { columns: fits.iter().map(column).collect::<Result<_>>()?, more })
    }

    /// Appends the row `at`.
    #[inline]
    pub fn write(&self, at: usize, out: &mut Vec<u8>) {
        out.extend_from_slice(&((self.columns.len() + self.more) as i16).to_be_bytes());
        for column in &self.columns {
            column.write(at, out);
        }
    }
}

/// Appends a field of eight bytes.
pub(super) fn int8(value: i64, out: &mut Vec<u8>) {
    field(value.to_be_bytes(), out);
}

/// Appends a field of two bytes.
pub(super) fn int2(value: i16, out: &mut Vec<u8>) {
    field(value.to_be_bytes(), out);
}

impl Cells {
    fn of(series: &Series, way: &Way) -> PolarsResult<Self> {
        let physical = series.to_physical_repr();
        Ok(match way {
            Way::Boolean => Self::Boolean(series.bool()?.clone()),
            Way::Int16 => Self::Int16(series.i16()?.clone()),
            Way::Int32 => Self::Int32(series.i32()?.clone()),
            Way::Int64 => Self::Int64(series.i64()?.clone()),
            Way::Float32 => Self::Float32(series.f32()?.clone()),
            Way::Float64 => Self::Float64(series.f64()?.clone()),
            Way::Numeric => {
                let scale = if let DataType::Decimal(_, scale) = series.dtype() { *scale } else { 0 };
                Self::Numeric(physical.i128()?.clone(), scale)
            }
            Way::Text => Self::Text(series.str()?.clone()),
            Way::Uuid => Self::Uuid(series.str()?.clone()),
            Way::Bytes => Self::Bytes(series.binary()?.clone()),
            Way::Date => Self::Date(physical.i32()?.clone()),
            Way::Timestamp => Self::Timestamp(physical.i64()?.clone()),
            Way::Jsonb if series.dtype().is_string() => Self::JsonbText(series.str()?.clone()),
            Way::Json | Way::Jsonb => {
                let frame = DataFrame::new(series.len(), vec![series.clone().into()])?;
                let rows = JsonRows::new(&frame).map_err(|error| polars_err!(ComputeError: "{}", error.message))?;
                Self::Json(rows, series.is_null(), *way == Way::Jsonb)
            }
            Way::Array(item, oid) => {
                let lists = series.list()?;
                let offsets = lists.downcast_iter().next().map(|array| array.offsets().as_slice().to_vec());
                let items = Self::of(&lists.get_inner().rechunk(), item)?;
                Self::Array(offsets.unwrap_or_default(), Box::new(items), *oid, series.is_null())
            }
        })
    }

    #[inline]
    fn write(&self, at: usize, out: &mut Vec<u8>) {
        match self {
            Self::Boolean(values) => maybe(values.get(at).map(|value| [u8::from(value)]), out),
            Self::Int16(values) => maybe(values.get(at).map(i16::to_be_bytes), out),
            Self::Int32(values) => maybe(values.get(at).map(i32::to_be_bytes), out),
            Self::Int64(values) => maybe(values.get(at).map(i64::to_be_bytes), out),
            Self::Float32(values) => maybe(values.get(at).map(f32::to_be_bytes), out),
            Self::Float64(values) => maybe(values.get(at).map(f64::to_be_bytes), out),
            Self::Date(values) => maybe(values.get(at).map(|days| (days - DAYS_TO_2000).to_be_bytes()), out),
            Self::Timestamp(values) => maybe(values.get(at).map(|micros| (micros - MICROS_TO_2000).to_be_bytes()), out),
            Self::Numeric(values, scale) => match values.get(at) {
                Some(value) => numeric(value, *scale, out),
                None => out.extend_from_slice(&NULL),
            },
            Self::Text(values) => bytes(values.get(at).map(str::as_bytes), out),
            Self::Bytes(values) => bytes(values.get(at), out),
            Self::Uuid(values) => maybe(values.get(at).map(uuid), out),
            Self::JsonbText(values) => match values.get(at) {
                Some(text) => measured(out, |out| {
                    out.push(1);
                    out.extend_from_slice(text.as_bytes());
                }),
                None => out.extend_from_slice(&NULL),
            },
            Self::Json(rows, missing, versioned) => match missing.get(at) {
                Some(true) => out.extend_from_slice(&NULL),
                _ => measured(out, |out| {
                    if *versioned {
                        out.push(1);
                    }
                    rows.write_value(0, at, out);
                }),
            },
            Self::Array(offsets, items, oid, missing) => match missing.get(at) {
                Some(true) => out.extend_from_slice(&NULL),
                _ => measured(out, |out| array(offsets, items, *oid, at, out)),
            },
        }
    }

    fn is_missing(&self, at: usize) -> bool {
        match self {
            Self::Boolean(values) => values.get(at).is_none(),
            Self::Int16(values) => values.get(at).is_none(),
            Self::Int32(values) | Self::Date(values) => values.get(at).is_none(),
            Self::Int64(values) | Self::Timestamp(values) => values.get(at).is_none(),
            Self::Float32(values) => values.get(at).is_none(),
            Self::Float64(values) => values.get(at).is_none(),
            Self::Numeric(values, _) => values.get(at).is_none(),
            Self::Text(values) | Self::Uuid(values) | Self::JsonbText(values) => values.get(at).is_none(),
            Self::Bytes(values) => values.get(at).is_none(),
            Self::Json(_, missing, _) | Self::Array(_, _, _, missing) => missing.get(at) == Some(true),
        }
    }
}

#[inline]
fn field<const N: usize>(value: [u8; N], out: &mut Vec<u8>) {
    out.extend_from_slice(&(N as i32).to_be_bytes());
    out.extend_from_slice(&value);
}

#[inline]
fn maybe<const N: usize>(value: Option<[u8; N]>, out: &mut Vec<u8>) {
    match value {
        Some(value) => field(value, out),
        None => out.extend_from_slice(&NULL),
    }
}

#[inline]
fn bytes(value: Option<&[u8]>, out: &mut Vec<u8>) {
    match value {
        Some(value) => {
            out.extend_from_slice(&(value.len() as i32).to_be_bytes());
            out.extend_from_slice(value);
        }
        None => out.extend_from_slice(&NULL),
    }
}

/// A field whose length is known after it was written.
fn measured(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    write(out);
    let length = ((out.len() - start - 4) as i32).to_be_bytes();
    out[start..start + 4].copy_from_slice(&length);
}

/// An array of one dimension ("array_recv" in PostgreSQL's source): dimensions, whether items are missing, the items'
/// type, their count, the number of the first one, the items.
fn array(offsets: &[i64], items: &Cells, oid: u32, at: usize, out: &mut Vec<u8>) {
    let place = |at: usize| offsets.get(at).map_or(0, |offset| usize::try_from(*offset).unwrap_or_default());
    let range = place(at)..place(at + 1);
    let gaps = range.clone().any(|item| items.is_missing(item));
    out.extend_from_slice(&i32::from(!range.is_empty()).to_be_bytes());
    out.extend_from_slice(&i32::from(gaps).to_be_bytes());
    out.extend_from_slice(&oid.to_be_bytes());
    if !range.is_empty() {
        out.extend_from_slice(&(range.len() as i32).to_be_bytes());
        out.extend_from_slice(&1i32.to_be_bytes());
        range.for_each(|item| items.write(item, out));
    }
}

/// An exact number in groups of four decimal digits ("numeric_recv" in PostgreSQL's source): how many groups, the place
/// of the first one, the sign, the digits behind the point, the groups.
fn numeric(value: i128, scale: usize, out: &mut Vec<u8>) {
    let behind = scale.div_ceil(4);
    // The last group is filled up with zeros on its right.
    let filler = 10u64.pow((behind * 4 - scale) as u32);
    let (mut groups, mut count) = ([0u16; 12], 0);
    let magnitude = value.unsigned_abs();
    match u64::try_from(magnitude).ok().and_then(|small| small.checked_mul(filler)) {
        Some(mut small) => {
            while small > 0 {
                groups[count] = (small % 10_000) as u16;
                small /= 10_000;
                count += 1;
            }
        }
        None => {
            // The last digits first, so that the filler cannot overflow.
            let part = u128::from(10_000 / filler);
            groups[0] = ((magnitude % part) * u128::from(filler)) as u16;
            let mut rest = magnitude / part;
            count = 1;
            while rest > 0 {
                groups[count] = (rest % 10_000) as u16;
                rest /= 10_000;
                count += 1;
            }
        }
    }
    let first = count as i16 - behind as i16 - 1;
    let zeros = groups[..count].iter().take_while(|group| **group == 0).count();
    let kept = &groups[zeros..count];
    out.extend_from_slice(&(8 + 2 * kept.len() as i32).to_be_bytes());
    out.extend_from_slice(&(kept.len() as i16).to_be_bytes());
    out.extend_from_slice(&if kept.is_empty() { 0 } else { first }.to_be_bytes());
    out.extend_from_slice(&if value < 0 { 0x4000u16 } else { 0 }.to_be_bytes());
    out.extend_from_slice(&(scale as i16).to_be_bytes());
    for group in kept.iter().rev() {
        out.extend_from_slice(&group.to_be_bytes());
    }
}

/// The bytes of a UUID that was checked to be one.
fn uuid(text: &str) -> [u8; 16] {
    let (mut bytes, mut half) = ([0; 16], 0);
    for digit in text.bytes().filter_map(|byte| char::from(byte).to_digit(16)) {
        if let Some(byte) = bytes.get_mut(half / 2) {
            *byte = *byte << 4 | digit as u8;
        }
        half += 1;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::super::super::numeric::{Number, units};
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_number_is_read_back_as_it_was_written(
            value in prop_oneof![any::<i64>().prop_map(i128::from), -10i128.pow(38) + 1..10i128.pow(38), -20_000i128..20_000],
            scale in 0usize..=38,
        ) {
            let mut out = Vec::new();
            numeric(value, scale, &mut out);
            prop_assert_eq!(out.len(), 4 + i32::from_be_bytes([out[0], out[1], out[2], out[3]]) as usize);
            match units(&out[4..], scale) {
                Number::Units(read) => prop_assert_eq!(read, value),
                _ => prop_assert!(false, "{} at {} is a number", value, scale),
            }
        }
    }
}
