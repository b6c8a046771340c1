//! Types a user may ask for, and how a value becomes one when the column's texts do not prove it.

use std::borrow::Cow;

use polars::prelude::DataType;
use pulse_core::{Error, Result};

use super::lex::{Kind, lex};
use super::{Evidence, time};

/// The types a column can have, as users name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Text,
    Integer,
    Decimal,
    Number,
    Boolean,
    Date,
    Timestamp,
}

impl Type {
    const WORDS: [(&'static str, Self); 7] = [
        ("text", Self::Text),
        ("integer", Self::Integer),
        ("decimal", Self::Decimal),
        ("number", Self::Number),
        ("boolean", Self::Boolean),
        ("date", Self::Date),
        ("timestamp", Self::Timestamp),
    ];

    /// The type that `word` names; `column` is for the error.
    pub(crate) fn parse(word: &str, column: &str) -> Result<Self> {
        Self::WORDS.iter().find(|(known, _)| *known == word).map(|(_, kind)| *kind).ok_or_else(|| {
            Error::invalid(format!("`{word}`, asked for column `{column}`, is not a type."))
                .hint("The types are text, integer, decimal, number, boolean, date and timestamp.")
                .field(format!("types.{column}"))
        })
    }

    /// The user's word.
    pub(crate) fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, kind)| *kind == self).map_or("text", |(word, _)| word)
    }

    /// Whether values of `dtype` are of this type already.
    pub(crate) fn is_of(self, dtype: &DataType) -> bool {
        match self {
            Self::Text => *dtype == DataType::String,
            Self::Integer => dtype.is_integer(),
            Self::Decimal => matches!(dtype, DataType::Decimal(..)),
            Self::Number => dtype.is_float(),
            Self::Boolean => *dtype == DataType::Boolean,
            Self::Date => *dtype == DataType::Date,
            Self::Timestamp => matches!(dtype, DataType::Datetime(..)),
        }
    }

    /// Whether every value of a column can be read as this type as it stands.
    pub(crate) fn fits(self, evidence: &Evidence) -> bool {
        let count = |kinds: &[Kind]| kinds.iter().map(|k| evidence.count(*k)).sum::<u64>();
        let plain = [Kind::Integer, Kind::Decimal, Kind::DecimalZero, Kind::DecimalOnly];
        let fitting = match self {
            Self::Text => return true,
            Self::Integer => count(&[Kind::Integer, Kind::WideInteger]),
            Self::Decimal if u32::from(evidence.whole) + evidence.scales.map_or(0, |s| u32::from(s.1)) > 38 => 0,
            Self::Decimal => count(&plain) + count(&[Kind::WideInteger]),
            Self::Number => count(&plain) + count(&[Kind::Float]),
            Self::Boolean => count(&[Kind::Boolean]),
            Self::Date => count(&[Kind::Date]),
            Self::Timestamp if evidence.forms_differ => 0,
            Self::Timestamp => count(&[Kind::Timestamp]),
        };
        fitting == evidence.values()
    }
}

/// Turns the texts of one column into the canonical texts of the type its user asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Converter(pub Type);

impl Converter {
    /// The canonical text, or nothing if the value does not fit.
    pub(crate) fn convert<'a>(self, text: &'a str) -> Option<Cow<'a, str>> {
        let trimmed = text.trim();
        match self.0 {
            Type::Text => Some(Cow::Borrowed(text)),
            Type::Integer => trimmed.parse::<i64>().ok().map(|v| Cow::Owned(v.to_string())),
            Type::Decimal => decimal(trimmed).map(Cow::Owned),
            Type::Number => number(trimmed).map(Cow::Owned),
            Type::Boolean => boolean(trimmed).map(Cow::Borrowed),
            Type::Date => (trimmed.len() == 10 && time::day(trimmed.as_bytes())).then_some(Cow::Borrowed(trimmed)),
            Type::Timestamp => timestamp(trimmed).map(Cow::Owned),
        }
    }
}

fn number(text: &str) -> Option<String> {
    let digits = text.bytes().any(|b| b.is_ascii_digit());
    let value = text.parse::<f64>().ok().filter(|v| digits && v.is_finite())?;
    serde_json::to_string(&value).ok()
}

/// A plain decimal of at most 38 digits without superfluous signs and zeros in front.
fn decimal(text: &str) -> Option<String> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let whole_digits = whole.trim_start_matches('0');
    let whole_digits = if whole_digits.is_empty() { "0" } else { whole_digits };
    if !plain(whole) || !plain(fraction) || whole.len() + fraction.len() == 0 {
        return None;
    }
    if whole_digits.len() + fraction.len() > 38 {
        return None;
    }
    let point = if fraction.is_empty() { "" } else { "." };
    let sign = if digits.bytes().any(|b| (b'1'..=b'9').contains(&b)) { sign } else { "" };
    Some(format!("{sign}{whole_digits}{point}{fraction}"))
}

fn boolean(text: &str) -> Option<&'static str> {
    let is = |words: [&str; 5]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    if is(["true", "t", "yes", "y", "1"]) {
        Some("true")
    } else if is(["false", "f", "no", "n", "0"]) {
        Some("false")
    } else {
        None
    }
}

/// `YYYY-MM-DDTHH:MM:SS.ffffff` of an ISO day or timestamp that is local or in UTC.
fn timestamp(text: &str) -> Option<String> {
    let lexed = lex(text.is_ascii().then_some(text).filter(|t| !t.is_empty())?.as_bytes());
    if lexed.kind == Kind::Date {
        return Some(format!("{text}T00:00:00.000000"));
    }
    let form = lexed.form?;
    let minutes = &text[11..16];
    let seconds = if form.seconds { &text[17..19] } else { "00" };
    let fraction = if form.fraction > 0 { &text[20..20 + usize::from(form.fraction)] } else { "" };
    Some(format!("{}T{minutes}:{seconds}.{fraction:0<6}", &text[..10]))
}
