//! ISO 8601 days and timestamps, as the proleptic Gregorian calendar knows them.

use super::lex::{Form, Kind, Lexed};

/// Reads a whole day or timestamp; nothing if it is none, does not exist, or is finer than a microsecond.
pub(super) fn lex(text: &[u8]) -> Option<Lexed> {
    if !day(text) {
        return None;
    }
    if text.len() == 10 {
        return Some(Lexed::of(Kind::Date));
    }
    let separator = text[10];
    let hour = two(text, 11)?;
    let minute = two(text, 14)?;
    if !matches!(separator, b'T' | b' ') || text[13] != b':' || hour > 23 || minute > 59 {
        return None;
    }
    let (mut at, mut fraction, seconds) = (16, 0, text.get(16) == Some(&b':'));
    if seconds {
        if two(text, 17)? > 59 {
            return None;
        }
        at = 19;
        if text.get(at) == Some(&b'.') {
            fraction = text[at + 1..].iter().take_while(|b| b.is_ascii_digit()).count();
            at += 1 + fraction;
            if !(1..=6).contains(&fraction) {
                return None;
            }
        }
    }
    let zone = match &text[at..] {
        b"" => "",
        b"Z" => "Z",
        b"+00:00" => "+00:00",
        _ => return None,
    };
    let form = Form { separator, seconds, fraction: fraction as u8, zone };
    Some(Lexed { form: Some(form), ..Lexed::of(Kind::Timestamp) })
}

/// Whether `text` begins with a day that exists, written `YYYY-MM-DD`, of the years 1 to 9999.
#[inline]
pub(crate) fn day(text: &[u8]) -> bool {
    let Some(t) = text.first_chunk::<10>() else { return false };
    if t[4] != b'-' || t[7] != b'-' {
        return false;
    }
    let (Some(century), Some(year), Some(month), Some(day)) = (two(t, 0), two(t, 2), two(t, 5), two(t, 8)) else {
        return false;
    };
    let year = u32::from(century) * 100 + u32::from(year);
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 => 28 + u8::from(leap),
        4 | 6 | 9 | 11 => 30,
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        _ => return false,
    };
    year >= 1 && (1..=days).contains(&day)
}

/// The number of the two digits at `at`.
#[inline(always)]
fn two(text: &[u8], at: usize) -> Option<u8> {
    let (a, b) = (text.get(at)?.wrapping_sub(b'0'), text.get(at + 1)?.wrapping_sub(b'0'));
    (a < 10 && b < 10).then(|| a * 10 + b)
}
