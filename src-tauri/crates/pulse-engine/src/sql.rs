//! SQL over the lake: which snapshots a query sees, its result on disk, vocabulary and history.

use std::path::PathBuf;

use pulse_core::{Error, Layer, Progress, Result, TableName};
use pulse_lake::Snapshot;
use pulse_query::{Engine as Query, Settings, Table};
use pulse_rpc::types::*;

use crate::clock::now_ms;
use crate::workspace::Workspace as Folder;
use crate::{Engine, guard, syncs, types};

/// Opens the query engine of a workspace: it may read the lake and write results, also those that syncs check and send,
/// nothing else.
pub(crate) fn open(workspace: &Folder) -> Result<Query> {
    let results = workspace.scratch().join("results");
    let temp = workspace.scratch().join("query");
    let syncs = workspace.syncs();
    for folder in [&results, &temp, &syncs] {
        std::fs::create_dir_all(folder).map_err(|cause| Error::io("make the folder", folder, &cause))?;
    }
    Ok(Query::new(Settings {
        allowed: vec![workspace.lake(), workspace.scratch(), workspace.syncs()],
        temp,
        memory: "4GB".into(),
        temp_limit: "20GB".into(),
        threads: std::thread::available_parallelism().map_or(2, usize::from),
    }))
}

pub(crate) fn run(engine: &Engine, request: &SqlRequest) -> Result<SqlResult> {
    let path = result_file(engine, &request.id)?;
    let progress = Progress::new();
    guard(&engine.0.queries).insert(request.id.clone(), progress.clone());
    engine.0.catalog.queries().record(&request.sql, now_ms())?;
    let outcome =
        tables(engine, &request.sql).and_then(|tables| engine.0.query.run(&request.sql, &tables, &path, &progress));
    guard(&engine.0.queries).remove(&request.id);
    engine.0.frames.forget(&result_key(&request.id));
    let outcome = outcome?;
    Ok(SqlResult {
        id: request.id.clone(),
        columns: outcome
            .columns
            .into_iter()
            .map(|column| ColumnInfo { type_word: types::of_duckdb(&column.sql_type), name: column.name })
            .collect(),
        rows: outcome.rows,
        seconds: outcome.seconds,
    })
}

pub(crate) fn cancel(engine: &Engine, id: &str) {
    if let Some(progress) = guard(&engine.0.queries).get(id) {
        progress.cancel();
    }
}

/// What rows of a result are kept under in memory.
pub(crate) fn result_key(id: &str) -> String {
    format!("result {id}")
}

/// The file with the rows of a finished query.
pub(crate) fn result_path(engine: &Engine, id: &str) -> Result<PathBuf> {
    let path = result_file(engine, id)?;
    if !path.exists() {
        return Err(Error::not_found("The rows of this query are no longer kept.").hint("Run the query again."));
    }
    Ok(path)
}

/// The snapshots a query can see: every table's newest version and its ledger, and the older versions it names.
pub(crate) fn tables(engine: &Engine, sql: &str) -> Result<Vec<Table>> {
    let mut tables = Vec::new();
    let references = pulse_query::references(sql);
    let names = engine.0.lake.tables()?;
    check_names(&references, &names)?;
    for name in names {
        let named = references
            .iter()
            .any(|(layer, table, version)| layer == name.layer().as_str() && table == name.name() && version.is_none());
        match engine.0.lake.snapshot(&name, None) {
            Ok(snapshot) => {
                tables.extend(ledger(&snapshot));
                tables.push(table(&snapshot, true));
            }
            // A damaged newest version must not stop queries on others or on older ones, but a query on it must say so.
            Err(error) if named => return Err(error),
            Err(error) => tracing::warn!(table = %name, %error, "A table is left out of SQL."),
        }
    }
    tables.extend(syncs::receipt_tables(engine, sql)?);
    for (layer, name, version) in references {
        let Some(version) = version else { continue };
        let layer = Layer::ALL.into_iter().find(|known| known.as_str() == layer);
        let Some(layer) = layer else { continue };
        let snapshot = engine.0.lake.snapshot(&TableName::new(layer, name)?, Some(version))?;
        let older = table(&snapshot, false);
        let known = |table: &Table| (&table.layer, &table.name, table.version) == (&older.layer, &older.name, version);
        if !tables.iter().any(known) {
            tables.push(older);
        }
    }
    Ok(tables)
}

/// A table that does not exist is named as the user wrote it, with those there are.
fn check_names(references: &[(String, String, Option<u64>)], names: &[TableName]) -> Result<()> {
    let known = |layer: &str, table: &str| names.iter().any(|n| n.layer().as_str() == layer && n.name() == table);
    let Some((layer, table, _)) = references.iter().find(|(layer, table, _)| !known(layer, table)) else {
        return Ok(());
    };
    let all: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    let hint = if all.is_empty() { "Import a file first.".into() } else { format!("There are {}.", all.join(", ")) };
    Err(Error::not_found(format!("There is no table `{layer}.{table}`.")).hint(hint).field("sql"))
}

pub(crate) fn vocabulary(engine: &Engine) -> Result<Vocabulary> {
    let mut tables = Vec::new();
    for name in engine.0.lake.tables()? {
        // A damaged table is shown by the table list; completion offers the others.
        let Ok(snapshot) = engine.0.lake.snapshot(&name, None) else { continue };
        let columns = snapshot
            .schema
            .iter()
            .map(|field| ColumnInfo { name: field.name.clone(), type_word: types::of_delta(&field.r#type) });
        tables.push(VocabularyTable {
            table: name.to_string(),
            columns: columns.collect(),
            version: snapshot.version,
            rows: snapshot.rows,
        });
    }
    let words = pulse_query::words()?;
    Ok(Vocabulary { tables, functions: words.functions, keywords: words.keywords })
}

pub(crate) fn history(engine: &Engine) -> Result<Vec<SqlRun>> {
    let runs = engine.0.catalog.queries().history()?;
    Ok(runs.into_iter().map(|run| SqlRun { sql: run.sql, at_ms: run.at_ms as f64 }).collect())
}

fn table(snapshot: &Snapshot, latest: bool) -> Table {
    Table {
        layer: snapshot.table.layer().as_str().to_owned(),
        name: snapshot.table.name().to_owned(),
        version: snapshot.version,
        latest,
        files: snapshot.files.clone(),
        columns: snapshot.schema.iter().map(|field| (field.name.clone(), field.sql_type.clone())).collect(),
        row_count: Some(snapshot.rows),
    }
}

/// The ledger of `bronze.prices` is queried as `ledger.bronze_prices`.
fn ledger(snapshot: &Snapshot) -> Option<Table> {
    (!snapshot.ledger.is_empty()).then(|| Table {
        layer: "ledger".into(),
        name: format!("{}_{}", snapshot.table.layer().as_str(), snapshot.table.name()),
        version: snapshot.version,
        latest: true,
        files: snapshot.ledger.clone(),
        columns: Vec::new(),
        row_count: Some(snapshot.ledger_entries),
    })
}

/// The result file of query `id`; ids come from hosts, so only harmless ones are taken.
fn result_file(engine: &Engine, id: &str) -> Result<PathBuf> {
    let harmless = !id.is_empty() && id.len() <= 64 && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if !harmless {
        return Err(Error::invalid("The query's id is not letters, digits and dashes.").field("id"));
    }
    Ok(engine.0.workspace.scratch().join("results").join(format!("{id}.parquet")))
}
