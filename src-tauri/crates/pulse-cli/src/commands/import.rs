//! `pulse import` and `pulse preview`.

use std::path::Path;

use pulse_core::{Error, Result};
use pulse_engine::Engine;
use pulse_rpc::Commands;
use pulse_rpc::types::*;
use serde_json::{Value, json};

use super::{count, error, finish, number, sources, text};
use crate::args::{Import, Mode, Preview, Reading};
use crate::output::{Answer, Table};

pub fn import(engine: &Engine, args: &Import) -> Result<Answer> {
    if args.from.connection.is_some() {
        let (what, options) = (what(&args.reading)?, options(&args.reading));
        return sources::import_from(engine, what.as_deref(), &args.from, options, args.table.as_deref(), args.mode);
    }
    let (files, suggested) = files(engine, &args.reading)?;
    let table = args.table.clone().unwrap_or_else(|| format!("bronze.{suggested}"));
    let mode = match args.mode {
        Mode::Create => ImportMode::Create,
        Mode::Append => ImportMode::Append,
        Mode::Replace => ImportMode::Replace,
        Mode::Merge => {
            return Err(Error::invalid("Files are not merged by a key.")
                .hint("Append or replace, or import the folder through a connection.")
                .field("mode"));
        }
    };
    let request = ImportRequest { files, options: options(&args.reading), table, mode };
    let result = finish(engine, &engine.import_start(request)?)?;
    Ok(Answer { lines: vec![sentence(&result)], json: result, table: None })
}

/// What an import did, with its account of every record.
pub fn sentence(result: &Value) -> String {
    format!(
        "{} version {}: {} records = {} rows + {} in the ledger only ({:.2} s)",
        text(result, "table"),
        number(result, "version"),
        count(number(result, "records")),
        count(number(result, "rows")),
        count(number(result, "rejected")),
        result.get("seconds").and_then(Value::as_f64).unwrap_or(0.0),
    )
}

pub fn preview(engine: &Engine, args: &Preview) -> Result<Answer> {
    if args.from.connection.is_some() {
        let what = what(&args.reading)?;
        return sources::preview_from(engine, what.as_deref(), &args.from, options(&args.reading), args.rows);
    }
    let (files, _) = files(engine, &args.reading)?;
    let found = engine.import_preview(ImportPreviewRequest { files, options: options(&args.reading) })?;
    previewed(engine, found, args.rows)
}

/// What a preview found and its first rows.
pub fn previewed(engine: &Engine, found: ImportPreview, limit: u64) -> Result<Answer> {
    let source = RowSource::Import { id: found.id.clone() };
    let rows = engine.json_rows(&RowsRequest { source, offset: 0, limit })?;
    let mut lines: Vec<String> = vec![String::new()];
    for setting in &found.settings {
        lines.push(format!(
            "{}: {:?} ({:.0}%) {}",
            setting.key,
            setting.value,
            setting.confidence * 100.0,
            setting.why
        ));
    }
    for column in &found.columns {
        lines.push(format!("column {}: {}", column.name, column.why));
    }
    lines.extend(found.warnings.iter().map(|warning| format!("note: {warning}")));
    for entry in &found.ledger {
        let line = entry.line.map_or(String::new(), |line| format!(" line {line}"));
        lines.push(format!("ledger: {}{line}: {}", entry.source, entry.reason));
    }
    let about = if found.complete { "" } else { "about " };
    lines.push(format!(
        "{about}{} records = {} rows + {} for the ledger only",
        count(found.records),
        count(found.rows),
        count(found.rejected)
    ));
    let columns = found.columns.iter().map(|column| column.name.clone()).collect();
    let mut document = json!(found);
    document["first"] = json!(rows);
    Ok(Answer { json: document, lines, table: Some(Table { columns, rows }) })
}

/// The inputs of a command: folders expanded, archives by their members.
fn files(engine: &Engine, reading: &Reading) -> Result<(Vec<ImportFile>, String)> {
    let paths = reading.paths.iter().map(|path| absolute(path)).collect::<Result<Vec<_>>>()?;
    let found = engine.import_inspect(InspectRequest { paths })?;
    let mut files = Vec::new();
    for file in found.files {
        if let Some(problem) = file.problem {
            return Err(error(problem));
        }
        if file.members.is_empty() {
            files.push(ImportFile { path: file.path, member: None });
            continue;
        }
        let wanted = |member: &&Member| {
            if reading.member.is_empty() { member.refused.is_none() } else { reading.member.contains(&member.name) }
        };
        let chosen: Vec<_> = file.members.iter().filter(wanted).collect();
        if chosen.is_empty() {
            let names: Vec<_> = file.members.iter().map(|member| member.name.as_str()).collect();
            return Err(Error::not_found(format!("Nothing in {} can be imported with these choices.", file.path))
                .hint(format!("Its members are: {}.", names.join(", "))));
        }
        files.extend(
            chosen.iter().map(|member| ImportFile { path: file.path.clone(), member: Some(member.name.clone()) }),
        );
    }
    Ok((files, found.suggested_table))
}

/// What is read through a connection: one name.
fn what(reading: &Reading) -> Result<Option<String>> {
    match reading.paths.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(one.to_string_lossy().into_owned())),
        _ => Err(Error::invalid("Through a connection one thing is read at a time.")
            .hint("Give one name, or several with --set as a JSON array.")),
    }
}

fn absolute(path: &Path) -> Result<String> {
    let absolute = std::path::absolute(path).map_err(|cause| Error::io("find", path, &cause))?;
    Ok(absolute.display().to_string())
}

fn options(reading: &Reading) -> ReadOptions {
    ReadOptions {
        format: reading.format.clone(),
        encoding: reading.encoding.clone(),
        delimiter: reading.delimiter.as_ref().map(|text| text.replace("\\t", "\t")),
        quote: reading.quote.clone(),
        header: reading.header,
        skip_lines: reading.skip_lines,
        types: reading.types.iter().cloned().collect(),
        records_path: reading.records_path.clone(),
        source_column: reading.source_column,
    }
}
