//! Tables: listing, showing, profiling, history, restore and removal.

use pulse_core::{Progress, Result, TableName};
use pulse_lake::Snapshot;
use pulse_rpc::types::*;
use serde_json::Value;

use crate::{Engine, guard, samples, types};

pub(crate) fn workspace(engine: &Engine) -> Result<Workspace> {
    let samples = samples::unpack(engine)?;
    Ok(Workspace {
        path: engine.root().display().to_string(),
        name: engine.0.workspace.name(),
        program_version: env!("CARGO_PKG_VERSION").to_owned(),
        samples,
    })
}

/// All tables; one that cannot be read is listed with its problem instead of hiding the others.
pub(crate) fn list(engine: &Engine) -> Result<Vec<TableInfo>> {
    let read = |table: TableName| match engine.0.lake.snapshot(&table, None) {
        Ok(snapshot) => info(engine, &snapshot),
        Err(error) => TableInfo { problem: Some(Problem::from(&error)), ..empty(&table) },
    };
    Ok(engine.0.lake.tables()?.into_iter().map(read).collect())
}

pub(crate) fn show(engine: &Engine, request: &TableVersion) -> Result<TableDetail> {
    let table = request.table.parse()?;
    let snapshot = engine.0.lake.snapshot(&table, request.version)?;
    let newest_version = match request.version {
        None => snapshot.version,
        // Where the newest version is damaged, an older one can still be shown: it is the newest that can be.
        Some(_) => engine.0.lake.snapshot(&table, None).map_or(snapshot.version, |newest| newest.version),
    };
    let columns = snapshot
        .schema
        .iter()
        .map(|field| ColumnInfo { name: field.name.clone(), type_word: types::of_delta(&field.r#type) });
    // The files are recorded in the same commit as the rows, so that they are true of exactly this version.
    let origin = snapshot.info.get("origin").cloned().unwrap_or_else(|| Value::Array(Vec::new()));
    Ok(TableDetail {
        info: info(engine, &snapshot),
        newest_version,
        columns: columns.collect(),
        origin: serde_json::from_value(origin).unwrap_or_default(),
        commit: Value::Object(snapshot.info.clone()),
    })
}

pub(crate) fn profile(engine: &Engine, request: &TableVersion) -> Result<TableProfile> {
    let snapshot = engine.0.lake.snapshot(&request.table.parse()?, request.version)?;
    let key = crate::frames::identity(&snapshot);
    if let Some(known) = guard(&engine.0.profiles).get(&key) {
        return Ok(known.clone());
    }
    let profile = pulse_recipe::profile::profile(engine.0.lake.scan(&snapshot)?, None, &Progress::new())?;
    let profile = TableProfile {
        version: snapshot.version,
        rows: profile.rows,
        columns: profile.columns.into_iter().map(column_profile).collect(),
    };
    guard(&engine.0.profiles).insert(key, profile.clone());
    Ok(profile)
}

pub(crate) fn history(engine: &Engine, request: &TableRequest) -> Result<Vec<VersionInfo>> {
    let versions = engine.0.lake.history(&request.table.parse()?)?;
    let info = |version: pulse_lake::Version| VersionInfo {
        version: version.version,
        at_ms: version.at_ms as f64,
        summary: summary(&version),
        operation: version.operation,
        rows: version.rows,
        commit: Value::Object(version.info),
    };
    Ok(versions.into_iter().map(info).collect())
}

pub(crate) fn restore(engine: &Engine, request: &RestoreRequest) -> Result<TableInfo> {
    let table = request.table.parse()?;
    engine.0.lake.restore(&table, request.version)?;
    Ok(info(engine, &engine.0.lake.snapshot(&table, None)?))
}

pub(crate) fn remove(engine: &Engine, request: &TableRequest) -> Result<Removed> {
    let moved_to = engine.0.lake.remove_table(&request.table.parse()?)?;
    Ok(Removed { moved_to: moved_to.display().to_string() })
}

/// The numbers of a snapshot. A table whose input has moved on is marked stale.
pub(crate) fn info(engine: &Engine, snapshot: &Snapshot) -> TableInfo {
    let input = snapshot.info.get("input");
    let text = |key: &str| input.and_then(|input| input.get(key)).and_then(Value::as_str).map(str::to_owned);
    let (input, input_version) = (text("table"), input.and_then(|input| input.get("version")).and_then(Value::as_u64));
    let newest_input = input
        .as_ref()
        .and_then(|table| table.parse().ok())
        .and_then(|table| engine.0.lake.snapshot(&table, None).ok())
        .map(|snapshot| snapshot.version);
    TableInfo {
        version: snapshot.version,
        rows: snapshot.rows,
        columns: snapshot.schema.len() as u64,
        bytes: snapshot.bytes,
        modified_ms: snapshot.created_at_ms as f64,
        ledger_entries: snapshot.ledger_entries,
        stale: newest_input.zip(input_version).is_some_and(|(newest, used)| newest > used),
        input,
        input_version,
        ..empty(&snapshot.table)
    }
}

fn empty(table: &TableName) -> TableInfo {
    TableInfo {
        table: table.to_string(),
        layer: table.layer().as_str().to_owned(),
        name: table.name().to_owned(),
        version: 0,
        rows: 0,
        columns: 0,
        bytes: 0,
        modified_ms: 0.0,
        ledger_entries: 0,
        input: None,
        input_version: None,
        stale: false,
        problem: None,
    }
}

/// What a version's commit says about itself, for people.
fn summary(version: &pulse_lake::Version) -> String {
    if let Some(text) = version.info.get("summary").and_then(Value::as_str) {
        return text.to_owned();
    }
    match version.rows {
        Some(rows) => format!("{} ({rows} rows)", version.operation),
        None => version.operation.clone(),
    }
}

fn column_profile(column: pulse_recipe::profile::ColumnProfile) -> ColumnProfile {
    use pulse_recipe::profile::Distribution as From;
    ColumnProfile {
        name: column.name,
        type_word: column.type_word,
        missing: column.missing,
        distinct: column.distinct,
        min: column.min,
        max: column.max,
        mean: column.mean,
        distribution: match column.distribution {
            From::Histogram { counts, .. } if counts.is_empty() => Distribution::None,
            From::Histogram { edges, counts } => Distribution::Histogram { edges, counts },
            From::Top { values, .. } if values.is_empty() => Distribution::None,
            From::Top { values, others } => Distribution::Top {
                values: values.into_iter().map(|(value, rows)| TopValue { value, rows }).collect(),
                others,
            },
        },
    }
}
