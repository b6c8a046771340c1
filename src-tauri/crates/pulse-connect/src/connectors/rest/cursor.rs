//! Reading only what is new: the greatest value of a field so far, less what late records need.

use std::cmp::Ordering;

use pulse_core::{Error, Result};
use serde_json::{Value, json};

use super::selection::Selection;
use super::tree::{at, scalar};

/// What stands for the value in paths, parameters and bodies.
pub(super) const PLACEHOLDER: &str = "{cursor}";

/// The field that grows and its greatest value.
pub(super) struct Cursor {
    field: String,
    greatest: Option<String>,
    /// Records that had a value, and all.
    seen: (u64, u64),
}

impl Cursor {
    /// The cursor of a selection, if it has one, as `state` left it.
    pub(super) fn of(selection: &Selection, state: Option<&Value>) -> Result<Option<Self>> {
        let field = selection.cursor_field.trim();
        if field.is_empty() {
            return Ok(None);
        }
        let texts = selection.query.iter().map(|pair| pair.value.as_str());
        let mut texts = texts.chain([selection.path.as_str(), selection.body.as_str()]);
        if selection.cursor_query.trim().is_empty() && !texts.any(|text| text.contains(PLACEHOLDER)) {
            return Err(Error::invalid("To read only what is new, the server has to be asked for it.")
                .hint("Name the query parameter, or put {cursor} into the path, a parameter or the body.")
                .field("cursor_query"));
        }
        let greatest = state.and_then(|state| state.get("cursor")).and_then(Value::as_str).map(str::to_owned);
        Ok(Some(Self { field: field.to_owned(), greatest, seen: (0, 0) }))
    }

    /// The value to ask from; nothing to ask for everything.
    pub(super) fn from(&self, selection: &Selection) -> Result<Option<String>> {
        let start = Some(selection.cursor_start.trim().to_owned()).filter(|start| !start.is_empty());
        match &self.greatest {
            Some(greatest) if selection.cursor_lag > 0 => {
                less(greatest, i64::from(selection.cursor_lag)).map(Some).ok_or_else(|| {
                    Error::invalid(format!(
                        "`{greatest}` is neither a number nor a time, so that nothing can be taken off it."
                    ))
                    .hint("Set the lag to 0, or choose another field.")
                    .field("cursor_lag")
                })
            }
            Some(greatest) => Ok(Some(greatest.clone())),
            None => Ok(start),
        }
    }

    /// Takes a record's value into account.
    pub(super) fn see(&mut self, record: &[u8]) {
        self.seen.1 += 1;
        let Some(value) = at(record, &self.field).and_then(scalar) else { return };
        self.seen.0 += 1;
        if self.greatest.as_deref().is_none_or(|greatest| compare(&value, greatest) == Ordering::Greater) {
            self.greatest = Some(value);
        }
    }

    /// Where the next read goes on. Fails if there were records and none had the field.
    pub(super) fn state(&self) -> Result<Option<Value>> {
        if self.seen.0 == 0 && self.seen.1 > 0 {
            return Err(Error::not_found(format!(
                "None of the {} records has a value at `{}`.",
                self.seen.1, self.field
            ))
            .hint("Choose the field by which the records grow.")
            .field("cursor_field"));
        }
        Ok(self.greatest.as_ref().map(|greatest| json!({ "cursor": greatest })))
    }
}

/// Numbers by their value, times by their instant, everything else by its text.
fn compare(a: &str, b: &str) -> Ordering {
    if let (Ok(a), Ok(b)) = (a.parse::<i128>(), b.parse::<i128>()) {
        return a.cmp(&b);
    }
    if let (Ok(a), Ok(b)) = (a.parse::<f64>(), b.parse::<f64>()) {
        return a.total_cmp(&b);
    }
    match (Time::parse(a), Time::parse(b)) {
        (Some(one), Some(other)) => one.instant().cmp(&other.instant()),
        _ => a.cmp(b),
    }
}

/// A value less an amount, or a time less as many seconds, in the form it has.
fn less(value: &str, amount: i64) -> Option<String> {
    if let Ok(number) = value.parse::<i128>() {
        return number.checked_sub(i128::from(amount)).map(|number| number.to_string());
    }
    if let Ok(number) = value.parse::<f64>() {
        return Some((number - amount as f64).to_string());
    }
    Time::parse(value).map(|time| time.less(amount))
}

/// A day or a time as it is written: `2024-05-06`, `2024-05-06T07:08`, with seconds, fraction and zone where it has them.
struct Time<'a> {
    days: i64,
    /// Seconds of the day; nothing for a whole day.
    seconds: Option<i64>,
    separator: char,
    /// Whether seconds are written.
    with_seconds: bool,
    fraction: &'a str,
    zone: &'a str,
}

impl<'a> Time<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let number = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok().filter(|n| *n >= 0);
        if !text.is_ascii() || text.get(4..5)? != "-" || text.get(7..8)? != "-" {
            return None;
        }
        let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
        if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
            return None;
        }
        let days = days(year, month, day);
        if text.len() == 10 {
            return Some(Self { days, seconds: None, separator: 'T', with_seconds: false, fraction: "", zone: "" });
        }
        let separator = text[10..].chars().next().filter(|c| matches!(c, 'T' | 't' | ' '))?;
        if text.get(13..14)? != ":" {
            return None;
        }
        let with_seconds = text.get(16..17) == Some(":");
        let seconds = number(11, 13)? * 3600 + number(14, 16)? * 60 + if with_seconds { number(17, 19)? } else { 0 };
        let rest = text.get(if with_seconds { 19 } else { 16 }..)?;
        let digits =
            rest.strip_prefix(['.', ',']).map_or(0, |rest| 1 + rest.bytes().take_while(u8::is_ascii_digit).count());
        let (fraction, zone) = rest.split_at(digits);
        let zoned = matches!(zone, "" | "Z" | "z") || (zone.starts_with(['+', '-']) && offset(zone).is_some());
        zoned.then_some(Self { days, seconds: Some(seconds), separator, with_seconds, fraction, zone })
    }

    /// Seconds since 1970 and the digits of the fraction.
    fn instant(&self) -> (i64, String) {
        let shift = offset(self.zone).unwrap_or(0);
        let digits = self.fraction.trim_start_matches(['.', ',']).trim_end_matches('0').to_owned();
        (self.days * 86_400 + self.seconds.unwrap_or(0) - shift, digits)
    }

    /// So many seconds earlier; a whole day goes back by whole days.
    fn less(&self, amount: i64) -> String {
        let Some(seconds) = self.seconds else {
            return day(self.days - amount.div_euclid(86_400) - i64::from(amount % 86_400 > 0));
        };
        let all = self.days * 86_400 + seconds - amount;
        let (days, left) = (all.div_euclid(86_400), all.rem_euclid(86_400));
        let mut text = format!("{}{}{:02}:{:02}", day(days), self.separator, left / 3600, left / 60 % 60);
        // A whole minute without seconds stays without, so that nothing later than asked for is missed.
        if self.with_seconds {
            text.push_str(&format!(":{:02}{}", left % 60, self.fraction));
        }
        text + self.zone
    }
}

/// The seconds by which a zone such as `+02:00` is ahead; nothing if it is none.
fn offset(zone: &str) -> Option<i64> {
    let digits: String = zone.get(1..)?.chars().filter(|c| *c != ':').collect();
    let number = digits.parse::<i64>().ok().filter(|_| matches!(digits.len(), 2 | 4))?;
    let minutes = if digits.len() == 2 { number * 60 } else { number / 100 * 60 + number % 100 };
    Some(if zone.starts_with('-') { -60 * minutes } else { 60 * minutes })
}

/// Days since 1970-01-01 in the Gregorian calendar, counted in eras of 400 years that begin in March.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The day of so many days since 1970-01-01, the inverse of [`days`].
fn day(days: i64) -> String {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{:02}", of_year - (153 * shifted + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_compared_and_taken_off() {
        let rising = [
            ("9", "10"),
            ("9007199254740992", "9007199254740993"),
            ("1.5", "2"),
            ("2024-01-31", "2024-02-01"),
            ("2024-05-06T07:00:00+02:00", "2024-05-06T06:00:00Z"),
            ("2024-05-06T07:00:00.9Z", "2024-05-06T07:00:00.91Z"),
            ("a", "b"),
        ];
        for (small, great) in rising {
            assert_eq!(
                (compare(small, great), compare(great, small)),
                (Ordering::Less, Ordering::Greater),
                "{small} {great}"
            );
        }
        let cases = [
            ("100", 7, Some("93")),
            ("2024-03-01", 1, Some("2024-02-29")),
            ("2024-03-01", 86_401, Some("2024-02-28")),
            ("2024-01-01T00:00:30Z", 60, Some("2023-12-31T23:59:30Z")),
            ("2024-01-01 00:00:30.123456+05:30", 30, Some("2024-01-01 00:00:00.123456+05:30")),
            ("1970-01-01T00:00", 60, Some("1969-12-31T23:59")),
            ("2000-02-29T12:00:00", 86_400 * 366, Some("1999-02-28T12:00:00")),
            ("abc", 1, None),
            ("2024-13-01", 1, None),
        ];
        for (value, amount, expected) in cases {
            assert_eq!(less(value, amount).as_deref(), expected, "{value} - {amount}");
        }
    }
}
