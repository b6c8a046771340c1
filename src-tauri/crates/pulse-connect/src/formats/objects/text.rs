//! The structure of JSON text: where values begin and end, without losing a digit of them.

use std::ops::Range;

/// Skips white space.
pub(crate) fn space(text: &[u8], mut at: usize) -> usize {
    while text.get(at).is_some_and(|b| matches!(b, b' ' | b'\n' | b'\r' | b'\t')) {
        at += 1;
    }
    at
}

/// The position behind the string that starts at `at`; nothing if the text ends inside it.
fn string_end(text: &[u8], at: usize) -> Option<usize> {
    let mut i = at + 1;
    loop {
        i += memchr::memchr2(b'"', b'\\', text.get(i..)?)?;
        if text[i] == b'"' {
            return Some(i + 1);
        }
        i += 2;
    }
}

/// The position behind the value that starts at `at`, by its brackets and quotes alone; nothing if the text ends
/// inside it.
pub(crate) fn value_end(text: &[u8], at: usize) -> Option<usize> {
    let mut depth = 0usize;
    let mut i = at;
    loop {
        match *text.get(i)? {
            b'"' => i = string_end(text, i)?,
            b'{' | b'[' => {
                depth += 1;
                i += 1;
            }
            b'}' | b']' if depth == 0 => return Some(i),
            b'}' | b']' => {
                depth -= 1;
                i += 1;
            }
            b',' if depth == 0 => return Some(i),
            _ => i += 1,
        }
        let scalar = |b: &u8| !matches!(b, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t');
        if depth == 0 {
            let closed = matches!(text[i - 1], b'"' | b'}' | b']');
            if closed {
                return Some(i);
            }
            while text.get(i).is_some_and(scalar) {
                i += 1;
            }
            return (i < text.len()).then_some(i);
        }
    }
}

/// Whether `raw` is exactly one valid JSON value.
pub(crate) fn is_valid(raw: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(raw).is_ok()
}

/// The members of an object, as far as the text goes: decoded names and the ranges of their values.
pub(crate) fn members(text: &[u8], at: usize) -> Members<'_> {
    Members { text, at: at + 1 }
}

/// See [`members`].
pub(crate) struct Members<'a> {
    text: &'a [u8],
    at: usize,
}

impl Iterator for Members<'_> {
    type Item = (String, Range<usize>);

    fn next(&mut self) -> Option<Self::Item> {
        let key = space(self.text, self.at);
        if self.text.get(key) != Some(&b'"') {
            return None;
        }
        let key_end = string_end(self.text, key)?;
        let name = serde_json::from_slice(&self.text[key..key_end]).ok()?;
        let colon = space(self.text, key_end);
        if self.text.get(colon) != Some(&b':') {
            return None;
        }
        let start = space(self.text, colon + 1);
        // A value that the text cuts off still has a beginning, which may hold the records that are looked for.
        let end = value_end(self.text, start).unwrap_or(self.text.len());
        let comma = space(self.text, end);
        self.at = if self.text.get(comma) == Some(&b',') { comma + 1 } else { self.text.len() };
        Some((name, start..end))
    }
}

/// The text of a value without white space outside strings; its digits and escapes stay as they are.
pub(crate) fn compact(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    let mut i = 0;
    while i < raw.len() {
        match raw[i] {
            b'"' => {
                let end = string_end(raw, i).unwrap_or(raw.len());
                out.extend_from_slice(&raw[i..end]);
                i = end;
            }
            b' ' | b'\n' | b'\r' | b'\t' => i += 1,
            byte => {
                out.push(byte);
                i += 1;
            }
        }
    }
    out
}
