//! Conversions that lose nothing unseen: a value, or a reason for the ledger.

use std::borrow::Cow;
use std::sync::Arc;

use polars::prelude::*;

use crate::names::col;

/// Why a value could not be converted; a sentence.
pub type Reason = Cow<'static, str>;

/// A function from a text to a value of the target type, or the reason why there is none.
pub type Parse = Arc<dyn Fn(&str) -> Result<Value, Reason> + Send + Sync>;

/// A column's new values, and the reason for each value that has none.
pub struct Conversion {
    /// The new values.
    pub value: Expr,
    /// The reason, missing where the value was converted or was missing before; nothing where all can be converted.
    pub reason: Option<Expr>,
}

/// A value in the physical form of its type: a date is days, a timestamp microseconds since 1970, a time nanoseconds
/// since midnight, a decimal its digits as one integer.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// An integer, date, timestamp or time.
    Integer(i64),
    /// A floating point number.
    Number(f64),
    /// A decimal.
    Decimal(i128),
    /// True or false.
    Boolean(bool),
    /// A text.
    Text(String),
    /// Nothing, as the user asked for: the value becomes missing without a ledger entry.
    Missing,
}

impl Conversion {
    /// The conversion of text column `column` to `target` by `parse`.
    pub fn parse(column: &str, target: DataType, parse: Parse) -> Self {
        let (name, dtype, parse_value) = (PlSmallStr::from(column), target.clone(), parse.clone());
        let value = col(column).map(
            move |texts| Ok(build(texts.str()?, &target, parse_value.as_ref())?.into_column()),
            move |_, _| Ok(Field::new(name.clone(), dtype.clone())),
        );
        let name = PlSmallStr::from(column);
        let reason = col(column).map(
            move |texts| {
                let reasons = texts.str()?.iter().map(|text| parse(text?).err());
                let reasons: StringChunked = reasons.collect();
                Ok(reasons.with_name(texts.name().clone()).into_column())
            },
            move |_, _| Ok(Field::new(name.clone(), DataType::String)),
        );
        Self { value, reason: Some(reason) }
    }

    /// The conversion by the engine's cast, accepted only where the value comes back from it unchanged.
    pub fn cast(column: &str, source: &DataType, target: &DataType, reason: &str) -> Self {
        let there = col(column).cast(target.clone());
        let back = there.clone().cast(source.clone());
        let exact = back.eq_missing(col(column));
        let nothing = lit(NULL).cast(target.clone());
        Self {
            value: when(exact.clone()).then(there).otherwise(nothing),
            reason: Some(when(exact).then(lit(NULL).cast(DataType::String)).otherwise(lit(reason.to_owned()))),
        }
    }

    /// A conversion that every value survives.
    pub fn total(value: Expr) -> Self {
        Self { value, reason: None }
    }
}

/// One text as a series of one value of `target`, or why it is none.
pub fn one(text: &str, target: &DataType, parse: &dyn Fn(&str) -> Result<Value, Reason>) -> Result<Series, Reason> {
    parse(text)?;
    let texts = StringChunked::from_slice(PlSmallStr::EMPTY, &[text]);
    build(&texts, target, parse).map_err(|cause| Reason::Owned(cause.to_string()))
}

/// Parses every text; what cannot be parsed is missing.
fn build(
    texts: &StringChunked,
    target: &DataType,
    parse: &dyn Fn(&str) -> Result<Value, Reason>,
) -> PolarsResult<Series> {
    let name = texts.name().clone();
    let values = texts.iter().map(|text| parse(text?).ok());
    let integers = |values: &mut dyn Iterator<Item = Option<Value>>| -> Int64Chunked { values.map(integer).collect() };
    let mut values = values;
    let series = match target {
        DataType::Boolean => values
            .map(|value| if let Value::Boolean(value) = value? { Some(value) } else { None })
            .collect::<BooleanChunked>()
            .into_series(),
        DataType::Float64 => values
            .map(|value| if let Value::Number(value) = value? { Some(value) } else { None })
            .collect::<Float64Chunked>()
            .into_series(),
        DataType::String => values
            .map(|value| if let Value::Text(value) = value? { Some(value) } else { None })
            .collect::<StringChunked>()
            .into_series(),
        DataType::Decimal(precision, scale) => {
            let digits = values.map(|value| if let Value::Decimal(value) = value? { Some(value) } else { None });
            digits.collect::<Int128Chunked>().into_decimal(*precision, *scale)?.into_series()
        }
        DataType::Date => integers(&mut values).into_series().cast(&DataType::Int32)?.into_date(),
        DataType::Datetime(unit, zone) => integers(&mut values).into_datetime(*unit, zone.clone()).into_series(),
        DataType::Time => integers(&mut values).into_time().into_series(),
        _ => integers(&mut values).into_series(),
    };
    Ok(series.with_name(name))
}

fn integer(value: Option<Value>) -> Option<i64> {
    if let Value::Integer(value) = value? { Some(value) } else { None }
}

/// The text column with each text replaced by what `change` makes of it; nothing means missing.
pub fn map_text<F>(column: &str, change: F) -> Expr
where
    F: for<'a> Fn(&'a str) -> Option<Cow<'a, str>> + Send + Sync + 'static,
{
    let name = PlSmallStr::from(column);
    col(column).map(
        move |texts| {
            let changed: StringChunked = texts.str()?.iter().map(|text| change(text?)).collect();
            Ok(changed.with_name(texts.name().clone()).into_column())
        },
        move |_, _| Ok(Field::new(name.clone(), DataType::String)),
    )
}
