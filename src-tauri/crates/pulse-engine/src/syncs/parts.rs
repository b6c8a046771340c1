//! The parts of a sync: what each sends and where to.

use std::collections::BTreeMap;

use pulse_core::{Error, Result, TableName};
use pulse_rpc::types::*;
use serde_json::{Value, json};

use crate::Engine;

/// The parts of `doc`; where everything is sent, one for every other table as well.
pub(crate) fn all(engine: &Engine, doc: &SyncDoc, kind: &str) -> Result<Vec<SyncPart>> {
    let mut parts = doc.parts.clone();
    if doc.everything {
        let named = |table: &TableName| {
            parts
                .iter()
                .any(|part| matches!(&part.from, SyncFrom::Table { table: name, .. } if *name == table.to_string()))
        };
        let others: Vec<TableName> = engine.0.lake.tables()?.into_iter().filter(|table| !named(table)).collect();
        let main = destination(kind)?.writes.main;
        let target = |table: &TableName| {
            let mut target = doc.rest.as_object().cloned().unwrap_or_default();
            let before = target.get(main).and_then(Value::as_str).unwrap_or_default();
            let name = format!("{before}{}_{}", table.layer().as_str(), table.name());
            target.insert(main.to_owned(), json!(name));
            Value::Object(target)
        };
        parts.extend(others.into_iter().map(|table| SyncPart {
            target: target(&table),
            from: SyncFrom::Table { table: table.to_string(), version: None },
            columns: Vec::new(),
            key: Vec::new(),
            edits: BTreeMap::new(),
        }));
    }
    Ok(parts)
}

/// What a part sends, in a word that stays the same from run to run.
pub(crate) fn name(from: &SyncFrom) -> String {
    match from {
        SyncFrom::Table { table, version: None } => table.clone(),
        SyncFrom::Table { table, version: Some(version) } => format!("{table}@{version}"),
        SyncFrom::Sql { name, .. } => format!("query {name}"),
    }
}

/// The name of the target in a part, as the form's main member says.
pub(crate) fn target_name(kind: &str, target: &Value) -> String {
    let main = destination(kind).map(|found| found.writes.main).unwrap_or_default();
    target.get(main).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// That a part (`NAME to TARGET`, see [`name`]) is not sent any more, because its table is gone.
pub(crate) fn vanished(part: &str) -> String {
    let (name, target) = part.split_once(" to ").unwrap_or((part, "the target"));
    format!("{name} is not in the workspace any more; what was sent of it stays at {target}.")
}

/// Fails for what no run of the sync could do.
pub(crate) fn check(doc: &SyncDoc, kind: &str) -> Result<()> {
    let mode = mode(doc.mode);
    let found = destination(kind)?;
    if !found.writes.modes.contains(&mode) {
        let modes: Vec<_> = found.writes.modes.iter().map(|mode| word(*mode)).collect();
        return Err(Error::invalid("This kind of connection does not take rows in that way.")
            .hint(format!("Choose another mode: {}.", modes.join(", ")))
            .field("mode"));
    }
    let mut names = std::collections::HashSet::new();
    for part in &doc.parts {
        let name = name(&part.from);
        if !names.insert((name.clone(), target_name(kind, &part.target))) {
            return Err(Error::invalid(format!("{name} is sent to the same target twice."))
                .hint("Take one of the two out.")
                .field("parts"));
        }
        if doc.mode == SyncMode::Incremental && !matches!(part.from, SyncFrom::Table { version: None, .. }) {
            return Err(Error::invalid(format!("Only what changed can be sent of a table, not of {name}."))
                .hint("Send the newest version of a table, or mirror the rows.")
                .field("mode"));
        }
    }
    Ok(())
}

/// How a kind of connection is written to; fails if it can only be read.
pub(crate) fn destination(kind: &str) -> Result<&'static pulse_connect::DestinationInfo> {
    let found = pulse_connect::connectors().iter().find(|info| info.about.kind == kind);
    found.and_then(|info| info.destination.as_ref()).ok_or_else(|| {
        let able = pulse_connect::connectors().iter().filter(|info| info.destination.is_some());
        let able: Vec<_> = able.map(|info| info.about.title).collect();
        Error::new(pulse_core::Code::Unsupported, "This kind of connection can be read, but not written to.")
            .hint(format!("Rows can be sent to {}.", able.join(", ")))
            .field("connection")
    })
}

/// The mode in the connectors' terms.
pub(crate) fn mode(mode: SyncMode) -> pulse_connect::SyncMode {
    match mode {
        SyncMode::Replace => pulse_connect::SyncMode::Replace,
        SyncMode::Append => pulse_connect::SyncMode::Append,
        SyncMode::Upsert => pulse_connect::SyncMode::Upsert,
        SyncMode::Mirror => pulse_connect::SyncMode::Mirror,
        SyncMode::Incremental => pulse_connect::SyncMode::Incremental,
    }
}

/// The mode as the command line and saved syncs spell it.
fn word(mode: pulse_connect::SyncMode) -> String {
    json!(shown_mode(mode)).as_str().unwrap_or_default().to_owned()
}

/// The mode in the window's terms.
pub(crate) fn shown_mode(mode: pulse_connect::SyncMode) -> SyncMode {
    match mode {
        pulse_connect::SyncMode::Replace => SyncMode::Replace,
        pulse_connect::SyncMode::Append => SyncMode::Append,
        pulse_connect::SyncMode::Upsert => SyncMode::Upsert,
        pulse_connect::SyncMode::Mirror => SyncMode::Mirror,
        pulse_connect::SyncMode::Incremental => SyncMode::Incremental,
    }
}
