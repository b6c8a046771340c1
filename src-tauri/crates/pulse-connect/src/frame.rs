//! The typed, lazy frame of a part of a table.

use std::sync::Arc;

use polars::lazy::dsl::ScanSources;
use polars::prelude::*;
use pulse_core::{Error, Result};

use crate::formats::Delimited;
use crate::typing::{Form, Type, Verdict};

/// The field that keeps records of one missing value from being blank lines.
const GUARD: &str = "\u{1}guard";

/// A frame that scans a well-formed delimited file with exactly these columns.
pub(crate) fn scan_delimited(body: &Delimited, columns: &[(&str, &Verdict)]) -> Result<LazyFrame> {
    let path = PlRefPath::try_from_path(&body.path).map_err(|cause| failed(body, cause))?;
    scan_sources(ScanSources::Paths([path].into_iter().collect()), body, columns)
}

/// The same for a piece of such a file in memory, which begins with a record.
pub(crate) fn scan_piece(piece: Vec<u8>, body: &Delimited, columns: &[(&str, &Verdict)]) -> Result<LazyFrame> {
    scan_sources(ScanSources::Buffers([piece.into()].into()), body, columns)
}

fn failed(body: &Delimited, cause: PolarsError) -> Error {
    Error::internal(&format!("read {}", body.path.display()), cause)
}

fn scan_sources(sources: ScanSources, body: &Delimited, columns: &[(&str, &Verdict)]) -> Result<LazyFrame> {
    let mut schema = Schema::with_capacity(columns.len() + 1);
    if body.guarded {
        schema.insert(GUARD.into(), DataType::String);
    }
    for (name, verdict) in columns {
        let dtype = if verdict.kind == Type::Timestamp { DataType::String } else { verdict.dtype() };
        schema.insert((*name).into(), dtype);
    }
    let frame = LazyCsvReader::new_with_sources(sources)
        .with_has_header(false)
        .with_skip_lines(usize::try_from(body.skip_lines).unwrap_or(usize::MAX))
        .with_schema(Some(Arc::new(schema)))
        .with_separator(body.delimiter)
        .with_quote_char(body.quote)
        .with_missing_is_null(true)
        .with_raise_if_empty(false)
        .with_glob(false)
        .with_cache(false)
        .finish()
        .map_err(|cause| failed(body, cause))?;
    let times: Vec<Expr> = columns
        .iter()
        .filter(|(_, verdict)| verdict.kind == Type::Timestamp)
        .map(|(name, verdict)| cast_texts(col(*name), verdict))
        .collect();
    let frame = if times.is_empty() { frame } else { frame.with_columns(times) };
    Ok(if body.guarded { frame.select(columns.iter().map(|(name, _)| col(*name)).collect::<Vec<_>>()) } else { frame })
}

/// Canonical texts as values of the type that the verdict on them gives.
pub(crate) fn cast_texts(texts: Expr, verdict: &Verdict) -> Expr {
    match (verdict.kind, verdict.form) {
        (Type::Timestamp, Some(form)) => timestamp(texts, form),
        (Type::Date, _) => {
            let format = Some("%Y-%m-%d".into());
            texts.str().to_date(StrptimeOptions { format, ..StrptimeOptions::default() })
        }
        (Type::Boolean, _) => texts.eq(lit("true")),
        (Type::Text, _) => texts,
        _ => texts.strict_cast(verdict.dtype()),
    }
}

/// Texts of timestamps that all have one form.
fn timestamp(texts: Expr, form: Form) -> Expr {
    let separator = char::from(form.separator);
    let seconds = if form.seconds { ":%S" } else { "" };
    let fraction = if form.fraction > 0 { "%.f" } else { "" };
    let options = StrptimeOptions {
        format: Some(format!("%Y-%m-%d{separator}%H:%M{seconds}{fraction}").into()),
        ..StrptimeOptions::default()
    };
    let texts = if form.zone.is_empty() { texts } else { texts.str().strip_suffix(lit(form.zone)) };
    let local = texts.str().to_datetime(Some(TimeUnit::Microseconds), None, options, lit("raise"));
    if form.zone.is_empty() {
        local
    } else {
        local.dt().replace_time_zone(Some(TimeZone::UTC), lit("raise"), NonExistent::Raise)
    }
}
