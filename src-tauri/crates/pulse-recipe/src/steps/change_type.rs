use std::sync::Arc;

use polars::prelude::*;
use pulse_core::{Error, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::convert::{Conversion, Parse, Reason, Value};
use crate::dates::{Format, read_time};
use crate::names::{self, col};
use crate::number::Digits;
use crate::step::{About, Example, Step, StepInput, StepOutput};
use crate::text;

/// Changes the type of columns. A value that does not fit the new type exactly (a text that is no number, 1.5 as an
/// integer, a time of day in a date) becomes missing and goes to the ledger; nothing is rounded.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ChangeType {
    /// The columns to change, at least one.
    #[schemars(extend("x-widget" = "columns"))]
    columns: Vec<String>,
    /// The new type.
    to: Target,
    /// How many digits a decimal has in all, 1 to 38.
    #[schemars(range(min = 1, max = 38), extend("x-depends-on" = {"field": "to", "values": ["decimal"]}))]
    precision: usize,
    /// How many of the digits stand after the point.
    #[schemars(range(min = 0, max = 38), extend("x-depends-on" = {"field": "to", "values": ["decimal"]}))]
    scale: usize,
}

/// A type as the form names it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// Text
    #[default]
    Text,
    /// Integer (whole numbers of up to 18 digits)
    Integer,
    /// Number (floating point)
    Number,
    /// Decimal (exact digits, for money)
    Decimal,
    /// True or false
    Boolean,
    /// Date
    Date,
    /// Timestamp (date and time without a time zone)
    Timestamp,
    /// Timestamp in UTC (a moment; texts may carry an offset)
    TimestampUtc,
    /// Time of day
    Time,
}

impl Default for ChangeType {
    fn default() -> Self {
        Self { columns: Vec::new(), to: Target::Text, precision: 18, scale: 2 }
    }
}

impl Target {
    /// The engine's type.
    pub fn dtype(self, precision: usize, scale: usize) -> DataType {
        match self {
            Self::Text => DataType::String,
            Self::Integer => DataType::Int64,
            Self::Number => DataType::Float64,
            Self::Decimal => DataType::Decimal(precision, scale),
            Self::Boolean => DataType::Boolean,
            Self::Date => DataType::Date,
            Self::Timestamp => DataType::Datetime(TimeUnit::Microseconds, None),
            Self::TimestampUtc => DataType::Datetime(TimeUnit::Microseconds, Some(TimeZone::UTC)),
            Self::Time => DataType::Time,
        }
    }
}

/// Fails where no decimal has that many digits.
pub fn check_decimal(precision: usize, scale: usize) -> Result<()> {
    if !(1..=38).contains(&precision) {
        return Err(Error::invalid(format!("A decimal cannot have {precision} digits."))
            .hint("Choose a precision of 1 to 38.")
            .field("precision"));
    }
    if scale > precision {
        return Err(Error::invalid(format!("{scale} decimals do not fit into {precision} digits."))
            .hint("Choose a scale no larger than the precision.")
            .field("scale"));
    }
    Ok(())
}

/// The conversion of a column of type `source` to `target`, exact or to the ledger.
pub fn conversion(column: &str, source: &DataType, target: &DataType) -> Result<Conversion> {
    if source == target {
        return Ok(Conversion::total(col(column)));
    }
    if target.is_string() {
        return Ok(Conversion::total(text::expr(column, source)));
    }
    if source.is_string() {
        return Ok(Conversion::parse(column, target.clone(), parse(target)?));
    }
    let word = text::type_word(target);
    let numeric = |dtype: &DataType| dtype.is_primitive_numeric() || dtype.is_decimal();
    let timestamp = |dtype: &DataType| matches!(dtype, DataType::Date | DataType::Datetime(_, _));
    let possible = source.is_null()
        || (numeric(source) && numeric(target))
        || (timestamp(source) && timestamp(target))
        || (source.is_bool() && target.is_primitive_numeric())
        || (source.is_primitive_numeric() && target.is_bool());
    if !possible {
        return Err(Error::invalid(format!(
            "The column `{column}` is {}; it cannot become {word}.",
            text::type_word(source)
        ))
        .hint("Change it to text first, then to the type you need.")
        .field("to"));
    }
    Ok(Conversion::cast(column, source, target, &format!("The value does not fit {word} exactly.")))
}

/// The reader of texts in the form the window shows values of `target`; fails for types that have none.
pub fn parse(target: &DataType) -> Result<Parse> {
    Ok(match target {
        DataType::Boolean => Arc::new(|text| boolean(text).map(Value::Boolean)),
        DataType::Time => Arc::new(|text| {
            read_time(text).map(Value::Integer).ok_or_else(|| "The text is not a time such as 13:45:00.".into())
        }),
        DataType::Date => {
            let format = Format::new("YYYY-MM-DD")?;
            Arc::new(move |text| {
                let moment = format.read(text);
                moment
                    .map(|moment| Value::Integer(moment.days()))
                    .ok_or_else(|| "The text is not a date such as 2024-01-31.".into())
            })
        }
        DataType::Datetime(_, zone) => iso_timestamp(zone.is_some())?,
        number if !(number.is_primitive_numeric() || number.is_decimal()) => {
            return Err(Error::invalid(format!("A text cannot become {}.", text::type_word(number)))
                .hint("Choose another type.")
                .field("to"));
        }
        number => {
            // Integers of every width are read as the widest one.
            let number = if number.is_float() { DataType::Float64 } else { number.clone() };
            Arc::new(move |text| match Digits::read(text.trim()) {
                Some(digits) => digits.to(&number),
                None => Err("The text is not a number.".into()),
            })
        }
    })
}

/// ISO 8601 with a blank or `T`; an offset only where the target keeps it.
fn iso_timestamp(utc: bool) -> Result<Parse> {
    let times = ["YYYY-MM-DD", "YYYY-MM-DD HH:mm", "YYYY-MM-DD HH:mm:ss", "YYYY-MM-DD HH:mm:ss.S"];
    let mut formats = Vec::new();
    for time in times {
        for pattern in
            [time.to_owned(), time.replace(' ', "T"), format!("{time}Z"), format!("{}Z", time.replace(' ', "T"))]
        {
            formats.push(Format::new(&pattern)?);
        }
    }
    Ok(Arc::new(move |text| {
        let moment = formats.iter().find_map(|format| format.read(text));
        let moment = moment.ok_or("The text is not a timestamp such as 2024-01-31 13:45:00.")?;
        match (utc, moment.offset) {
            (true, _) => Ok(Value::Integer(moment.utc_microseconds())),
            (false, None) => Ok(Value::Integer(moment.wall_microseconds())),
            (false, Some(_)) => {
                Err("The text has an offset from UTC, which a timestamp without a zone would lose.".into())
            }
        }
    }))
}

fn boolean(text: &str) -> Result<bool, Reason> {
    match text.trim().to_lowercase().as_str() {
        "true" | "t" | "yes" | "y" | "1" => Ok(true),
        "false" | "f" | "no" | "n" | "0" => Ok(false),
        _ => Err("The text is neither true nor false.".into()),
    }
}

impl Step for ChangeType {
    fn apply(&self, input: StepInput) -> Result<StepOutput> {
        if self.to == Target::Decimal {
            check_decimal(self.precision, self.scale)?;
        }
        let target = self.to.dtype(self.precision, self.scale);
        let mut conversions = Vec::new();
        for column in input.columns(&self.columns, "columns")? {
            let conversion = conversion(&column, input.dtype(&column, "columns")?, &target)?;
            conversions.push((column, conversion));
        }
        Ok(input.convert(conversions))
    }

    fn sentence(&self) -> String {
        let word = match self.to {
            Target::TimestampUtc => "timestamp in UTC".to_owned(),
            other => text::type_word(&other.dtype(self.precision, self.scale)),
        };
        format!("Change {} to {word}", names::list_or(&self.columns, "columns"))
    }

    fn about() -> About {
        About {
            kind: "change_type",
            title: "Change type",
            group: "Values",
            applies_to: crate::steps::ANY,
            column_field: Some("columns"),
        }
    }

    fn examples() -> Vec<Example> {
        vec![
            Example {
                title: "Text to integer: what is no integer goes to the ledger",
                config: json!({"columns": ["year"], "to": "integer"}),
                before: json!({"year": ["2023", "2024", "n/a", "20.5"]}),
                after: json!({"year": [2023, 2024, null, null]}),
            },
            Example {
                title: "Number to integer, nothing is rounded",
                config: json!({"columns": ["n"], "to": "integer"}),
                before: json!({"n": [1.0, 1.5, 1e300, null]}),
                after: json!({"n": [1, null, null, null]}),
            },
            Example {
                title: "Integer to text",
                config: json!({"columns": ["code"], "to": "text"}),
                before: json!({"code": [4, 250]}),
                after: json!({"code": ["4", "250"]}),
            },
            Example {
                title: "Yes and no to true and false",
                config: json!({"columns": ["member"], "to": "boolean"}),
                before: json!({"member": ["yes", "No", "maybe"]}),
                after: json!({"member": [true, false, null]}),
            },
        ]
    }
}
