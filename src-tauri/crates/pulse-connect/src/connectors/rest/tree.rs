//! Places in a JSON text, found without losing a digit.

use std::ops::Range;

use crate::formats::json_text::{members, space, value_end};

/// The value at `path`: names joined by dots, which may hold dots themselves; in an array a place, from the end if it is
/// negative, or `name=value` for the first element with that member. The empty path and `$` are `raw` itself.
pub(super) fn at<'a>(raw: &'a [u8], path: &str) -> Option<&'a [u8]> {
    let path = path.trim().strip_prefix('$').unwrap_or(path.trim());
    follow(raw.trim_ascii(), path.strip_prefix('.').unwrap_or(path))
}

fn follow<'a>(raw: &'a [u8], path: &str) -> Option<&'a [u8]> {
    if path.is_empty() {
        return Some(raw);
    }
    match raw.first()? {
        b'{' => members(raw, 0).find_map(|(name, value)| {
            let rest = path.strip_prefix(name.as_str())?;
            let value = raw.get(value)?;
            if rest.is_empty() { Some(value) } else { follow(value, rest.strip_prefix('.')?) }
        }),
        b'[' => {
            let (place, rest) = path.split_once('.').unwrap_or((path, ""));
            let mut all = elements(raw);
            let found = match place.split_once('=') {
                Some((name, value)) => {
                    all.find(|element| at(&raw[element.clone()], name).and_then(scalar).as_deref() == Some(value))?
                }
                None => match place.parse::<i64>().ok()? {
                    place if place >= 0 => all.nth(usize::try_from(place).ok()?)?,
                    place => {
                        let all: Vec<_> = all.collect();
                        all.get(all.len().checked_sub(usize::try_from(-place).ok()?)?)?.clone()
                    }
                },
            };
            follow(&raw[found], rest)
        }
        _ => None,
    }
}

/// The elements of an array that `raw` begins with; none if it is no array.
pub(super) fn elements(raw: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut next = (raw.first() == Some(&b'[')).then_some(1);
    std::iter::from_fn(move || {
        let start = space(raw, next.take()?);
        if matches!(raw.get(start), None | Some(b']')) {
            return None;
        }
        let end = value_end(raw, start)?;
        let comma = space(raw, end);
        next = (raw.get(comma) == Some(&b',')).then_some(comma + 1);
        Some(start..end)
    })
}

/// A string, number or boolean as text, digit for digit; nothing for `null`, objects and arrays.
pub(super) fn scalar(raw: &[u8]) -> Option<String> {
    match raw.first()? {
        b'"' => serde_json::from_slice(raw).ok(),
        b'n' | b'{' | b'[' => None,
        _ => Some(String::from_utf8_lossy(raw).into_owned()),
    }
}

/// A member that is no object: where it is and its text.
pub(super) struct Leaf<'a> {
    pub path: String,
    /// The names on the way, in small letters and digits only; the last is its own.
    pub names: Vec<String>,
    /// Its own name as it stands.
    pub name: String,
    pub raw: &'a [u8],
}

impl Leaf<'_> {
    /// Its own name in small letters and digits only.
    pub(super) fn plain(&self) -> &str {
        self.names.last().map_or("", String::as_str)
    }

    /// Its value as a whole number.
    pub(super) fn number(&self) -> Option<i64> {
        std::str::from_utf8(self.raw).ok()?.parse().ok()
    }

    /// Its value as text.
    pub(super) fn text(&self) -> Option<String> {
        scalar(self.raw)
    }
}

/// A name in small letters and digits only.
pub(super) fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Every member that can be reached through `depth` objects, arrays included but not entered.
pub(super) fn leaves(raw: &[u8], depth: usize) -> Vec<Leaf<'_>> {
    let mut found = Vec::new();
    collect(raw.trim_ascii(), "", &[], depth, &mut found);
    found
}

fn collect<'a>(raw: &'a [u8], path: &str, names: &[String], depth: usize, found: &mut Vec<Leaf<'a>>) {
    if raw.first() != Some(&b'{') {
        return;
    }
    for (name, value) in members(raw, 0) {
        let Some(value) = raw.get(value) else { return };
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let names: Vec<String> = names.iter().cloned().chain([plain(&name)]).collect();
        if value.first() == Some(&b'{') && depth > 1 {
            collect(value, &path, &names, depth - 1, found);
        } else {
            found.push(Leaf { path, names, name, raw: value });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_values() {
        let text = br#" {"a": {"b.c": {"d": 1.50}}, "@odata.nextLink": "x", "list": [{"rel": "self", "href": "s"},
            {"rel": "next", "href": "n"}], "empty": [], "null": null} "#;
        let cases = [
            ("a.b.c.d", Some("1.50")),
            ("$.a.b.c.d", Some("1.50")),
            ("@odata.nextLink", Some("x")),
            ("list.0.href", Some("s")),
            ("list.-1.href", Some("n")),
            ("list.rel=next.href", Some("n")),
            ("list.rel=last.href", None),
            ("list.7.href", None),
            ("empty.-1", None),
            ("null", None),
            ("a.b", None),
            ("missing", None),
        ];
        for (path, expected) in cases {
            assert_eq!(at(text, path).and_then(scalar).as_deref(), expected, "{path}");
        }
        assert_eq!(at(text, "$"), Some(text.trim_ascii()));
    }
}
