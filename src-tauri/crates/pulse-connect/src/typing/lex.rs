//! One value's text: which type could hold it so that writing the value again gives the same text.

use super::style;

/// What the text of one value is. The order is the order of [`Kind::ALL`] and of a column's counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A canonical integer of at most 15 digits, which a float holds as well.
    Integer,
    /// A canonical integer of 16 to 19 digits that fits 64 bits.
    WideInteger,
    /// A canonical decimal that is also the shortest text of its float, such as `1.5`.
    Decimal,
    /// A whole number with exactly one zero after the point, such as `2.0`.
    DecimalZero,
    /// A decimal that a float would write differently, such as `1.10` or one with too many digits.
    DecimalOnly,
    /// The shortest text of a float in a notation that not every program uses, such as `1e-7`.
    Float,
    /// `true` or `false`.
    Boolean,
    /// A valid day `YYYY-MM-DD`.
    Date,
    /// A valid ISO timestamp of at most microseconds.
    Timestamp,
    /// Digits after a leading zero, such as `007`.
    LeadingZero,
    /// A number with a plus sign.
    Plus,
    /// A negative zero.
    NegativeZero,
    /// A whole number beyond 64 bits.
    Huge,
    /// A number with spaces around it.
    Spaces,
    /// A number in another notation: `.5`, `5.`, `1,234`, `1E5`, `1e400`.
    OddNumber,
    /// A number or a date that the source marks as text, as JSON does with quotes.
    TextNumber,
    /// A date or time in another form, or one that does not exist.
    OddDate,
    /// A quoted empty text, which is not the same as a missing value.
    Empty,
    /// A list or an object.
    Nested,
    /// Any other text.
    Words,
}

impl Kind {
    /// All kinds, in order.
    pub(crate) const ALL: [Self; 20] = [
        Self::Integer,
        Self::WideInteger,
        Self::Decimal,
        Self::DecimalZero,
        Self::DecimalOnly,
        Self::Float,
        Self::Boolean,
        Self::Date,
        Self::Timestamp,
        Self::LeadingZero,
        Self::Plus,
        Self::NegativeZero,
        Self::Huge,
        Self::Spaces,
        Self::OddNumber,
        Self::TextNumber,
        Self::OddDate,
        Self::Empty,
        Self::Nested,
        Self::Words,
    ];
}

/// The form of a timestamp; a column is typed only if all its values share one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Form {
    /// `T` or a space between day and time.
    pub separator: u8,
    /// Whether seconds are written.
    pub seconds: bool,
    /// Digits after the seconds' point, 0 to 6.
    pub fraction: u8,
    /// What follows the time: nothing, `Z` or `+00:00`.
    pub zone: &'static str,
}

/// A value's kind with what a column has to know of it besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lexed {
    pub kind: Kind,
    /// Digits before the point.
    pub whole: u8,
    /// Digits after the point.
    pub scale: u8,
    pub form: Option<Form>,
    /// Which programs write the value's float so, as bits of [`style`].
    pub styles: u8,
}

impl Lexed {
    /// A value of which the kind says everything.
    pub(crate) const fn of(kind: Kind) -> Self {
        Self { kind, whole: 0, scale: 0, form: None, styles: 0 }
    }
}

/// A number as far as it goes: `-?digits(.digits)?`, and where it ends.
#[derive(Clone, Copy)]
pub(crate) struct Number {
    pub end: usize,
    negative: bool,
    leading_zero: bool,
    nonzero: bool,
    last: u8,
    whole: usize,
    point: bool,
    scale: usize,
}

/// Reads a number that starts at `at`; digits may be none.
#[inline(always)]
pub(crate) fn number(text: &[u8], at: usize) -> Number {
    let negative = text.get(at) == Some(&b'-');
    let start = at + usize::from(negative);
    let (mut i, mut any, mut last) = (start, 0u8, 0u8);
    while let Some(digit) = text.get(i).map(|b| b.wrapping_sub(b'0')).filter(|d| *d < 10) {
        any |= digit;
        last = digit;
        i += 1;
    }
    let whole = i - start;
    let leading_zero = whole > 1 && text[start] == b'0';
    let point = text.get(i) == Some(&b'.');
    let mut scale = 0;
    if point {
        let fraction = i + 1;
        i = fraction;
        while let Some(digit) = text.get(i).map(|b| b.wrapping_sub(b'0')).filter(|d| *d < 10) {
            any |= digit;
            last = digit;
            i += 1;
        }
        scale = i - fraction;
    }
    Number { end: i, negative, leading_zero, nonzero: any != 0, last, whole, point, scale }
}

/// The kind of a complete number whose text is `text`.
#[inline(always)]
pub(crate) fn number_kind(n: &Number, text: &[u8]) -> Lexed {
    if n.leading_zero {
        return Lexed::of(Kind::LeadingZero);
    }
    if n.whole == 0 || (n.point && n.scale == 0) {
        return Lexed::of(if n.whole + n.scale == 0 { Kind::Words } else { Kind::OddNumber });
    }
    if n.negative && !n.nonzero {
        return Lexed::of(Kind::NegativeZero);
    }
    if n.whole + n.scale > 38 {
        return if n.point { float(text) } else { Lexed::of(Kind::Huge) };
    }
    let (kind, styles) = match n.point {
        false if n.whole <= 15 => (Kind::Integer, style::BARE),
        false => (wide_integer(text), 0),
        // The digits of a float this small or this long have to be looked at.
        true if n.whole + n.scale > 15 || (n.scale > 4 && text[usize::from(n.negative)..].starts_with(b"0.000")) => {
            precise_decimal(text)
        }
        true if n.last != 0 => (Kind::Decimal, style::ALL),
        true if n.scale == 1 => (Kind::DecimalZero, style::ALL & !style::BARE),
        true => (Kind::DecimalOnly, 0),
    };
    Lexed { kind, whole: n.whole as u8, scale: n.scale as u8, form: None, styles }
}

#[cold]
fn wide_integer(text: &[u8]) -> Kind {
    match std::str::from_utf8(text).map(str::parse::<i64>) {
        Ok(Ok(_)) => Kind::WideInteger,
        _ => Kind::Huge,
    }
}

/// A decimal whose digits alone do not prove that a float is written the same way.
#[cold]
fn precise_decimal(text: &[u8]) -> (Kind, u8) {
    match style::of(text) {
        0 => (Kind::DecimalOnly, 0),
        styles if text.ends_with(b".0") => (Kind::DecimalZero, styles),
        styles => (Kind::Decimal, styles),
    }
}

/// A number that is no plain decimal of up to 38 digits.
#[cold]
fn float(text: &[u8]) -> Lexed {
    match style::of(text) {
        0 => Lexed::of(Kind::OddNumber),
        styles => Lexed { styles, ..Lexed::of(Kind::Float) },
    }
}

/// The kind of a whole value; `text` is not empty.
#[inline]
pub(crate) fn lex(text: &[u8]) -> Lexed {
    match text[0] {
        b'0'..=b'9' | b'-' => {
            let n = number(text, 0);
            if n.end == text.len() {
                return number_kind(&n, text);
            }
            if n.whole == 4 && !n.negative && text[n.end] == b'-' {
                return super::time::lex(text).unwrap_or(Lexed::of(Kind::OddDate));
            }
            odd(text)
        }
        b't' if text == b"true" => Lexed::of(Kind::Boolean),
        b'f' if text == b"false" => Lexed::of(Kind::Boolean),
        b'+' | b'.' | b' ' | b'\t' => odd(text),
        _ => Lexed::of(Kind::Words),
    }
}

/// What is unusual about text that begins like a number.
#[cold]
fn odd(text: &[u8]) -> Lexed {
    let is_number = |t: &[u8]| {
        let digits = t.iter().filter(|b| b.is_ascii_digit()).count();
        digits > 0 && std::str::from_utf8(t).is_ok_and(|t| t.replace(',', "").parse::<f64>().is_ok())
    };
    let trimmed = text.trim_ascii();
    if trimmed.len() < text.len() {
        return Lexed::of(if is_number(trimmed) { Kind::Spaces } else { Kind::Words });
    }
    if text[0] == b'+' && is_number(&text[1..]) {
        return Lexed::of(Kind::Plus);
    }
    if is_number(text) {
        return float(text);
    }
    let dateish = text.iter().all(|b| b.is_ascii_digit() || b"/-.: TZ+".contains(b));
    let marks = text.iter().filter(|b| b"/-:.".contains(b)).count();
    let digits = text.iter().filter(|b| b.is_ascii_digit()).count();
    Lexed::of(if dateish && marks >= 2 && digits >= 4 { Kind::OddDate } else { Kind::Words })
}
