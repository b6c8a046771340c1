//! Instants in milliseconds since 1970 and their ISO text, for systems that count so.

use ::mongodb::bson::DateTime;

/// The first and the last millisecond that ISO 8601 writes with a four-digit year: those of the years 1 and 9999.
const YEARS: std::ops::RangeInclusive<i64> = -62_135_596_800_000..=253_402_300_799_999;

/// `2024-01-05T10:00:00.000Z`, always with three digits; nothing for years that have no such text.
pub(super) fn iso(millis: i64) -> Option<String> {
    if !YEARS.contains(&millis) {
        return None;
    }
    let text = DateTime::from_millis(millis).try_to_rfc3339_string().ok()?;
    let (seconds, fraction) = text.trim_end_matches('Z').split_once('.').unwrap_or((text.trim_end_matches('Z'), ""));
    Some(format!("{seconds}.{fraction:0<3}Z"))
}

/// The instant that an RFC 3339 text names, cut to the millisecond.
pub(super) fn millis(text: &str) -> Option<i64> {
    DateTime::parse_rfc3339_str(text).ok().map(DateTime::timestamp_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_and_read() {
        let cases = [
            (0, "1970-01-01T00:00:00.000Z"),
            (1_704_448_800_120, "2024-01-05T10:00:00.120Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (*YEARS.start(), "0001-01-01T00:00:00.000Z"),
            (*YEARS.end(), "9999-12-31T23:59:59.999Z"),
        ];
        for (number, text) in cases {
            assert_eq!(iso(number).as_deref(), Some(text));
            assert_eq!(millis(text), Some(number));
        }
        assert_eq!(iso(YEARS.end() + 1), None);
        assert_eq!(iso(i64::MIN), None);
        assert_eq!(millis("yesterday"), None);
    }
}
