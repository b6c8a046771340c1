//! A Delta table as the target: the plan, and the commit that makes the files of a run visible.
//!
//! Format: Delta protocol (<https://github.com/delta-io/delta/blob/master/PROTOCOL.md>). A commit is put on the condition
//! that there is none of its version; whoever loses reads the table again. The action `txn` holds the sync and its
//! sequence, so that a run is committed once, however often it is tried.

use std::time::{SystemTime, UNIX_EPOCH};

use pulse_core::{Code, Error, Progress, Result};
use serde_json::{Map, Value, json};

use super::super::delta::{self as reading, Live, Stand, stand};
use super::fields::{Field, fields};
use super::pieces::{Piece, put_all};
use super::schema::{Fit, fit, has_ntz, schema};
use super::shelf::Shelf;
use super::target::Target;
use super::{Outcome, Seen, marker};
use crate::destination::{Journal, SyncMode};
use crate::outgoing::Outgoing;

/// How often a commit is tried after another writer was first.
const ATTEMPTS: usize = 100;

/// After so many commits a checkpoint is written, unless the table's own setting says otherwise.
const CHECKPOINTS: u64 = 10;

/// What a write makes of a table.
pub(super) struct Plan {
    pub fields: Vec<Field>,
    pub fit: Fit,
    /// The protocol and the metadata to write, where they change.
    protocol: Option<Value>,
    metadata: Option<Value>,
    /// What keeps the table from being written; each with what to do.
    pub blocked: Vec<(String, String)>,
}

/// The table as it stands.
pub(super) fn read(shelf: &Shelf<'_>, outgoing: &Outgoing, progress: &Progress) -> Result<Option<Stand>> {
    stand(shelf.place, &shelf.folder, &outgoing.sync, progress)
}

/// Puts the files and commits them.
pub(super) fn write(
    shelf: &Shelf<'_>,
    target: &Target,
    outgoing: &Outgoing,
    journal: &dyn Journal,
    progress: &Progress,
) -> Result<(Outcome, Seen)> {
    let mut now = read(shelf, outgoing, progress)?;
    if let Some(done) = done(now.as_ref(), outgoing) {
        return Ok(done);
    }
    let committed = now.as_ref().and_then(|now| now.done);
    let is_committed = |_: &str, sequence: u64| committed.is_some_and(|done| done >= signed(sequence));
    marker::begin(shelf, outgoing, is_committed, progress)?;
    let fields = unblocked(plan(target, outgoing, now.as_ref()))?.fields;
    let pieces = put_all(shelf, target, &fields, outgoing, journal, progress)?;
    progress.stage("Committing", 0, 0);
    for _ in 0..ATTEMPTS {
        progress.check()?;
        let plan = unblocked(plan(target, outgoing, now.as_ref()))?;
        if plan.fields != fields {
            return Err(Error::new(Code::Conflict, "The columns of the table were changed while rows were put.")
                .hint("Start again; the rows are then put as the columns are now."));
        }
        marker::check(shelf, outgoing, progress)?;
        let version = now.as_ref().map_or(0, |now| now.version + 1);
        let removed: &[Live] = match (&now, outgoing.mode) {
            (Some(now), SyncMode::Replace) => &now.files,
            _ => &[],
        };
        let (text, table) = commit(target, outgoing, &plan, &pieces, removed, now.as_ref());
        if shelf.put_new(&format!("_delta_log/{version:020}.json"), text.into_bytes(), progress)? {
            let mut warnings = Vec::new();
            if is_due(&plan, now.as_ref(), version)
                && let Err(error) = checkpoint(shelf, version, progress)
            {
                warnings.push(format!("The rows are there, but no checkpoint of the table was written: {error}"));
            }
            let outcome = Outcome {
                deleted: removed.iter().filter_map(|file| file.rows).sum(),
                bytes: pieces.iter().map(|piece| piece.bytes).sum(),
                warnings,
                ..Outcome::default()
            };
            return Ok((outcome, Seen { version: Some(version), table, ..Seen::default() }));
        }
        // Another writer was first, or an answer to us was lost: then the table says that this run is done.
        now = read(shelf, outgoing, progress)?;
        if let Some(done) = done(now.as_ref(), outgoing) {
            return Ok(done);
        }
    }
    Err(Error::new(Code::Conflict, format!("Other writers were first {ATTEMPTS} times at {}.", shelf.address()))
        .hint("Start again when they are done; the files that were put are kept."))
}

/// What came of this run, if the table has it, or a later one, already.
fn done(now: Option<&Stand>, outgoing: &Outgoing) -> Option<(Outcome, Seen)> {
    let now = now?;
    let done = now.done.filter(|done| *done >= signed(outgoing.sequence))?;
    let superseded = done > signed(outgoing.sequence);
    let table = now.metadata["id"].as_str().unwrap_or_default().to_owned();
    Some((Outcome { superseded, ..Outcome::default() }, Seen { version: Some(now.version), table, ..Seen::default() }))
}

/// Whether a checkpoint belongs to the commit of `version`.
fn is_due(plan: &Plan, now: Option<&Stand>, version: u64) -> bool {
    let metadata = plan.metadata.as_ref().or(now.map(|now| &now.metadata));
    let setting = metadata.and_then(|metadata| metadata["configuration"]["delta.checkpointInterval"].as_str());
    let every = setting.and_then(|text| text.parse().ok()).filter(|every| *every > 0).unwrap_or(CHECKPOINTS);
    version > 0 && version.is_multiple_of(every)
}

/// Puts a checkpoint of `version` beside the log, so that readers begin with it. One that another writer put stays, and
/// the file that points to the newest one never points to an older one.
fn checkpoint(shelf: &Shelf<'_>, version: u64, progress: &Progress) -> Result<()> {
    progress.stage("Writing a checkpoint", 0, 0);
    for (path, bytes) in reading::checkpoint(shelf.place, &shelf.folder, version, progress)? {
        if !path.ends_with("/_last_checkpoint") {
            if !shelf.put_new(&path, bytes.into(), progress)? {
                return Ok(());
            }
            continue;
        }
        let pointed = shelf.get(&path, progress)?;
        let pointed = pointed.and_then(|kept| serde_json::from_slice::<Value>(&kept.bytes).ok());
        if pointed.and_then(|pointed| pointed["version"].as_u64()).is_none_or(|there| there < version) {
            shelf.put(&path, bytes.into(), progress)?;
        }
    }
    Ok(())
}

fn signed(sequence: u64) -> i64 {
    i64::try_from(sequence).unwrap_or(i64::MAX)
}

fn unblocked(plan: Plan) -> Result<Plan> {
    match plan.blocked.first() {
        None => Ok(plan),
        Some((text, hint)) => Err(Error::new(Code::Unsupported, text).hint(hint)),
    }
}

/// What a write would make of the table.
pub(super) fn plan(target: &Target, outgoing: &Outgoing, now: Option<&Stand>) -> Plan {
    let mut fields = fields(target, outgoing);
    let Some(now) = now else {
        let schema = schema(&fields);
        let protocol = if has_ntz(&schema) {
            json!({"minReaderVersion": 3, "minWriterVersion": 7,
                "readerFeatures": ["timestampNtz"], "writerFeatures": ["timestampNtz"]})
        } else {
            json!({"minReaderVersion": 1, "minWriterVersion": 2})
        };
        let metadata = json!({"id": uuid::Uuid::new_v4().to_string(), "format": {"provider": "parquet", "options": {}},
            "schemaString": schema.to_string(), "partitionColumns": target.partition_by, "configuration": {},
            "createdTime": now_ms()});
        let fit = Fit { schema, ..Fit::default() };
        return Plan { fields, fit, protocol: Some(protocol), metadata: Some(metadata), blocked: Vec::new() };
    };
    let there: Value = now.metadata["schemaString"]
        .as_str()
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_else(|| json!({"fields": []}));
    let mut blocked = blocked(now, &there, outgoing.mode);
    let partitions = json!(target.partition_by);
    let fit = if outgoing.mode == SyncMode::Replace {
        Fit { schema: schema(&fields), ..Fit::default() }
    } else {
        if now.metadata["partitionColumns"] != partitions {
            let theirs = now.metadata["partitionColumns"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let theirs = theirs.collect::<Vec<_>>().join(", ");
            let theirs = if theirs.is_empty() { "nothing".into() } else { theirs };
            blocked.push((
                format!("The table is partitioned by {theirs}, and rows that are appended must be alike."),
                "Choose the same partition columns, or replace the table.".into(),
            ));
        }
        fit(&there, &mut fields)
    };
    blocked.extend(fit.misfits.iter().map(|(column, text)| {
        let hint = "Change the column with a recipe, leave it out, or replace the table.";
        (format!("The column `{column}` does not fit the table. {text}"), hint.to_owned())
    }));
    let same = fit.schema == there && now.metadata["partitionColumns"] == partitions;
    let metadata = (!same).then(|| {
        let mut metadata = now.metadata.clone();
        metadata["schemaString"] = json!(fit.schema.to_string());
        metadata["partitionColumns"] = partitions;
        metadata
    });
    let protocol = with_ntz(&now.protocol).filter(|_| has_ntz(&fit.schema));
    Plan { fields, fit, protocol, metadata, blocked }
}

/// The protocol with times without a zone; nothing if it has them already.
fn with_ntz(protocol: &Value) -> Option<Value> {
    let writer = protocol["minWriterVersion"].as_u64().unwrap_or_default();
    let listed = |member: &str| -> Vec<String> {
        protocol[member].as_array().into_iter().flatten().filter_map(|f| f.as_str().map(str::to_owned)).collect()
    };
    let (mut readers, mut writers) = (listed("readerFeatures"), listed("writerFeatures"));
    if writers.iter().any(|feature| feature == "timestampNtz") {
        return None;
    }
    // A table of an old version has all features of that version.
    if writer < 7 {
        let legacy: [(u64, &[&str]); 5] = [
            (2, &["appendOnly", "invariants"]),
            (3, &["checkConstraints"]),
            (4, &["changeDataFeed", "generatedColumns"]),
            (5, &["columnMapping"]),
            (6, &["identityColumns"]),
        ];
        let had = legacy.iter().filter(|(since, _)| *since <= writer).flat_map(|(_, features)| features.iter());
        writers.extend(had.map(ToString::to_string));
    }
    if protocol["minReaderVersion"].as_u64() == Some(2) {
        readers.push("columnMapping".into());
    }
    readers.push("timestampNtz".into());
    writers.push("timestampNtz".into());
    Some(json!({"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": readers, "writerFeatures": writers}))
}

/// What keeps a table from being written here.
fn blocked(now: &Stand, schema: &Value, mode: SyncMode) -> Vec<(String, String)> {
    /// What a plain writer honours, or what the checks below find unused.
    const KNOWN: [&str; 13] = [
        "appendOnly",
        "changeDataFeed",
        "checkConstraints",
        "columnMapping",
        "deletionVectors",
        "domainMetadata",
        "generatedColumns",
        "identityColumns",
        "invariants",
        "timestampNtz",
        "timestampNTZ",
        "v2Checkpoint",
        "vacuumProtocolCheck",
    ];
    let hint = "Write to another folder, or have the program that owns the table drop the feature.";
    let mut found: Vec<(String, String)> = Vec::new();
    let mut uses =
        |what: String| found.push((format!("The table uses {what}, which is not written here."), hint.into()));
    let features = now.protocol["writerFeatures"].as_array().into_iter().flatten().filter_map(Value::as_str);
    for feature in features.filter(|feature| !KNOWN.contains(feature)) {
        uses(format!("the feature `{feature}`"));
    }
    if now.protocol["minWriterVersion"].as_u64().unwrap_or(99) > 7 {
        uses("a newer version of the protocol".into());
    }
    let settings = now.metadata["configuration"].as_object();
    let setting = |name: &str| settings.and_then(|all| all.get(name)).and_then(Value::as_str).unwrap_or_default();
    for name in settings.into_iter().flatten().map(|(name, _)| name).filter(|n| n.starts_with("delta.constraints.")) {
        uses(format!("the constraint `{}`", name.trim_start_matches("delta.constraints.")));
    }
    if !matches!(setting("delta.columnMapping.mode"), "" | "none") {
        uses("column mapping".into());
    }
    for column in schema["fields"].as_array().into_iter().flatten() {
        let rules = column["metadata"].as_object().into_iter().flatten().map(|(name, _)| name.as_str());
        let rule = rules.into_iter().find(|name| {
            matches!(*name, "delta.invariants" | "delta.generationExpression") || name.starts_with("delta.identity.")
        });
        if let Some(rule) = rule {
            uses(format!("`{rule}` in the column `{}`", column["name"].as_str().unwrap_or_default()));
        }
    }
    if mode == SyncMode::Replace && now.files.iter().any(|file| file.has_vector) {
        uses("deletion vectors".into());
    }
    if mode == SyncMode::Replace && setting("delta.appendOnly") == "true" {
        found.push((
            "The table allows rows to be added and not to be removed (`delta.appendOnly`).".into(),
            "Append to it, or write to another folder.".into(),
        ));
    }
    found
}

/// The text of the commit and the table's id.
fn commit(
    target: &Target,
    outgoing: &Outgoing,
    plan: &Plan,
    pieces: &[Piece],
    removed: &[Live],
    now: Option<&Stand>,
) -> (String, String) {
    let time = now_ms();
    let replace = outgoing.mode == SyncMode::Replace;
    let rows: u64 = pieces.iter().map(|piece| piece.rows).sum();
    let mut actions = vec![json!({"commitInfo": {
        "timestamp": time, "operation": "WRITE",
        "operationParameters": {"mode": if replace { "Overwrite" } else { "Append" },
            "partitionBy": json!(target.partition_by).to_string()},
        "isBlindAppend": !replace,
        "operationMetrics": {"numFiles": pieces.len().to_string(), "numOutputRows": rows.to_string(),
            "numRemovedFiles": removed.len().to_string()},
        "engineInfo": concat!("Cloud-Pulse/", env!("CARGO_PKG_VERSION")), "txnId": outgoing.run,
        "cloudPulse": {"origin": outgoing.origin, "sync": outgoing.sync, "sequence": outgoing.sequence},
    }})];
    actions.push(json!({"txn": {"appId": outgoing.sync, "version": outgoing.sequence, "lastUpdated": time}}));
    actions.extend(plan.protocol.iter().map(|protocol| json!({"protocol": protocol})));
    actions.extend(plan.metadata.iter().map(|metadata| json!({"metaData": metadata})));
    let metadata = now.map(|now| &now.metadata);
    let theirs = metadata.and_then(|m| m["partitionColumns"].as_array()).cloned().unwrap_or_default();
    let theirs: Vec<&str> = theirs.iter().filter_map(Value::as_str).collect();
    for file in removed {
        let values: Map<String, Value> =
            theirs.iter().map(|name| ((*name).to_owned(), json!(file.partition.get(*name)))).collect();
        actions.push(json!({"remove": {"path": file.path, "deletionTimestamp": time, "dataChange": true,
            "extendedFileMetadata": true, "partitionValues": values, "size": file.bytes}}));
    }
    for piece in pieces {
        let values: Map<String, Value> = target
            .partition_by
            .iter()
            .zip(&piece.partition)
            .map(|(name, value)| (name.clone(), json!(value)))
            .collect();
        actions.push(json!({"add": {"path": piece.path, "partitionValues": values, "size": piece.bytes,
            "modificationTime": time, "dataChange": true, "stats": piece.stats}}));
    }
    let id = plan.metadata.as_ref().or(metadata).and_then(|metadata| metadata["id"].as_str()).unwrap_or_default();
    (actions.iter().map(|action| format!("{action}\n")).collect(), id.to_owned())
}

/// Milliseconds since 1970.
pub(super) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or_default()
}
