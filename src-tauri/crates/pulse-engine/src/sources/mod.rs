//! Sources: saved ways from a connection into a table, looked through, previewed and refreshed.

mod drift;
mod load;
mod look;
mod outcome;
mod refresh;

use pulse_catalog::StoredSource;
use pulse_core::{Error, Layer, Result, TableName};
use pulse_rpc::types::*;
use serde_json::{Value, json};

use crate::clock::now_ms;
use crate::{Engine, connections};

pub(crate) use look::{browse, preview};
pub(crate) use outcome::Outcome;
pub(crate) use refresh::{Refresh, again, refresh, refresh_now};

/// All sources by name, with how they stand.
pub(crate) fn list(engine: &Engine) -> Result<Vec<SourceInfo>> {
    engine.0.catalog.sources().list()?.into_iter().map(|stored| info(engine, stored)).collect()
}

/// Saves a source.
pub(crate) fn save(engine: &Engine, doc: SourceDoc) -> Result<SourceInfo> {
    let name = doc.name.trim().to_owned();
    if name.is_empty() {
        return Err(Error::invalid("The source has no name.")
            .hint("Give it a name you will know it by.")
            .field("name"));
    }
    let table = target(&doc.table)?;
    check_loading(&doc.loading)?;
    let connection = connections::find(engine, &doc.connection)?;
    let id = match &doc.id {
        Some(id) => engine.0.catalog.sources().get(id)?.id,
        None => uuid::Uuid::new_v4().to_string(),
    };
    let others = engine.0.catalog.sources().list()?;
    if let Some(other) = others.iter().find(|other| other.id != id && other.table == table.to_string()) {
        return Err(Error::invalid(format!("The source “{}” fills {table} already.", other.name))
            .hint("Choose another table; sources are put together by SQL or a recipe.")
            .field("table"));
    }
    let doc = SourceDoc { id: Some(id.clone()), name: name.clone(), connection: connection.id, ..doc };
    let stored = StoredSource {
        id: id.clone(),
        name,
        connection: doc.connection.clone(),
        table: table.to_string(),
        body: json!(doc),
        outcome: Value::Null,
        updated_at_ms: now_ms(),
    };
    engine.0.catalog.sources().save(&stored)?;
    info(engine, engine.0.catalog.sources().get(&id)?)
}

/// Forgets a source; its table stays.
pub(crate) fn delete(engine: &Engine, id: &str) -> Result<()> {
    if let Some(job) = refresh::running(engine, id) {
        engine.0.jobs.cancel(&job);
    }
    engine.0.catalog.sources().delete(id)
}

/// Whether sources have news; one that cannot be asked says why.
pub(crate) fn news(engine: &Engine) -> Result<Vec<SourceNews>> {
    let ask = |stored: StoredSource| {
        let source = stored.id.clone();
        match look::news(engine, &stored) {
            Ok(Some(news)) => SourceNews { source, available: Some(news.available), text: news.text },
            Ok(None) => SourceNews { source, available: None, text: String::new() },
            Err(error) => SourceNews { source, available: None, text: error.message },
        }
    };
    let sources = engine.0.catalog.sources().list()?;
    Ok(std::thread::scope(|scope| {
        let asked: Vec<_> = sources.into_iter().map(|stored| scope.spawn(|| ask(stored))).collect();
        asked.into_iter().filter_map(|thread| thread.join().ok()).collect()
    }))
}

/// What was saved.
pub(crate) fn doc(stored: &StoredSource) -> Result<SourceDoc> {
    serde_json::from_value(stored.body.clone()).map_err(|cause| {
        Error::damaged(format!("What was saved as the source “{}” is not understood: {cause}.", stored.name))
            .hint("Delete the source and save it again; its table stays.")
    })
}

/// The bronze table of that name.
fn target(name: &str) -> Result<TableName> {
    let table: TableName = name.parse().map_err(|error: Error| error.field("table"))?;
    if table.layer() == Layer::Bronze {
        return Ok(table);
    }
    Err(Error::invalid(format!("`{table}` is not in bronze, where imports go."))
        .hint(format!("Import into `{}`; recipes write silver tables.", table.in_layer(Layer::Bronze)))
        .field("table"))
}

fn check_loading(loading: &Loading) -> Result<()> {
    if loading.mode != LoadMode::Merge {
        return Ok(());
    }
    if loading.key.is_empty() {
        return Err(Error::invalid("Merging needs the columns that name a row, and none are chosen.")
            .hint("Choose the key, or append or replace instead.")
            .field("loading.key"));
    }
    if loading.history && loading.deletes == Deletes::Remove {
        return Err(Error::invalid("Keeping the history and removing deleted rows exclude each other.")
            .hint("With history, a deleted row stays with the time when it ended.")
            .field("loading.deletes"));
    }
    Ok(())
}

fn info(engine: &Engine, stored: StoredSource) -> Result<SourceInfo> {
    let doc = doc(&stored)?;
    let outcome = Outcome::of(&stored);
    let job = refresh::running(engine, &stored.id);
    let connectors = pulse_connect::connectors();
    let connection = connections::find(engine, &stored.connection).ok();
    let kind = connection.as_ref().map(|found| found.kind.clone()).unwrap_or_default();
    let connector = connectors.iter().find(|info| info.about.kind == kind);
    let problem = outcome.problem.or_else(|| {
        connection
            .is_none()
            .then(|| Problem::from(&Error::not_found("Its connection is gone.").hint("Choose another.")))
    });
    Ok(SourceInfo {
        connection_name: connection.map_or_else(|| doc.connection.clone(), |found| found.name),
        kind_title: connector.map_or_else(|| kind.clone(), |info| info.about.title.to_owned()),
        reads: reads(&doc.selection, connector.map_or("", |info| info.about.main)),
        kind,
        state: match (&job, problem.is_some(), &outcome.last) {
            (Some(_), ..) => "running",
            (None, true, _) if outcome.paused => "paused",
            (None, true, _) => "failed",
            (None, false, Some(_)) => "ok",
            (None, false, None) => "new",
        }
        .to_owned(),
        last: outcome.last,
        problem: if job.is_some() { None } else { problem },
        job: job.or(outcome.job),
        position: outcome.position,
        replayable: !outcome.recordings.is_empty(),
        id: stored.id,
        doc,
    })
}

/// What is read, in a line: the member that names it, or its text in short.
fn reads(selection: &Value, main: &str) -> String {
    let text = match selection.get(main) {
        Some(Value::String(text)) if !text.is_empty() => text.clone(),
        _ => selection.to_string(),
    };
    if text.chars().count() <= 80 { text } else { text.chars().take(79).chain(['…']).collect() }
}
