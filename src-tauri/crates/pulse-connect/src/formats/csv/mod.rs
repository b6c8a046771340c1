//! CSV, TSV and every other delimited text.
//!
//! A structural scan proves that a text is well formed and what its columns hold; then the typed scan reads the file
//! itself, or pieces of a text that is packed or not UTF-8. Otherwise the tolerant reader sends what does not fit to the
//! ledger and gives the rest as normalised pieces, which the very same typed scan reads. See
//! `docs/decisions/001-csv-reader.md`.

mod scan;
mod tolerant;

use std::collections::HashMap;

use pulse_core::{Error, Result};

use self::scan::{Layout, Odd, Scanned};
use self::tolerant::Reading;
use super::{Body, Delimited, Format, Holds, Part, PartColumn, Task};
use crate::detect::{
    EncodingChoice, Guess, Header, detect_dialect, detect_encoding, find_header, guess_whole, one_byte,
};
use crate::model::{Detected, ReadOptions};
use crate::names::unique_names;
use crate::source::Source;
use crate::spool::Streamed;
use crate::text::Text;
use crate::typing::{Converter, Evidence, Type};

pub(crate) use self::scan::last_record_end;
pub(crate) use self::tolerant::{NormalText, learn};

/// Bytes that detection looks at.
const SAMPLE: u64 = 1 << 20;

/// Delimited text.
pub(super) struct Csv;

impl Format for Csv {
    fn name(&self) -> &'static str {
        "csv"
    }

    fn title(&self) -> &'static str {
        "CSV"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["csv", "tsv", "tab", "psv", "txt", "dat"]
    }

    fn recognise(&self, _head: &[u8]) -> f64 {
        // Any text can be read as delimited text, so the others go first.
        0.5
    }

    fn streams(&self) -> bool {
        true
    }

    fn read(&self, source: &Source, task: &Task<'_>) -> Result<Part> {
        check_options(task.options)?;
        let raw = Text::raw(source);
        let choice = detect_encoding(&raw.head(SAMPLE, task.progress)?, task.options.encoding.as_deref())?;
        match read_as(source, &choice, task)? {
            Some(part) => Ok(part),
            None => {
                let whole = guess_whole(&raw, task.progress)?;
                let choice = whole.unwrap_or(EncodingChoice { open: false, ..choice });
                let part = read_as(source, &EncodingChoice { open: false, ..choice }, task)?;
                part.ok_or_else(|| Error::internal("settle the encoding", source.path.display()))
            }
        }
    }
}

fn check_options(options: &ReadOptions) -> Result<()> {
    let wrong = |what: &str, value: &str| {
        Error::invalid(format!("`{value}` cannot be the {what}."))
            .hint("Give one ASCII character, or \\t for the tabulator.")
            .field(what)
    };
    let good = |text: &str| one_byte(text).is_some_and(|b| b.is_ascii() && !matches!(b, b'\n' | b'\r' | 0));
    if let Some(delimiter) = options.delimiter.as_deref().filter(|text| !good(text)) {
        return Err(wrong("delimiter", delimiter));
    }
    if let Some(quote) = options.quote.as_deref().filter(|text| !text.is_empty() && !good(text)) {
        return Err(wrong("quote", quote));
    }
    let same = options.delimiter.as_deref().and_then(one_byte) == options.quote.as_deref().and_then(one_byte);
    if same && options.delimiter.is_some() {
        return Err(Error::invalid("The delimiter and the quote are the same character.")
            .hint("Change one.")
            .field("quote"));
    }
    Ok(())
}

/// What is known of a text before its records are read.
struct Plan {
    text: Text,
    guess: Guess,
    header: Header,
    /// Byte of the first data record.
    start: u64,
    /// Lines, as LF separates them, before it.
    lines_before: u64,
    names: Vec<String>,
    warnings: Vec<String>,
}

/// Reads a text in one encoding; nothing if that encoding turned out to be wrong and may be chosen again.
fn read_as(source: &Source, choice: &EncodingChoice, task: &Task<'_>) -> Result<Option<Part>> {
    let plan = plan(source, choice, task)?;
    let asked = asked_types(&plan.names, task.options)?;
    let mut hash = None;
    if scan::understands(plan.guess.dialect) {
        let layout = Layout { hash: task.hash && source.is_origin && choice.is_utf8(), ..plan.layout() };
        task.progress.stage("Checking every record", 0, source.content_bytes);
        let scanned = plan.text.read(task.progress, |text, failed| scan::scan(text, failed, layout, task.progress))?;
        match scanned {
            Scanned::Clean { columns, records, sha256 } => {
                hash = sha256;
                if asked.iter().all(|(column, kind)| kind.fits(&columns[*column])) {
                    return Ok(Some(clean_part(source, plan, choice, columns, records, hash)));
                }
            }
            Scanned::Odd(Odd::NotUtf8) if choice.open => return Ok(None),
            Scanned::Odd(_) => {}
        }
    }
    tolerant_part(source, plan, choice, &asked, hash, task).map(Some)
}

impl Plan {
    fn layout(&self) -> Layout {
        Layout {
            dialect: self.guess.dialect,
            width: self.names.len(),
            start: self.start,
            line: self.header.line,
            hash: false,
        }
    }
}

fn plan(source: &Source, choice: &EncodingChoice, task: &Task<'_>) -> Result<Plan> {
    let all = Text::of(source, choice.encoding);
    let sample = all.head(SAMPLE, task.progress)?;
    let mark = if sample.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let text = &sample[mark..];
    let extension = source.inner_name.rsplit_once('.').map_or(String::new(), |(_, e)| e.to_ascii_lowercase());
    let whole = (sample.len() as u64) < SAMPLE || !text.iter().any(|b| matches!(b, b'\n' | b'\r'));
    let guess = detect_dialect(text, whole, task.options, &extension);
    let header = find_header(text, whole, &guess, task.options)?;
    let (names, mut warnings) = unique_names(&header.names, header.width);
    if names.iter().any(|name| name.contains('\u{fffd}')) {
        warnings.push("Some column names hold bytes that the encoding does not know.".into());
    }
    let lines_before = memchr::memchr_iter(b'\n', &text[..header.start]).count() as u64;
    Ok(Plan { text: all, start: (mark + header.start) as u64, lines_before, guess, header, names, warnings })
}

/// The columns of this file whose type the user chose.
fn asked_types(names: &[String], options: &ReadOptions) -> Result<HashMap<usize, Type>> {
    let asked = names.iter().enumerate().filter_map(|(at, name)| options.types.get(name).map(|word| (at, name, word)));
    asked.map(|(at, name, word)| Ok((at, Type::parse(word, name)?))).collect()
}

fn clean_part(
    source: &Source,
    plan: Plan,
    choice: &EncodingChoice,
    columns: Vec<Evidence>,
    records: u64,
    sha256: Option<String>,
) -> Part {
    let dialect = plan.guess.dialect;
    let form = Delimited {
        path: source.path.clone(),
        delimiter: dialect.delimiter,
        quote: dialect.quote,
        skip_lines: plan.lines_before,
        guarded: false,
    };
    let body = if source.packed.is_none() && choice.is_utf8() {
        Body::Delimited(form)
    } else {
        // What stands before the first record is passed over as bytes.
        Body::Streamed(Streamed::cut(plan.text.clone(), plan.start, Delimited { skip_lines: 0, ..form }))
    };
    let columns = part_columns(&plan.names, columns);
    Part {
        detected: detected(&plan, choice),
        columns,
        records,
        rejected: 0,
        ledger: Vec::new(),
        body,
        sha256,
        warnings: plan.warnings,
    }
}

fn tolerant_part(
    source: &Source,
    plan: Plan,
    choice: &EncodingChoice,
    asked: &HashMap<usize, Type>,
    sha256: Option<String>,
    task: &Task<'_>,
) -> Result<Part> {
    task.progress.stage("Reading record by record", 0, source.content_bytes);
    task.progress.log("Something in the file is unusual, so every record is read on its own.");
    let reading = Reading {
        text: plan.text.clone(),
        source: source.name.clone(),
        dialect: plan.guess.dialect,
        start: plan.start,
        line: plan.header.line,
        names: plan.names.clone(),
        converters: asked.iter().map(|(column, kind)| (*column, Converter(*kind))).collect(),
        translated: (!choice.is_utf8()).then(|| choice.setting.value.clone()),
        is_head: source.is_head,
    };
    let found = tolerant::account(&reading, task.progress)?;
    let mut warnings = plan.warnings.clone();
    if found.blank > 0 {
        warnings.push(format!("{} blank lines, which hold no record, were passed over.", found.blank));
    }
    Ok(Part {
        detected: detected(&plan, choice),
        columns: part_columns(&plan.names, found.columns),
        records: found.records,
        rejected: found.rejected,
        ledger: found.ledger,
        body: Body::Streamed(tolerant::good(reading, &source.origin)),
        sha256,
        warnings,
    })
}

fn part_columns(names: &[String], columns: Vec<Evidence>) -> Vec<PartColumn> {
    names
        .iter()
        .zip(columns)
        .map(|(name, e)| PartColumn { name: name.clone(), holds: Holds::Texts(Box::new(e)) })
        .collect()
}

fn detected(plan: &Plan, choice: &EncodingChoice) -> Detected {
    Detected {
        encoding: Some(choice.setting.clone()),
        delimiter: Some(plan.guess.delimiter.clone()),
        quote: Some(plan.guess.quote.clone()),
        header: Some(plan.header.header.clone()),
        skip_lines: Some(plan.header.skip_lines.clone()),
        ..Detected::default()
    }
}
