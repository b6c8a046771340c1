//! Instants and days as ISO 8601 text, in the proleptic Gregorian calendar, and back.

use std::io::Write as _;

/// Days from the year 0, 1 March, to 1970-01-01.
const EPOCH: i64 = 719_468;
/// Days in 400 years.
const ERA: i64 = 146_097;
const DAY_SECONDS: i64 = 86_400;

/// A day, counted from 1970-01-01, as `YYYY-MM-DD`; years beyond four digits are written as they are.
pub(crate) fn day(days: i64) -> String {
    text(|out| push_day(days, out))
}

/// Appends what [`day`] gives.
pub(crate) fn push_day(days: i64, out: &mut Vec<u8>) {
    let (year, month, day) = civil(days);
    match u32::try_from(year) {
        Ok(year @ 0..=9999) => push_digits(year.into(), 4, out),
        // Writing to memory cannot fail.
        _ => drop(write!(out, "{year:04}")),
    }
    for part in [month, day] {
        out.push(b'-');
        push_digits(part, 2, out);
    }
}

/// Year, month and day, counted from 1970-01-01.
///
/// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
pub(crate) fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + EPOCH;
    let (era, of_era) = (days.div_euclid(ERA), days.rem_euclid(ERA));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let (day, month) = (of_year - (153 * shifted + 2) / 5 + 1, if shifted < 10 { shifted + 3 } else { shifted - 9 });
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

/// A time of day, counted in parts of a second of which there are ten to the power of `digits`.
pub(crate) fn clock(parts: i64, digits: u32) -> String {
    text(|out| push_clock(parts, digits, out))
}

fn push_clock(parts: i64, digits: u32, out: &mut Vec<u8>) {
    let unit = 10i64.pow(digits);
    let seconds = parts.div_euclid(unit);
    let fields = [(seconds / 3600, b':'), (seconds / 60 % 60, b':'), (seconds % 60, b'.')];
    for (field, end) in fields {
        push_digits(field, 2, out);
        out.push(end);
    }
    push_digits(parts.rem_euclid(unit), digits as usize, out);
}

/// An instant, counted from 1970 in parts of a second of which there are ten to the power of `digits`, without a zone.
pub(crate) fn instant(parts: i64, digits: u32) -> String {
    text(|out| push_instant(parts, digits, out))
}

/// Appends what [`instant`] gives.
pub(crate) fn push_instant(parts: i64, digits: u32, out: &mut Vec<u8>) {
    let in_day = DAY_SECONDS * 10i64.pow(digits);
    push_day(parts.div_euclid(in_day), out);
    out.push(b'T');
    push_clock(parts.rem_euclid(in_day), digits, out);
}

/// Appends the last `width` digits of a number that is not negative.
fn push_digits(mut number: i64, width: usize, out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + width, b'0');
    for place in out[start..].iter_mut().rev() {
        *place = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

/// What `write` appends, as a text.
fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    write(&mut out);
    String::from_utf8(out).unwrap_or_default()
}

/// The milliseconds since 1970 that a text such as `2024-01-31`, `2024-01-31 09:30` or `2024-01-31T09:30:15.5Z` stands
/// for, in UTC.
pub(crate) fn millis(text: &str) -> Option<i64> {
    let text = text.trim().trim_end_matches('Z');
    if !crate::typing::day(text.as_bytes()) {
        return None;
    }
    let number = |part: &str| part.parse::<i64>().ok();
    let (year, month, day) = (number(&text[..4])?, number(&text[5..7])?, number(&text[8..10])?);
    let (year, shifted) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let days = era * ERA + of_era * 365 + of_era / 4 - of_era / 100 + (153 * shifted + 2) / 5 + day - 1 - EPOCH;
    let mut seconds = days * DAY_SECONDS;
    let mut fraction = 0;
    if let Some(clock) = text.get(10..).filter(|clock| !clock.is_empty()) {
        let clock = clock.strip_prefix(['T', ' '])?;
        let (clock, parts) = clock.split_once('.').unwrap_or((clock, ""));
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let parts = Some(parts).filter(|parts| digits(parts))?;
        fraction = number(&format!("{parts:0<3}")[..3])?;
        let mut weights = [3600, 60, 1].into_iter().zip([23, 59, 59]);
        let fields = clock.split(':').collect::<Vec<_>>();
        if !(2..=3).contains(&fields.len()) || fields.iter().any(|field| field.len() != 2 || !digits(field)) {
            return None;
        }
        for field in fields {
            let (weight, most) = weights.next()?;
            seconds += number(field).filter(|value| *value <= most)? * weight;
        }
    }
    Some(seconds * 1000 + fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_and_read() {
        for (parts, digits, text) in [
            (0, 3, "1970-01-01T00:00:00.000"),
            (-1, 3, "1969-12-31T23:59:59.999"),
            (951_827_696_789, 3, "2000-02-29T12:34:56.789"),
            (-62_135_596_800_000, 3, "0001-01-01T00:00:00.000"),
            (253_402_300_799_999, 3, "9999-12-31T23:59:59.999"),
            (1, 6, "1970-01-01T00:00:00.000001"),
            (-1, 9, "1969-12-31T23:59:59.999999999"),
        ] {
            assert_eq!(instant(parts, digits), text);
            if digits == 3 {
                assert_eq!(millis(text), Some(parts));
                assert_eq!(millis(&format!("{text}Z")), Some(parts));
            }
        }
        assert_eq!(instant(i64::MAX, 3), "292278994-08-17T07:12:55.807");
        assert_eq!(millis("2000-02-29 12:34"), Some(951_827_640_000));
        assert_eq!(millis("2000-02-29"), Some(951_782_400_000));
        for wrong in ["", "yesterday", "2001-02-29", "2000-02-29 1:2", "2000-02-29T24:00", "2000-02-29T10:00+01:00"] {
            assert_eq!(millis(wrong), None, "{wrong}");
        }
    }
}
