//! Ledger entries as text and as a frame.

use polars::prelude::*;
use pulse_core::{Error, LedgerEntry, LedgerKind, Result};

/// A ledger entry for a record.
pub(crate) fn record(source: &str, line: u64, raw: &[u8], reason: impl Into<String>) -> LedgerEntry {
    LedgerEntry {
        kind: LedgerKind::Record,
        source: source.to_owned(),
        line: Some(line),
        row: None,
        column: None,
        value: Some(escape(raw, false)),
        step: None,
        reason: reason.into(),
    }
}

/// A ledger entry for a value that is no `word`, the type its column was given; it stands on `line` and in `row`.
pub(crate) fn misfit(source: &str, (line, row): (u64, u64), column: &str, value: &str, word: &str) -> LedgerEntry {
    LedgerEntry {
        kind: LedgerKind::Value,
        source: source.to_owned(),
        line: Some(line),
        row: Some(row),
        column: Some(column.to_owned()),
        value: Some(value.to_owned()),
        step: None,
        reason: format!("The value is no {word}, the type you chose for the column."),
    }
}

/// Bytes as text; those that are not UTF-8, and zero bytes, as `\xNN`; with `all`, every byte.
pub(crate) fn escape(bytes: &[u8], all: bool) -> String {
    use std::fmt::Write;
    let mut text = String::with_capacity(bytes.len());
    let hex = |text: &mut String, byte: u8| {
        // Writing to a string cannot fail.
        let _ = write!(text, "\\x{byte:02X}");
    };
    if all {
        bytes.iter().for_each(|b| hex(&mut text, *b));
        return text;
    }
    for chunk in bytes.utf8_chunks() {
        for part in chunk.valid().split_inclusive('\0') {
            text.push_str(part.trim_end_matches('\0'));
            if part.ends_with('\0') {
                hex(&mut text, 0);
            }
        }
        chunk.invalid().iter().for_each(|b| hex(&mut text, *b));
    }
    text
}

/// The entries as a frame with the columns [`LedgerEntry::COLUMNS`].
pub(crate) fn frame(entries: &[LedgerEntry]) -> Result<DataFrame> {
    let text = |name: &str, get: &dyn Fn(&LedgerEntry) -> Option<String>| {
        StringChunked::from_iter_options(name.into(), entries.iter().map(get)).into_column()
    };
    let number = |name: &str, get: &dyn Fn(&LedgerEntry) -> Option<u64>| {
        UInt64Chunked::from_iter_options(name.into(), entries.iter().map(get)).into_column()
    };
    let kind = |e: &LedgerEntry| match e.kind {
        LedgerKind::Record => "record",
        LedgerKind::Value => "value",
    };
    let columns = vec![
        text("kind", &|e| Some(kind(e).to_owned())),
        text("source", &|e| Some(e.source.clone())),
        number("line", &|e| e.line),
        number("row", &|e| e.row),
        text("column", &|e| e.column.clone()),
        text("value", &|e| e.value.clone()),
        text("step", &|e| e.step.clone()),
        text("reason", &|e| Some(e.reason.clone())),
    ];
    DataFrame::new(entries.len(), columns).map_err(|cause| Error::internal("list the rejected records", cause))
}
