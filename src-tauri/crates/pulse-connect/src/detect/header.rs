//! The lines before the records, and whether the first record names the columns.

use std::collections::HashSet;

use pulse_core::{Error, Result};

use crate::detect::Guess;
use crate::model::{ReadOptions, Setting};
use crate::records::{Field, split};
use crate::typing::{Kind, lex};

/// Records that are compared with the first one.
const RECORDS: usize = 200;
/// A preamble is looked for in so many lines.
const PREAMBLE: usize = 50;

/// What stands before the first data record.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    /// The names in the file; empty if it has none.
    pub names: Vec<String>,
    /// The byte at which the first data record starts.
    pub start: usize,
    /// The line on which it starts, from 1.
    pub line: u64,
    /// Fields in a good record.
    pub width: usize,
    pub header: Setting,
    pub skip_lines: Setting,
}

/// One record of the sample.
struct Row {
    start: usize,
    next: usize,
    line: u64,
    cells: Vec<String>,
}

/// Finds preamble and header in the first part of a file; `whole` says that the part is everything. Fails if the
/// lines to skip are all it has.
pub(crate) fn find_header(sample: &[u8], whole: bool, guess: &Guess, options: &ReadOptions) -> Result<Header> {
    let (mut start, mut line) = (0, 1);
    for _ in 0..options.skip_lines.unwrap_or(0) {
        if start == sample.len() {
            break;
        }
        let end = memchr::memchr(guess.dialect.line_end, &sample[start..]).map(|length| start + length + 1);
        start = end.unwrap_or(sample.len());
        line += 1;
    }
    if line > 1 && start == sample.len() {
        return Err(Error::invalid(format!("Nothing is left after the skipped lines: there are {} in all.", line - 1))
            .hint("Skip fewer lines; the header or the first record comes after them.")
            .field("skip_lines"));
    }
    let rows = rows(sample, start, line, whole, guess);
    let skipped = if options.skip_lines.is_some() { 0 } else { preamble(&rows, guess.width) };
    let skip_lines = match (options.skip_lines, rows.get(skipped)) {
        (Some(lines), _) => Setting::given(lines.to_string()),
        (None, Some(first)) if skipped > 0 => {
            let title: String = rows[0].cells.join(" ").trim().chars().take(60).collect();
            let why = format!("The lines before have other field counts; the first says `{title}`.");
            Setting::new((first.line - 1).to_string(), 0.8, why)
        }
        _ => Setting::new("0", 0.9, "The records start on the first line."),
    };
    let rows = &rows[skipped.min(rows.len())..];
    let Some(first) = rows.first() else {
        let header = Setting::new("false", 0.5, "There is no record.");
        return Ok(Header { names: Vec::new(), start, line, width: guess.width.max(1), header, skip_lines });
    };
    let header = match options.header {
        Some(given) => Setting::given(given.to_string()),
        None => judge(rows, guess.width),
    };
    let has_header = header.value == "true";
    let names = if has_header { first.cells.clone() } else { Vec::new() };
    let (start, line) = if has_header {
        let newlines = memchr::memchr_iter(guess.dialect.line_end, &sample[first.start..first.next]).count();
        (first.next, first.line + newlines as u64)
    } else {
        (first.start, first.line)
    };
    let width = guess.width.max(names.len()).max(1);
    Ok(Header { names, start, line, width, header, skip_lines })
}

/// The first records that are not blank lines.
fn rows(sample: &[u8], start: usize, line: u64, whole: bool, guess: &Guess) -> Vec<Row> {
    let (mut rows, mut at, mut line) = (Vec::new(), start, line);
    let mut fields: Vec<Field> = Vec::new();
    while at < sample.len() && rows.len() < RECORDS + PREAMBLE {
        let Some(record) = split(sample, at, guess.dialect, whole, &mut fields) else { break };
        if record.end > at {
            let cells = fields
                .iter()
                .map(|f| String::from_utf8_lossy(&f.content(sample, guess.dialect.quote)).into_owned())
                .collect();
            rows.push(Row { start: at, next: record.next, line, cells });
        }
        line += record.lines;
        at = record.next;
    }
    rows
}

/// How many records come before the table: those with other field counts, or with a title in the first cell only.
fn preamble(rows: &[Row], width: usize) -> usize {
    if width < 2 {
        return 0;
    }
    let filled = |row: &Row| row.cells.iter().filter(|cell| !cell.trim().is_empty()).count();
    let in_table = |row: &Row| row.cells.len() == width && (width < 3 || filled(row) > 1);
    let Some(first) = rows.iter().take(PREAMBLE).position(in_table) else { return 0 };
    // A single line above the table with nearly as many fields is a header that lacks some names.
    let short_header = first > 0 && rows[first - 1].cells.len() >= 2 && filled(&rows[first - 1]) >= 2;
    if short_header { first - 1 } else { first }
}

/// Whether the first record names the columns: names are words and differ from the values below them.
fn judge(rows: &[Row], width: usize) -> Setting {
    let first = &rows[0];
    let body = &rows[1..];
    if body.is_empty() {
        let words = first.cells.iter().all(|cell| cell.is_empty() || !is_value(cell));
        return if words {
            Setting::new("true", 0.6, "The only record is made of words.")
        } else {
            Setting::new("false", 0.7, "The only record holds values.")
        };
    }
    if years(&first.cells) {
        return Setting::new("true", 0.85, "The first record holds words and a series of years.");
    }
    let mut votes = 0i64;
    for (column, name) in first.cells.iter().enumerate() {
        let below: Vec<&String> =
            body.iter().filter(|row| row.cells.len() == width).filter_map(|row| row.cells.get(column)).collect();
        let filled: Vec<&&String> = below.iter().filter(|cell| !cell.is_empty()).collect();
        let typed = filled.iter().filter(|cell| is_value(cell)).count();
        votes += match (name.is_empty(), is_value(name)) {
            (true, _) => 0,
            (false, true) if typed * 2 > filled.len() => -2,
            (false, true) => -1,
            (false, false) if !filled.is_empty() && typed * 10 >= filled.len() * 7 => 2,
            (false, false) if filled.iter().any(|cell| **cell == name) => -1,
            (false, false) => 0,
        };
    }
    let mut seen = HashSet::new();
    let distinct = first.cells.iter().filter(|cell| !cell.is_empty()).all(|cell| seen.insert(cell.as_str()));
    match votes {
        1.. => Setting::new("true", 0.95, "The first record is made of words, the ones below of values."),
        0 if distinct => Setting::new("true", 0.6, "The first record is made of distinct words, as names are."),
        0 => Setting::new("false", 0.55, "The first record repeats itself, as names do not."),
        _ => Setting::new("false", 0.8, "The first record holds values like those below it."),
    }
}

fn is_value(cell: &str) -> bool {
    let cell = cell.trim();
    !cell.is_empty() && !matches!(lex(cell.as_bytes()).kind, Kind::Words | Kind::Boolean)
}

/// Whether cells hold a word and rising years, as the header of a wide table does.
fn years(cells: &[String]) -> bool {
    let years: Vec<u32> = cells
        .iter()
        .filter(|cell| cell.len() == 4)
        .filter_map(|cell| cell.parse().ok())
        .filter(|year| (1500..=2200).contains(year))
        .collect();
    let words = cells.iter().filter(|cell| !is_value(cell)).count();
    years.len() >= 2
        && words >= 1
        && words + years.len() == cells.len()
        && years.windows(2).all(|pair| pair[0] < pair[1])
}
