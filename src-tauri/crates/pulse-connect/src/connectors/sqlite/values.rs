//! What the values of a column are, and the one type that holds all of them without loss.
//!
//! SQLite types values, not columns (sqlite.org/datatype3.html): a column's declared type is a wish. It decides here only
//! where every value proves it.

use polars::prelude::DataType;
use rusqlite::types::ValueRef;

use crate::typing::{self, Example, Form, Kind, Lexed, Type, Verdict, lex};

/// Whole numbers up to here are floats without loss.
const EXACT: u64 = 1 << 53;

/// What a declared type says, where it says more than SQLite's own types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Declared {
    Integer,
    Number,
    Boolean,
    Day,
    Time,
    /// Digits in all, and those behind the point.
    Decimal(usize, usize),
    Bytes,
    Text,
}

impl Declared {
    /// What the text of a declared type says.
    pub(super) fn of(text: &str) -> Self {
        let text = text.to_ascii_uppercase();
        let is = |parts: &[&str]| parts.iter().any(|part| text.contains(part));
        let name = text.split('(').next().unwrap_or_default().trim();
        let decimal = matches!(name, "DECIMAL" | "NUMERIC" | "DEC" | "NUMBER");
        match digits(&text).filter(|_| decimal) {
            Some((all, behind)) => Self::Decimal(all, behind),
            None if is(&["BOOL"]) => Self::Boolean,
            None if name == "DATE" => Self::Day,
            None if is(&["DATETIME", "TIMESTAMP"]) => Self::Time,
            None if is(&["INT"]) => Self::Integer,
            None if is(&["CHAR", "CLOB", "TEXT"]) => Self::Text,
            None if is(&["BLOB"]) => Self::Bytes,
            None if is(&["REAL", "FLOA", "DOUB"]) => Self::Number,
            None => Self::Text,
        }
    }
}

/// The digits of `DECIMAL(10,2)` or `DECIMAL(10)`, if a table can hold so many.
fn digits(text: &str) -> Option<(usize, usize)> {
    let inside = text.split_once('(')?.1.split_once(')')?.0;
    let (all, behind) = inside.split_once(',').unwrap_or((inside, "0"));
    let (all, behind) = (all.trim().parse().ok()?, behind.trim().parse().ok()?);
    ((1..=38).contains(&all) && behind <= all).then_some((all, behind))
}

/// How the values of a column are kept.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shape {
    /// As 64-bit whole numbers.
    Integer,
    /// As 64-bit floats.
    Number,
    /// As true and false, stored as 1 and 0.
    Bits,
    /// As bytes.
    Bytes,
    /// As texts that are then given a type.
    Texts(Verdict),
}

impl Shape {
    /// The type in a frame.
    pub(super) fn dtype(&self) -> DataType {
        match self {
            Self::Integer => DataType::Int64,
            Self::Number => DataType::Float64,
            Self::Bits => DataType::Boolean,
            Self::Bytes => DataType::Binary,
            Self::Texts(verdict) => verdict.dtype(),
        }
    }

    /// The user's word for the type.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Bits => "boolean",
            Self::Bytes => "binary",
            Self::Texts(verdict) => verdict.kind.word(),
        }
    }
}

/// What was seen in a column.
#[derive(Clone, Debug)]
pub(super) struct Evidence {
    declared: Declared,
    /// The declared type in the file's words.
    declared_text: String,
    integers: u64,
    reals: u64,
    texts: u64,
    blobs: u64,
    missing: u64,
    /// Whether some whole number is neither 0 nor 1.
    beyond_bits: bool,
    /// Whether a float would change some whole number.
    beyond_floats: bool,
    /// Whether some float is a whole number, which could be taken for one that is stored as such.
    whole_real: bool,
    /// Whether some number does not fit the declared decimal.
    beyond_decimal: bool,
    /// What the texts look like.
    looks: typing::Evidence,
}

impl Evidence {
    /// Nothing seen yet in a column that was declared so.
    pub(super) fn new(declared_text: &str) -> Self {
        Self {
            declared: Declared::of(declared_text),
            declared_text: declared_text.to_owned(),
            integers: 0,
            reals: 0,
            texts: 0,
            blobs: 0,
            missing: 0,
            beyond_bits: false,
            beyond_floats: false,
            whole_real: false,
            beyond_decimal: false,
            looks: typing::Evidence::default(),
        }
    }

    /// Adds a value of row number `row`, from 1.
    pub(super) fn add(&mut self, value: ValueRef<'_>, row: u64) {
        match value {
            ValueRef::Null => self.missing += 1,
            ValueRef::Integer(number) => {
                self.integers += 1;
                self.beyond_bits |= !matches!(number, 0 | 1);
                self.beyond_floats |= number.unsigned_abs() > EXACT;
                self.beyond_decimal |= self.decimal(&number.to_string()) == Some(false);
            }
            ValueRef::Real(number) => {
                self.reals += 1;
                self.whole_real |= number.fract() == 0.0 && number.abs() < 2f64.powi(63);
                // `{}` gives the shortest digits that are this float, without an exponent.
                self.beyond_decimal |= self.decimal(&number.to_string()) == Some(false);
            }
            ValueRef::Text(text) => {
                self.texts += 1;
                if matches!(self.declared, Declared::Boolean | Declared::Day | Declared::Time) {
                    let lexed = if text.is_empty() { Lexed::of(Kind::Empty) } else { lex(text) };
                    let show = || Example { value: String::from_utf8_lossy(text).into_owned(), line: row };
                    self.looks.add(lexed, show);
                }
            }
            ValueRef::Blob(_) => self.blobs += 1,
        }
    }

    /// Whether a number's digits fit the declared decimal; nothing if none is declared.
    fn decimal(&self, text: &str) -> Option<bool> {
        let Declared::Decimal(all, behind) = self.declared else { return None };
        let (whole, fraction) =
            text.trim_start_matches('-').split_once('.').unwrap_or((text.trim_start_matches('-'), ""));
        let digits = whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit());
        let whole = whole.trim_start_matches('0').len();
        // A negative zero would lose its sign.
        Some(digits && text != "-0" && whole <= all - behind && fraction.len() <= behind)
    }

    /// How the column is kept and why.
    pub(super) fn verdict(&self) -> (Shape, String) {
        let values = self.integers + self.reals + self.texts + self.blobs;
        if values == 0 {
            return self.wished();
        }
        let numbers = self.integers + self.reals == values;
        let in_all = if values == 1 { "the only value".to_owned() } else { format!("all {values} values") };
        let exact = if self.integers == 0 { true } else { !self.beyond_floats && !self.whole_real };
        let shape = match self.declared {
            Declared::Boolean if self.integers == values && !self.beyond_bits => Shape::Bits,
            Declared::Decimal(all, behind) if numbers && !self.beyond_decimal => Shape::Texts(decimal(all, behind)),
            _ if self.integers == values => Shape::Integer,
            _ if numbers && exact => Shape::Number,
            _ if self.blobs == values => Shape::Bytes,
            _ => Shape::Texts(self.text()),
        };
        let declared = format!("declared {}, which fits {in_all}", self.declared_text);
        let why = match &shape {
            Shape::Bits => format!("{declared}, stored as 0 and 1"),
            Shape::Integer => format!("{in_all} stored as INTEGER"),
            Shape::Number if self.integers == 0 => format!("{in_all} stored as REAL"),
            Shape::Number => format!("{in_all} stored as REAL or as INTEGER that a float holds exactly"),
            Shape::Bytes => format!("{in_all} stored as BLOB"),
            Shape::Texts(verdict) if verdict.kind != Type::Text => declared,
            Shape::Texts(_) => self.text_reason(&in_all),
        };
        (shape.clone(), format!("{}: {why}", shape.word()))
    }

    /// The type of texts: what was declared, if the texts prove it.
    fn text(&self) -> Verdict {
        if self.integers + self.reals + self.blobs > 0 || self.looks.values() == 0 {
            return Verdict::text();
        }
        let verdict = typing::verdict(&self.looks, None);
        let fits = match self.declared {
            Declared::Boolean => verdict.kind == Type::Boolean,
            Declared::Day => verdict.kind == Type::Date,
            Declared::Time => matches!(verdict.kind, Type::Date | Type::Timestamp),
            _ => false,
        };
        if fits { verdict } else { Verdict::text() }
    }

    fn text_reason(&self, in_all: &str) -> String {
        let classes = [
            (self.integers, "INTEGER"),
            (self.reals, "REAL"),
            (self.texts, "TEXT"),
            (self.blobs, "BLOB, written as \\x and hexadecimal digits"),
        ];
        let parts: Vec<String> =
            classes.iter().filter(|(count, _)| *count > 0).map(|(count, class)| format!("{count} {class}")).collect();
        if parts.len() > 1 {
            return format!("the column holds values of several kinds: {}", parts.join(", "));
        }
        if self.looks.values() == 0 {
            return format!("{in_all} stored as TEXT");
        }
        let seen = typing::verdict(&self.looks, None).why;
        let seen = seen.strip_prefix("text: ").map_or_else(|| format!("the texts are of type {seen}"), str::to_owned);
        format!("declared {}, but {}", self.declared_text, seen.replace(" on line ", " in row "))
    }

    /// The type of a column without values.
    fn wished(&self) -> (Shape, String) {
        let shape = match self.declared {
            Declared::Integer => Shape::Integer,
            Declared::Number => Shape::Number,
            Declared::Boolean => Shape::Bits,
            Declared::Bytes => Shape::Bytes,
            Declared::Decimal(all, behind) => Shape::Texts(decimal(all, behind)),
            Declared::Day => Shape::Texts(Verdict { kind: Type::Date, ..Verdict::text() }),
            Declared::Time => {
                let form = Some(Form { separator: b'T', seconds: true, fraction: 0, zone: "" });
                Shape::Texts(Verdict { kind: Type::Timestamp, form, ..Verdict::text() })
            }
            Declared::Text => Shape::Texts(Verdict::text()),
        };
        let declared = if self.declared_text.is_empty() { "without a type" } else { &self.declared_text };
        let why = format!("{}: declared {declared}; every value is missing", shape.word());
        (shape, why)
    }
}

fn decimal(all: usize, behind: usize) -> Verdict {
    Verdict { kind: Type::Decimal, digits: (all, behind), ..Verdict::text() }
}

/// A value as text: digits as they are, the shortest text of a float, bytes in hexadecimal digits; `scale` is the number
/// of digits behind the point of a decimal column. Nothing for a missing value, the bytes of a text that is not UTF-8.
pub(super) fn text_of(value: ValueRef<'_>, scale: Option<usize>) -> Option<Result<String, Vec<u8>>> {
    Some(match value {
        ValueRef::Null => return None,
        ValueRef::Integer(number) => Ok(padded(number.to_string(), scale)),
        ValueRef::Real(number) if scale.is_some() => Ok(padded(number.to_string(), scale)),
        ValueRef::Real(number) => Ok(format!("{number:?}")),
        ValueRef::Text(text) => std::str::from_utf8(text).map(str::to_owned).map_err(|_| text.to_vec()),
        ValueRef::Blob(bytes) => Ok(format!("\\x{}", crate::source::hex(bytes))),
    })
}

/// A plain number with so many digits behind the point.
fn padded(text: String, scale: Option<usize>) -> String {
    let Some(scale) = scale.filter(|scale| *scale > 0) else { return text };
    let behind = text.split_once('.').map_or(0, |(_, behind)| behind.len());
    let point = if behind == 0 { "." } else { "" };
    format!("{text}{point}{}", "0".repeat(scale - behind))
}
