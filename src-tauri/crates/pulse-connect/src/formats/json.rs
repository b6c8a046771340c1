//! JSON: an array of records, or one object that holds an array of records.

use std::ops::Range;

use pulse_core::{Error, Progress, Result};

use super::objects::text::{members, space, value_end};
use super::objects::{Each, table, text_of};
use super::{Format, Part, Task};
use crate::model::{Detected, Setting};
use crate::source::Source;

/// How deep the records are looked for.
const DEPTH: usize = 6;

/// JSON documents.
pub(super) struct Json;

impl Format for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn title(&self) -> &'static str {
        "JSON"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["json", "geojson", "topojson"]
    }

    fn recognise(&self, head: &[u8]) -> f64 {
        let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
        let first = space(text, 0);
        let second = text.get(space(text, first + 1)).copied().unwrap_or(0);
        match text.get(first) {
            Some(b'{') if matches!(second, b'"' | b'}') => 0.9,
            Some(b'[') if matches!(second, b'{' | b'[' | b'"' | b']' | b'-' | b't' | b'f' | b'n' | b'0'..=b'9') => 0.8,
            _ => 0.0,
        }
    }

    fn streams(&self) -> bool {
        true
    }

    fn read(&self, source: &Source, task: &Task<'_>) -> Result<Part> {
        let (text, choice) = text_of(source, task)?;
        // Where the records are shows only in the whole document, which lies in memory.
        let bytes = text.head(u64::MAX, task.progress)?;
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        let top = space(text, 0);
        if !matches!(text.get(top), Some(b'{' | b'[')) {
            return Err(Error::damaged(format!(
                "`{}` is no JSON document: it begins with neither {{ nor [.",
                source.name
            ))
            .hint("Choose another format if it is something else."));
        }
        let place = find_records(text, top, task.options.records_path.as_deref(), &source.name)?;
        let detected = Detected {
            encoding: Some(choice.setting),
            records_path: Some(place.setting.clone()),
            ..Detected::default()
        };
        let left_out = place.left_out.clone();
        let (mark, is_head) = (bytes.len() - text.len(), source.is_head);
        let visit = move |each: &mut Each<'_>, _: &Progress| place.visit(&bytes[mark..], is_head, each);
        let mut part = table(source, task, detected, Box::new(visit))?;
        part.warnings.extend(left_out.map(|names| format!("Only the records are in the table; left out: {names}.")));
        Ok(part)
    }
}

/// Where the records are.
struct Place {
    /// The array's start, or the single record's.
    start: usize,
    setting: Setting,
    /// Members beside the records.
    left_out: Option<String>,
}

/// An array inside objects.
struct Found {
    path: String,
    start: usize,
    objects: usize,
}

fn find_records(text: &[u8], top: usize, given: Option<&str>, name: &str) -> Result<Place> {
    if text[top] == b'[' && given.is_none_or(str::is_empty) {
        let setting = Setting::new("", 1.0, "The document is an array of records.");
        return Ok(Place { start: top, setting, left_out: None });
    }
    if let Some(path) = given {
        let start = follow(text, top, path).ok_or_else(|| {
            let mut found = Vec::new();
            arrays(text, top, "", DEPTH, &mut found);
            let paths: Vec<String> = found.iter().map(|f| format!("`{}`", f.path)).collect();
            let hint = if paths.is_empty() {
                "It holds no array of records.".into()
            } else {
                format!("Arrays are at {}.", paths.join(", "))
            };
            Error::not_found(format!("`{name}` holds nothing at `{path}`.")).hint(hint).field("records_path")
        })?;
        let left_out = beside(text, top, path);
        return Ok(Place { start, setting: Setting::given(path), left_out });
    }
    let mut found = Vec::new();
    arrays(text, top, "", DEPTH, &mut found);
    let best = found.into_iter().filter(|f| f.objects > 0).max_by_key(|f| f.objects);
    Ok(match best {
        Some(best) => {
            let why = format!("The longest array of objects is there, with {} of them.", best.objects);
            let left_out = beside(text, top, &best.path);
            Place { start: best.start, setting: Setting::new(best.path, 0.8, why), left_out }
        }
        None => {
            let setting =
                Setting::new("", 0.6, "The document is one object without an array of objects; it is one record.");
            Place { start: top, setting, left_out: None }
        }
    })
}

/// The arrays that can be reached through objects.
fn arrays(text: &[u8], at: usize, path: &str, depth: usize, found: &mut Vec<Found>) {
    match text.get(at) {
        Some(b'{') if depth > 0 => {
            for (name, value) in members(text, at) {
                let path = if path.is_empty() { name } else { format!("{path}.{name}") };
                arrays(text, value.start, &path, depth - 1, found);
            }
        }
        Some(b'[') => {
            let objects = elements(text, at).filter(|element| text[element.start] == b'{').count();
            found.push(Found { path: path.to_owned(), start: at, objects });
        }
        _ => {}
    }
}

/// The start of what is at `path`, names joined by dots.
fn follow(text: &[u8], at: usize, path: &str) -> Option<usize> {
    if path.is_empty() {
        return Some(at);
    }
    if text.get(at) != Some(&b'{') {
        return None;
    }
    members(text, at).find_map(|(name, value)| {
        let rest = path.strip_prefix(name.as_str())?;
        match rest.strip_prefix('.') {
            Some(rest) => follow(text, value.start, rest),
            None => rest.is_empty().then_some(value.start),
        }
    })
}

/// The names of the document's members beside the records.
fn beside(text: &[u8], top: usize, path: &str) -> Option<String> {
    let names: Vec<String> = members(text, top)
        .map(|(name, _)| name)
        .filter(|name| path != name && !path.starts_with(&format!("{name}.")))
        .take(20)
        .map(|name| format!("`{name}`"))
        .collect();
    (!names.is_empty() && !path.is_empty()).then(|| names.join(", "))
}

/// The complete elements of the array at `at`.
fn elements(text: &[u8], at: usize) -> impl Iterator<Item = Range<usize>> {
    let mut next = Some(at + 1);
    std::iter::from_fn(move || {
        let start = space(text, next.take()?);
        if matches!(text.get(start), None | Some(b']')) {
            return None;
        }
        let end = value_end(text, start)?;
        let comma = space(text, end);
        next = (text.get(comma) == Some(&b',')).then_some(comma + 1);
        Some(start..end)
    })
}

impl Place {
    /// Goes through the records; text that is none after them counts as one, so that it reaches the ledger.
    fn visit(&self, text: &[u8], is_head: bool, each: &mut Each<'_>) -> Result<()> {
        let (mut line, mut counted) = (1, 0);
        let mut line_of = |at: usize| {
            line += memchr::memchr_iter(b'\n', &text[counted..at]).count() as u64;
            counted = at;
            line
        };
        if text[self.start] != b'[' {
            let end = value_end(text, self.start).unwrap_or(text.len());
            return each(&text[self.start..end], line_of(self.start)).map(drop);
        }
        let mut at = self.start + 1;
        for element in elements(text, self.start) {
            at = element.end;
            if !each(&text[element.clone()], line_of(element.start))? {
                return Ok(());
            }
        }
        let mut rest = space(text, at);
        if text.get(rest) == Some(&b',') {
            rest = space(text, rest + 1);
        }
        let closed = text.get(rest) == Some(&b']');
        let after = if closed { space(text, rest + 1) } else { rest };
        let whole_document = self.setting.value.is_empty();
        if !is_head && after < text.len() && (!closed || whole_document) {
            each(text[after..].trim_ascii_end(), line_of(after))?;
        }
        Ok(())
    }
}
