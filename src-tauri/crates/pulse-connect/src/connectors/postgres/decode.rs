//! Rows in COPY's binary format to columns.

use polars::prelude::*;
use pulse_core::{Error, Result};

use super::misfit::{self, DAYS, DAYS_TO_2000, MICROS};
use super::numeric::{self, Number};

/// Microseconds from 1970 to 2000, from which PostgreSQL counts.
const MICROS_TO_2000: i64 = DAYS_TO_2000 as i64 * 86_400_000_000;

/// How the bytes of a column are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Boolean,
    Int16,
    Int32,
    Int64,
    /// An unsigned number of 32 bits.
    Oid,
    Float32,
    Float64,
    /// Precision and scale.
    Decimal(usize, usize),
    Date,
    /// Whether it is a point in time (UTC) rather than a local one.
    Timestamp(bool),
    Text,
    /// Text behind one byte that tells the version.
    Jsonb,
    Uuid,
    Bytes,
}

impl Kind {
    /// The column's type in a table.
    pub fn dtype(self) -> DataType {
        match self {
            Self::Boolean => DataType::Boolean,
            Self::Int16 => DataType::Int16,
            Self::Int32 => DataType::Int32,
            Self::Int64 | Self::Oid => DataType::Int64,
            Self::Float32 => DataType::Float32,
            Self::Float64 => DataType::Float64,
            Self::Decimal(precision, scale) => DataType::Decimal(precision, scale),
            Self::Date => DataType::Date,
            Self::Timestamp(false) => DataType::Datetime(TimeUnit::Microseconds, None),
            Self::Timestamp(true) => DataType::Datetime(TimeUnit::Microseconds, Some(TimeZone::UTC)),
            Self::Text | Self::Jsonb | Self::Uuid => DataType::String,
            Self::Bytes => DataType::Binary,
        }
    }

    /// The type in one word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Boolean => "boolean",
            Self::Int16 | Self::Int32 | Self::Int64 | Self::Oid => "integer",
            Self::Float32 | Self::Float64 => "number",
            Self::Decimal(..) => "decimal",
            Self::Date => "date",
            Self::Timestamp(_) => "timestamp",
            Self::Text | Self::Jsonb | Self::Uuid => "text",
            Self::Bytes => "binary",
        }
    }
}

/// A value that has no place in its column.
pub(super) struct Misfit {
    /// It, as PostgreSQL writes it.
    pub value: String,
    /// Why; a sentence.
    pub reason: &'static str,
}

/// Why a value was not taken.
enum Refused {
    Misfit(Misfit),
    Garbled,
}

/// The values of one column.
enum Values {
    Boolean(BooleanChunkedBuilder),
    Int16(PrimitiveChunkedBuilder<Int16Type>),
    Int32(PrimitiveChunkedBuilder<Int32Type>),
    Int64(PrimitiveChunkedBuilder<Int64Type>),
    Int128(PrimitiveChunkedBuilder<Int128Type>),
    Float32(PrimitiveChunkedBuilder<Float32Type>),
    Float64(PrimitiveChunkedBuilder<Float64Type>),
    Bytes(BinaryChunkedBuilder),
}

/// A column while it grows.
struct Growing {
    name: PlSmallStr,
    kind: Kind,
    values: Values,
}

/// Rows on their way into columns.
pub(super) struct Batch {
    columns: Vec<Growing>,
    height: usize,
    bytes: usize,
}

impl Batch {
    /// An empty batch with room for `capacity` rows.
    pub fn new(columns: &[(PlSmallStr, Kind)], capacity: usize) -> Self {
        let columns = columns.iter().map(|(name, kind)| Growing::new(name.clone(), *kind, capacity)).collect();
        Self { columns, height: 0, bytes: 0 }
    }

    /// Rows so far.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Bytes of those rows as they came.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Adds a row; `misfit` hears of each value that became missing, by the number of its column.
    #[inline]
    pub fn push(&mut self, row: &[u8], mut misfit: impl FnMut(usize, Misfit)) -> Result<()> {
        let (count, mut rest) = row.split_first_chunk::<2>().ok_or_else(|| garbled("a row"))?;
        if usize::from(u16::from_be_bytes(*count)) != self.columns.len() {
            return Err(garbled("a row"));
        }
        for (number, column) in self.columns.iter_mut().enumerate() {
            let (length, tail) = rest.split_first_chunk::<4>().ok_or_else(|| garbled(&column.name))?;
            let Ok(length) = usize::try_from(i32::from_be_bytes(*length)) else {
                column.null();
                rest = tail;
                continue;
            };
            let (value, tail) = tail.split_at_checked(length).ok_or_else(|| garbled(&column.name))?;
            rest = tail;
            match column.push(value) {
                Ok(()) => {}
                Err(Refused::Misfit(found)) => {
                    column.null();
                    misfit(number, found);
                }
                Err(Refused::Garbled) => return Err(garbled(&column.name)),
            }
        }
        if !rest.is_empty() {
            return Err(garbled("a row"));
        }
        self.height += 1;
        self.bytes += row.len();
        Ok(())
    }

    /// The rows as a frame.
    pub fn finish(self) -> Result<DataFrame> {
        let height = self.height;
        let columns = self.columns.into_iter().map(Growing::finish).collect::<Result<Vec<_>>>()?;
        DataFrame::new(height, columns).map_err(|cause| Error::internal("put the columns together", cause))
    }
}

impl Growing {
    fn new(name: PlSmallStr, kind: Kind, capacity: usize) -> Self {
        let own = name.clone();
        let values = match kind {
            Kind::Boolean => Values::Boolean(BooleanChunkedBuilder::new(own, capacity)),
            Kind::Int16 => Values::Int16(PrimitiveChunkedBuilder::new(own, capacity)),
            Kind::Int32 | Kind::Date => Values::Int32(PrimitiveChunkedBuilder::new(own, capacity)),
            Kind::Int64 | Kind::Oid | Kind::Timestamp(_) => Values::Int64(PrimitiveChunkedBuilder::new(own, capacity)),
            Kind::Float32 => Values::Float32(PrimitiveChunkedBuilder::new(own, capacity)),
            Kind::Float64 => Values::Float64(PrimitiveChunkedBuilder::new(own, capacity)),
            Kind::Decimal(..) => Values::Int128(PrimitiveChunkedBuilder::new(own, capacity)),
            Kind::Text | Kind::Jsonb | Kind::Uuid | Kind::Bytes => {
                Values::Bytes(BinaryChunkedBuilder::new(own, capacity))
            }
        };
        Self { name, kind, values }
    }

    #[inline]
    fn null(&mut self) {
        match &mut self.values {
            Values::Boolean(values) => values.append_null(),
            Values::Int16(values) => values.append_null(),
            Values::Int32(values) => values.append_null(),
            Values::Int64(values) => values.append_null(),
            Values::Int128(values) => values.append_null(),
            Values::Float32(values) => values.append_null(),
            Values::Float64(values) => values.append_null(),
            Values::Bytes(values) => values.append_null(),
        }
    }

    #[inline]
    fn push(&mut self, bytes: &[u8]) -> std::result::Result<(), Refused> {
        match (&mut self.values, self.kind) {
            (Values::Bytes(values), Kind::Text | Kind::Bytes) => values.append_value(bytes),
            (Values::Bytes(values), Kind::Jsonb) => match bytes {
                [1, json @ ..] => values.append_value(json),
                _ => return Err(Refused::Garbled),
            },
            (Values::Bytes(values), _) => values.append_value(uuid(fixed(bytes)?).as_slice()),
            (Values::Int128(values), Kind::Decimal(_, scale)) => values.append_value(decimal(bytes, scale)?),
            (Values::Int128(_), _) => return Err(Refused::Garbled),
            (Values::Int32(values), Kind::Date) => values.append_value(date(fixed(bytes)?)?),
            (Values::Int32(values), _) => values.append_value(i32::from_be_bytes(fixed(bytes)?)),
            (Values::Int64(values), Kind::Timestamp(utc)) => values.append_value(timestamp(fixed(bytes)?, utc)?),
            (Values::Int64(values), Kind::Oid) => values.append_value(u32::from_be_bytes(fixed(bytes)?).into()),
            (Values::Int64(values), _) => values.append_value(i64::from_be_bytes(fixed(bytes)?)),
            (Values::Int16(values), _) => values.append_value(i16::from_be_bytes(fixed(bytes)?)),
            (Values::Float32(values), _) => values.append_value(f32::from_be_bytes(fixed(bytes)?)),
            (Values::Float64(values), _) => values.append_value(f64::from_be_bytes(fixed(bytes)?)),
            (Values::Boolean(values), _) => values.append_value(fixed::<1>(bytes)? != [0]),
        }
        Ok(())
    }

    fn finish(self) -> Result<Column> {
        let Self { name, kind, values } = self;
        Ok(match values {
            Values::Boolean(values) => values.finish().into_column(),
            Values::Int16(values) => values.finish().into_column(),
            Values::Int32(values) if kind == Kind::Date => values.finish().into_date().into_column(),
            Values::Int32(values) => values.finish().into_column(),
            Values::Int64(values) => match kind.dtype() {
                DataType::Datetime(unit, zone) => values.finish().into_datetime(unit, zone).into_column(),
                _ => values.finish().into_column(),
            },
            Values::Int128(values) => match kind {
                Kind::Decimal(precision, scale) => {
                    values.finish().into_decimal_unchecked(precision, scale).into_column()
                }
                _ => values.finish().into_column(),
            },
            Values::Float32(values) => values.finish().into_column(),
            Values::Float64(values) => values.finish().into_column(),
            Values::Bytes(values) if kind == Kind::Bytes => values.finish().into_column(),
            Values::Bytes(values) => texts(&name, &values.finish())?.into_column(),
        })
    }
}

/// Bytes as texts, if they are UTF-8: in a database without an encoding (SQL_ASCII) they need not be.
fn texts(name: &PlSmallStr, bytes: &BinaryChunked) -> Result<StringChunked> {
    let texts: PolarsResult<Vec<_>> = bytes.downcast_iter().map(|chunk| chunk.to_utf8view()).collect();
    let texts = texts.map_err(|_| {
        Error::damaged(format!("The column `{name}` holds text that is not UTF-8; the database has no encoding."))
            .hint("Leave the column out, or write a query that reads its bytes: convert_to(…, 'SQL_ASCII').")
    })?;
    Ok(StringChunked::from_chunk_iter(name.clone(), texts))
}

fn garbled(what: &str) -> Error {
    Error::damaged(format!("Could not read the rows: the server sent {what} otherwise than it had announced."))
        .hint("Somebody may have changed the table's columns just now; try again.")
}

#[inline]
fn fixed<const N: usize>(bytes: &[u8]) -> std::result::Result<[u8; N], Refused> {
    bytes.try_into().map_err(|_| Refused::Garbled)
}

fn misfit(value: String, reason: &'static str) -> Refused {
    Refused::Misfit(Misfit { value, reason })
}

#[inline]
fn decimal(bytes: &[u8], scale: usize) -> std::result::Result<i128, Refused> {
    match numeric::units(bytes, scale) {
        Number::Units(value) => Ok(value),
        Number::Special(word) => Err(misfit(word.into(), "A decimal column holds no such value.")),
        Number::TooLong | Number::Garbled => Err(Refused::Garbled),
    }
}

#[inline]
fn date(bytes: [u8; 4]) -> std::result::Result<i32, Refused> {
    let days = i32::from_be_bytes(bytes);
    let since_1970 = days.checked_add(DAYS_TO_2000).filter(|since| DAYS.contains(since));
    since_1970.ok_or_else(|| misfit(misfit::date(days), "A date column holds the years 1 to 9999."))
}

#[inline]
fn timestamp(bytes: [u8; 8], utc: bool) -> std::result::Result<i64, Refused> {
    let micros = i64::from_be_bytes(bytes);
    let since_1970 = micros.checked_add(MICROS_TO_2000).filter(|since| MICROS.contains(since));
    let zone = if utc { "+00" } else { "" };
    since_1970.ok_or_else(|| misfit(misfit::timestamp(micros, zone), "A timestamp column holds the years 1 to 9999."))
}

/// The text of a UUID: lower-case digits in groups of 8, 4, 4, 4 and 12.
fn uuid(bytes: [u8; 16]) -> [u8; 36] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let (mut text, mut at) = ([b'-'; 36], 0);
    for (number, byte) in bytes.into_iter().enumerate() {
        text[at] = DIGITS[usize::from(byte >> 4)];
        text[at + 1] = DIGITS[usize::from(byte & 15)];
        at += if matches!(number, 3 | 5 | 7 | 9) { 3 } else { 2 };
    }
    text
}
