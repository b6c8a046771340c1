//! Dates and times that no table holds, as PostgreSQL writes them.

/// Days from 1970-01-01 to 2000-01-01, from which PostgreSQL counts.
pub(super) const DAYS_TO_2000: i32 = 10_957;
/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;
/// 0001-01-01 and 9999-12-31 as days since 1970: what all readers of a table understand.
pub(super) const DAYS: std::ops::RangeInclusive<i32> = -719_162..=2_932_896;
/// The same in microseconds, to the end of the last day.
pub(super) const MICROS: std::ops::RangeInclusive<i64> = -719_162 * DAY..=2_932_897 * DAY - 1;

/// A date by its days since 2000-01-01.
pub(super) fn date(days: i32) -> String {
    match days {
        i32::MAX => "infinity".into(),
        i32::MIN => "-infinity".into(),
        _ => {
            let (day, era) = calendar(i64::from(days));
            format!("{day}{era}")
        }
    }
}

/// A timestamp by its microseconds since 2000-01-01; `zone` follows the time.
pub(super) fn timestamp(micros: i64, zone: &str) -> String {
    match micros {
        i64::MAX => "infinity".into(),
        i64::MIN => "-infinity".into(),
        _ => {
            let (day, era) = calendar(micros.div_euclid(DAY));
            let time = micros.rem_euclid(DAY);
            let (seconds, fraction) = (time / 1_000_000, time % 1_000_000);
            let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
            let fraction = if fraction == 0 { String::new() } else { format!(".{fraction:06}") };
            format!("{day} {hour:02}:{minute:02}:{second:02}{}{zone}{era}", fraction.trim_end_matches('0'))
        }
    }
}

/// The day of the proleptic Gregorian calendar, and ` BC` where it is before year 1.
fn calendar(days_since_2000: i64) -> (String, &'static str) {
    let (year, month, day) = crate::iso::civil(days_since_2000 + i64::from(DAYS_TO_2000));
    let (year, mark) = if year > 0 { (year, "") } else { (1 - year, " BC") };
    (format!("{year:04}-{month:02}-{day:02}"), mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_times_are_written_as_the_server_does() {
        assert_eq!(date(0), "2000-01-01");
        assert_eq!(date(-DAYS_TO_2000), "1970-01-01");
        assert_eq!(date(59), "2000-02-29");
        assert_eq!(date(-730_119), "0001-01-01");
        assert_eq!(date(-730_120), "0001-12-31 BC");
        assert_eq!(date(-2_451_507), "4713-01-01 BC");
        assert_eq!(date(2_145_031_948), "5874897-12-31");
        assert_eq!(date(i32::MAX), "infinity");
        assert_eq!(timestamp(-1, ""), "1999-12-31 23:59:59.999999");
        assert_eq!(timestamp(500_000, "+00"), "2000-01-01 00:00:00.5+00");
        assert_eq!(timestamp(i64::MIN, "+00"), "-infinity");
    }
}
