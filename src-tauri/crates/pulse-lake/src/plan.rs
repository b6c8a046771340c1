//! What a commit says: the actions that take a table from one version to the next, and our notes about them.

use pulse_core::{Code, Error, Result, TableName};
use serde_json::{Map, Value, json};

use crate::merge::Changes;
use crate::state::State;
use crate::types::{Columns, name_of};
use crate::work::Work;
use crate::write::now_ms;

/// The actions of a commit besides `commitInfo`, and what to note in that.
pub(crate) struct Plan {
    pub delta_operation: (&'static str, Value),
    pub operation: String,
    pub info: Map<String, Value>,
    pub actions: Vec<Value>,
    pub rows: u64,
    pub ledger: Vec<String>,
    pub ledger_entries: u64,
    /// Where the sources stand; see [`crate::source`].
    pub sources: Map<String, Value>,
    /// What happened to the rows, where that is known.
    pub changes: Option<Changes>,
}

/// The actions that take `state` to the new version: protocol and metadata where they change, then the files. All rows
/// and columns are `replaced`, or else the work's files come and go.
pub(crate) fn actions(table: &TableName, state: Option<&State>, work: &Work, replaced: bool) -> Result<Vec<Value>> {
    let columns = match state.filter(|_| !replaced && !work.is_based) {
        Some(state) => merge(table, &state.columns, &work.columns)?,
        None => work.columns.clone(),
    };
    let mut actions = Vec::new();
    let protocol = protocol(table, state.map(|state| &state.protocol), &columns)?;
    if state.is_none_or(|state| state.protocol != protocol) {
        actions.push(json!({"protocol": protocol}));
    }
    if state.is_none_or(|state| state.columns != columns) {
        actions.push(json!({"metaData": metadata(state.map(|state| &state.metadata), &columns)}));
    }
    let all = state.filter(|_| replaced).map(|state| &state.files);
    for file in all.unwrap_or(&work.removed) {
        actions.push(file.remove(now_ms())?);
    }
    for file in &work.added {
        actions.push(file.add()?);
    }
    Ok(actions)
}

/// The table's columns and the written ones that it has not; fails if another writer has changed a type meanwhile.
fn merge(table: &TableName, kept: &Columns, written: &Columns) -> Result<Columns> {
    let mut merged = kept.clone();
    for field in &written.0 {
        match kept.0.iter().find(|known| name_of(known) == name_of(field)) {
            Some(known) if known["type"] == field["type"] => {}
            Some(_) => {
                let message =
                    format!("The column `{}` of {table} was changed by another writer meanwhile.", name_of(field));
                return Err(Error::new(Code::Conflict, message).hint("Start again."));
            }
            None => merged.0.push(field.clone()),
        }
    }
    Ok(merged)
}

/// The protocol a table of `columns` needs: timestamps without a zone are a table feature.
fn protocol(table: &TableName, current: Option<&Value>, columns: &Columns) -> Result<Value> {
    let local_times = columns.to_schema_string().contains("\"timestamp_ntz\"");
    let feature = "timestampNtz";
    let with_feature = json!({
        "minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": [feature], "writerFeatures": [feature],
    });
    let Some(current) = current else {
        return Ok(if local_times { with_feature } else { json!({"minReaderVersion": 1, "minWriterVersion": 2}) });
    };
    let lists = |key: &str| current[key].as_array().is_some_and(|features| features.iter().any(|f| f == feature));
    match current["minWriterVersion"].as_u64() {
        _ if !local_times || lists("writerFeatures") => Ok(current.clone()),
        Some(..=2) => Ok(with_feature),
        Some(7) => {
            let mut extended = current.clone();
            extended["minReaderVersion"] = json!(3);
            for key in ["readerFeatures", "writerFeatures"] {
                let mut features = current[key].as_array().cloned().unwrap_or_default();
                features.push(json!(feature));
                extended[key] = json!(features);
            }
            Ok(extended)
        }
        _ => Err(Error::new(
            Code::Unsupported,
            format!("{table} was set up by another program and cannot hold times without a zone."),
        )
        .hint("Give the times a zone, or write to a table of another name.")),
    }
}

pub(crate) fn metadata(current: Option<&Value>, columns: &Columns) -> Value {
    let mut metadata = current.cloned().unwrap_or_else(|| {
        json!({
            "id": uuid::Uuid::new_v4().to_string(),
            "format": {"provider": "parquet", "options": {}},
            "partitionColumns": [],
            "configuration": {},
            "createdTime": now_ms(),
        })
    });
    metadata["schemaString"] = json!(columns.to_schema_string());
    metadata
}

/// The bytes of a commit. `commitInfo` comes first and says how many actions there are.
pub(crate) fn entry(plan: Plan) -> Vec<u8> {
    let info = json!({"commitInfo": {
        "timestamp": now_ms(),
        "operation": plan.delta_operation.0,
        "operationParameters": plan.delta_operation.1,
        "engineInfo": concat!("cloud-pulse/", env!("CARGO_PKG_VERSION")),
        "pulse": {
            "actions": plan.actions.len() + 1,
            "operation": plan.operation,
            "info": plan.info,
            "rows": plan.rows,
            "ledger": plan.ledger,
            "ledger_entries": plan.ledger_entries,
            "sources": plan.sources,
            "changes": plan.changes,
        },
    }});
    let lines: Vec<String> = std::iter::once(info).chain(plan.actions).map(|action| action.to_string()).collect();
    lines.join("\n").into_bytes()
}
