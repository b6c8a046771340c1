//! What callers hand in and get back.

use std::collections::BTreeMap;
use std::path::PathBuf;

use polars::prelude::{DataFrame, LazyFrame};
use pulse_core::LedgerEntry;
use serde::{Deserialize, Serialize};

/// One file to read, or one member of a zip archive.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// The file.
    pub path: PathBuf,
    /// The member's name inside a zip archive; not needed if the archive holds one readable member.
    #[serde(default)]
    pub member: Option<String>,
    /// The name to show and to take the extension from, where the path has none, as in landing.
    #[serde(default)]
    pub name: Option<String>,
}

impl From<PathBuf> for Input {
    /// A file under its own name.
    fn from(path: PathBuf) -> Self {
        Self { path, ..Self::default() }
    }
}

/// How to read; what is not given is detected. The default detects everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReadOptions {
    /// `csv`, `json`, `ndjson` or `parquet`.
    pub format: Option<String>,
    /// An encoding's name as the web knows it, such as `utf-8` or `windows-1252`.
    pub encoding: Option<String>,
    /// One ASCII character; `\t` stands for the tabulator.
    pub delimiter: Option<String>,
    /// One ASCII character; empty means that nothing is quoted.
    pub quote: Option<String>,
    /// Whether the first record names the columns.
    pub header: Option<bool>,
    /// Lines before the header or the first record.
    pub skip_lines: Option<u64>,
    /// Column to type: text, integer, decimal, number, boolean, date or timestamp.
    pub types: BTreeMap<String, String>,
    /// Where the records of a JSON file are: member names joined by dots; empty means the top.
    pub records_path: Option<String>,
    /// Whether to add the column `source_file`; by default only when several inputs are read.
    pub source_column: Option<bool>,
}

/// What a file is, before it is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Inspection {
    /// The file.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// A zip archive's members; empty for any other file.
    pub members: Vec<Member>,
    /// What it is in a word or two, such as `CSV`, `JSON in gzip` or `zip archive`.
    pub format_word: String,
}

/// One member of a zip archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Member {
    /// Its name inside the archive.
    pub name: String,
    /// Its size when unpacked, as the archive claims.
    pub bytes: u64,
    /// Whether it can be read.
    pub supported: bool,
    /// Why not, if not.
    pub why_not: Option<String>,
}

/// One choice made for a file.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Setting {
    /// The choice, in the words of [`ReadOptions`].
    pub value: String,
    /// How sure it is, from 0 to 1; 1 if it was given or cannot be otherwise.
    pub confidence: f64,
    /// Why; a sentence.
    pub why: String,
}

impl Setting {
    pub(crate) fn new(value: impl Into<String>, confidence: f64, why: impl Into<String>) -> Self {
        Self { value: value.into(), confidence, why: why.into() }
    }

    /// A choice the user made.
    pub(crate) fn given(value: impl Into<String>) -> Self {
        Self::new(value, 1.0, "You chose it.")
    }
}

/// What was detected in the first input; nothing where the format has no such choice.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Detected {
    /// `csv`, `json`, `ndjson` or `parquet`.
    pub format: Option<Setting>,
    /// The encoding's name.
    pub encoding: Option<Setting>,
    /// The delimiter; `\t` stands for the tabulator.
    pub delimiter: Option<Setting>,
    /// The quote; empty if nothing is quoted.
    pub quote: Option<Setting>,
    /// `true` or `false`.
    pub header: Option<Setting>,
    /// Lines before the header or the first record.
    pub skip_lines: Option<Setting>,
    /// Where the records of a JSON file are.
    pub records_path: Option<Setting>,
}

/// How one column is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ColumnPlan {
    /// The column's name, unique among the columns.
    pub name: String,
    /// text, integer, decimal, number, boolean, date or timestamp; for Parquet also the type itself.
    pub type_word: String,
    /// Why it has that type; a sentence with an example where it stays text.
    pub why: String,
    /// Whether the user chose the type.
    pub overridden: bool,
}

/// What reading would give.
#[derive(Clone, Debug, Serialize)]
pub struct Preview {
    /// What was detected.
    pub detected: Detected,
    /// The columns, without `source_file`.
    pub columns: Vec<ColumnPlan>,
    /// The first rows, typed as they will be.
    #[serde(skip)]
    pub frame: DataFrame,
    /// The first 100 ledger entries.
    pub ledger: Vec<LedgerEntry>,
    /// Physical data records; an estimate unless `complete`.
    pub records: u64,
    /// Records that become rows; an estimate unless `complete`.
    pub rows: u64,
    /// Records that are in the ledger only; an estimate unless `complete`.
    pub rejected: u64,
    /// Whether everything was read, rather than the first part of a big file.
    pub complete: bool,
    /// What the user should know, such as columns that were renamed.
    pub warnings: Vec<String>,
}

/// What was read: `records = rows + rejected`.
#[derive(Clone, Serialize)]
pub struct Read {
    /// The rows. It is scanned when collected, from the inputs and from files in the scratch folder.
    #[serde(skip)]
    pub frame: LazyFrame,
    /// The same rows as finished Parquet files in the scratch folder, in order, where reading has made them; whoever
    /// stores the rows may take them over.
    #[serde(skip)]
    pub finished: Option<Vec<PathBuf>>,
    /// The columns, without `source_file`.
    pub columns: Vec<ColumnPlan>,
    /// What was detected.
    pub detected: Detected,
    /// Physical data records: without header, preamble and blank lines.
    pub records: u64,
    /// Records that are rows of the frame.
    pub rows: u64,
    /// Records that are in the ledger only.
    pub rejected: u64,
    /// Every record and value that did not fit; the columns are [`LedgerEntry::COLUMNS`].
    #[serde(skip)]
    pub ledger: DataFrame,
    /// The columns without a single value, whose type says nothing.
    pub empty: Vec<String>,
    /// The inputs, in order.
    pub files: Vec<ReadFile>,
    /// What the user should know, such as columns that were renamed.
    pub warnings: Vec<String>,
}

/// One input that was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReadFile {
    /// The file's name, with the archive member after `!`; the value of `source_file`.
    pub name: String,
    /// Size of the file as it lies on disk.
    pub bytes: u64,
    /// SHA-256 of the file as it lies on disk, in lower-case hexadecimal digits.
    pub sha256: String,
    /// Its physical data records.
    pub records: u64,
}
