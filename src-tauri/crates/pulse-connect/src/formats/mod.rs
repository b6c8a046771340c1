//! The formats that can be read. A new format is one file (or folder) here and one line in [`FORMATS`].

mod csv;
mod json;
mod ndjson;
mod objects;
mod parquet;

pub(crate) use csv::last_record_end;

pub(crate) use objects::text as json_text;

use std::path::{Path, PathBuf};

use pulse_core::{Code, Error, LedgerEntry, Progress, Result};

use polars::prelude::{DataType, LazyFrame};

use crate::model::{Detected, ReadOptions, Setting};
use crate::source::Source;
use crate::spool::Streamed;
use crate::typing::Evidence;

/// Every format, the most easily recognised first.
static FORMATS: [&dyn Format; 4] = [&parquet::Parquet, &ndjson::Ndjson, &json::Json, &csv::Csv];

/// What a format has to know: how it is recognised and how one file of it becomes a part of a table.
pub(crate) trait Format: Sync {
    /// The word in [`ReadOptions::format`].
    fn name(&self) -> &'static str;
    /// The name people know.
    fn title(&self) -> &'static str;
    /// File name extensions, in lower case.
    fn extensions(&self) -> &'static [&'static str];
    /// How sure the first bytes of a file make it, from 0 to 1.
    fn recognise(&self, head: &[u8]) -> f64;
    /// Whether it can read a text that is still packed, [`Source::packed`]; otherwise it gets a plain file.
    fn streams(&self) -> bool {
        false
    }
    /// Reads one file: counts its records, finds what does not fit, and says where the good ones lie.
    fn read(&self, source: &Source, task: &Task<'_>) -> Result<Part>;
}

/// What reading one file needs besides the file.
pub(crate) struct Task<'a> {
    pub options: &'a ReadOptions,
    pub scratch: &'a Path,
    pub progress: &'a Progress,
    /// Whether the file's hash is wanted.
    pub hash: bool,
}

/// One file's part of a table.
pub(crate) struct Part {
    pub detected: Detected,
    pub columns: Vec<PartColumn>,
    /// Physical data records.
    pub records: u64,
    /// Records that are in the ledger only.
    pub rejected: u64,
    /// Entries with the row, if any, counted from this part's first.
    pub ledger: Vec<LedgerEntry>,
    pub body: Body,
    /// The hash, if it fell out of reading.
    pub sha256: Option<String>,
    pub warnings: Vec<String>,
}

/// One column of a part.
pub(crate) struct PartColumn {
    pub name: String,
    pub holds: Holds,
}

/// What a column's values are.
pub(crate) enum Holds {
    /// Texts, to be typed together with the other parts' texts.
    Texts(Box<Evidence>),
    /// Values that the format has typed; the reason in words.
    Typed(DataType, String),
}

/// Where the good records lie.
pub(crate) enum Body {
    /// In a well-formed delimited file.
    Delimited(Delimited),
    /// In a text that is only gone through.
    Streamed(Streamed),
    /// In a frame of already typed columns.
    Frame(Box<LazyFrame>),
}

/// A delimited UTF-8 file in which every record has the same number of fields.
pub(crate) struct Delimited {
    pub path: PathBuf,
    pub delimiter: u8,
    pub quote: Option<u8>,
    /// Lines, as LF separates them, before the first record.
    pub skip_lines: u64,
    /// Whether an extra first field stands in every record, which keeps single missing values from being blank lines.
    pub guarded: bool,
}

/// Whether a file of this name can be read, going by its extension.
pub(crate) fn is_readable_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let inner = name.strip_suffix(".gz").unwrap_or(&name);
    FORMATS.iter().any(|format| format.extensions().iter().any(|e| inner.ends_with(&format!(".{e}"))))
}

/// The format of a file and why: what the user asked for, what its bytes say, what its name says.
pub(crate) fn choose(options: &ReadOptions, name: &str, head: &[u8]) -> Result<(&'static dyn Format, Setting)> {
    let Some(asked) = &options.format else { return recognise(name, head) };
    let format = FORMATS.iter().find(|format| format.name() == asked).ok_or_else(|| {
        let names: Vec<&str> = FORMATS.iter().map(|format| format.name()).collect();
        Error::invalid(format!("`{asked}` is not a format."))
            .hint(format!("The formats are {}.", names.join(", ")))
            .field("format")
    })?;
    Ok((*format, Setting::given(format.name())))
}

/// The format that a file's name and first bytes show; an error that names the kind of file if it cannot be read.
pub(crate) fn recognise(name: &str, head: &[u8]) -> Result<(&'static dyn Format, Setting)> {
    let lower = name.to_ascii_lowercase();
    let extension = lower.rsplit_once('.').map_or("", |(_, extension)| extension);
    let sure = FORMATS.iter().map(|format| (*format, format.recognise(head))).max_by(|a, b| a.1.total_cmp(&b.1));
    let by_name = FORMATS.iter().find(|format| format.extensions().contains(&extension));
    match (sure, by_name) {
        (Some((format, 1.0)), _) => {
            Ok((format, Setting::new(format.name(), 1.0, format!("The file begins as {} does.", format.title()))))
        }
        (_, Some(named)) if named.name() == "parquet" => {
            Err(Error::damaged(format!("`{name}` is no Parquet file, although its name says so."))
                .hint("Fetch the file again, or rename it after what it is."))
        }
        _ if foreign(head).is_some() || crate::detect::is_binary(head) => {
            let what = foreign(head).unwrap_or("a binary file");
            Err(Error::new(Code::Unsupported, format!("`{name}` is {what}, which cannot be read."))
                .hint("CSV, TSV, JSON, NDJSON and Parquet files can be read, also inside gzip and zip."))
        }
        (Some((format, _)), Some(named)) if named.name() == "csv" || format.name() == "csv" => {
            Ok((*named, Setting::new(named.name(), 0.95, format!("The name ends in .{extension}."))))
        }
        (Some((format, sure)), _) => {
            Ok((format, Setting::new(format.name(), sure, format!("The first bytes look like {}.", format.title()))))
        }
        (None, _) => Err(Error::internal("recognise the format", name)),
    }
}

/// Kinds of files that are known but not read, by their first bytes.
fn foreign(head: &[u8]) -> Option<&'static str> {
    const KNOWN: [(&[u8], &str); 14] = [
        (b"%PDF", "a PDF document"),
        (b"\x89PNG", "a picture"),
        (b"\xff\xd8\xff", "a picture"),
        (b"GIF8", "a picture"),
        (b"\xd0\xcf\x11\xe0", "an old Excel or Word document"),
        (b"SQLite format 3\0", "an SQLite database"),
        (b"ARROW1", "an Arrow IPC file"),
        (b"ORC", "an ORC file"),
        (b"Obj\x01", "an Avro file"),
        (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
        (b"BZh", "a bzip2 archive"),
        (b"\xfd7zXZ", "an xz archive"),
        (b"7z\xbc\xaf", "a 7-Zip archive"),
        (b"\x7fELF", "a program"),
    ];
    let binary = crate::detect::is_binary(head);
    KNOWN.iter().find(|(magic, _)| head.starts_with(magic) && (binary || magic.len() > 3)).map(|(_, what)| *what)
}
