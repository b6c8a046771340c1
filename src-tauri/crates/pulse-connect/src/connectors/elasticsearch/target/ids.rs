//! The `_id` of each document: the same whenever the same row is sent, and another for every other row.

use std::borrow::Cow;
use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::outgoing::{JsonRows, Outgoing};

/// Bytes that an `_id` may have.
const LONGEST: usize = 512;

/// What ids are made of.
#[derive(Debug)]
pub(super) enum Ids {
    /// The values of the key, whose columns are named.
    Key(Vec<String>),
    /// The number of the row behind this text, for rows that are found again by nothing else.
    Number(String),
}

impl Ids {
    /// What names the documents: the key, or where there is none and for what is appended, the run and the row's number.
    pub(super) fn of(outgoing: &Outgoing) -> Self {
        if !outgoing.key.is_empty() && outgoing.mode != crate::destination::SyncMode::Append {
            return Self::Key(outgoing.key.clone());
        }
        let own = format!("{}:{}:", outgoing.sync, outgoing.run);
        Self::Number(if own.len() > 400 { format!("{}:", hash(own.as_bytes())) } else { own })
    }

    /// Which of `columns` are the key's, in its order.
    pub(super) fn places(&self, columns: &[&str]) -> Vec<usize> {
        let Self::Key(names) = self else { return Vec::new() };
        names.iter().filter_map(|name| columns.iter().position(|column| column == name)).collect()
    }

    /// Appends the id of the row `at`, whose number is `number`, as a JSON string. `places` are those of
    /// [`Ids::places`].
    pub(super) fn write(&self, rows: &JsonRows, places: &[usize], at: usize, number: u64, out: &mut Vec<u8>) {
        match self {
            Self::Number(prefix) => {
                quote(prefix, out);
                out.pop();
                json(&number, out);
                out.push(b'"');
            }
            Self::Key(_) => {
                let start = out.len();
                if !plain(rows, places, at, out) {
                    out.truncate(start);
                    quote(&joined(rows, places, at), out);
                }
            }
        }
    }

    /// The id as it is, not as JSON.
    pub(super) fn text(&self, rows: &JsonRows, places: &[usize], at: usize, number: u64) -> String {
        match self {
            Self::Number(prefix) => format!("{prefix}{number}"),
            Self::Key(_) => joined(rows, places, at),
        }
    }
}

/// Appends what [`joined`] gives as a JSON string, if nothing in it stands for something else, as in most keys; whether
/// that is so.
fn plain(rows: &JsonRows, places: &[usize], at: usize, out: &mut Vec<u8>) -> bool {
    let start = out.len();
    out.push(b'"');
    for (index, place) in places.iter().enumerate() {
        if index > 0 {
            out.push(b'|');
        }
        let from = out.len();
        rows.write_value(*place, at, out);
        match out.get(from) {
            Some(b'"') => {
                out.pop();
                out.remove(from);
            }
            Some(b'-' | b'0'..=b'9' | b't' | b'f') => {}
            _ => return false,
        }
        let value = &out[from..];
        if value.is_empty() || value.iter().any(|byte| *byte == b'\\' || (*byte == b'|' && places.len() > 1)) {
            return false;
        }
    }
    out.push(b'"');
    out.len() - start - 2 <= LONGEST
}

/// The values of a key as one text. One value stands for itself; several are separated by `|`. A backslash begins
/// everything that stands for something else, so that no two keys have the same id: `\\`, `\|`, `\N` for a missing value,
/// a lone `\` for an empty one, and `\#` before the hash that stands for what is too long.
fn joined(rows: &JsonRows, places: &[usize], at: usize) -> String {
    let mut value = Vec::new();
    let mut id = String::new();
    for (index, place) in places.iter().enumerate() {
        value.clear();
        rows.write_value(*place, at, &mut value);
        let text = match value.first() {
            Some(b'"') => serde_json::from_slice::<Cow<'_, str>>(&value).unwrap_or_default(),
            _ if value == b"null" => Cow::Borrowed("\\N"),
            _ => String::from_utf8_lossy(&value),
        };
        if index > 0 {
            id.push('|');
        }
        match (places.len(), value.first()) {
            (_, Some(b'n')) if value == b"null" => id.push_str(&text),
            (1, _) if text.is_empty() || text.starts_with('\\') => id = format!("\\{text}"),
            (1, _) => id.push_str(&text),
            _ => id.push_str(&text.replace('\\', "\\\\").replace('|', "\\|")),
        }
    }
    if id.len() > LONGEST { format!("\\#{}", hash(id.as_bytes())) } else { id }
}

fn quote(text: &str, out: &mut Vec<u8>) {
    json(text, out);
}

fn json<T: serde::Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) {
    // Writing to memory cannot fail.
    let _ = serde_json::to_writer(out, value);
}

/// The SHA-256 of `bytes` in hexadecimal digits.
pub(super) fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        // Writing to memory cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use polars::prelude::*;

    use super::*;

    fn ids(frame: &DataFrame) -> Vec<String> {
        let names: Vec<&str> = frame.columns().iter().map(|column| column.name().as_str()).collect();
        let ids = Ids::Key(names.iter().map(|name| (*name).to_owned()).collect());
        let places = ids.places(&names);
        let rows = JsonRows::new(frame).unwrap();
        let id = |at| {
            let mut out = Vec::new();
            ids.write(&rows, &places, at, 0, &mut out);
            let written: String = serde_json::from_slice(&out).unwrap();
            assert_eq!(written, ids.text(&rows, &places, at, 0));
            written
        };
        (0..frame.height()).map(id).collect()
    }

    #[test]
    fn one_value_stands_for_itself() {
        let long = "x".repeat(513);
        let frame = df!("k" => ["a|b", "", "\\", "\\N", "ü\"\n", long.as_str(), "7"]).unwrap();
        let found = ids(&frame);
        assert_eq!(found[..5], ["a|b", "\\", "\\\\", "\\\\N", "ü\"\n"]);
        assert!(found[5].starts_with("\\#") && found[5].len() == 66);
        assert_eq!(found[6], "7");
        assert_eq!(ids(&df!("k" => [7i64, -1]).unwrap()), ["7", "-1"]);
        assert_eq!(ids(&df!("k" => [None, Some(true)]).unwrap()), ["\\N", "true"]);
    }

    #[test]
    fn several_values_are_joined() {
        let frame = df!("a" => [Some("x"), Some("true"), Some("null"), None, Some("\u{1}")], "b" => [1i64, -2, 3, 4, 5],
            "c" => [1.5, f64::NAN, 0.0, 1.0, 2.0]);
        assert_eq!(ids(&frame.unwrap()), ["x|1|1.5", "true|-2|NaN", "null|3|0.0", "\\N|4|1.0", "\u{1}|5|2.0"]);
        let long = "y".repeat(508);
        let found = ids(&df!("a" => [long.as_str(), long.as_str()], "b" => [123i64, 1234]).unwrap());
        assert_eq!(found[0].len(), 512);
        assert!(found[1].starts_with("\\#"), "one byte too many");
        let numbered = Ids::Number("a \"sync\":".into());
        let (rows, mut out) = (JsonRows::new(&df!("a" => [1i64]).unwrap()).unwrap(), Vec::new());
        numbered.write(&rows, &[], 0, 17, &mut out);
        assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), numbered.text(&rows, &[], 0, 17));
    }

    #[test]
    fn different_keys_have_different_ids() {
        let parts = ["", "|", "\\", "a", "\\|", "|\\", "N", "\\N", "a|", "|a", "\\\\"];
        let pairs: Vec<(&str, &str)> = parts.iter().flat_map(|a| parts.iter().map(move |b| (*a, *b))).collect();
        let (left, right): (Vec<&str>, Vec<&str>) = pairs.iter().copied().unzip();
        let found: HashSet<String> = ids(&df!("a" => left, "b" => right).unwrap()).into_iter().collect();
        assert_eq!(found.len(), pairs.len());
        let single: HashSet<String> = ids(&df!("a" => parts.to_vec()).unwrap()).into_iter().collect();
        assert_eq!(single.len(), parts.len());
        assert!(found.iter().chain(&single).all(|id| !id.is_empty()));
    }
}
