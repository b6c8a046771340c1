//! From evidence to the type of a column, with the reason in words.

use polars::prelude::*;

use super::convert::Type;
use super::lex::{Form, Kind};
use super::{Evidence, Example, style};

/// The type of a column and why it has it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Verdict {
    pub kind: Type,
    pub why: String,
    /// Precision and scale of a decimal.
    pub digits: (usize, usize),
    /// The form of a timestamp.
    pub form: Option<Form>,
    /// Whether there is no value at all.
    pub empty: bool,
}

impl Verdict {
    fn new(kind: Type, why: String) -> Self {
        Self { kind, why, digits: (0, 0), form: None, empty: false }
    }

    /// Plain text, for columns whose parts differ.
    pub(crate) fn text() -> Self {
        Self::new(Type::Text, String::new())
    }

    /// The type in a frame.
    pub(crate) fn dtype(&self) -> DataType {
        match self.kind {
            Type::Text => DataType::String,
            Type::Integer => DataType::Int64,
            Type::Decimal => DataType::Decimal(self.digits.0, self.digits.1),
            Type::Number => DataType::Float64,
            Type::Boolean => DataType::Boolean,
            Type::Date => DataType::Date,
            Type::Timestamp => {
                let zoned = self.form.is_some_and(|form| !form.zone.is_empty());
                DataType::Datetime(TimeUnit::Microseconds, zoned.then_some(TimeZone::UTC))
            }
        }
    }
}

/// Decides on a column; a type the user asked for wins, its values were converted where that was needed.
pub(crate) fn verdict(evidence: &Evidence, asked: Option<Type>) -> Verdict {
    let kind = asked.unwrap_or_else(|| proven(evidence));
    let why = match asked {
        Some(kind) => format!("{}: you chose it", kind.word()),
        None => reason(evidence, kind),
    };
    let scale = evidence.scales.map_or(0, |s| usize::from(s.1));
    let digits = usize::from(evidence.whole) + scale;
    Verdict {
        digits: (if digits <= 18 { 18 } else { 38 }, scale),
        form: evidence.form,
        empty: evidence.values() == 0,
        ..Verdict::new(kind, why)
    }
}

/// The type that gives every value's text back.
fn proven(evidence: &Evidence) -> Type {
    let same_scale = evidence.scales.is_some_and(|(low, high)| low == high);
    let kinds = |kinds: &[Kind]| kinds.iter().map(|k| evidence.count(*k)).sum::<u64>() == evidence.values();
    let one_style = evidence.unlike & style::ALL != style::ALL;
    let decimals = kinds(&[Kind::Decimal, Kind::DecimalZero, Kind::DecimalOnly]);
    let floats = kinds(&[Kind::Integer, Kind::Decimal, Kind::DecimalZero, Kind::Float]);
    if evidence.values() == 0 {
        Type::Text
    } else if kinds(&[Kind::Integer, Kind::WideInteger]) {
        Type::Integer
    } else if decimals && same_scale && Type::Decimal.fits(evidence) {
        Type::Decimal
    } else if floats && one_style {
        Type::Number
    } else {
        let exact = [Type::Boolean, Type::Date, Type::Timestamp];
        exact.into_iter().find(|kind| kind.fits(evidence)).unwrap_or(Type::Text)
    }
}

fn reason(evidence: &Evidence, kind: Type) -> String {
    let values = evidence.values();
    match kind {
        Type::Text => text_reason(evidence),
        Type::Integer => format!("integer: whole numbers {}", in_all(values)),
        Type::Decimal => {
            let scale = evidence.scales.map_or(0, |s| s.1);
            let s = if scale == 1 { "" } else { "s" };
            format!("decimal: numbers with {scale} digit{s} after the point {}", in_all(values))
        }
        Type::Number => format!("number: the shortest form of a 64-bit float {}", in_all(values)),
        Type::Boolean => format!("boolean: `true` or `false` {}", in_all(values)),
        Type::Date => format!("date: days written YYYY-MM-DD {}", in_all(values)),
        Type::Timestamp => format!("timestamp: one ISO form {}", in_all(values)),
    }
}

fn in_all(values: u64) -> String {
    if values == 1 { "in the only value".into() } else { format!("in all {values} values") }
}

/// Why a column stays text: what stands in the way of the type that most of its values have.
fn text_reason(evidence: &Evidence) -> String {
    let values = evidence.values();
    if values == 0 {
        return "text: every value is missing".into();
    }
    let words = evidence.count(Kind::Words);
    let typed: u64 = Kind::ALL[..=Kind::Timestamp as usize].iter().map(|k| evidence.count(*k)).sum();
    if words * 2 > values {
        let most = if words == values { "the" } else { "most" };
        return format!("text: {most} values are words{}", such_as(evidence.first[Kind::Words as usize].as_ref()));
    }
    let obstacle = Kind::ALL
        .into_iter()
        .filter(|kind| *kind as usize > Kind::Timestamp as usize && evidence.count(*kind) > 0)
        .find(|kind| *kind != Kind::Words || typed + words == values);
    match obstacle {
        Some(kind) => obstacle_reason(evidence, kind),
        None => mixture_reason(evidence),
    }
}

fn obstacle_reason(evidence: &Evidence, kind: Kind) -> String {
    let (one, many) = match kind {
        Kind::LeadingZero => ("has a leading zero", "have leading zeros"),
        Kind::Plus => ("has a plus sign", "have plus signs"),
        Kind::NegativeZero => ("is a negative zero", "are negative zeros"),
        Kind::Huge => ("is a whole number beyond 64 bits", "are whole numbers beyond 64 bits"),
        Kind::Spaces => ("has spaces around a number", "have spaces around a number"),
        Kind::OddNumber => ("is a number in an unusual form", "are numbers in unusual forms"),
        Kind::TextNumber => ("is marked as text in the file", "are marked as text in the file"),
        Kind::OddDate => ("is a date or time in another form", "are dates or times in another form"),
        Kind::Empty => ("is a quoted empty text", "are quoted empty texts"),
        Kind::Nested => ("is a list or an object, kept as JSON", "are lists or objects, kept as JSON"),
        _ => ("is a word", "are words"),
    };
    let count = evidence.count(kind);
    let subject = if count == 1 { format!("1 value {one}") } else { format!("{count} values {many}") };
    let example = evidence.first[kind as usize].as_ref();
    match (kind, example) {
        (Kind::Empty, Some(e)) => format!("text: {subject}, first on line {}", e.line),
        _ => format!("text: {subject}{}", such_as(example)),
    }
}

/// The reason when every value has a type, but they have no type in common.
fn mixture_reason(evidence: &Evidence) -> String {
    if evidence.forms_differ && evidence.count(Kind::Timestamp) == evidence.values() {
        let example = such_as(evidence.first[Kind::Timestamp as usize].as_ref());
        return format!("text: the timestamps are written in several forms{example}");
    }
    if evidence.count(Kind::DecimalOnly) > 0 {
        let example = such_as(evidence.first[Kind::DecimalOnly as usize].as_ref());
        return format!("text: numbers with different digits after the point, which a number would lose{example}");
    }
    let mut parts: Vec<String> = Vec::new();
    for kind in &Kind::ALL[..=Kind::Timestamp as usize] {
        if let Some(example) = &evidence.first[*kind as usize] {
            parts.push(format!("`{}` on line {}", short(&example.value), example.line));
        }
    }
    format!("text: no one type gives back every value; there are {}", parts.join(", "))
}

fn such_as(example: Option<&Example>) -> String {
    example.map_or_else(String::new, |e| format!(", such as `{}` on line {}", short(&e.value), e.line))
}

/// At most 40 characters of a value.
fn short(value: &str) -> String {
    let mut chars = value.chars();
    let start: String = chars.by_ref().take(40).collect();
    if chars.next().is_some() { format!("{start}…") } else { start }
}
