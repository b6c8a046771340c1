//! How programs write floats. All write the shortest digits that give the same float back; they differ in whether a whole
//! number has a point and in when an exponent is used. A column of floats must be written in one of these styles, so that
//! its texts can be given back.

/// JavaScript: `2`, plain from 1e-6 to 1e21, then `1e-7` and `1e+21` (ECMA-262, Number::toString).
pub(crate) const BARE: u8 = 1;
/// Rust and Polars: `2.0`, plain from 1e-5 to 1e16, then `1e-6` and `1e16`.
const POINT: u8 = 2;
/// Python: `2.0`, plain from 1e-4 to 1e16, then `1e-05` and `1e+16` (`repr` of a float).
const PYTHON: u8 = 4;
/// Every style.
pub(crate) const ALL: u8 = BARE | POINT | PYTHON;

/// The styles in which the float of `text` is written as `text`.
pub(crate) fn of(text: &[u8]) -> u8 {
    let Some(value) = std::str::from_utf8(text).ok().and_then(|t| t.parse::<f64>().ok()).filter(|v| v.is_finite())
    else {
        return 0;
    };
    // Rust's exponent form gives the shortest digits: `-2.75e-6`.
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let sign = if value.is_sign_negative() { "-" } else { "" };
    let whole = i32::try_from(digits.len()).is_ok_and(|count| exponent >= count - 1);
    let bare = match exponent {
        -6..=20 => plain(&digits, exponent),
        21.. => format!("{}e+{exponent}", mantissa.trim_start_matches('-')),
        _ => format!("{}e{exponent}", mantissa.trim_start_matches('-')),
    };
    let python = match exponent {
        -4..=15 => plain(&digits, exponent) + if whole { ".0" } else { "" },
        _ => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{}e{sign}{:02}", mantissa.trim_start_matches('-'), exponent.abs())
        }
    };
    // Polars and serde_json write floats with the same algorithm.
    let point = serde_json::to_string(&value).unwrap_or_default();
    let is = |written: &str, style: u8| if written.as_bytes() == text { style } else { 0 };
    is(&format!("{sign}{bare}"), BARE) | is(&point, POINT) | is(&format!("{sign}{python}"), PYTHON)
}

/// Digits with the point after the first one moved by `exponent`.
fn plain(digits: &str, exponent: i32) -> String {
    let Ok(before) = usize::try_from(exponent + 1) else {
        return format!("0.{}{digits}", "0".repeat(exponent.unsigned_abs() as usize - 1));
    };
    if before == 0 {
        format!("0.{digits}")
    } else if before >= digits.len() {
        format!("{digits}{}", "0".repeat(before - digits.len()))
    } else {
        format!("{}.{}", &digits[..before], &digits[before..])
    }
}
