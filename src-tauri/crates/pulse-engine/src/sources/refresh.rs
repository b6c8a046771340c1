//! Refreshing: a job reads a source, fits its columns, keeps the bytes, and commits rows and position together.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Instant;

use pulse_connect::{Landed, Task};
use pulse_core::{Code, Error, Progress, Result, TableName};
use pulse_lake::SourceState;
use pulse_rpc::types::*;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Outcome;
use super::load::Load;
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

/// Refreshes a source within another job; fails if it is being refreshed already.
pub(crate) fn refresh_now(engine: &Engine, source: &str, progress: &Progress) -> Result<Value> {
    if running(engine, source).is_some() {
        let name = engine.0.catalog.sources().get(source)?.name;
        return Err(Error::new(Code::Conflict, format!("“{name}” is being refreshed already."))
            .hint("Wait until that is done, or cancel it."));
    }
    let refresh = Refresh { source: source.to_owned(), full: false, replay: false, accept_drift: false };
    recorded(engine, &refresh, progress)
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
        merges: doc.loading.mode == LoadMode::Merge,
    };
    let mut fetched = connection.read(&doc.selection, &task)?;
    fetched.warnings.iter().for_each(|warning| progress.log(warning.clone()));
    let (state, content) = (fetched.state.take(), std::mem::take(&mut fetched.content));
    let load = Load { engine, doc: &doc, table: &table, fetched: &fetched, progress, began };
    let Some(rows) = load.rows(content, scratch.path())? else {
        let info = unchanged(engine, &table, began)?;
        progress.log("There is nothing new.");
        let outcome =
            Outcome { last: Some(info.clone()), running: false, problem: None, paused: false, ..before.clone() };
        return Ok((result(&table, &info, 0), outcome));
    };
    let sequence = known.as_ref().and_then(|known| known.sequence).unwrap_or(0) + 1;
    let source =
        SourceState { id: stored.id.clone(), state: state.clone().unwrap_or_default(), sequence: Some(sequence) };
    let origins = origins(engine, &fetched.landed, &rows.hashes, progress)?;
    let (info, entries) = load.commit(rows, source, &origins)?;
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

fn origins(
    engine: &Engine,
    landed: &[Landed],
    hashes: &HashMap<PathBuf, String>,
    progress: &Progress,
) -> Result<Vec<Origin>> {
    if !landed.is_empty() {
        progress.stage("Keeping the original bytes", 0, 0);
    }
    let keep = |landed: &Landed| landing::keep_fetched(engine, landed, hashes.get(&landed.path), progress);
    landed.iter().map(keep).collect()
}

fn recordings(engine: &Engine, stored: &pulse_catalog::StoredSource, before: &Outcome) -> Result<Vec<PathBuf>> {
    let found: Option<Vec<PathBuf>> = before.recordings.iter().map(|hash| landing::find(engine, hash)).collect();
    found.filter(|found| !found.is_empty()).ok_or_else(|| {
        Error::not_found(format!("No recording of “{}” is kept.", stored.name)).hint("Refresh it from the network.")
    })
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

/// How far the source has been read, in words: `version 2`, `1 file`, `partitions 0: 4, 1: 7`.
fn position(state: &Value) -> String {
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let words = |(name, value): (&String, &Value)| {
        let name = name.replace('_', " ");
        match value {
            Value::Object(parts) if parts.len() < 5 && parts.values().all(Value::is_number) => {
                let parts: Vec<String> = parts.iter().map(|(part, at)| format!("{part}: {at}")).collect();
                format!("{name} {}", parts.join(", "))
            }
            Value::Object(parts) if parts.len() == 1 => format!("1 {}", name.trim_end_matches('s')),
            Value::Object(parts) => format!("{} {name}", parts.len()),
            value => format!("{name} {}", plain(value)),
        }
    };
    let Some(members) = state.as_object() else { return plain(state) };
    members.iter().map(words).collect::<Vec<_>>().join(", ")
}
