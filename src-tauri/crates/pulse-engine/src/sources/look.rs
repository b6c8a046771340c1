//! Looking around in a connection, and the first rows of a source as they will become.

use std::time::Instant;

use polars::prelude::DataFrame;
use pulse_catalog::StoredSource;
use pulse_connect::{Content, Fetched, News, Task};
use pulse_core::{Error, Progress, Result, TableName};
use pulse_lake::Rows;
use pulse_rpc::types::*;
use serde_json::Value;

use super::drift;
use crate::{Engine, connections, import, tickets};

/// Rows of a preview.
const PREVIEW_ROWS: usize = 1_000;

/// One level or page of what a connection has.
pub(crate) fn browse(engine: &Engine, request: &BrowseRequest) -> Result<Listing> {
    let (_, connection) = connections::open(engine, &request.connection)?;
    let asked = pulse_connect::Browse {
        path: request.path.clone(),
        search: request.search.clone(),
        filters: request.filters.clone(),
        page: request.page.clone(),
    };
    let ticket = request.ticket.clone().unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
    let found = tickets::under(engine, &ticket, |progress| connection.browse(&asked, progress))?;
    Ok(Listing {
        entries: found.entries.into_iter().map(entry).collect(),
        next: found.next,
        about: found.about.map(|about| ListingAbout {
            title: about.title,
            text: about.text,
            facts: facts(about.facts),
            link: about.link,
            selection: about.selection.unwrap_or_default(),
        }),
    })
}

/// The first rows of a source; what is downloaded for them is used again by the refresh.
pub(crate) fn preview(engine: &Engine, request: &SourcePreviewRequest) -> Result<SourcePreview> {
    let doc = &request.source;
    let (found, connection) = connections::open(engine, &doc.connection)?;
    tickets::under(engine, &request.ticket, |progress| {
        let began = Instant::now();
        let scratch = import::scratch(engine)?;
        let downloads = engine.0.workspace.downloads()?;
        let task = Task {
            progress,
            scratch: scratch.path(),
            downloads: &downloads,
            limit: Some(PREVIEW_ROWS as u64),
            state: None,
            replay: &[],
            merges: false,
        };
        let mut fetched = connection.read(&doc.selection, &task)?;
        fetched.content = without_empty(fetched.content);
        let (shown, frame) = first_rows(&fetched, doc, scratch.path(), progress)?;
        let table: Option<TableName> = doc.table.parse().ok();
        let drift = match &table {
            Some(table) => drift::against(engine, table, &frame, doc)?,
            None => Vec::new(),
        };
        let sample_rows = frame.height() as u64;
        let import = ImportPreview { sample_rows, seconds: began.elapsed().as_secs_f64(), ..shown };
        Ok(SourcePreview {
            import: ImportPreview { id: engine.0.frames.keep_preview(frame), ..import },
            detected: fetched.detected.iter().map(|(key, setting)| import::setting(key, setting)).collect(),
            sample: fetched.sample,
            key: fetched.key,
            drift,
            suggested_table: suggested(&doc.selection, &found.kind),
            incremental: fetched.state.is_some() && !fetched.snapshot,
        })
    })
}

/// Whether a source has news.
pub(crate) fn news(engine: &Engine, stored: &StoredSource) -> Result<Option<News>> {
    let doc = super::doc(stored)?;
    let (_, connection) = connections::open(engine, &doc.connection)?;
    let state = super::refresh::state(engine, &stored.table.parse()?, &stored.id)?;
    connection.news(&doc.selection, state.as_ref(), &Progress::new())
}

/// The preview without its id, and the rows.
fn first_rows(
    fetched: &Fetched,
    doc: &SourceDoc,
    scratch: &std::path::Path,
    progress: &Progress,
) -> Result<(ImportPreview, DataFrame)> {
    let warnings = fetched.warnings.clone();
    match &fetched.content {
        Content::Files { inputs, .. } if inputs.is_empty() => {
            let reason = warnings.first().cloned().unwrap_or_else(|| "There is nothing to read.".into());
            Err(Error::not_found(reason).hint("Select something else, or look at the filter."))
        }
        Content::Files { inputs, options } => {
            let options = merged(&doc.options, options);
            let found = pulse_connect::preview(inputs, &options, scratch, PREVIEW_ROWS, progress)?;
            let (shown, frame) = import::shown(found);
            Ok((ImportPreview { warnings: [warnings, shown.warnings].concat(), ..shown }, frame))
        }
        Content::Typed { files, columns, schema, rows, ledger, rejected } => {
            let rows_there = Rows::Files { files: files.clone(), schema: schema.clone() }.lazy()?;
            let frame = rows_there
                .limit(PREVIEW_ROWS as u32)
                .collect()
                .map_err(|cause| Error::internal("show the first rows", cause))?;
            let shown = ImportPreview {
                columns: columns.iter().cloned().map(import::column).collect(),
                records: rows + rejected,
                rows: *rows,
                rejected: *rejected,
                // A connector that was asked for so many rows and had fewer has read them all.
                complete: *rows < PREVIEW_ROWS as u64,
                warnings,
                ledger: ledger.iter().take(100).cloned().map(import::ledger_row).collect(),
                ..ImportPreview::default()
            };
            Ok((shown, frame))
        }
    }
}

/// Documents that a connector wrote down, without the files in which there is none.
pub(crate) fn without_empty(content: Content) -> Content {
    match content {
        Content::Files { mut inputs, options } if options.format.as_deref() == Some("ndjson") => {
            inputs.retain(|input| input.path.metadata().map_or(true, |meta| meta.len() > 0));
            Content::Files { inputs, options }
        }
        other => other,
    }
}

/// A table name from what names the selection: its last part without an extension.
fn suggested(selection: &Value, kind: &str) -> String {
    let connector = pulse_connect::connectors().iter().find(|info| info.about.kind == kind);
    let main = connector.map_or("", |info| info.about.main);
    let text = match selection.get(main) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(all)) => all.first().and_then(Value::as_str).unwrap_or_default().to_owned(),
        _ => String::new(),
    };
    let path = text.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
    let last = path.rsplit('/').next().unwrap_or_default();
    let stem = if path.contains('/') { last.split('.').next() } else { last.rsplit('.').next() };
    TableName::suggest(stem.filter(|stem| !stem.is_empty()).unwrap_or(kind))
}

fn entry(entry: pulse_connect::Entry) -> ListingEntry {
    let column = |column: pulse_connect::EntryColumn| ListingColumn {
        name: column.name,
        type_word: column.type_word,
        description: column.description,
        key: column.key,
    };
    ListingEntry {
        id: entry.id,
        name: entry.name,
        kind: entry.kind,
        summary: entry.summary,
        rows: entry.rows.map(|rows| rows as f64),
        bytes: entry.bytes.map(|bytes| bytes as f64),
        facts: facts(entry.facts),
        columns: entry.columns.into_iter().map(column).collect(),
        opens: entry.opens,
        selection: entry.selection.unwrap_or_default(),
        several: entry.several,
    }
}

pub(crate) fn facts(facts: Vec<(String, String)>) -> Vec<Fact> {
    facts.into_iter().map(|(label, value)| Fact { label, value }).collect()
}

/// How files are read: what the user decided goes over what the connector knows.
pub(crate) fn merged(decided: &ReadOptions, known: &pulse_connect::ReadOptions) -> pulse_connect::ReadOptions {
    let decided = import::options(decided);
    let mut types = known.types.clone();
    types.extend(decided.types);
    pulse_connect::ReadOptions {
        format: decided.format.or_else(|| known.format.clone()),
        encoding: decided.encoding.or_else(|| known.encoding.clone()),
        delimiter: decided.delimiter.or_else(|| known.delimiter.clone()),
        quote: decided.quote.or_else(|| known.quote.clone()),
        header: decided.header.or(known.header),
        skip_lines: decided.skip_lines.or(known.skip_lines),
        types,
        records_path: decided.records_path.or_else(|| known.records_path.clone()),
        source_column: decided.source_column.or(known.source_column),
    }
}
