//! Numbers in text: read digit by digit, so that nothing is rounded or wrapped unseen.

use polars::prelude::DataType;

use crate::convert::{Reason, Value};

/// The powers of ten that are exact floating point numbers.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

/// A decimal number as written: its digits without leading zeros, and the power of ten of the last one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digits {
    negative: bool,
    digits: String,
    exponent: i64,
}

impl Digits {
    /// Reads digits with an optional sign, point and exponent: `-1234.5e3`. Nothing else may be there.
    pub fn read(text: &str) -> Option<Self> {
        let (negative, rest) = match text.strip_prefix(['-', '\u{2212}']) {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, read_exponent(exponent)?),
            None => (rest, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let only_digits = whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit());
        if !only_digits || (whole.is_empty() && fraction.is_empty()) {
            return None;
        }
        let whole = whole.trim_start_matches('0');
        let leading = if whole.is_empty() { fraction.trim_start_matches('0') } else { fraction };
        let digits = [whole, leading].concat();
        Some(Self { negative, digits, exponent: exponent - fraction.len() as i64 })
    }

    /// The same number negated.
    #[must_use]
    pub fn negated(mut self) -> Self {
        self.negative = !self.negative;
        self
    }

    /// The same number times ten to the power of `places`.
    #[must_use]
    pub fn shifted(mut self, places: i64) -> Self {
        self.exponent += places;
        self
    }

    /// Whether a sign makes the number negative.
    pub fn is_negative(&self) -> bool {
        self.negative
    }

    /// The number as `target`: an integer, a decimal or a floating point number; or why it has no exact place there.
    pub fn to(&self, target: &DataType) -> Result<Value, Reason> {
        match target {
            DataType::Decimal(precision, scale) => self.to_decimal(*precision, *scale).map(Value::Decimal),
            DataType::Float64 => self.to_number().map(Value::Number),
            _ => self.to_integer().map(Value::Integer),
        }
    }

    fn to_integer(&self) -> Result<i64, Reason> {
        let scaled = self.scaled(0).ok_or("The number has decimals; it is not an integer.")?;
        let value = scaled.and_then(|value| i64::try_from(value).ok());
        value.ok_or_else(|| "The number is too large for an integer.".into())
    }

    fn to_decimal(&self, precision: usize, scale: usize) -> Result<i128, Reason> {
        let scaled = self.scaled(scale as i64).ok_or_else(|| format!("The number has more than {scale} decimals."))?;
        let limit = 10_i128.checked_pow(u32::try_from(precision).unwrap_or(u32::MAX)).unwrap_or(i128::MAX);
        let fitting = scaled.filter(|value| value.unsigned_abs() < limit.unsigned_abs());
        fitting.ok_or_else(|| format!("The number has more than {precision} digits.").into())
    }

    /// The nearest floating point number, if it still has every digit that was written.
    ///
    /// Up to 15 significant digits always survive (IEEE 754 binary64); longer ones are compared digit by digit.
    fn to_number(&self) -> Result<f64, Reason> {
        let significant = self.digits.trim_end_matches('0');
        if significant.is_empty() {
            return Ok(if self.negative { -0.0 } else { 0.0 });
        }
        if let Some(value) = self.exact() {
            return Ok(value);
        }
        let sign = if self.negative { "-" } else { "" };
        let value: f64 = format!("{sign}{}e{}", self.digits, self.exponent)
            .parse()
            .map_err(|_| Reason::from("The text is not a number."))?;
        if value.is_infinite() || value == 0.0 {
            return Err("The number is too large or too small to be stored.".into());
        }
        let written = format!("{:.*e}", significant.len().saturating_sub(1), value.abs());
        let kept: String = written.split('e').next().unwrap_or_default().chars().filter(|c| *c != '.').collect();
        let subnormal = !value.is_normal();
        if kept == significant && (significant.len() <= 15 || !subnormal) {
            Ok(value)
        } else {
            Err("The number has more digits than a number column keeps; use a decimal or text.".into())
        }
    }

    /// The number by one exact division or product, where digits and power of ten are small enough to be floating point
    /// numbers themselves (W. D. Clinger, How to read floating point numbers accurately, 1990).
    fn exact(&self) -> Option<f64> {
        if self.digits.len() > 15 {
            return None;
        }
        let digits = self.digits.parse::<u64>().ok()? as f64;
        let power = POWERS.get(usize::try_from(self.exponent.unsigned_abs()).ok()?)?;
        let value = if self.exponent < 0 { digits / power } else { digits * power };
        Some(if self.negative { -value } else { value })
    }

    /// The number times ten to the power of `scale`: nothing where that is no whole number, nothing inside where it
    /// does not fit.
    fn scaled(&self, scale: i64) -> Option<Option<i128>> {
        let significant = self.digits.trim_end_matches('0');
        if significant.is_empty() {
            return Some(Some(0));
        }
        let zeros = self.exponent + scale + (self.digits.len() - significant.len()) as i64;
        if zeros < 0 {
            return None;
        }
        let power = u32::try_from(zeros).ok().and_then(|zeros| 10_i128.checked_pow(zeros));
        let value = significant.parse::<i128>().ok().zip(power).and_then(|(value, power)| value.checked_mul(power));
        Some(value.map(|value| if self.negative { -value } else { value }))
    }
}

/// An exponent of up to six digits: more would overflow every type anyway, which the caller reports as too large.
fn read_exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let size = digits.trim_start_matches('0');
    let size = if size.len() > 6 { 1_000_000 } else { format!("0{size}").parse().ok()? };
    Some(if text.starts_with('-') { -size } else { size })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_every_digit_or_are_refused() {
        let integer = DataType::Int64;
        let number = DataType::Float64;
        let decimal = DataType::Decimal(5, 2);
        let cases: Vec<(&str, &DataType, Option<Value>)> = vec![
            ("007", &integer, Some(Value::Integer(7))),
            ("9223372036854775807", &integer, Some(Value::Integer(i64::MAX))),
            ("-9223372036854775808", &integer, Some(Value::Integer(i64::MIN))),
            ("9223372036854775808", &integer, None),
            ("1.50", &integer, None),
            ("1.00", &integer, Some(Value::Integer(1))),
            ("15e-1", &integer, None),
            ("1.5e3", &integer, Some(Value::Integer(1500))),
            ("1e400", &number, None),
            ("1e-400", &number, None),
            ("1e99999999999", &number, None),
            ("0e99999999999", &number, Some(Value::Number(0.0))),
            ("0.1", &number, Some(Value::Number(0.1))),
            ("0.10000000000000001", &number, Some(Value::Number(0.1))),
            ("9007199254740993", &number, None),
            ("9007199254740992", &number, Some(Value::Number(9_007_199_254_740_992.0))),
            ("123000000000000000000", &number, Some(Value::Number(1.23e20))),
            ("3.141592653589793238", &number, None),
            ("123.45", &decimal, Some(Value::Decimal(12_345))),
            ("123.450", &decimal, Some(Value::Decimal(12_345))),
            ("123.456", &decimal, None),
            ("1234", &decimal, None),
            ("-0.01", &decimal, Some(Value::Decimal(-1))),
        ];
        for (text, target, expected) in cases {
            let digits = Digits::read(text).expect(text);
            assert_eq!(digits.to(target).ok(), expected, "{text} as {target}");
        }
        for text in ["", "-", ".", "1.2.3", "1e", "NaN", "inf", "1 2", "0x1F", "--1", "1_000", "١"] {
            assert_eq!(Digits::read(text), None, "{text} is no number");
        }
    }
}
