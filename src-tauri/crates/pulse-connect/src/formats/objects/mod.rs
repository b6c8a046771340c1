//! Records that are JSON objects, made into a table: two passes over them, the first to learn the columns and what they
//! hold, the second to write the good ones as a normalised delimited file.

pub(crate) mod text;

use std::collections::HashMap;
use std::ops::Range;
use std::path::PathBuf;

use pulse_core::{Code, Error, LedgerEntry, Result};

use self::text::{compact, is_valid, members, space};
use super::csv::{NormalWriter, learn};
use super::{Body, Holds, Part, PartColumn, Task};
use crate::detect::{EncodingChoice, detect_encoding, transcode};
use crate::inspect::head_of;
use crate::ledger;
use crate::model::Detected;
use crate::names::unique_names;
use crate::source::Source;
use crate::typing::{Converter, Evidence, Example, Kind, Lexed, Type, lex};

/// More columns than this are no table but a mapping written as an object.
const MAX_COLUMNS: usize = 10_000;
/// The column of records that are no objects, where none is.
const VALUE: &str = "value";

/// Something that goes through the records of a file: calls back with each record's text and line.
pub(super) type Visit<'a> = dyn Fn(&mut dyn FnMut(&[u8], u64) -> Result<()>) -> Result<()> + 'a;

/// The path of a file's text in UTF-8, and the encoding it had.
pub(super) fn utf8_text(source: &Source, task: &Task<'_>) -> Result<(PathBuf, EncodingChoice)> {
    let choice = detect_encoding(&head_of(&source.path)?, task.options.encoding.as_deref())?;
    if choice.is_utf8() {
        return Ok((source.path.clone(), choice));
    }
    let to = source.scratch_file(task.scratch, "utf8");
    transcode(&source.path, choice.encoding, &to, task.progress)?;
    Ok((to, choice))
}

/// What the first pass learnt.
#[derive(Default)]
struct Learnt {
    names: Vec<String>,
    places: HashMap<String, usize>,
    columns: Vec<Evidence>,
    records: u64,
    /// Which records are rows.
    good: Vec<bool>,
    ledger: Vec<LedgerEntry>,
    /// Whether the records are plain values rather than objects.
    plain: bool,
}

/// Makes a table of the records that `visit` goes through.
pub(super) fn table(source: &Source, task: &Task<'_>, detected: Detected, visit: &Visit<'_>) -> Result<Part> {
    let mut learnt = Learnt { plain: holds_no_object(visit)?, ..Learnt::default() };
    task.progress.stage("Checking every record", 0, source.content_bytes);
    visit(&mut |raw, line| {
        if learnt.records.is_multiple_of(1024) {
            task.progress.check()?;
        }
        task.progress.add_rows(1);
        task.progress.add_bytes(raw.len() as u64);
        learnt.record(raw, line, &source.name)
    })?;
    let (names, mut warnings) = unique_names(&learnt.names, learnt.names.len().max(1));
    learnt.columns.resize_with(names.len(), Evidence::default);
    warnings.dedup();
    let rejected = learnt.good.iter().filter(|good| !**good).count() as u64;
    let body = write(source, task, visit, &names, &mut learnt)?;
    let columns = names.into_iter().zip(learnt.columns);
    Ok(Part {
        detected,
        columns: columns.map(|(name, e)| PartColumn { name, holds: Holds::Texts(Box::new(e)) }).collect(),
        records: learnt.records,
        rejected,
        ledger: learnt.ledger,
        body,
        sha256: None,
        warnings,
    })
}

/// Whether there are valid records and none of them is an object.
fn holds_no_object(visit: &Visit<'_>) -> Result<bool> {
    let (mut objects, mut others) = (0u64, 0u64);
    visit(&mut |raw, _| {
        let object = raw.first() == Some(&b'{');
        objects += u64::from(object);
        others += u64::from(!object && objects == 0 && is_valid(raw));
        Ok(())
    })?;
    Ok(objects == 0 && others > 0)
}

impl Learnt {
    fn record(&mut self, raw: &[u8], line: u64, source: &str) -> Result<()> {
        self.records += 1;
        let plain = self.plain;
        match cells(raw, plain) {
            Ok(cells) => {
                self.good.push(true);
                for (name, value) in cells {
                    let place = match self.places.get(&name) {
                        Some(place) => *place,
                        None => self.column(name)?,
                    };
                    judge(&mut self.columns[place], &raw[value], line);
                }
            }
            Err(reason) => {
                self.good.push(false);
                self.ledger.push(ledger::record(source, line, raw, reason));
            }
        }
        Ok(())
    }

    fn column(&mut self, name: String) -> Result<usize> {
        if self.names.len() >= MAX_COLUMNS {
            return Err(Error::new(
                Code::LimitExceeded,
                format!("The records have more than {MAX_COLUMNS} different names."),
            )
            .hint("Choose another records path; these objects look like a mapping rather than records.")
            .field("records_path"));
        }
        self.names.push(name.clone());
        self.columns.push(Evidence::default());
        self.places.insert(name, self.names.len() - 1);
        Ok(self.names.len() - 1)
    }
}

/// The names and values of a record, or why it is none.
fn cells(raw: &[u8], plain: bool) -> std::result::Result<Vec<(String, Range<usize>)>, String> {
    if !is_valid(raw) {
        return Err("The record is not valid JSON.".into());
    }
    if plain {
        return Ok(vec![(VALUE.to_owned(), 0..raw.len())]);
    }
    if raw.first() != Some(&b'{') {
        return Err("The record is no JSON object, as the others are.".into());
    }
    let cells: Vec<_> = members(raw, space(raw, 0)).collect();
    let mut seen = std::collections::HashSet::new();
    for (name, value) in &cells {
        if !seen.insert(name) {
            return Err(format!("The record names `{name}` twice."));
        }
        if text(&raw[value.clone()]).is_some_and(|text| text.contains(&0)) {
            return Err(format!("The value of `{name}` holds a zero byte."));
        }
    }
    Ok(cells)
}

/// The text of a value as it will stand in a cell; nothing for `null`.
fn text(value: &[u8]) -> Option<Vec<u8>> {
    match value.first() {
        Some(b'n') => None,
        // The value was checked to be valid.
        Some(b'"') => Some(serde_json::from_slice::<String>(value).unwrap_or_default().into_bytes()),
        Some(b'{' | b'[') => Some(compact(value)),
        _ => Some(value.to_vec()),
    }
}

/// Adds a value to a column's evidence; the quotes of JSON say that digits are text.
fn judge(evidence: &mut Evidence, value: &[u8], line: u64) {
    let Some(cell) = text(value) else {
        evidence.missing += 1;
        return;
    };
    let kind = match value.first() {
        Some(b'"') if cell.is_empty() => Kind::Empty,
        Some(b'"') => match lex(&cell).kind {
            Kind::Date | Kind::Timestamp => return learn(evidence, Some(&cell), line),
            Kind::Integer | Kind::WideInteger | Kind::Decimal | Kind::DecimalZero | Kind::DecimalOnly => {
                Kind::TextNumber
            }
            Kind::Float | Kind::Boolean => Kind::TextNumber,
            kind => kind,
        },
        Some(b'{' | b'[') => Kind::Nested,
        _ => return learn(evidence, Some(&cell), line),
    };
    let lexed = Lexed::of(kind);
    evidence.add(lexed, || Example { value: String::from_utf8_lossy(&cell).into_owned(), line });
}

/// Writes the good records; values of columns whose type the user chose are converted.
fn write(source: &Source, task: &Task<'_>, visit: &Visit<'_>, names: &[String], learnt: &mut Learnt) -> Result<Body> {
    let mut converters: HashMap<usize, Converter> = HashMap::new();
    for (place, name) in names.iter().enumerate() {
        let asked = task.options.types.get(name).map(|word| Type::parse(word, name)).transpose()?;
        if let Some(kind) = asked.filter(|kind| *kind == Type::Text || !kind.fits(&learnt.columns[place])) {
            converters.insert(place, Converter(kind));
            learnt.columns[place] = Evidence::default();
        }
    }
    task.progress.stage("Writing the records", learnt.records, source.content_bytes);
    let mut out = NormalWriter::create(source.scratch_file(task.scratch, "normal"), names.len())?;
    let (mut number, mut row) = (0usize, 0u64);
    visit(&mut |raw, line| {
        let good = learnt.good.get(number).copied().unwrap_or(false);
        number += 1;
        if number.is_multiple_of(1024) {
            task.progress.check()?;
        }
        task.progress.add_rows(1);
        if !good {
            return Ok(());
        }
        let mut row_cells: Vec<Option<Vec<u8>>> = vec![None; names.len()];
        for (name, value) in cells(raw, learnt.plain).unwrap_or_default() {
            let place = learnt.places[&name];
            row_cells[place] = text(&raw[value]);
            if let (Some(converter), Some(cell)) = (converters.get(&place), &row_cells[place]) {
                let text = String::from_utf8_lossy(cell);
                let canonical = converter.convert(&text).map(|text| text.into_owned().into_bytes());
                if canonical.is_none() {
                    let entry = ledger::misfit(&source.name, (line, row), &names[place], &text, converter.0.word());
                    learnt.ledger.push(entry);
                }
                learn(&mut learnt.columns[place], canonical.as_deref(), line);
                row_cells[place] = canonical;
            }
        }
        row_cells.iter().for_each(|cell| out.cell(cell.as_deref()));
        row += 1;
        out.end_row()
    })?;
    Ok(Body::Delimited(out.finish()?))
}
