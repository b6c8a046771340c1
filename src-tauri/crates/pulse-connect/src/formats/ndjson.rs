//! NDJSON: one JSON object per line.

use std::io::{self, BufRead, BufReader, Read};

use pulse_core::{Error, Progress, Result};

use super::objects::text::{is_valid, space};
use super::objects::{Each, table, text_of};
use super::{Format, Part, Task};
use crate::model::Detected;
use crate::source::Source;

/// Newline-delimited JSON.
pub(super) struct Ndjson;

impl Format for Ndjson {
    fn name(&self) -> &'static str {
        "ndjson"
    }

    fn title(&self) -> &'static str {
        "NDJSON"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["ndjson", "jsonl", "jsonlines", "ldjson"]
    }

    fn recognise(&self, head: &[u8]) -> f64 {
        let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
        let mut lines = text.split_inclusive(|b| *b == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
        let object = |line: &[u8]| line.first() == Some(&b'{') && line.last() == Some(&b'}') && is_valid(line);
        match (lines.next(), lines.next()) {
            (Some(first), Some(second)) if object(first) && second.first() == Some(&b'{') => 0.97,
            _ => 0.0,
        }
    }

    fn streams(&self) -> bool {
        true
    }

    fn read(&self, source: &Source, task: &Task<'_>) -> Result<Part> {
        let (text, choice) = text_of(source, task)?;
        let detected = Detected { encoding: Some(choice.setting), ..Detected::default() };
        let is_head = source.is_head;
        let visit = move |each: &mut Each<'_>, progress: &Progress| {
            text.read(progress, |text, failed| lines(text, failed, is_head, each))
        };
        table(source, task, detected, Box::new(visit))
    }
}

/// Goes through the lines that are not blank; the last line of a first part may be cut and is left out.
fn lines(text: &mut dyn Read, failed: &dyn Fn(io::Error) -> Error, is_head: bool, each: &mut Each<'_>) -> Result<()> {
    let mut reader = BufReader::with_capacity(1 << 18, text);
    let mut bytes = Vec::new();
    for line in 1.. {
        bytes.clear();
        let count = reader.read_until(b'\n', &mut bytes).map_err(failed)?;
        if count == 0 || (is_head && bytes.last() != Some(&b'\n')) {
            break;
        }
        let mut text = bytes.as_slice();
        if line == 1 {
            text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        }
        let record = text[space(text, 0)..].trim_ascii_end();
        if !record.is_empty() && !each(record, line)? {
            break;
        }
    }
    Ok(())
}
