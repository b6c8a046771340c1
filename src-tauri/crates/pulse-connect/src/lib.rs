//! Reading files into tables without losing a record: CSV and every other delimited text, JSON, NDJSON and Parquet, each
//! also inside gzip or zip, several files into one table.
//!
//! The account that every read gives: `records = rows + rejected`, where records are the physical data records of the
//! files. What does not fit is in the ledger with its line, its text and the reason. A column is typed only if writing
//! its values gives back the text of every row; otherwise it stays text and says why.

mod archive;
mod connector;
mod connectors;
mod destination;
mod detect;
mod formats;
mod frame;
mod inspect;
mod iso;
mod ledger;
mod model;
mod names;
mod net;
mod outgoing;
mod records;
mod secret;
mod source;
mod spool;
mod text;
mod typing;
mod unite;

#[cfg(test)]
mod tests;

use std::path::Path;

use polars::prelude::*;
use pulse_core::{Error, LedgerEntry, LedgerKind, Progress, Result};

use crate::source::Source;

pub use connector::{
    About, Browse, Browsing, Check, CheckStep, Content, Description, Entry, EntryColumn, Exchange, Fetched, Landed,
    Listing, News, NoFilters, Renewals, Task,
};
pub use connectors::{
    Connection, ConnectorInfo, DestinationInfo, Outlet, connect, connect_to_write, connectors, from_url,
};
pub use destination::{
    Comparison, Fate, Finding, Journal, Preflight, Receipt, Severity, Statement, SyncMode, TargetColumn, Verification,
    Writes, Written,
};
pub use inspect::{expand, inspect};
pub use model::{ColumnPlan, Detected, Input, Inspection, Member, Preview, Read, ReadFile, ReadOptions, Setting};
pub use outgoing::{Batch, Outgoing, OutgoingColumn, Ranges, Rows};
pub use secret::Secret;

/// A preview looks at so many bytes of text; a bigger file is estimated from them.
const PREVIEW_BYTES: u64 = 4 << 20;
/// Ledger entries in a preview.
const PREVIEW_ENTRIES: usize = 100;

/// Reads inputs into one table, their rows in the order of the inputs.
///
/// Temporary files go to a new folder inside `scratch`; the frame refers to them and to the inputs until it is collected,
/// then the caller may delete them. Fails if there is no input, an input cannot be read at all, an option does not make
/// sense, or the job is cancelled; records and values that do not fit are no failure but are in the ledger.
pub fn read(inputs: &[Input], options: &ReadOptions, scratch: &Path, progress: &Progress) -> Result<Read> {
    let scratch = own_folder(scratch)?;
    open_and_read(inputs, options, &scratch, None, progress).map(|(read, _)| read)
}

/// Says what [`read`] would give, from the first part of big files; the first `limit` rows are typed as they will be.
///
/// Fails as [`read`] does.
pub fn preview(
    inputs: &[Input],
    options: &ReadOptions,
    scratch: &Path,
    limit: usize,
    progress: &Progress,
) -> Result<Preview> {
    let scratch = own_folder(scratch)?;
    let (read, share) = open_and_read(inputs, options, &scratch, Some(PREVIEW_BYTES), progress)?;
    let rows = IdxSize::try_from(limit).unwrap_or(IdxSize::MAX);
    let frame = read.frame.limit(rows).collect().map_err(|cause| Error::internal("show the first rows", cause))?;
    let estimate = |count: u64| if share >= 1.0 { count } else { (count as f64 / share.max(1e-9)).round() as u64 };
    let rejected = estimate(read.rejected);
    let rows = estimate(read.rows);
    Ok(Preview {
        detected: read.detected,
        columns: read.columns,
        ledger: entries(&read.ledger, PREVIEW_ENTRIES)?,
        frame,
        records: rows + rejected,
        rows,
        rejected,
        complete: share >= 1.0,
        warnings: read.warnings,
    })
}

fn own_folder(scratch: &Path) -> Result<std::path::PathBuf> {
    let made = tempfile::Builder::new().prefix("read-").tempdir_in(scratch);
    made.map(tempfile::TempDir::keep).map_err(|cause| Error::io("create a folder in", scratch, &cause))
}

/// Reads the inputs, at most about `limit` bytes of each; also the share of everything that was read.
fn open_and_read(
    inputs: &[Input],
    options: &ReadOptions,
    scratch: &Path,
    limit: Option<u64>,
    progress: &Progress,
) -> Result<(Read, f64)> {
    if inputs.is_empty() {
        return Err(Error::invalid("There is nothing to read.").hint("Choose at least one file.").field("inputs"));
    }
    let limit = limit.map(|limit| (limit / inputs.len() as u64).max(64 << 10));
    let task = formats::Task { options, scratch, progress, hash: limit.is_none() };
    let (mut sources, mut parts) = (Vec::new(), Vec::new());
    for (number, input) in inputs.iter().enumerate() {
        progress.check()?;
        let mut source = Source::open(input, number, scratch, limit, progress)?;
        if sources.iter().any(|known: &Source| known.name == source.name) {
            let shown = input.name.clone().unwrap_or_else(|| inspect::file_name(&source.origin));
            let member = source.name.strip_prefix(&shown).unwrap_or_default();
            source.name = source.origin.display().to_string() + member;
        }
        let head = inspect::head_of(&source.path)?;
        if source.content_bytes == head.len() as u64 && is_blank(&head) {
            return Err(Error::invalid(format!("`{}` is empty: it holds blanks and line ends at most.", source.name))
                .hint("Check the download or export that made it."));
        }
        let (format, setting) = formats::choose(options, &source.inner_name, &head)?;
        if !format.streams() {
            source.unpack(scratch, progress)?;
        }
        let mut part = format.read(&source, &task)?;
        part.detected.format = Some(setting);
        sources.push(source);
        parts.push(part);
    }
    let whole: f64 = sources.iter().map(|s| s.content_bytes as f64 / s.share.max(1e-9)).sum();
    let seen: f64 = sources.iter().map(|s| s.content_bytes as f64).sum();
    let share = if sources.iter().all(|s| !s.is_head) { 1.0 } else { (seen / whole).min(0.999) };
    Ok((unite::unite(&sources, parts, &task)?, share))
}

/// Whether a text holds nothing to read: a byte order mark, blanks and line ends at most.
fn is_blank(text: &[u8]) -> bool {
    text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text).iter().all(u8::is_ascii_whitespace)
}

/// Ledger entries as a frame with the columns of a ledger.
pub fn ledger_frame(entries: &[LedgerEntry]) -> Result<DataFrame> {
    ledger::frame(entries)
}

/// The first entries of a ledger frame.
fn entries(ledger: &DataFrame, most: usize) -> Result<Vec<LedgerEntry>> {
    let read = || -> PolarsResult<Vec<LedgerEntry>> {
        let text = |name: &str, at: usize| ledger.column(name)?.str().map(|c| c.get(at).map(str::to_owned));
        let number = |name: &str, at: usize| ledger.column(name)?.u64().map(|c| c.get(at));
        (0..ledger.height().min(most))
            .map(|at| {
                let is_record = text("kind", at)?.as_deref() == Some("record");
                Ok(LedgerEntry {
                    kind: if is_record { LedgerKind::Record } else { LedgerKind::Value },
                    source: text("source", at)?.unwrap_or_default(),
                    line: number("line", at)?,
                    row: number("row", at)?,
                    column: text("column", at)?,
                    value: text("value", at)?,
                    step: text("step", at)?,
                    reason: text("reason", at)?.unwrap_or_default(),
                })
            })
            .collect()
    };
    read().map_err(|cause| Error::internal("show the ledger", cause))
}
