//! The tolerant reader: record by record, good ones in a normalised form, the others to the ledger. It goes through a text
//! twice: first for the account and what the columns hold, then for the rows.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;

use pulse_core::{LedgerEntry, Progress, Result};

use crate::formats::Delimited;
use crate::ledger;
use crate::records::{Dialect, Field, Record, RecordReader, UNCLOSED};
use crate::spool::{Give, PIECE, Streamed};
use crate::text::{Text, skip};
use crate::typing::{Converter, Evidence, Example, Kind, Lexed, lex};

/// What to read.
pub(super) struct Reading {
    pub text: Text,
    pub source: String,
    pub dialect: Dialect,
    /// Byte and line, from 1, of the first record.
    pub start: u64,
    pub line: u64,
    pub names: Vec<String>,
    /// Converters of columns, by their place, whose type the user chose.
    pub converters: HashMap<usize, Converter>,
    /// The encoding if the text was translated from it.
    pub translated: Option<String>,
    /// Whether the text is a first part, whose last record may be cut.
    pub is_head: bool,
}

/// What was read.
pub(super) struct Accounted {
    pub columns: Vec<Evidence>,
    pub records: u64,
    pub rejected: u64,
    pub blank: u64,
    pub ledger: Vec<LedgerEntry>,
}

/// Goes through every record of a text for the account.
pub(super) fn account(reading: &Reading, progress: &Progress) -> Result<Accounted> {
    let mut account = Accounted {
        columns: vec![Evidence::default(); reading.names.len()],
        records: 0,
        rejected: 0,
        blank: 0,
        ledger: Vec::new(),
    };
    let (mut counted_rows, mut counted_bytes) = (0, 0);
    visit(reading, progress, &mut |seen| {
        let Seen { bytes, line, fields, .. } = seen;
        counted_bytes += bytes.len() as u64 + 1;
        let Some(fields) = fields else {
            account.blank += 1;
            return Ok(true);
        };
        account.records += 1;
        match fields {
            Err(reason) => {
                account.rejected += 1;
                account.ledger.push(entry(reading, line, bytes, reason));
            }
            Ok(cells) => {
                let row = account.records - account.rejected - 1;
                for (index, cell) in cells.enumerate() {
                    let cell = convert(cell, reading, index, |text, word| {
                        let column = &reading.names[index];
                        account.ledger.push(ledger::misfit(&reading.source, (line, row), column, text, word));
                    });
                    learn(&mut account.columns[index], cell.as_deref(), line);
                }
            }
        }
        if account.records.is_multiple_of(4096) {
            progress.add_rows(4096);
            progress.add_bytes(std::mem::take(&mut counted_bytes));
            counted_rows += 4096;
        }
        Ok(true)
    })?;
    progress.add_rows(account.records - counted_rows);
    progress.add_bytes(counted_bytes);
    Ok(account)
}

/// The good records, for the rows.
pub(super) fn good(reading: Reading, shown: &Path) -> Streamed {
    let form = NormalText::new(reading.names.len()).form(shown);
    let pieces = move |give: &mut Give<'_>, progress: &Progress| {
        let mut out = NormalText::new(reading.names.len());
        let mut wanted = true;
        visit(&reading, progress, &mut |seen| {
            if let Some(Ok(cells)) = seen.fields {
                for (index, cell) in cells.enumerate() {
                    out.cell(convert(cell, &reading, index, |_, _| {}).as_deref());
                }
                out.end_row();
                if out.text.len() >= PIECE {
                    wanted = give(std::mem::take(&mut out.text));
                }
            }
            Ok(wanted)
        })?;
        if wanted && !out.text.is_empty() {
            give(out.text);
        }
        Ok(())
    };
    Streamed { form, pieces: Box::new(pieces) }
}

/// A record that was come by.
struct Seen<'a> {
    bytes: &'a [u8],
    line: u64,
    /// Nothing for a blank line; its cells, or what is wrong with it.
    fields: Option<std::result::Result<Cells<'a>, String>>,
}

/// The cells of a record.
struct Cells<'a> {
    text: &'a [u8],
    quote: Option<u8>,
    fields: std::slice::Iter<'a, Field>,
}

impl<'a> Iterator for Cells<'a> {
    type Item = Option<Cow<'a, [u8]>>;

    fn next(&mut self) -> Option<Self::Item> {
        let field = self.fields.next()?;
        let content = field.content(self.text, self.quote);
        Some(if content.is_empty() && !field.quoted { None } else { Some(content) })
    }
}

/// Goes through the records of a text as long as `each` wants more.
fn visit(reading: &Reading, progress: &Progress, each: &mut dyn FnMut(Seen<'_>) -> Result<bool>) -> Result<()> {
    reading.text.read(progress, |text, failed| {
        skip(text, reading.start).map_err(failed)?;
        let mut reader = RecordReader::new(text, reading.dialect);
        let (mut line, width) = (reading.line, reading.names.len());
        for number in 0u64.. {
            if number.is_multiple_of(4096) {
                progress.check()?;
            }
            let Some((raw, record)) = reader.next().map_err(failed)? else { break };
            let (text, start) = (reader.text(), line);
            line += record.lines;
            if reading.is_head && is_cut(&record, text.len()) {
                break;
            }
            let bytes = &text[raw];
            let fields = || match fault(bytes, record.broken, reader.fields.len(), reading) {
                Some(reason) => Err(reason),
                None => Ok(Cells { text, quote: reading.dialect.quote, fields: reader.fields.iter() }),
            };
            let is_blank = bytes.is_empty() && width > 1;
            if !each(Seen { bytes, line: start, fields: (!is_blank).then(fields) })? {
                break;
            }
        }
        Ok(())
    })
}

/// Whether a record in a text of `length` bytes is cut off by the end of a first part: in its last line, or inside its
/// last quotes, which begin not long before.
fn is_cut(record: &Record, length: usize) -> bool {
    let unfinished = record.next == record.end && record.next == length;
    unfinished || (record.broken == Some(UNCLOSED) && length - record.next < 64 << 10)
}

/// What is wrong with a record, if anything.
fn fault(raw: &[u8], broken: Option<&str>, fields: usize, reading: &Reading) -> Option<String> {
    if raw.contains(&0) {
        return Some("The record holds a zero byte.".into());
    }
    if std::str::from_utf8(raw).is_err() {
        let encoding = reading.translated.as_deref().unwrap_or("utf-8");
        return Some(format!("The record holds bytes that are not valid {encoding}."));
    }
    if let Some(reason) = broken {
        return Some(reason.into());
    }
    let width = reading.names.len();
    match fields.cmp(&width) {
        std::cmp::Ordering::Equal => None,
        std::cmp::Ordering::Less => Some(format!("The record has {fields} fields instead of {width}.")),
        std::cmp::Ordering::Greater => Some(format!("The record has {fields} fields, more than {width}.")),
    }
}

fn entry(reading: &Reading, line: u64, raw: &[u8], reason: String) -> LedgerEntry {
    if reading.translated.is_none() {
        return ledger::record(&reading.source, line, raw, reason);
    }
    // The mark only says that an escape follows; it is not part of the file.
    let unmarked: Vec<u8> = raw.iter().copied().filter(|b| *b != crate::detect::MARK).collect();
    ledger::record(&reading.source, line, &unmarked, reason)
}

/// A cell as it is, or the canonical text of one whose type the user chose; one that does not fit is a misfit, which is
/// told with the type's word, and missing then.
fn convert<'a>(
    cell: Option<Cow<'a, [u8]>>,
    reading: &Reading,
    index: usize,
    misfit: impl FnOnce(&str, &str),
) -> Option<Cow<'a, [u8]>> {
    let Some(converter) = reading.converters.get(&index) else { return cell };
    let cell = cell?;
    // The record was checked to be UTF-8, and so are its fields, which ASCII marks separate.
    let text = String::from_utf8_lossy(&cell);
    let canonical = converter.convert(&text).map(|canonical| canonical.into_owned().into_bytes());
    if canonical.is_none() {
        misfit(&text, converter.0.word());
    }
    canonical.map(Cow::Owned)
}

/// Adds a cell to a column's evidence.
pub(crate) fn learn(evidence: &mut Evidence, cell: Option<&[u8]>, line: u64) {
    let Some(cell) = cell else {
        evidence.missing += 1;
        return;
    };
    let lexed = if cell.is_empty() { Lexed::of(Kind::Empty) } else { lex(cell) };
    evidence.add(lexed, || Example { value: String::from_utf8_lossy(cell).into_owned(), line });
}

/// Delimited text in the one form that every typed scan reads: UTF-8, comma, quotes where needed, LF.
pub(crate) struct NormalText {
    /// The text so far; whoever takes it takes whole records.
    pub text: Vec<u8>,
    guarded: bool,
}

impl NormalText {
    /// Text of records of `width` fields.
    pub(crate) fn new(width: usize) -> Self {
        Self { text: Vec::new(), guarded: width == 1 }
    }

    /// How the text is read; it is shown as `path`.
    pub(crate) fn form(&self, path: &Path) -> Delimited {
        let path = path.to_owned();
        Delimited { path, delimiter: b',', quote: Some(b'"'), skip_lines: 0, guarded: self.guarded }
    }

    /// Adds a field to the record; nothing stands for a missing value.
    pub(crate) fn cell(&mut self, cell: Option<&[u8]>) {
        if self.guarded {
            self.text.extend_from_slice(b"1,");
        }
        if let Some(cell) = cell {
            let special = |b: &u8| matches!(b, b',' | b'"' | b'\n' | b'\r');
            if cell.is_empty() || cell.iter().any(special) || cell.starts_with(b"\xef\xbb\xbf") {
                self.text.push(b'"');
                for byte in cell {
                    self.text.push(*byte);
                    if *byte == b'"' {
                        self.text.push(b'"');
                    }
                }
                self.text.push(b'"');
            } else {
                self.text.extend_from_slice(cell);
            }
        }
        self.text.push(b',');
    }

    /// Ends the record.
    pub(crate) fn end_row(&mut self) {
        if let Some(last) = self.text.last_mut() {
            *last = b'\n';
        }
    }
}
