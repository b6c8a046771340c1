//! The tolerant reader: record by record, good ones to a normalised file, the others to the ledger.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use pulse_core::{Error, LedgerEntry, Progress, Result};

use crate::formats::Delimited;
use crate::ledger;
use crate::records::{Dialect, Record, RecordReader, UNCLOSED};
use crate::typing::{Converter, Evidence, Example, Kind, Lexed, lex};

/// What to read.
pub(super) struct Reading<'a> {
    pub path: &'a Path,
    pub source: &'a str,
    pub dialect: Dialect,
    /// Byte and line, from 1, of the first record.
    pub start: u64,
    pub line: u64,
    pub names: &'a [String],
    /// Converters of columns, by their place, whose type the user chose.
    pub converters: HashMap<usize, Converter>,
    /// The encoding if the file was translated from it.
    pub translated: Option<&'a str>,
    /// Whether the file is a first part, whose last record may be cut.
    pub is_head: bool,
}

/// What was read.
pub(super) struct Accounted {
    pub columns: Vec<Evidence>,
    pub records: u64,
    pub rejected: u64,
    pub blank: u64,
    pub ledger: Vec<LedgerEntry>,
    pub body: Delimited,
}

/// Reads every record of a file and writes the good ones to `to`.
pub(super) fn read(reading: &Reading<'_>, to: PathBuf, progress: &Progress) -> Result<Accounted> {
    let mut reader = RecordReader::open(reading.path, reading.start, reading.dialect)?;
    let width = reading.names.len();
    let mut out = NormalWriter::create(to, width)?;
    let (mut columns, mut entries) = (vec![Evidence::default(); width], Vec::new());
    let (mut records, mut rejected, mut blank, mut line) = (0u64, 0u64, 0u64, reading.line);
    let (mut counted_rows, mut counted_bytes) = (0u64, 0u64);
    while let Some((raw, record)) = reader.next()? {
        let (text, start) = (reader.text(), line);
        line += record.lines;
        counted_bytes += (record.next - raw.start) as u64;
        if reading.is_head && is_cut(&record, text.len()) {
            break;
        }
        if raw.is_empty() && width > 1 {
            blank += 1;
            continue;
        }
        records += 1;
        let bytes = &text[raw];
        if let Some(reason) = fault(bytes, record.broken, reader.fields.len(), reading) {
            rejected += 1;
            entries.push(entry(reading, start, bytes, reason));
        } else {
            let row = records - rejected - 1;
            for (index, field) in reader.fields.iter().enumerate() {
                let content = field.content(text, reading.dialect.quote);
                let cell = if content.is_empty() && !field.quoted { None } else { Some(content) };
                let cell = match (cell, reading.converters.get(&index)) {
                    (Some(cell), Some(converter)) => {
                        convert(cell, *converter, reading, index, (start, row), &mut entries)
                    }
                    (cell, _) => cell,
                };
                learn(&mut columns[index], cell.as_deref(), start);
                out.cell(cell.as_deref());
            }
            out.end_row()?;
        }
        if records.is_multiple_of(4096) {
            progress.check()?;
            progress.add_rows(4096);
            progress.add_bytes(std::mem::take(&mut counted_bytes));
            counted_rows += 4096;
        }
    }
    progress.add_rows(records - counted_rows);
    progress.add_bytes(counted_bytes);
    Ok(Accounted { columns, records, rejected, blank, ledger: entries, body: out.finish()? })
}

/// Whether a record in a text of `length` bytes is cut off by the end of a first part: in its last line, or inside its
/// last quotes, which begin not long before.
fn is_cut(record: &Record, length: usize) -> bool {
    let unfinished = record.next == record.end && record.next == length;
    unfinished || (record.broken == Some(UNCLOSED) && length - record.next < 64 << 10)
}

/// What is wrong with a record, if anything.
fn fault(raw: &[u8], broken: Option<&str>, fields: usize, reading: &Reading<'_>) -> Option<String> {
    if raw.contains(&0) {
        return Some("The record holds a zero byte.".into());
    }
    if std::str::from_utf8(raw).is_err() {
        let encoding = reading.translated.unwrap_or("utf-8");
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

fn entry(reading: &Reading<'_>, line: u64, raw: &[u8], reason: String) -> LedgerEntry {
    if reading.translated.is_none() {
        return ledger::record(reading.source, line, raw, reason);
    }
    // The mark only says that an escape follows; it is not part of the file.
    let unmarked: Vec<u8> = raw.iter().copied().filter(|b| *b != crate::detect::MARK).collect();
    ledger::record(reading.source, line, &unmarked, reason)
}

/// The canonical text of a value whose type the user chose; one that does not fit goes to the ledger.
fn convert<'a>(
    cell: Cow<'a, [u8]>,
    converter: Converter,
    reading: &Reading<'_>,
    index: usize,
    (line, row): (u64, u64),
    entries: &mut Vec<LedgerEntry>,
) -> Option<Cow<'a, [u8]>> {
    // The record was checked to be UTF-8, and so are its fields, which ASCII marks separate.
    let text = String::from_utf8_lossy(&cell);
    if let Some(canonical) = converter.convert(&text) {
        return Some(Cow::Owned(canonical.into_owned().into_bytes()));
    }
    entries.push(ledger::misfit(reading.source, (line, row), &reading.names[index], &text, converter.0.word()));
    None
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

/// Writes a delimited file in the one form that every typed scan reads: UTF-8, comma, quotes where needed, LF.
pub(crate) struct NormalWriter {
    path: PathBuf,
    out: BufWriter<File>,
    row: Vec<u8>,
    guarded: bool,
}

impl NormalWriter {
    /// Starts the file for records of `width` fields.
    pub(crate) fn create(path: PathBuf, width: usize) -> Result<Self> {
        let file = File::create_new(&path).map_err(|cause| Error::io("create", &path, &cause))?;
        let guarded = width == 1;
        let row = if guarded { b"1,".to_vec() } else { Vec::new() };
        Ok(Self { path, out: BufWriter::with_capacity(1 << 20, file), row, guarded })
    }

    /// Adds a field to the record; nothing stands for a missing value.
    pub(crate) fn cell(&mut self, cell: Option<&[u8]>) {
        if let Some(cell) = cell {
            let special = |b: &u8| matches!(b, b',' | b'"' | b'\n' | b'\r');
            if cell.is_empty() || cell.iter().any(special) || cell.starts_with(b"\xef\xbb\xbf") {
                self.row.push(b'"');
                for byte in cell {
                    self.row.push(*byte);
                    if *byte == b'"' {
                        self.row.push(b'"');
                    }
                }
                self.row.push(b'"');
            } else {
                self.row.extend_from_slice(cell);
            }
        }
        self.row.push(b',');
    }

    /// Ends the record.
    pub(crate) fn end_row(&mut self) -> Result<()> {
        if let Some(last) = self.row.last_mut() {
            *last = b'\n';
        }
        self.out.write_all(&self.row).map_err(|cause| Error::io("write", &self.path, &cause))?;
        self.row.clear();
        if self.guarded {
            self.row.extend_from_slice(b"1,");
        }
        Ok(())
    }

    /// Completes the file.
    pub(crate) fn finish(mut self) -> Result<Delimited> {
        self.out.flush().map_err(|cause| Error::io("write", &self.path, &cause))?;
        Ok(Delimited { path: self.path, delimiter: b',', quote: Some(b'"'), skip_lines: 0, guarded: self.guarded })
    }
}
