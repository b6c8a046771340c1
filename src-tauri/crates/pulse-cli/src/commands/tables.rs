//! `pulse tables`, `show`, `profile`, `history`, `restore` and `jobs`.

use pulse_core::Result;
use pulse_engine::Engine;
use pulse_rpc::Commands;
use pulse_rpc::types::*;
use serde_json::json;

use super::count;
use crate::args::{At, Restore, Show};
use crate::output::{Answer, Table};

pub fn list(engine: &Engine) -> Result<Answer> {
    let tables = engine.tables(Nothing {})?;
    let row = |table: &TableInfo| {
        let note = match (&table.problem, table.stale) {
            (Some(problem), _) => problem.message.clone(),
            (None, true) => "input has a newer version".into(),
            (None, false) => String::new(),
        };
        vec![
            json!(table.table),
            json!(table.version),
            json!(count(table.rows)),
            json!(table.columns),
            json!(count(table.bytes)),
            json!(count(table.ledger_entries)),
            json!(note),
        ]
    };
    let columns = ["table", "version", "rows", "columns", "bytes", "ledger", "note"].map(str::to_owned).to_vec();
    let rows = tables.iter().map(row).collect();
    let lines = if tables.is_empty() { vec!["No tables yet: pulse import FILE".to_owned()] } else { Vec::new() };
    Ok(Answer { json: json!({ "tables": tables }), lines, table: Some(Table { columns, rows }) })
}

pub fn show(engine: &Engine, args: &Show) -> Result<Answer> {
    let detail = engine.table_show(at(&args.at))?;
    let source = RowSource::Table { table: args.at.table.clone(), version: Some(detail.info.version) };
    let rows = engine.json_rows(&RowsRequest { source, offset: 0, limit: args.rows })?;
    let mut lines = vec![
        String::new(),
        format!(
            "{} version {} of {}: {} rows, {} columns, {} ledger entries",
            detail.info.table,
            detail.info.version,
            detail.newest_version,
            count(detail.info.rows),
            detail.info.columns,
            count(detail.info.ledger_entries)
        ),
    ];
    lines.extend(detail.columns.iter().map(|column| format!("column {}: {}", column.name, column.type_word)));
    let origin = |origin: &Origin| format!("from {} ({} bytes, SHA-256 {})", origin.path, origin.bytes, origin.sha256);
    lines.extend(detail.origin.iter().map(origin));
    let columns = detail.columns.iter().map(|column| column.name.clone()).collect();
    let mut document = json!(detail);
    document["rows"] = json!(rows);
    Ok(Answer { json: document, lines, table: Some(Table { columns, rows }) })
}

pub fn profile(engine: &Engine, args: &At) -> Result<Answer> {
    let profile = engine.table_profile(at(args))?;
    let row = |column: &ColumnProfile| {
        vec![
            json!(column.name),
            json!(column.type_word),
            json!(column.missing),
            json!(column.distinct),
            json!(column.min),
            json!(column.max),
            json!(column.mean),
        ]
    };
    let columns = ["column", "type", "missing", "distinct", "min", "max", "mean"].map(str::to_owned).to_vec();
    let rows = profile.columns.iter().map(row).collect();
    let lines = vec![format!("{} rows in version {}", count(profile.rows), profile.version)];
    Ok(Answer { json: json!(profile), lines, table: Some(Table { columns, rows }) })
}

pub fn history(engine: &Engine, table: &str) -> Result<Answer> {
    let versions = engine.table_history(TableRequest { table: table.to_owned() })?;
    let row = |version: &VersionInfo| {
        vec![json!(version.version), json!(version.operation), json!(version.rows), json!(version.summary)]
    };
    let columns = ["version", "operation", "rows", "what happened"].map(str::to_owned).to_vec();
    let rows = versions.iter().map(row).collect();
    Ok(Answer { json: json!({ "versions": versions }), lines: Vec::new(), table: Some(Table { columns, rows }) })
}

pub fn restore(engine: &Engine, args: &Restore) -> Result<Answer> {
    let info = engine.table_restore(RestoreRequest { table: args.table.clone(), version: args.version })?;
    let line = format!(
        "{} version {} holds version {} again: {} rows",
        info.table,
        info.version,
        args.version,
        count(info.rows)
    );
    Ok(Answer { json: json!(info), lines: vec![line], table: None })
}

pub fn jobs(engine: &Engine) -> Result<Answer> {
    let jobs = engine.jobs(Nothing {})?;
    let row = |job: &JobInfo| {
        let why = job.problem.as_ref().map(|problem| problem.message.clone());
        vec![json!(job.title), json!(job.state), json!(job.seconds), json!(why)]
    };
    let columns = ["job", "state", "seconds", "why"].map(str::to_owned).to_vec();
    let rows = jobs.iter().map(row).collect();
    Ok(Answer { json: json!({ "jobs": jobs }), lines: Vec::new(), table: Some(Table { columns, rows }) })
}

fn at(args: &At) -> TableVersion {
    TableVersion { table: args.table.clone(), version: args.version }
}
