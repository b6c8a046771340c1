//! Records that are JSON objects, made into a table: two passes over them, the first to learn the columns and what they
//! hold, the second for the good ones as normalised delimited text.

pub(crate) mod text;

use std::collections::HashMap;
use std::ops::Range;

use pulse_core::{Code, Error, LedgerEntry, Progress, Result};

use self::text::{compact, is_valid, members, space};
use super::csv::{NormalText, learn};
use super::{Body, Holds, Part, PartColumn, Task};
use crate::detect::{EncodingChoice, detect_encoding};
use crate::inspect::head_of;
use crate::ledger;
use crate::model::Detected;
use crate::names::unique_names;
use crate::source::Source;
use crate::spool::{Give, PIECE, Streamed};
use crate::text::Text;
use crate::typing::{Converter, Evidence, Example, Kind, Lexed, Type, lex};

/// More columns than this are no table but a mapping written as an object.
const MAX_COLUMNS: usize = 10_000;
/// The column of records that are no objects, where none is.
const VALUE: &str = "value";

/// Takes a record's text and its line; says whether more are wanted.
pub(super) type Each<'a> = dyn FnMut(&[u8], u64) -> Result<bool> + 'a;
/// Something that goes through the records of a file.
pub(super) type Visit = dyn Fn(&mut Each<'_>, &Progress) -> Result<()> + Send + Sync;

/// A file's text, and the encoding it has.
pub(super) fn text_of(source: &Source, task: &Task<'_>) -> Result<(Text, EncodingChoice)> {
    let choice = detect_encoding(&head_of(&source.path)?, task.options.encoding.as_deref())?;
    Ok((Text::of(source, choice.encoding), choice))
}

/// What the first pass learnt.
#[derive(Default)]
struct Learnt {
    names: Vec<String>,
    places: HashMap<String, usize>,
    columns: Vec<Evidence>,
    records: u64,
    ledger: Vec<LedgerEntry>,
    /// Whether the records are plain values rather than objects.
    plain: bool,
}

/// Makes a table of the records that `visit` goes through.
pub(super) fn table(source: &Source, task: &Task<'_>, detected: Detected, visit: Box<Visit>) -> Result<Part> {
    let progress = task.progress;
    let mut learnt = Learnt { plain: holds_no_object(&visit, progress)?, ..Learnt::default() };
    progress.stage("Checking every record", 0, source.content_bytes);
    let each = &mut |raw: &[u8], line: u64| {
        if learnt.records.is_multiple_of(1024) {
            progress.check()?;
        }
        progress.add_rows(1);
        progress.add_bytes(raw.len() as u64);
        learnt.record(raw, line, &source.name).map(|()| true)
    };
    visit(each, progress)?;
    let rejected = learnt.ledger.len() as u64;
    let (names, mut warnings) = unique_names(&learnt.names, learnt.names.len().max(1));
    learnt.columns.resize_with(names.len(), Evidence::default);
    warnings.dedup();
    let converters = converters(&names, &mut learnt, task)?;
    let rows = Rows { plain: learnt.plain, places: learnt.places, width: names.len(), converters };
    if !rows.converters.is_empty() {
        let mut row = 0;
        let each = &mut |raw: &[u8], line: u64| {
            let cells = rows.cells(raw, |place, text, word| {
                learnt.ledger.push(ledger::misfit(&source.name, (line, row), &names[place], text, word));
            });
            if let Some(cells) = cells {
                let places = rows.converters.keys().filter(|place| cells[**place].1);
                places.for_each(|place| learn(&mut learnt.columns[*place], cells[*place].0.as_deref(), line));
                row += 1;
            }
            Ok(true)
        };
        visit(each, progress)?;
    }
    let columns = names.into_iter().zip(learnt.columns);
    Ok(Part {
        detected,
        columns: columns.map(|(name, e)| PartColumn { name, holds: Holds::Texts(Box::new(e)) }).collect(),
        records: learnt.records,
        rejected,
        ledger: learnt.ledger,
        body: Body::Streamed(rows.streamed(visit, source)),
        sha256: None,
        warnings,
    })
}

/// Whether there are valid records and none of them is an object.
fn holds_no_object(visit: &Visit, progress: &Progress) -> Result<bool> {
    let (mut object, mut others) = (false, 0u64);
    let each = &mut |raw: &[u8], _: u64| {
        object = raw.first() == Some(&b'{');
        others += u64::from(!object && is_valid(raw));
        Ok(!object)
    };
    visit(each, progress)?;
    Ok(!object && others > 0)
}

impl Learnt {
    fn record(&mut self, raw: &[u8], line: u64, source: &str) -> Result<()> {
        self.records += 1;
        let plain = self.plain;
        match cells(raw, plain) {
            Ok(cells) => {
                for (name, value) in cells {
                    let place = match self.places.get(&name) {
                        Some(place) => *place,
                        None => self.column(name)?,
                    };
                    judge(&mut self.columns[place], &raw[value], line);
                }
            }
            Err(reason) => self.ledger.push(ledger::record(source, line, raw, reason)),
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

/// The converters of columns, by their place, whose type the user chose; what these hold is learnt anew.
fn converters(names: &[String], learnt: &mut Learnt, task: &Task<'_>) -> Result<HashMap<usize, Converter>> {
    let mut converters = HashMap::new();
    for (place, name) in names.iter().enumerate() {
        let asked = task.options.types.get(name).map(|word| Type::parse(word, name)).transpose()?;
        if let Some(kind) = asked.filter(|kind| *kind == Type::Text || !kind.fits(&learnt.columns[place])) {
            converters.insert(place, Converter(kind));
            learnt.columns[place] = Evidence::default();
        }
    }
    Ok(converters)
}

/// How the records become rows.
struct Rows {
    plain: bool,
    places: HashMap<String, usize>,
    width: usize,
    converters: HashMap<usize, Converter>,
}

/// A cell, and whether the record has a value there.
type Cell = (Option<Vec<u8>>, bool);

impl Rows {
    /// The cells of a good record; values that are not what the user chose are missing, and told with the type's word.
    fn cells(&self, raw: &[u8], mut misfit: impl FnMut(usize, &str, &str)) -> Option<Vec<Cell>> {
        let found = cells(raw, self.plain).ok()?;
        let mut row: Vec<Cell> = vec![(None, false); self.width];
        for (name, value) in found {
            let place = self.places[&name];
            let cell = text(&raw[value]);
            row[place].1 = cell.is_some();
            row[place].0 = match (cell, self.converters.get(&place)) {
                (Some(cell), Some(converter)) => {
                    let text = String::from_utf8_lossy(&cell);
                    let canonical = converter.convert(&text).map(|text| text.into_owned().into_bytes());
                    if canonical.is_none() {
                        misfit(place, &text, converter.0.word());
                    }
                    canonical
                }
                (cell, _) => cell,
            };
        }
        Some(row)
    }

    /// The good records as text.
    fn streamed(self, visit: Box<Visit>, source: &Source) -> Streamed {
        let form = NormalText::new(self.width).form(&source.origin);
        let pieces = move |give: &mut Give<'_>, progress: &Progress| {
            let mut out = NormalText::new(self.width);
            let (mut wanted, mut count) = (true, 0u64);
            let each = &mut |raw: &[u8], _: u64| {
                count += 1;
                if count.is_multiple_of(1024) {
                    progress.check()?;
                }
                if let Some(cells) = self.cells(raw, |_, _, _| {}) {
                    cells.iter().for_each(|(cell, _)| out.cell(cell.as_deref()));
                    out.end_row();
                    if out.text.len() >= PIECE {
                        wanted = give(std::mem::take(&mut out.text));
                    }
                }
                Ok(wanted)
            };
            visit(each, progress)?;
            if wanted && !out.text.is_empty() {
                give(out.text);
            }
            Ok(())
        };
        Streamed { form, pieces: Box::new(pieces) }
    }
}
