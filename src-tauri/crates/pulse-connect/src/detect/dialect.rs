//! The delimiter and the quote of a delimited text.
//!
//! Every candidate is tried on the first part of the file and scored by how regular the records become and how many
//! cells are of a plain type, after G. J. J. van den Burg, A. Nazábal, C. Sutton, "Wrangling messy CSV files by detecting
//! row and type patterns", Data Mining and Knowledge Discovery 33 (2019).

use std::collections::BTreeMap;

use crate::model::{ReadOptions, Setting};
use crate::records::{Dialect, Field, split};
use crate::typing::{Kind, lex};

/// Delimiters with their names and how usual they are; colons and spaces stand inside times and names.
const DELIMITERS: [(u8, &str, f64); 9] = [
    (b',', "comma", 1.0),
    (b'\t', "tabulator", 1.0),
    (b';', "semicolon", 1.0),
    (b'|', "vertical bar", 1.0),
    (b'^', "caret", 0.9),
    (b'~', "tilde", 0.9),
    (0x1f, "unit separator", 0.9),
    (b':', "colon", 0.6),
    (b' ', "space", 0.6),
];
/// Records that are looked at.
const RECORDS: usize = 1000;

/// The dialect of a file and how many fields most of its records have.
#[derive(Clone, Debug)]
pub(crate) struct Guess {
    pub dialect: Dialect,
    pub width: usize,
    pub delimiter: Setting,
    pub quote: Setting,
}

/// One candidate's result.
struct Trial {
    dialect: Dialect,
    width: usize,
    /// The share of records with that many fields.
    share: f64,
    score: f64,
}

/// Finds the dialect of `sample`, which is UTF-8 but for damaged places; given choices are taken as they are. It never
/// fails: a text in which no delimiter occurs regularly has one column.
pub(crate) fn detect_dialect(sample: &[u8], whole: bool, options: &ReadOptions, extension: &str) -> Guess {
    let line_end = if memchr::memchr(b'\n', sample).is_none() && sample.contains(&b'\r') { b'\r' } else { b'\n' };
    let given_delimiter = options.delimiter.as_deref().and_then(one_byte);
    let given_quote = options.quote.as_deref().map(one_byte);
    let quotes: Vec<Option<u8>> = match given_quote {
        Some(quote) => vec![quote],
        None => candidates_for_quote(sample),
    };
    let mut best: Option<Trial> = None;
    for (delimiter, _, usual) in DELIMITERS {
        let delimiter = given_delimiter.unwrap_or(delimiter);
        for quote in quotes.iter().copied().filter(|quote| *quote != Some(delimiter)) {
            let mut trial = attempt(sample, whole, Dialect { delimiter, quote, line_end });
            trial.score *= usual;
            if extension == "tsv" && delimiter == b'\t' {
                trial.score *= 1.5;
            }
            if best.as_ref().is_none_or(|best| trial.score > best.score) {
                best = Some(trial);
            }
        }
        if given_delimiter.is_some() {
            break;
        }
    }
    let fallback = Dialect { delimiter: b',', quote: Some(b'"'), line_end };
    let best = best.unwrap_or_else(|| attempt(sample, whole, fallback));
    describe(best, sample, given_delimiter.is_some(), given_quote.is_some())
}

fn describe(mut best: Trial, sample: &[u8], delimiter_given: bool, quote_given: bool) -> Guess {
    let delimiter = if delimiter_given {
        Setting::given(shown(best.dialect.delimiter))
    } else if best.width < 2 {
        let unused = DELIMITERS.iter().find(|(byte, ..)| !sample.contains(byte)).map_or(0x1f, |(byte, ..)| *byte);
        best.dialect.delimiter = unused;
        Setting::new(shown(unused), 0.5, "No delimiter occurs regularly; the file has one column.")
    } else {
        let name =
            DELIMITERS.iter().find(|(byte, ..)| *byte == best.dialect.delimiter).map_or("", |(_, name, _)| *name);
        let percent = (best.share * 100.0).floor();
        let why = format!("With the {name}, {percent}% of the records have {} fields.", best.width);
        Setting::new(shown(best.dialect.delimiter), best.share, why)
    };
    let quote = match best.dialect.quote {
        quote if quote_given => Setting::given(quote.map_or_else(String::new, shown)),
        Some(quote) if sample.contains(&quote) => Setting::new(shown(quote), 0.95, "Fields stand between these marks."),
        Some(quote) => {
            Setting::new(shown(quote), 0.5, "No field is quoted in the first part; this mark is the usual one.")
        }
        None => Setting::new("", 0.8, "Quote marks stand inside fields only."),
    };
    Guess { dialect: best.dialect, width: best.width, delimiter, quote }
}

/// A delimiter or quote as users write it.
fn shown(byte: u8) -> String {
    if byte == b'\t' { "\\t".into() } else { char::from(byte).to_string() }
}

/// The byte that a user's delimiter or quote stands for.
pub(crate) fn one_byte(text: &str) -> Option<u8> {
    match text.as_bytes() {
        b"\\t" => Some(b'\t'),
        [byte] => Some(*byte),
        _ => None,
    }
}

fn candidates_for_quote(sample: &[u8]) -> Vec<Option<u8>> {
    let mut quotes = vec![Some(b'"')];
    let opens = sample.windows(2).any(|pair| pair[1] == b'\'' && !pair[0].is_ascii_alphanumeric());
    if sample.first() == Some(&b'\'') || opens {
        quotes.push(Some(b'\''));
    }
    if sample.contains(&b'"') {
        quotes.push(None);
    }
    quotes
}

/// Scores one dialect.
fn attempt(sample: &[u8], whole: bool, dialect: Dialect) -> Trial {
    let mut fields: Vec<Field> = Vec::new();
    let mut widths: BTreeMap<usize, usize> = BTreeMap::new();
    let mut runs: BTreeMap<usize, usize> = BTreeMap::new();
    let mut previous = 0;
    let (mut at, mut records, mut cells, mut plain, mut quoted) = (0, 0usize, 0.0, 0.0, 0usize);
    while at < sample.len() && records < RECORDS {
        let Some(record) = split(sample, at, dialect, whole, &mut fields) else { break };
        let blank = record.end == at;
        at = record.next;
        if blank {
            continue;
        }
        records += 1;
        if record.broken.is_some() {
            continue;
        }
        *widths.entry(fields.len()).or_default() += 1;
        *runs.entry(fields.len()).or_default() += usize::from(previous != fields.len());
        previous = fields.len();
        for field in &fields {
            quoted += usize::from(field.quoted && !field.range.is_empty());
            cells += 1.0;
            plain += plainness(&sample[field.range.clone()], field.quoted);
        }
    }
    let (width, count) = usual_width(&widths, &runs);
    let share = if records == 0 { 0.0 } else { count as f64 / records as f64 };
    let regular = share * share;
    let spread = if width < 2 { 0.05 } else { (width as f64 - 1.0) / width as f64 };
    let typed = if cells == 0.0 { 0.1 } else { 0.05 + plain / cells };
    // A mark that quotes nothing is no evidence, so the usual one comes first and wins when scores are equal.
    let used = if quoted > 0 { 1.1 } else { 1.0 };
    Trial { dialect, width, share, score: regular * spread * typed * used }
}

/// The number of fields that most records have. A table between longer text above and below it counts as the usual too
/// if it is in one piece.
fn usual_width(widths: &BTreeMap<usize, usize>, runs: &BTreeMap<usize, usize>) -> (usize, usize) {
    let most = widths.iter().max_by_key(|(width, count)| (**count, **width)).map_or((1, 0), |(w, c)| (*w, *c));
    let whole_table = |(width, count): &(&usize, &usize)| **width > 1 && **count >= 3 && runs.get(width) == Some(&1);
    match widths.iter().filter(whole_table).max_by_key(|(_, count)| **count) {
        Some((width, count)) if most.0 == 1 => (*width, *count),
        _ => most,
    }
}

/// How much a cell looks like one value.
fn plainness(cell: &[u8], quoted: bool) -> f64 {
    if cell.is_empty() {
        return 0.7;
    }
    if quoted {
        return 0.9;
    }
    if cell.iter().any(|b| b",;|\t\"".contains(b)) {
        return 0.2;
    }
    match lex(cell).kind {
        Kind::Words if cell[0] == b' ' || cell[cell.len() - 1] == b' ' => 0.5,
        Kind::Words => 0.8,
        Kind::OddNumber | Kind::Spaces | Kind::OddDate => 0.6,
        _ => 1.0,
    }
}
