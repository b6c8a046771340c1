//! Exports: a table or a query's result written to a file, as a job.

use std::path::{Path, PathBuf};
use std::time::Instant;

use pulse_core::{Error, Progress, Result, TableName};
use pulse_query::Format;
use pulse_rpc::types::*;
use serde_json::{Value, json};

use crate::job_commands::Request;
use crate::{Engine, sql};

pub(crate) fn start(engine: &Engine, request: ExportRequest) -> Result<JobStarted> {
    let (query, stem) = match &request.source {
        ExportSource::Table { table, version } => {
            let table: TableName = table.parse()?;
            let snapshot = engine.0.lake.snapshot(&table, *version)?;
            (format!("SELECT * FROM {table}@{}", snapshot.version), table.name().to_owned())
        }
        ExportSource::Sql { sql } => (sql.clone(), "result".to_owned()),
    };
    let path = match &request.path {
        Some(path) => PathBuf::from(path),
        None => free_name(&engine.exports(), &stem, extension(request.format)),
    };
    if path.is_dir() {
        return Err(Error::invalid(format!("{} is a folder.", path.display()))
            .hint("Name a file inside it.")
            .field("path"));
    }
    let path = std::path::absolute(&path).map_err(|cause| Error::io("find", &path, &cause))?;
    spare_own_files(engine, &path)?;
    let what = match &request.source {
        ExportSource::Table { table, .. } => table.clone(),
        ExportSource::Sql { .. } => "a query".into(),
    };
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let handle = engine.clone();
    let stored = Request::ExportStart(request.clone());
    let work = move |progress: &Progress| run(&handle, &query, &request, &path, progress);
    engine.submit("export", format!("Export {what} to {name}"), &stored, Box::new(work))
}

/// Refuses a file that the workspace itself lives on: an export replaces what is there.
fn spare_own_files(engine: &Engine, path: &Path) -> Result<()> {
    let real = match path.parent().and_then(|folder| folder.canonicalize().ok()).zip(path.file_name()) {
        Some((folder, name)) => folder.join(name),
        None => path.to_owned(),
    };
    let Ok(inside) = real.strip_prefix(engine.root()) else { return Ok(()) };
    let part = inside.iter().next().unwrap_or_default().to_string_lossy();
    let own = ["landing", "lake", "index", "scratch", "logs", "samples", "syncs", "workspace.lock"];
    if own.contains(&&*part) || part.starts_with("catalog.db") {
        return Err(Error::invalid(format!("{} belongs to the workspace and cannot be replaced.", path.display()))
            .hint(format!("Write to another folder, such as {}.", engine.exports().display()))
            .field("path"));
    }
    Ok(())
}

fn run(engine: &Engine, query: &str, request: &ExportRequest, path: &Path, progress: &Progress) -> Result<Value> {
    let began = Instant::now();
    progress.stage("Writing the file", 0, 0);
    let tables = sql::tables(engine, query)?;
    let format = match request.format {
        ExportFormat::Csv => Format::Csv { guard_formulas: request.guard_formulas },
        ExportFormat::Parquet => Format::Parquet,
        ExportFormat::Json => Format::Json,
        ExportFormat::Ndjson => Format::Ndjson,
    };
    let exported = engine.0.query.export(query, &tables, format, path, progress)?;
    Ok(json!({
        "path": path.display().to_string(),
        "rows": exported.rows,
        "bytes": exported.bytes,
        "guarded": exported.guarded,
        "seconds": began.elapsed().as_secs_f64(),
    }))
}

fn extension(format: ExportFormat) -> &'static str {
    match format {
        ExportFormat::Csv => "csv",
        ExportFormat::Parquet => "parquet",
        ExportFormat::Json => "json",
        ExportFormat::Ndjson => "ndjson",
    }
}

/// A name in the exports folder that no file has yet: `prices.csv`, `prices-2.csv` and so on.
fn free_name(folder: &Path, stem: &str, extension: &str) -> PathBuf {
    let numbered = (2..).map(|number| folder.join(format!("{stem}-{number}.{extension}")));
    std::iter::once(folder.join(format!("{stem}.{extension}")))
        .chain(numbered)
        .find(|path| !path.exists())
        .unwrap_or_else(|| folder.join(format!("{stem}.{extension}")))
}
