//! Refreshing: a job reads a source, fits its columns, keeps the bytes, and commits rows and position together.

use std::path::PathBuf;
use std::time::Instant;

use polars::prelude::{DataFrame, DataType, IntoLazy, LazyFrame, NULL, Schema, concat, lit};
use pulse_connect::{Content, Fetched, Landed, Task};
use pulse_core::{Code, Error, Progress, Result, TableName};
use pulse_lake::{Committed, Merge, Mode, Rows, SourceState, Write};
use pulse_rpc::types::*;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Outcome, drift, look};
use crate::clock::now_ms;
use crate::job_commands::Request;
use crate::{Engine, connections, guard, import, landing};

/// One refresh, as it is kept with its job.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Refresh {
    source: String,
    full: bool,
    replay: bool,
    accept_drift: bool,
}

/// Rows that were read, ready to be loaded.
struct Loaded {
    rows: Rows,
    schema: Schema,
    count: u64,
    rejected: u64,
    ledger: DataFrame,
    columns: Vec<ImportColumn>,
    settings: Vec<ImportSetting>,
}

/// Starts a job for each of the sources, or for all.
pub(crate) fn refresh(engine: &Engine, request: &RefreshRequest) -> Result<Refreshing> {
    let all = engine.0.catalog.sources().list()?;
    let chosen: Vec<_> = match request.sources.is_empty() {
        true => all,
        false => request.sources.iter().map(|id| engine.0.catalog.sources().get(id)).collect::<Result<_>>()?,
    };
    let start = |source: pulse_catalog::StoredSource| {
        let RefreshRequest { full, replay, accept_drift, .. } = *request;
        let refresh = Refresh { source: source.id.clone(), full, replay, accept_drift };
        Ok(RefreshJob { source: source.id, job: again(engine, refresh)?.job })
    };
    Ok(Refreshing { jobs: chosen.into_iter().map(start).collect::<Result<_>>()? })
}

/// Starts one refresh; fails if one of the same source runs.
pub(crate) fn again(engine: &Engine, refresh: Refresh) -> Result<JobStarted> {
    let stored = engine.0.catalog.sources().get(&refresh.source)?;
    // Held until the job is known, so that two requests at once cannot both start one.
    let mut jobs = guard(&engine.0.refreshing);
    if jobs.get(&stored.id).is_some_and(|job| engine.0.jobs.progress(job).is_some()) {
        return Err(Error::new(Code::Conflict, format!("“{}” is being refreshed already.", stored.name))
            .hint("Wait until that is done, or cancel it."));
    }
    let title = format!("Refresh {} into {}", stored.name, stored.table);
    let (handle, work) = (engine.clone(), refresh.clone());
    let work = Box::new(move |progress: &Progress| recorded(&handle, &work, progress));
    let started = engine.submit("refresh", title, &Request::SourceRefresh(refresh), work)?;
    jobs.insert(stored.id, started.job.clone());
    Ok(started)
}

/// The job that refreshes a source now.
pub(crate) fn running(engine: &Engine, source: &str) -> Option<String> {
    let job = guard(&engine.0.refreshing).get(source).cloned();
    job.filter(|job| engine.0.jobs.progress(job).is_some())
}

/// Where a source stands in its table, as its connector said.
pub(crate) fn state(engine: &Engine, table: &TableName, source: &str) -> Result<Option<Value>> {
    let state = engine.0.lake.source_state(table, source)?;
    Ok(state.map(|state| state.state).filter(|state| !state.is_null()))
}

/// Runs a refresh and keeps with the source what came of it.
fn recorded(engine: &Engine, refresh: &Refresh, progress: &Progress) -> Result<Value> {
    let sources = engine.0.catalog.sources();
    let stored = sources.get(&refresh.source)?;
    let before: Outcome = serde_json::from_value(stored.outcome.clone()).unwrap_or_default();
    let job = guard(&engine.0.refreshing).get(&stored.id).cloned();
    let keep = |outcome: &Outcome| sources.record(&stored.id, &json!(outcome));
    keep(&Outcome { running: true, problem: None, paused: false, job: job.clone(), ..before.clone() })?;
    let failed = |error: &Error| Outcome {
        running: false,
        problem: Some(Problem::from(error)),
        paused: error.code == Code::SchemaChanged,
        job: job.clone(),
        ..before.clone()
    };
    match run(engine, refresh, &stored, &before, progress) {
        Ok((result, outcome)) => {
            keep(&Outcome { job, ..outcome })?;
            Ok(result)
        }
        Err(error) => {
            keep(&failed(&error))?;
            Err(error)
        }
    }
}

fn run(
    engine: &Engine,
    refresh: &Refresh,
    stored: &pulse_catalog::StoredSource,
    before: &Outcome,
    progress: &Progress,
) -> Result<(Value, Outcome)> {
    let began = Instant::now();
    let mut doc = super::doc(stored)?;
    if refresh.accept_drift && doc.loading.drift == DriftPolicy::Ask {
        doc.loading.drift = DriftPolicy::Evolve;
    }
    let table: TableName = stored.table.parse()?;
    let known = engine.0.lake.source_state(&table, &stored.id)?;
    let from = match (refresh.replay, starts_anew(&doc, refresh)) {
        (true, _) => before.replayed_from.clone(),
        (false, true) => None,
        (false, false) => known.as_ref().map(|known| known.state.clone()).filter(|state| !state.is_null()),
    };
    let replay = if refresh.replay { recordings(engine, stored, before)? } else { Vec::new() };
    let scratch = import::scratch(engine)?;
    let (_, connection) = connections::open(engine, &doc.connection)?;
    progress.stage("Reading", 0, 0);
    let task = Task {
        progress,
        scratch: scratch.path(),
        downloads: &engine.0.workspace.downloads()?,
        limit: None,
        state: from.as_ref(),
        replay: &replay,
    };
    let mut fetched = connection.read(&doc.selection, &task)?;
    fetched.warnings.iter().for_each(|warning| progress.log(warning.clone()));
    let state = fetched.state.take();
    let exists = engine.0.lake.tables()?.contains(&table);
    let loaded = loaded(&mut fetched, &doc, exists, scratch.path(), progress)?;
    let Some(loaded) = loaded else {
        let info = unchanged(engine, &table, began)?;
        progress.log("There is nothing new.");
        let outcome =
            Outcome { last: Some(info.clone()), running: false, problem: None, paused: false, ..before.clone() };
        return Ok((result(&table, &info, 0), outcome));
    };
    let sequence = known.as_ref().and_then(|known| known.sequence).unwrap_or(0) + 1;
    let source =
        SourceState { id: stored.id.clone(), state: state.clone().unwrap_or_default(), sequence: Some(sequence) };
    let origins = origins(engine, &fetched.landed, progress)?;
    let (info, entries) = load(engine, &doc, &table, &fetched, loaded, source, &origins, progress, began)?;
    landing::release(&fetched.landed);
    let recordings = fetched.landed.iter().zip(&origins).filter(|(landed, _)| landed.recording);
    let outcome = Outcome {
        last: Some(info.clone()),
        problem: None,
        paused: false,
        running: false,
        job: None,
        position: state.as_ref().map(position).unwrap_or_default(),
        recordings: recordings.map(|(_, origin)| origin.sha256.clone()).collect(),
        replayed_from: from,
    };
    Ok((result(&table, &info, entries), outcome))
}

/// Whether everything is read, rather than what is new: a replacement needs all rows.
fn starts_anew(doc: &SourceDoc, refresh: &Refresh) -> bool {
    refresh.full || doc.loading.mode == LoadMode::Replace
}

/// Makes rows of what was fetched; nothing if nothing came.
fn loaded(
    fetched: &mut Fetched,
    doc: &SourceDoc,
    exists: bool,
    scratch: &std::path::Path,
    progress: &Progress,
) -> Result<Option<Loaded>> {
    let broken = |cause| Error::internal("read the rows that came", cause);
    match std::mem::take(&mut fetched.content) {
        Content::Files { inputs, .. } if inputs.is_empty() => Ok(None),
        Content::Files { inputs, options } => {
            let read = pulse_connect::read(&inputs, &look::merged(&doc.options, &options), scratch, progress)?;
            // A column without a value has no type of its own, so it cannot differ from the table's.
            let untyped: Vec<_> =
                read.empty.iter().filter(|_| exists).map(|name| lit(NULL).alias(name.as_str())).collect();
            let mut frame = if untyped.is_empty() { read.frame } else { read.frame.with_columns(untyped) };
            let schema = frame.collect_schema().map_err(broken)?;
            Ok(Some(Loaded {
                rows: Rows::Lazy(frame),
                schema: (*schema).clone(),
                count: read.rows,
                rejected: read.rejected,
                ledger: read.ledger,
                settings: import::settings(&read.detected),
                columns: read.columns.into_iter().map(import::column).collect(),
            }))
        }
        Content::Typed { files, columns, schema, rows, ledger, rejected } => Ok(Some(Loaded {
            rows: Rows::Files { files, schema: schema.clone() },
            schema,
            count: rows,
            rejected,
            ledger: pulse_connect::ledger_frame(&ledger)?,
            settings: Vec::new(),
            columns: columns.into_iter().map(import::column).collect(),
        })),
    }
}

/// Commits the rows, their ledger and where the source stands now; also the number of ledger entries.
#[expect(clippy::too_many_arguments, reason = "everything that one commit brings together")]
fn load(
    engine: &Engine,
    doc: &SourceDoc,
    table: &TableName,
    fetched: &Fetched,
    mut loaded: Loaded,
    source: SourceState,
    origins: &[Origin],
    progress: &Progress,
    began: Instant,
) -> Result<(RefreshInfo, u64)> {
    let drift = drift::changes(engine, table, &loaded.schema, doc)?;
    drift::check(&drift, table, doc.loading.drift)?;
    drift.iter().for_each(|drift| progress.log(format!("Column `{}`: {}", drift.column, drift.effect)));
    fit(engine, doc, table, &drift, &mut loaded)?;
    let records = loaded.count + loaded.rejected;
    let info = commit_info(doc, fetched, &loaded, origins, records);
    progress.stage("Writing rows", loaded.count, 0);
    let merging = doc.loading.mode == LoadMode::Merge;
    let committed = engine.0.lake.write(
        table,
        Write {
            rows: loaded.rows,
            mode: mode(doc, fetched.snapshot),
            widen: true,
            source: Some(source),
            ledger: (loaded.ledger.height() > 0).then_some(loaded.ledger),
            operation: "refresh".into(),
            info,
            expected_version: None,
            expected_rows: (!merging).then_some(loaded.count),
        },
        progress,
    )?;
    landing::record(engine, origins, table, committed.version)?;
    let of = |change: &str| drift.iter().filter(|d| d.change == change).map(|d| d.column.clone()).collect();
    let info = info_of(&committed, records, loaded.rejected, (of("new"), of("gone")), began);
    progress.log(format!(
        "{records} records: {} rows added, {} changed, {} deleted, {} the same, {} in the ledger only",
        info.added, info.changed, info.deleted, info.unchanged, info.rejected
    ));
    Ok((info, committed.ledger_entries))
}

/// Fits the rows to the table's columns where the policy or a replacement asks for it.
fn fit(engine: &Engine, doc: &SourceDoc, table: &TableName, drift: &[Drift], loaded: &mut Loaded) -> Result<()> {
    let untyped = loaded.schema.iter_values().any(DataType::is_null);
    let replaces =
        doc.loading.mode == LoadMode::Replace && (untyped || drift.iter().any(|drift| drift.change == "gone"));
    let keeps = doc.loading.drift == DriftPolicy::Ledger && drift.iter().any(|drift| drift.change != "gone");
    if !replaces && !keeps {
        return Ok(());
    }
    if !engine.0.lake.tables()?.contains(table) {
        return Ok(());
    }
    let broken = |cause| Error::internal("fit the rows to the table", cause);
    let there = engine.0.lake.scan(&engine.0.lake.snapshot(table, None)?)?.collect_schema().map_err(broken)?;
    let mut rows = loaded.rows.lazy()?;
    let mut came = loaded.schema.clone();
    if keeps {
        let fitted = drift::keep_columns(rows, &came, &there, &doc.name);
        rows = fitted.rows;
        let own: Vec<LazyFrame> = std::iter::once(loaded.ledger.clone().lazy()).chain(fitted.misfits).collect();
        loaded.ledger = concat(own, Default::default()).and_then(LazyFrame::collect).map_err(broken)?;
        came = (*rows.collect_schema().map_err(broken)?).clone();
    }
    if doc.loading.mode == LoadMode::Replace {
        rows = drift::with_gone_columns(rows, &came, &there);
    }
    loaded.rows = Rows::Lazy(rows);
    Ok(())
}

fn mode(doc: &SourceDoc, snapshot: bool) -> Mode {
    let loading = &doc.loading;
    match loading.mode {
        LoadMode::Append => Mode::Append,
        LoadMode::Replace => Mode::Replace,
        LoadMode::Merge => Mode::Merge(Merge {
            key: loading.key.clone(),
            newest_by: loading.newest_by.clone().filter(|name| !name.is_empty()),
            deletes: match loading.deletes {
                Deletes::Keep => pulse_lake::Deletes::Keep,
                Deletes::Remove => pulse_lake::Deletes::Remove,
                Deletes::Mark => pulse_lake::Deletes::Mark,
            },
            snapshot,
            deleted: loading.deleted_column.clone().filter(|name| !name.is_empty()).map(|column| pulse_lake::Deleted {
                column,
                value: loading.deleted_value.clone().filter(|value| !value.is_empty()),
            }),
            history: loading.history,
            at_ms: now_ms(),
        }),
    }
}

/// What the commit says about itself.
fn commit_info(
    doc: &SourceDoc,
    fetched: &Fetched,
    loaded: &Loaded,
    origins: &[Origin],
    records: u64,
) -> Map<String, Value> {
    let summary = format!(
        "Refreshed from {}: {records} records, {} rows, {} in the ledger only.",
        doc.name, loaded.count, loaded.rejected
    );
    let members = json!({
        "summary": summary,
        "refreshed": {"source": doc.name, "from": fetched.origin, "selection": doc.selection, "loading": doc.loading},
        "origin": origins,
        "records": records,
        "rejected": loaded.rejected,
        "settings": loaded.settings,
        "options": doc.options,
        "columns": loaded.columns,
    });
    members.as_object().cloned().unwrap_or_default()
}

fn origins(engine: &Engine, landed: &[Landed], progress: &Progress) -> Result<Vec<Origin>> {
    if !landed.is_empty() {
        progress.stage("Keeping the original bytes", 0, 0);
    }
    landed.iter().map(|landed| landing::keep_fetched(engine, landed, progress)).collect()
}

fn recordings(engine: &Engine, stored: &pulse_catalog::StoredSource, before: &Outcome) -> Result<Vec<PathBuf>> {
    let found: Option<Vec<PathBuf>> = before.recordings.iter().map(|hash| landing::find(engine, hash)).collect();
    found.filter(|found| !found.is_empty()).ok_or_else(|| {
        Error::not_found(format!("No recording of “{}” is kept.", stored.name)).hint("Refresh it from the network.")
    })
}

fn info_of(
    committed: &Committed,
    records: u64,
    rejected: u64,
    (new_columns, gone_columns): (Vec<String>, Vec<String>),
    began: Instant,
) -> RefreshInfo {
    RefreshInfo {
        at_ms: now_ms() as f64,
        version: committed.version,
        changed_anything: committed.changed_anything,
        records,
        added: committed.changes.added,
        changed: committed.changes.changed,
        deleted: committed.changes.deleted,
        unchanged: committed.changes.unchanged,
        rejected,
        new_columns,
        gone_columns,
        seconds: began.elapsed().as_secs_f64(),
    }
}

/// The outcome of a refresh to which nothing came.
fn unchanged(engine: &Engine, table: &TableName, began: Instant) -> Result<RefreshInfo> {
    let version = engine.0.lake.snapshot(table, None).map(|snapshot| snapshot.version);
    let version = version.map_err(|error| match error.code {
        Code::NotFound => Error::not_found("The source holds nothing yet, so there is no table to make.")
            .hint("Refresh it when there is something."),
        _ => error,
    })?;
    Ok(RefreshInfo {
        at_ms: now_ms() as f64,
        version,
        seconds: began.elapsed().as_secs_f64(),
        ..RefreshInfo::default()
    })
}

fn result(table: &TableName, info: &RefreshInfo, ledger: u64) -> Value {
    let mut result = json!(info);
    result["table"] = table.to_string().into();
    result["rows"] = (info.records - info.rejected).into();
    result["ledger"] = ledger.into();
    result
}

/// Where the next refresh goes on, in words.
fn position(state: &Value) -> String {
    let short = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Object(members) if members.len() > 4 => format!("{} parts", members.len()),
        other => other.to_string(),
    };
    let Some(members) = state.as_object() else { return short(state) };
    members.iter().map(|(name, value)| format!("{name} {}", short(value))).collect::<Vec<_>>().join(", ")
}
