//! Dates and times in text, by formats written as `YYYY-MM-DD HH:mm:ss`.
//!
//! The reader is strict: `YYYY` takes exactly four digits, so `24` is never the year 24, and 30 February is refused.

use chrono::{NaiveDate, NaiveTime, Timelike};
use pulse_core::{Error, Result};

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// A format, ready to read texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Format(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Year,
    ShortYear,
    MonthName,
    Month(usize),
    Day(usize),
    Hour(usize),
    HalfDayHour(usize),
    HalfDay,
    Minute,
    Second,
    Fraction,
    Offset,
    Blank,
    Literal(char),
}

/// A date with what else the text said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The date.
    pub date: NaiveDate,
    /// The time of day; midnight where the text has none.
    pub time: NaiveTime,
    /// The offset from UTC in minutes, where the text has one.
    pub offset: Option<i64>,
}

/// The words of a format and what they stand for, longest first.
const WORDS: [(&str, Part); 20] = [
    ("YYYY", Part::Year),
    ("MMMM", Part::MonthName),
    ("MMM", Part::MonthName),
    ("SSSSSSSSS", Part::Fraction),
    ("SSSSSS", Part::Fraction),
    ("SSS", Part::Fraction),
    ("YY", Part::ShortYear),
    ("MM", Part::Month(2)),
    ("DD", Part::Day(2)),
    ("HH", Part::Hour(2)),
    ("hh", Part::HalfDayHour(2)),
    ("mm", Part::Minute),
    ("ss", Part::Second),
    ("M", Part::Month(1)),
    ("D", Part::Day(1)),
    ("H", Part::Hour(1)),
    ("h", Part::HalfDayHour(1)),
    ("S", Part::Fraction),
    ("A", Part::HalfDay),
    ("Z", Part::Offset),
];

impl Format {
    /// Reads a format; fails where it names no year or no date could come of it.
    pub fn new(pattern: &str) -> Result<Self> {
        let parts = parts(pattern.trim());
        if !parts.iter().any(|part| matches!(part, Part::Year | Part::ShortYear)) {
            return Err(Error::invalid(format!("The format `{pattern}` has no year."))
                .hint("Write YYYY, MM, DD, HH, mm and ss, such as `DD.MM.YYYY HH:mm`."));
        }
        Ok(Self(parts))
    }

    /// The format of what may stand behind a date, such as ` HH:mm`; it needs no year.
    pub fn tail(pattern: &str) -> Self {
        Self(parts(pattern))
    }

    /// Reads `text`, all of it.
    pub fn read(&self, text: &str) -> Option<Moment> {
        let (fields, rest) = self.begin(text.trim(), Fields::default())?;
        if rest.is_empty() { fields.moment() } else { None }
    }

    /// Reads `text` as this format with nothing or the first fitting one of `tails` behind it.
    pub fn read_with(&self, tails: &[Self], text: &str) -> Option<Moment> {
        let (date, rest) = self.begin(text.trim(), Fields::default())?;
        if rest.is_empty() {
            return date.moment();
        }
        tails.iter().find_map(|tail| {
            let (fields, rest) = tail.begin(rest, date)?;
            if rest.is_empty() { fields.moment() } else { None }
        })
    }

    /// Takes the format from the front of `text`, and gives the rest.
    fn begin<'a>(&self, mut text: &'a str, mut fields: Fields) -> Option<(Fields, &'a str)> {
        for part in &self.0 {
            text = fields.take(part, text)?;
        }
        Some((fields, text))
    }
}

/// The parts of a pattern: its words, and everything else as it is.
fn parts(pattern: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = pattern;
    while let Some(first) = rest.chars().next() {
        let word = WORDS.iter().find(|(word, _)| rest.starts_with(word));
        let (part, length) = match word {
            Some((word, part)) => (part.clone(), word.len()),
            None if first.is_whitespace() => (Part::Blank, first.len_utf8()),
            None => (Part::Literal(first), first.len_utf8()),
        };
        parts.push(part);
        rest = &rest[length..];
    }
    parts
}

impl Moment {
    /// Days since 1970-01-01.
    pub fn days(&self) -> i64 {
        self.date.signed_duration_since(NaiveDate::default()).num_days()
    }

    /// Microseconds since 1970-01-01 as the clock on the wall showed them.
    pub fn wall_microseconds(&self) -> i64 {
        let seconds = i64::from(self.time.num_seconds_from_midnight());
        self.days() * DAY + seconds * 1_000_000 + i64::from(self.time.nanosecond() / 1000)
    }

    /// Microseconds since 1970-01-01 in UTC; a text without an offset is taken as UTC.
    pub fn utc_microseconds(&self) -> i64 {
        self.wall_microseconds() - self.offset.unwrap_or_default() * 60_000_000
    }
}

/// What was read so far.
#[derive(Clone, Copy, Default)]
struct Fields {
    year: i32,
    month: Option<u32>,
    day: Option<u32>,
    hour: u32,
    afternoon: Option<bool>,
    minute: u32,
    second: u32,
    nanosecond: u32,
    offset: Option<i64>,
}

impl Fields {
    /// Takes what `part` stands for from the front of `text` and returns the rest.
    fn take<'a>(&mut self, part: &Part, text: &'a str) -> Option<&'a str> {
        match part {
            Part::Literal(c) => return text.strip_prefix(*c),
            Part::Blank => {
                let rest = text.trim_start();
                return (rest.len() < text.len()).then_some(rest);
            }
            Part::MonthName => return self.take_month_name(text),
            Part::HalfDay => return self.take_half_day(text),
            Part::Offset => return self.take_offset(text),
            Part::Fraction => return self.take_fraction(text),
            _ => {}
        }
        let (least, most) = match part {
            Part::Year => (4, 4),
            Part::Month(least) | Part::Day(least) | Part::Hour(least) | Part::HalfDayHour(least) => (*least, 2),
            _ => (2, 2),
        };
        let (value, rest) = number(text, least, most)?;
        match part {
            Part::Year => self.year = i32::try_from(value).ok()?,
            // The pivot of POSIX: 69 to 99 are 1969 to 1999, 00 to 68 are 2000 to 2068.
            Part::ShortYear => self.year = i32::try_from(value).ok()? + if value < 69 { 2000 } else { 1900 },
            Part::Month(_) => self.month = Some(value),
            Part::Day(_) => self.day = Some(value),
            Part::Hour(_) => self.hour = value,
            Part::HalfDayHour(_) => {
                if !(1..=12).contains(&value) {
                    return None;
                }
                self.hour = value % 12;
            }
            Part::Minute => self.minute = value,
            _ => self.second = value,
        }
        Some(rest)
    }

    /// A month's English name, whole or its first three letters (or `Sept`), with an optional dot, in any case.
    fn take_month_name<'a>(&mut self, text: &'a str) -> Option<&'a str> {
        let letters = text.find(|c: char| !c.is_alphabetic()).unwrap_or(text.len());
        let name = text[..letters].to_lowercase();
        let found = MONTHS.iter().position(|month| {
            *month == name || (name.len() == 3 && month.starts_with(&name)) || (name == "sept" && *month == "september")
        });
        self.month = Some(u32::try_from(found? + 1).ok()?);
        let rest = &text[letters..];
        Some(rest.strip_prefix('.').unwrap_or(rest))
    }

    fn take_half_day<'a>(&mut self, text: &'a str) -> Option<&'a str> {
        let (half, rest) = text.split_at_checked(2)?;
        self.afternoon = Some(match half.to_ascii_lowercase().as_str() {
            "am" => false,
            "pm" => true,
            _ => return None,
        });
        Some(rest)
    }

    /// `Z`, `+05:30`, `-0800` or `+02`.
    fn take_offset<'a>(&mut self, text: &'a str) -> Option<&'a str> {
        if let Some(rest) = text.strip_prefix(['Z', 'z']) {
            self.offset = Some(0);
            return Some(rest);
        }
        let sign = if text.starts_with('-') { -1 } else { 1 };
        let (hours, rest) = number(text.strip_prefix(['+', '-'])?, 2, 2)?;
        let with_colon = rest.strip_prefix(':').unwrap_or(rest);
        let (minutes, rest) = number(with_colon, 2, 2).unwrap_or((0, rest));
        if hours > 23 || minutes > 59 {
            return None;
        }
        self.offset = Some(sign * i64::from(hours * 60 + minutes));
        Some(rest)
    }

    /// One to nine digits of a second; digits beyond microseconds must be zeros, as they would be lost.
    fn take_fraction<'a>(&mut self, text: &'a str) -> Option<&'a str> {
        let length = text.bytes().take_while(u8::is_ascii_digit).count();
        if !(1..=9).contains(&length) {
            return None;
        }
        self.nanosecond = format!("{:0<9}", &text[..length]).parse().ok()?;
        self.nanosecond.is_multiple_of(1000).then_some(&text[length..])
    }

    fn moment(self) -> Option<Moment> {
        let hour = if self.afternoon == Some(true) { self.hour + 12 } else { self.hour };
        Some(Moment {
            date: NaiveDate::from_ymd_opt(self.year, self.month.unwrap_or(1), self.day.unwrap_or(1))?,
            time: NaiveTime::from_hms_nano_opt(hour, self.minute, self.second, self.nanosecond)?,
            offset: self.offset,
        })
    }
}

/// A number of `least` to `most` digits at the front of `text`, and the rest.
fn number(text: &str, least: usize, most: usize) -> Option<(u32, &str)> {
    let length = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    if length < least {
        return None;
    }
    Some((text[..length].parse().ok()?, &text[length..]))
}

/// A time of day in ISO 8601 (`13:45`, `13:45:00.5`) as nanoseconds since midnight.
pub fn read_time(text: &str) -> Option<i64> {
    let formats = ["%H:%M:%S%.f", "%H:%M"];
    let time = formats.iter().find_map(|format| NaiveTime::parse_from_str(text.trim(), format).ok())?;
    // A leap second has no nanosecond of its own in a day.
    if time.nanosecond() >= 1_000_000_000 {
        return None;
    }
    Some(i64::from(time.num_seconds_from_midnight()) * 1_000_000_000 + i64::from(time.nanosecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_read_what_they_say_and_nothing_else() {
        let cases = [
            ("YYYY-MM-DD", "2024-02-29", Some("2024-02-29 00:00:00")),
            ("YYYY-MM-DD", "2023-02-29", None),
            ("YYYY-MM-DD", "24-02-29", None),
            ("YYYY-MM-DD", "2024-02-29x", None),
            ("DD/MM/YYYY", "1/2/2024", None),
            ("D/M/YYYY", "1/2/2024", Some("2024-02-01 00:00:00")),
            ("D/M/YYYY", "31/12/2024", Some("2024-12-31 00:00:00")),
            ("M/D/YY", "12/31/69", Some("1969-12-31 00:00:00")),
            ("M/D/YY", "12/31/68", Some("2068-12-31 00:00:00")),
            ("D MMM YYYY", "3 sept. 2024", Some("2024-09-03 00:00:00")),
            ("MMMM D, YYYY", "January 31, 2024", Some("2024-01-31 00:00:00")),
            ("YYYYMMDD", "20240131", Some("2024-01-31 00:00:00")),
            ("YYYY-MM-DDTHH:mm:ss.SSSZ", "2024-01-31T23:59:59.123+02:00", Some("2024-01-31 23:59:59.123")),
            ("YYYY-MM-DD HH:mm", "2024-01-31 24:00", None),
            ("M/D/YYYY h:mm A", "1/31/2024 12:05 am", Some("2024-01-31 00:05:00")),
            ("M/D/YYYY h:mm A", "1/31/2024 1:05 PM", Some("2024-01-31 13:05:00")),
            ("M/D/YYYY h:mm A", "1/31/2024 13:05 PM", None),
            ("YYYY", "2024", Some("2024-01-01 00:00:00")),
        ];
        for (format, text, expected) in cases {
            let read = Format::new(format).expect("a format").read(text);
            let shown = read.map(|moment| moment.date.and_time(moment.time).to_string());
            assert_eq!(shown.as_deref(), expected, "{text} as {format}");
        }
        assert!(Format::new("DD.MM.").is_err(), "a date needs a year");
    }

    #[test]
    fn offsets_move_a_moment_to_utc() {
        let format = Format::new("YYYY-MM-DD HH:mmZ").expect("a format");
        let moment = format.read("1970-01-01 02:00+02:00").expect("a moment");
        assert_eq!(moment.utc_microseconds(), 0, "02:00 at +02:00 is midnight in UTC");
        assert_eq!(read_time("13:45:00.5"), Some(49_500_500_000_000), "a time of day");
    }
}
