//! Which type of PostgreSQL a column gets, what an existing column takes, and which values it does not.

use polars::prelude::*;

use super::super::misfit::DAYS_TO_2000;
use super::shape::Column;

/// How the values of a column are sent.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Way {
    Boolean,
    Int16,
    Int32,
    Int64,
    Float32,
    Float64,
    Numeric,
    Text,
    Uuid,
    Bytes,
    Date,
    Timestamp,
    /// As JSON text.
    Json,
    /// As JSON text behind the byte of its version.
    Jsonb,
    /// Items, and the number of their type in the catalog.
    Array(Box<Way>, u32),
}

/// How a column of one type fits a column of the target.
#[derive(Clone, Debug)]
pub(super) struct Fit {
    pub way: Way,
    /// The type that values are brought to first; nothing where they are of it.
    pub convert: Option<DataType>,
    /// What the column does not take.
    pub checks: Vec<Misfit>,
    /// What happens to values on the way; a sentence or nothing.
    pub note: String,
    /// Whether values hold others.
    pub nested: bool,
}

/// Values that do not fit.
#[derive(Clone, Debug)]
pub(super) struct Misfit {
    /// True for a row that does not fit.
    pub when: Expr,
    /// Why, after the column's name.
    pub reason: String,
}

/// Numbers of types in the catalog that never change (`pg_type.dat` in PostgreSQL's source).
mod oid {
    pub const BOOL: u32 = 16;
    pub const BYTEA: u32 = 17;
    pub const INT8: u32 = 20;
    pub const INT2: u32 = 21;
    pub const INT4: u32 = 23;
    pub const TEXT: u32 = 25;
    pub const JSON: u32 = 114;
    pub const XML: u32 = 142;
    pub const FLOAT4: u32 = 700;
    pub const FLOAT8: u32 = 701;
    pub const BPCHAR: u32 = 1042;
    pub const VARCHAR: u32 = 1043;
    pub const DATE: u32 = 1082;
    pub const TIMESTAMP: u32 = 1114;
    pub const TIMESTAMPTZ: u32 = 1184;
    pub const NUMERIC: u32 = 1700;
    pub const UUID: u32 = 2950;
    pub const JSONB: u32 = 3802;
}

/// PostgreSQL's first and last day, counted from 1970 (`datatype/timestamp.h` in its source).
const DAYS: (i32, i32) = (-2_451_545 + DAYS_TO_2000, 2_145_031_948 + DAYS_TO_2000);
/// Its first microsecond, counted from 1970; the last one lies beyond 64 bits.
const MICROS: i64 = -211_813_488_000_000_000 + DAYS_TO_2000 as i64 * 86_400_000_000;

/// The type that holds all values of `dtype` as they are; nothing for what no destination is sent.
pub(super) fn natural(dtype: &DataType) -> Option<String> {
    Some(match dtype {
        DataType::Boolean => "boolean".into(),
        DataType::Int8 | DataType::Int16 | DataType::UInt8 => "smallint".into(),
        DataType::Int32 | DataType::UInt16 => "integer".into(),
        DataType::Int64 | DataType::UInt32 => "bigint".into(),
        DataType::Float32 => "real".into(),
        DataType::Float64 => "double precision".into(),
        DataType::Decimal(precision, scale) => format!("numeric({precision},{scale})"),
        DataType::String | DataType::Null => "text".into(),
        DataType::Date => "date".into(),
        DataType::Datetime(TimeUnit::Microseconds, None) => "timestamp".into(),
        DataType::Datetime(TimeUnit::Microseconds, Some(_)) => "timestamptz".into(),
        DataType::Binary => "bytea".into(),
        DataType::List(items) if is_scalar(items) => format!("{}[]", natural(items)?),
        DataType::List(_) | DataType::Struct(_) => "jsonb".into(),
        _ => return None,
    })
}

fn is_scalar(dtype: &DataType) -> bool {
    !matches!(dtype, DataType::List(_) | DataType::Struct(_) | DataType::Null) && natural(dtype).is_some()
}

/// How values of `dtype` get into `column`; what is in the way otherwise, a sentence.
pub(super) fn fit(name: &str, dtype: &DataType, column: &Column) -> Result<Fit, String> {
    let value = || Expr::Column(PlSmallStr::from(name));
    let mut fit = unchecked(dtype, column).ok_or_else(|| {
        format!(
            "Values of the type {} do not go into a column of the type {} without loss.",
            word(dtype),
            column.type_name
        )
    })?;
    fit.checks.extend(checks(&value(), dtype, column, &fit.way));
    if column.must_have_value() {
        fit.checks.push(Misfit { when: value().is_null(), reason: "has no value, and the table demands one".into() });
    }
    Ok(fit)
}

/// A type in short, as people of this program know it.
fn word(dtype: &DataType) -> String {
    natural(dtype).unwrap_or_else(|| dtype.to_string())
}

fn unchecked(dtype: &DataType, column: &Column) -> Option<Fit> {
    let plain = |way: Way, convert: Option<DataType>| {
        let convert = convert.filter(|wanted| wanted != dtype);
        Some(Fit { way, convert, checks: Vec::new(), note: String::new(), nested: dtype.is_nested() })
    };
    let noted = |way: Way, convert: Option<DataType>, note: &str| {
        plain(way, convert).map(|fit| Fit { note: note.into(), ..fit })
    };
    let integer = dtype.is_integer();
    let whole = integer || matches!(dtype, DataType::Decimal(_, 0));
    let naive = DataType::Datetime(TimeUnit::Microseconds, None);
    match (column.base, dtype) {
        (_, DataType::Null) => plain(Way::Text, Some(DataType::String)),
        (oid::BOOL, DataType::Boolean) => plain(Way::Boolean, None),
        (oid::INT2, _) if whole => plain(Way::Int16, Some(DataType::Int16)),
        (oid::INT4, _) if whole => plain(Way::Int32, Some(DataType::Int32)),
        (oid::INT8, _) if whole => plain(Way::Int64, Some(DataType::Int64)),
        (oid::NUMERIC, _) if integer => plain(Way::Numeric, Some(DataType::Decimal(38, 0))),
        (oid::NUMERIC, DataType::Decimal(..)) => plain(Way::Numeric, None),
        (oid::FLOAT4, DataType::Float32) => plain(Way::Float32, None),
        (oid::FLOAT8, DataType::Float32 | DataType::Float64) => plain(Way::Float64, Some(DataType::Float64)),
        (oid::FLOAT8, _) if integer => {
            noted(Way::Float64, Some(DataType::Float64), "Whole numbers become floating ones.")
        }
        (oid::DATE, DataType::Date) => plain(Way::Date, None),
        (oid::TIMESTAMP, DataType::Date) => noted(Way::Timestamp, Some(naive), "Days begin at midnight."),
        (oid::TIMESTAMP, DataType::Datetime(TimeUnit::Microseconds, None)) => plain(Way::Timestamp, None),
        (oid::TIMESTAMP, DataType::Datetime(TimeUnit::Microseconds, Some(_))) => {
            noted(Way::Timestamp, None, "Points in time are written as UTC.")
        }
        (oid::TIMESTAMPTZ, DataType::Datetime(TimeUnit::Microseconds, zone)) => {
            noted(Way::Timestamp, None, if zone.is_none() { "Local times are taken as UTC." } else { "" })
        }
        (oid::BYTEA, DataType::Binary) => plain(Way::Bytes, None),
        (oid::UUID, DataType::String) => plain(Way::Uuid, None),
        (oid::JSON, DataType::String) => plain(Way::Text, None),
        (oid::JSONB, DataType::String) => plain(Way::Jsonb, None),
        (oid::JSON, DataType::List(_) | DataType::Struct(_)) => plain(Way::Json, None),
        (oid::JSONB, DataType::List(_) | DataType::Struct(_)) => plain(Way::Jsonb, None),
        (oid::XML, DataType::String) => plain(Way::Text, None),
        (_, DataType::List(items)) if column.element != 0 && is_scalar(items) => {
            let item = Column { base: column.element, element: 0, modifier: -1, ..Column::default() };
            let inner = unchecked(items, &item).filter(|fit| fit.note.is_empty())?;
            let convert = inner.convert.map(|item| DataType::List(Box::new(item)));
            // Items have no checks of their own; a narrower type would lose values unseen.
            let same = natural(items) == natural(convert.as_ref().and_then(DataType::inner_dtype).unwrap_or(items));
            if same { plain(Way::Array(Box::new(inner.way), column.element), convert) } else { None }
        }
        (_, DataType::String) if column.takes_text() => plain(Way::Text, None),
        (_, DataType::Boolean | DataType::Date | DataType::Decimal(..))
            if column.takes_text() && column.labels.is_empty() =>
        {
            noted(Way::Text, Some(DataType::String), "Values are written as text.")
        }
        (_, _) if integer && column.takes_text() && column.labels.is_empty() => {
            noted(Way::Text, Some(DataType::String), "Values are written as text.")
        }
        _ => None,
    }
}

impl Column {
    /// Whether the binary form of its type is text.
    pub fn takes_text(&self) -> bool {
        matches!(self.base, oid::TEXT | oid::VARCHAR | oid::BPCHAR) || self.category == "S" || !self.labels.is_empty()
    }

    /// Digits before and after the point that it holds; nothing for a number of any length.
    fn digits(&self) -> Option<(i64, i64)> {
        let modifier = self.modifier.checked_sub(4).filter(|modifier| *modifier >= 0)?;
        // The scale is eleven bits with a sign ("numeric_typmod_scale").
        let scale = ((modifier & 0x7ff) ^ 1024) - 1024;
        Some((i64::from(modifier >> 16), i64::from(scale)))
    }
}

/// What the column does not take of values that are sent in `way`.
fn checks(value: &Expr, dtype: &DataType, column: &Column, way: &Way) -> Vec<Misfit> {
    let misfit = |when: Expr, reason: String| Misfit { when, reason };
    let mut found = Vec::new();
    match (way, dtype) {
        (Way::Int16 | Way::Int32 | Way::Int64, _) => {
            let (low, high) = match way {
                Way::Int16 => (i64::from(i16::MIN), i64::from(i16::MAX)),
                Way::Int32 => (i64::from(i32::MIN), i64::from(i32::MAX)),
                _ => (i64::MIN, i64::MAX),
            };
            let narrower = match dtype {
                DataType::Int64 | DataType::UInt32 => *way != Way::Int64,
                DataType::Int32 | DataType::UInt16 => *way == Way::Int16,
                DataType::Decimal(..) => true,
                _ => false,
            };
            if narrower {
                let number = if dtype.is_decimal() { value.clone().to_physical() } else { value.clone() };
                let outside = number.clone().lt(lit(low)).or(number.gt(lit(high)));
                found.push(misfit(outside, format!("is outside of what {} holds", column.type_name)));
            }
        }
        (Way::Float64, _) if dtype.is_integer() => {
            let exact = 1i64 << 53;
            let outside = value.clone().lt(lit(-exact)).or(value.clone().gt(lit(exact)));
            found.push(misfit(outside, "has more digits than a floating number holds".into()));
        }
        (Way::Numeric, _) => found.extend(too_many_digits(value, dtype, column)),
        (Way::Text | Way::Jsonb, DataType::String) => {
            found.extend(text(value, column));
        }
        (Way::Uuid, DataType::String) => {
            let form = lit("^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$");
            found.push(misfit(value.clone().str().contains(form, true).not(), "is no UUID".into()));
        }
        (Way::Date, _) => {
            let days = value.clone().to_physical();
            let outside = days.clone().lt(lit(DAYS.0)).or(days.gt(lit(DAYS.1)));
            found.push(misfit(outside, "lies outside of PostgreSQL's calendar (4713 BC to 5874897)".into()));
        }
        (Way::Timestamp, _) => found.extend(instant(value, dtype, column)),
        _ => {}
    }
    found
}

fn text(value: &Expr, column: &Column) -> Vec<Misfit> {
    let nul = value.clone().map(has_nul, |_, field| Ok(Field::new(field.name().clone(), DataType::Boolean)));
    let mut found = vec![Misfit { when: nul, reason: "holds a NUL character, which PostgreSQL cannot".into() }];
    if matches!(column.base, oid::VARCHAR | oid::BPCHAR) && column.modifier > 4 {
        let most = column.modifier - 4;
        let longer = value.clone().str().len_chars().gt(lit(most));
        found.push(Misfit {
            when: longer,
            reason: format!("is longer than the {most} characters of {}", column.type_name),
        });
    }
    if !column.labels.is_empty() {
        let labels = Series::new("labels".into(), column.labels.as_slice());
        let unknown = value.clone().is_in(lit(labels).implode(true), false).not();
        found.push(Misfit { when: unknown, reason: format!("is none of the values of {}", column.type_name) });
    }
    found
}

/// Which texts hold a NUL character; every text that is sent is looked at, so that this must be quick.
fn has_nul(texts: polars::prelude::Column) -> PolarsResult<polars::prelude::Column> {
    let holds = |text: &str| memchr::memchr(0, text.as_bytes()).is_some();
    let found: BooleanChunked = texts.str()?.iter().map(|text| text.map(holds)).collect();
    Ok(found.with_name(texts.name().clone()).into_column())
}

/// Numbers with more digits before or behind the point than the column has.
fn too_many_digits(value: &Expr, dtype: &DataType, column: &Column) -> Vec<Misfit> {
    let (precision, scale) = match dtype {
        DataType::Decimal(precision, scale) => (*precision as i64, *scale as i64),
        DataType::Int8 => (3, 0),
        DataType::Int16 => (5, 0),
        DataType::Int32 => (10, 0),
        _ => (19, 0),
    };
    let Some((most, behind)) = column.digits() else { return Vec::new() };
    let units = || if dtype.is_decimal() { value.clone().to_physical() } else { value.clone().cast(DataType::Int128) };
    let power = |digits: i64| lit(10i128.pow(digits.clamp(0, 38) as u32));
    let mut found = Vec::new();
    if behind < scale {
        let rest = units() % power(scale - behind);
        found.push(Misfit {
            when: rest.neq(lit(0i128)),
            reason: format!("has more digits behind the point than {}", column.type_name),
        });
    }
    let (before, room) = (precision - scale, most - behind);
    if before > room && room + scale < 39 {
        let limit = power(room + scale);
        let outside = units().gt_eq(limit.clone()).or(units().lt_eq(lit(0i128) - limit));
        found.push(Misfit { when: outside, reason: format!("has more digits than {}", column.type_name) });
    }
    found
}

fn instant(value: &Expr, dtype: &DataType, column: &Column) -> Vec<Misfit> {
    let micros = if dtype.is_date() {
        value.clone().to_physical().cast(DataType::Int64) * lit(86_400_000_000i64)
    } else {
        value.clone().to_physical()
    };
    let outside = micros.clone().lt(lit(MICROS));
    let reason = "lies before PostgreSQL's calendar, which begins in 4713 BC".to_owned();
    let mut found = vec![Misfit { when: outside, reason }];
    if (0..6).contains(&column.modifier) {
        let unit = 10i64.pow(6 - column.modifier as u32);
        let rest = (micros % lit(unit)).neq(lit(0i64));
        found.push(Misfit { when: rest, reason: format!("has smaller parts of a second than {}", column.type_name) });
    }
    found
}
