//! Records of a delimited text, one by one, whatever state it is in.
//!
//! A field that begins with the quote runs to the matching quote, doubled quotes inside it stand for one (RFC 4180);
//! anywhere else a quote is an ordinary character. A record whose quoting is broken ends at the end of its first line,
//! so that one stray quote cannot swallow the rest of the file.

use std::borrow::Cow;
use std::io::Read;
use std::ops::Range;

use memchr::{memchr, memchr_iter, memchr2};

/// A record may be this long; a quote that stays open longer counts as broken.
const MAX_RECORD: usize = 16 << 20;
/// The reason for a record whose last quote is missing.
pub(crate) const UNCLOSED: &str = "A quote is opened and never closed.";

/// How records and fields are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dialect {
    pub delimiter: u8,
    pub quote: Option<u8>,
    /// LF, or CR in a file that has no LF; a CR before an LF belongs to the line's end.
    pub line_end: u8,
}

/// One field, as a range of the text that holds its record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    /// The content without its quotes.
    pub range: Range<usize>,
    pub quoted: bool,
    /// Whether doubled quotes are inside.
    pub doubled: bool,
}

impl Field {
    /// The content with doubled quotes made single.
    pub(crate) fn content<'a>(&self, text: &'a [u8], quote: Option<u8>) -> Cow<'a, [u8]> {
        let raw = &text[self.range.clone()];
        let (true, Some(quote)) = (self.doubled, quote) else { return Cow::Borrowed(raw) };
        let mut content = Vec::with_capacity(raw.len());
        let mut bytes = raw.iter();
        while let Some(byte) = bytes.next() {
            content.push(*byte);
            if *byte == quote {
                bytes.next();
            }
        }
        Cow::Owned(content)
    }
}

/// Where a record ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// The end of its text, without the line's end.
    pub end: usize,
    /// The start of the next record.
    pub next: usize,
    /// How many lines it takes.
    pub lines: u64,
    /// What is wrong with its quotes, if anything; then there are no fields.
    pub broken: Option<&'static str>,
}

/// Splits the record that starts at `start` into `fields`; nothing if the text ends before it does and more may come.
pub(crate) fn split(
    text: &[u8],
    start: usize,
    dialect: Dialect,
    at_end: bool,
    fields: &mut Vec<Field>,
) -> Option<Record> {
    fields.clear();
    let mut at = start;
    loop {
        let end = match split_field(text, at, dialect, at_end, fields)? {
            Ok(end) => end,
            Err(reason) => {
                fields.clear();
                return broken_line(text, start, dialect, at_end, reason);
            }
        };
        match text.get(end) {
            Some(byte) if *byte == dialect.delimiter => at = end + 1,
            found => {
                let return_too = found.is_some() && text[end] == b'\r' && dialect.line_end == b'\n';
                let next = end + usize::from(found.is_some()) + usize::from(return_too && end + 1 < text.len());
                let lines = memchr_iter(dialect.line_end, &text[start..next]).count() as u64;
                return Some(Record { end, next, lines: lines.max(1), broken: None });
            }
        }
    }
}

/// Adds the field at `at` and gives the position of the delimiter or line's end behind it; what is wrong
/// with its quotes; `None` if more text is needed.
fn split_field(
    text: &[u8],
    at: usize,
    dialect: Dialect,
    at_end: bool,
    fields: &mut Vec<Field>,
) -> Option<std::result::Result<usize, &'static str>> {
    if dialect.quote.is_some() && text.get(at).copied() == dialect.quote {
        return split_quoted(text, at, dialect, at_end, fields);
    }
    let end = match memchr2(dialect.delimiter, dialect.line_end, &text[at..]) {
        Some(length) => at + length,
        None if at_end => text.len(),
        None => return None,
    };
    let ends_line = text.get(end) != Some(&dialect.delimiter);
    let returns = ends_line && dialect.line_end == b'\n' && end > at && text[end - 1] == b'\r';
    let end = end - usize::from(returns);
    fields.push(Field { range: at..end, quoted: false, doubled: false });
    Some(Ok(end))
}

fn split_quoted(
    text: &[u8],
    at: usize,
    dialect: Dialect,
    at_end: bool,
    fields: &mut Vec<Field>,
) -> Option<std::result::Result<usize, &'static str>> {
    let quote = text[at];
    let (mut i, mut doubled) = (at + 1, false);
    loop {
        let Some(length) = memchr(quote, &text[i..]) else { return at_end.then_some(Err(UNCLOSED)) };
        i += length;
        match text.get(i + 1) {
            Some(byte) if *byte == quote => {
                doubled = true;
                i += 2;
            }
            None if !at_end => return None,
            Some(b'\r') if dialect.line_end == b'\n' && text.get(i + 2).is_none() && !at_end => return None,
            after => {
                let closed = match after {
                    None => true,
                    Some(byte) if *byte == dialect.delimiter || *byte == dialect.line_end => true,
                    Some(b'\r') => dialect.line_end == b'\n' && matches!(text.get(i + 2), None | Some(b'\n')),
                    Some(_) => false,
                };
                fields.push(Field { range: at + 1..i, quoted: true, doubled });
                return Some(if closed { Ok(i + 1) } else { Err("Text stands behind a closing quote.") });
            }
        }
    }
}

/// The first line of a record whose quotes are broken.
fn broken_line(text: &[u8], start: usize, dialect: Dialect, at_end: bool, reason: &'static str) -> Option<Record> {
    let end = match memchr(dialect.line_end, &text[start..]) {
        Some(length) => start + length,
        None if at_end => text.len(),
        None => return None,
    };
    let next = (end + 1).min(text.len());
    let returns = dialect.line_end == b'\n' && end > start && text[end - 1] == b'\r';
    let broken = Some(reason);
    Some(Record { end: end - usize::from(returns), next, lines: 1, broken })
}

/// Reads the records of a text in order.
pub(crate) struct RecordReader<'a> {
    from: &'a mut dyn Read,
    dialect: Dialect,
    buffer: Vec<u8>,
    start: usize,
    at_end: bool,
    /// The fields of the record read last, as ranges of [`RecordReader::text`].
    pub fields: Vec<Field>,
}

impl<'a> RecordReader<'a> {
    /// Reads from where `from` stands.
    pub(crate) fn new(from: &'a mut dyn Read, dialect: Dialect) -> Self {
        Self { from, dialect, buffer: Vec::new(), start: 0, at_end: false, fields: Vec::new() }
    }

    /// The text that the fields' ranges refer to.
    pub(crate) fn text(&self) -> &[u8] {
        &self.buffer
    }

    /// The next record: its raw text as a range, and where it ends; nothing at the end of the text.
    pub(crate) fn next(&mut self) -> std::io::Result<Option<(Range<usize>, Record)>> {
        loop {
            let left = self.buffer.len() - self.start;
            if left > 0 || self.at_end {
                if left == 0 {
                    return Ok(None);
                }
                let last_chance = self.at_end || left >= MAX_RECORD;
                if let Some(record) = split(&self.buffer, self.start, self.dialect, last_chance, &mut self.fields) {
                    let raw = self.start..record.end;
                    self.start = record.next;
                    return Ok(Some((raw, record)));
                }
            }
            self.fill()?;
        }
    }

    fn fill(&mut self) -> std::io::Result<()> {
        self.buffer.drain(..self.start);
        self.start = 0;
        let more = (self.buffer.len()).max(1 << 20) as u64;
        let count = (&mut *self.from).take(more).read_to_end(&mut self.buffer)?;
        self.at_end = count == 0;
        Ok(())
    }
}
