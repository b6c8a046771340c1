//! Importing files: inspect, preview, and the job that lands bytes and writes a bronze table.

use std::path::{Path, PathBuf};
use std::time::Instant;

use polars::prelude::{DataFrame, LazyFrame, Schema};
use pulse_connect::{Input, ReadOptions as Options};
use pulse_core::{Error, Layer, Progress, Result, TableName};
use pulse_lake::{Mode, Rows, Write};
use pulse_rpc::types::*;
use serde_json::{Map, Value, json};

use crate::job_commands::Request;
use crate::{Engine, landing};

/// Rows of an import preview.
const PREVIEW_ROWS: usize = 1_000;

pub(crate) fn inspect(request: &InspectRequest) -> Result<Inspected> {
    let paths: Vec<PathBuf> = request.paths.iter().map(PathBuf::from).collect();
    let files = pulse_connect::expand(&paths)?;
    let first = request.paths.first().map_or("", String::as_str);
    let stem = Path::new(first).file_stem().map(|stem| stem.to_string_lossy().into_owned());
    // `prices.csv.gz` is called `prices`, not `prices_csv`.
    let stem = stem.as_deref().map_or("", |stem| stem.split('.').next().unwrap_or(stem));
    Ok(Inspected {
        files: files.iter().map(|path| inspected(path)).collect(),
        suggested_table: TableName::suggest(stem),
    })
}

fn inspected(path: &Path) -> InspectedFile {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let shown = path.display().to_string();
    match pulse_connect::inspect(path) {
        Ok(found) => InspectedFile {
            path: shown,
            name,
            bytes: found.bytes,
            members: found
                .members
                .into_iter()
                .map(|member| Member { name: member.name, bytes: member.bytes, refused: member.why_not })
                .collect(),
            problem: None,
        },
        Err(error) => {
            let bytes = path.metadata().map_or(0, |meta| meta.len());
            InspectedFile { path: shown, name, bytes, members: Vec::new(), problem: Some(Problem::from(&error)) }
        }
    }
}

pub(crate) fn preview(engine: &Engine, request: &ImportPreviewRequest) -> Result<ImportPreview> {
    let began = Instant::now();
    let scratch = scratch(engine)?;
    let options = options(&request.options);
    let found =
        pulse_connect::preview(&inputs(&request.files), &options, scratch.path(), PREVIEW_ROWS, &Progress::new())?;
    let (shown, frame) = shown(found);
    let id = engine.0.frames.keep_preview(frame);
    Ok(ImportPreview { id, seconds: began.elapsed().as_secs_f64(), ..shown })
}

/// A preview as the window gets it, except for its id and time, and its rows.
pub(crate) fn shown(found: pulse_connect::Preview) -> (ImportPreview, DataFrame) {
    let shown = ImportPreview {
        settings: settings(&found.detected),
        columns: found.columns.into_iter().map(column).collect(),
        records: found.records,
        rows: found.rows,
        rejected: found.rejected,
        complete: found.complete,
        sample_rows: found.frame.height() as u64,
        warnings: found.warnings,
        ledger: found.ledger.into_iter().map(ledger_row).collect(),
        ..ImportPreview::default()
    };
    (shown, found.frame)
}

pub(crate) fn start(engine: &Engine, request: ImportRequest) -> Result<JobStarted> {
    let table: TableName = request.table.parse()?;
    if table.layer() != Layer::Bronze {
        return Err(Error::invalid(format!("`{table}` is not in bronze, where imports go."))
            .hint(format!("Import into `{}`; recipes write silver tables.", table.in_layer(Layer::Bronze)))
            .field("table"));
    }
    let first = request.files.first().ok_or_else(|| {
        Error::invalid("There is no file to import.").hint("Choose at least one file.").field("files")
    })?;
    let name = Path::new(&first.path).file_name().map_or(first.path.clone(), |n| n.to_string_lossy().into());
    let more = if request.files.len() > 1 { format!(" and {} more", request.files.len() - 1) } else { String::new() };
    let title = format!("Import {name}{more} into {table}");
    let handle = engine.clone();
    let stored = Request::ImportStart(request.clone());
    engine.submit("import", title, &stored, Box::new(move |progress| run(&handle, &request, &table, progress)))
}

/// The job: read with every record accounted for, keep the bytes, write and commit, record the origin.
fn run(engine: &Engine, request: &ImportRequest, table: &TableName, progress: &Progress) -> Result<Value> {
    let began = Instant::now();
    let scratch = scratch(engine)?;
    let inputs = inputs(&request.files);
    let read = pulse_connect::read(&inputs, &options(&request.options), scratch.path(), progress)?;
    progress.stage("Keeping the original bytes", 0, 0);
    let mut origins: Vec<Origin> = Vec::new();
    for (input, file) in inputs.iter().zip(&read.files) {
        if origins.iter().all(|known| known.sha256 != file.sha256) {
            origins.push(landing::keep(engine, &input.path, &file.sha256, progress)?);
        }
    }
    let info = commit_info(&read, &origins, request);
    let (rows, _) = rows(read.frame, read.finished)?;
    progress.stage("Writing rows", read.rows, 0);
    let committed = engine.0.lake.write(
        table,
        Write {
            rows,
            mode: mode(request.mode),
            ledger: (read.ledger.height() > 0).then_some(read.ledger),
            operation: "import".into(),
            info,
            expected_version: None,
            source: None,
            widen: false,
            expected_rows: Some(read.rows),
        },
        progress,
    )?;
    landing::record(engine, &origins, table, committed.version)?;
    let seconds = began.elapsed().as_secs_f64();
    progress.log(format!(
        "{} records = {} rows in {table} version {} + {} in the ledger only, in {seconds:.2} s",
        read.records, read.rows, committed.version, read.rejected
    ));
    Ok(json!({
        "table": table.to_string(),
        "version": committed.version,
        "records": read.records,
        "rows": read.rows,
        "rejected": read.rejected,
        "ledger": committed.ledger_entries,
        "seconds": seconds,
    }))
}

/// The rows that were read, with their columns: as the files they are finished in, or as a plan.
pub(crate) fn rows(mut frame: LazyFrame, finished: Option<Vec<PathBuf>>) -> Result<(Rows, Schema)> {
    let schema = frame.collect_schema().map_err(|cause| Error::internal("read the rows that came", cause))?;
    let schema = (*schema).clone();
    let rows = match finished {
        Some(files) => Rows::Files { files, schema: schema.clone() },
        None => Rows::Lazy(frame),
    };
    Ok((rows, schema))
}

/// What the commit says about itself: where the rows came from and why the columns have their types.
fn commit_info(read: &pulse_connect::Read, origins: &[Origin], request: &ImportRequest) -> Map<String, Value> {
    let names: Vec<&str> = origins.iter().map(|origin| origin.name.as_str()).collect();
    let summary = format!(
        "Imported {}: {} records, {} rows, {} in the ledger only.",
        names.join(", "),
        read.records,
        read.rows,
        read.rejected
    );
    let mut info = Map::new();
    info.insert("summary".into(), summary.into());
    info.insert("origin".into(), json!(origins));
    info.insert("records".into(), read.records.into());
    info.insert("rejected".into(), read.rejected.into());
    info.insert("settings".into(), json!(settings(&read.detected)));
    info.insert("options".into(), json!(request.options));
    info.insert("columns".into(), json!(read.columns.iter().cloned().map(column).collect::<Vec<_>>()));
    info
}

pub(crate) fn scratch(engine: &Engine) -> Result<tempfile::TempDir> {
    let folder = engine.0.workspace.scratch();
    tempfile::TempDir::new_in(&folder).map_err(|cause| Error::io("make a folder in", &folder, &cause))
}

fn inputs(files: &[ImportFile]) -> Vec<Input> {
    files
        .iter()
        .map(|file| Input { path: PathBuf::from(&file.path), member: file.member.clone(), name: None })
        .collect()
}

pub(crate) fn options(options: &ReadOptions) -> Options {
    let ReadOptions { format, encoding, delimiter, quote, header, skip_lines, types, records_path, source_column } =
        options.clone();
    Options { format, encoding, delimiter, quote, header, skip_lines, types, records_path, source_column }
}

fn mode(mode: ImportMode) -> Mode {
    match mode {
        ImportMode::Create => Mode::Create,
        ImportMode::Append => Mode::Append,
        ImportMode::Replace => Mode::Replace,
    }
}

pub(crate) fn settings(detected: &pulse_connect::Detected) -> Vec<ImportSetting> {
    let all = [
        ("format", &detected.format),
        ("encoding", &detected.encoding),
        ("delimiter", &detected.delimiter),
        ("quote", &detected.quote),
        ("header", &detected.header),
        ("skip_lines", &detected.skip_lines),
        ("records_path", &detected.records_path),
    ];
    all.into_iter().filter_map(|(key, found)| found.as_ref().map(|found| setting(key, found))).collect()
}

pub(crate) fn setting(key: &str, setting: &pulse_connect::Setting) -> ImportSetting {
    ImportSetting {
        key: key.to_owned(),
        value: setting.value.clone(),
        confidence: setting.confidence,
        why: setting.why.clone(),
    }
}

pub(crate) fn column(plan: pulse_connect::ColumnPlan) -> ImportColumn {
    ImportColumn { name: plan.name, type_word: plan.type_word, why: plan.why, overridden: plan.overridden }
}

pub(crate) fn ledger_row(entry: pulse_core::LedgerEntry) -> LedgerRow {
    LedgerRow {
        kind: match entry.kind {
            pulse_core::LedgerKind::Record => "record",
            pulse_core::LedgerKind::Value => "value",
        }
        .to_owned(),
        source: entry.source,
        line: entry.line,
        row: entry.row,
        column: entry.column,
        value: entry.value,
        step: entry.step,
        reason: entry.reason,
    }
}
