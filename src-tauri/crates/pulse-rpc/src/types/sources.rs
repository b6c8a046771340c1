//! Sources: what is read through a connection into a table, again and again.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

use super::{ImportPreview, Problem, ReadOptions};

/// Names a running request of the window, so that it can be watched and stopped. The window makes it up.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct Ticket {
    /// Any unique text.
    pub ticket: String,
}

/// How far a running request is.
#[derive(Clone, Debug, Default, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct TicketProgress {
    /// Whether it runs.
    pub running: bool,
    /// What is being done now.
    pub stage: String,
    /// Rows so far.
    pub rows: u64,
    /// Bytes so far.
    pub bytes: u64,
    /// Bytes to do; 0 where not known.
    pub bytes_total: u64,
    /// The latest line of its log.
    pub line: String,
}

/// How rows of a refresh meet those that are there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
#[serde(rename_all = "snake_case")]
pub enum LoadMode {
    /// Each refresh adds its rows.
    Append,
    /// Each refresh replaces all rows.
    #[default]
    Replace,
    /// Rows with the same key are one row; the newest wins.
    Merge,
}

/// What happens to a row whose key has vanished, or that is marked as deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
#[serde(rename_all = "snake_case")]
pub enum Deletes {
    /// It stays.
    #[default]
    Keep,
    /// It is removed (an older version of the table still has it).
    Remove,
    /// It stays and `_deleted_at` says when it vanished.
    Mark,
}

/// How a source is loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
#[serde(default)]
pub struct Loading {
    /// How rows meet.
    pub mode: LoadMode,
    /// Merge: the columns that together name a row.
    pub key: Vec<String>,
    /// Merge: the column whose greatest value wins where a key comes twice; the later row wins without.
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub newest_by: Option<String>,
    /// Merge: what happens to rows that vanished.
    pub deletes: Deletes,
    /// Merge: the column that marks a row as deleted where it is true, not missing or equal to `deleted_value`.
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted_column: Option<String>,
    /// Merge: the value that marks it.
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted_value: Option<String>,
    /// Merge: keep every state of a row, with `_valid_from`, `_valid_to` and `_current` (slowly changing dimension, type 2).
    pub history: bool,
    /// What happens when columns come, change or go.
    pub drift: DriftPolicy,
}

/// What happens when the columns of a source change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
#[serde(rename_all = "snake_case")]
pub enum DriftPolicy {
    /// New columns are added and types widened where nothing is lost; gone columns stay and are empty in new rows.
    #[default]
    Evolve,
    /// The refresh fails and changes nothing.
    Freeze,
    /// The table's columns stay; what does not fit is kept in the ledger.
    Ledger,
    /// The refresh stops and asks.
    Ask,
}

/// A change of a source's columns and what will happen with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct Drift {
    /// The column.
    pub column: String,
    /// `new`, `gone` or `type`.
    pub change: String,
    /// The type in the table; empty for a new column.
    pub before: String,
    /// The type that comes; empty for a gone column.
    pub after: String,
    /// What will happen, as a sentence.
    pub effect: String,
    /// Whether it stops the refresh under the source's policy.
    pub stops: bool,
}

/// A source to preview or to save.
#[derive(Clone, Debug, Default, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
#[serde(default)]
pub struct SourceDoc {
    /// The source to change; a new one without.
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its name, unique in the workspace.
    pub name: String,
    /// The connection's id.
    pub connection: String,
    /// What is read, as the connector's form says.
    #[ts(type = "unknown")]
    pub selection: Value,
    /// What the user decided about files and types.
    pub options: ReadOptions,
    /// The table, in bronze.
    pub table: String,
    /// How it is loaded.
    pub loading: Loading,
}

/// A saved source and how it stands.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct SourceInfo {
    /// What was saved.
    pub doc: SourceDoc,
    /// Its id.
    pub id: String,
    /// The connection's name.
    pub connection_name: String,
    /// The kind of connection.
    pub kind: String,
    /// The kind's name for people.
    pub kind_title: String,
    /// What is read, in a line.
    pub reads: String,
    /// `new`, `ok`, `running`, `failed` or `paused` (its columns changed and it asks).
    pub state: String,
    /// The last refresh that succeeded.
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<RefreshInfo>,
    /// Why the last one failed or paused.
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
    /// The job that refreshes it now, or did last.
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// Where the next refresh goes on, in words; empty where each one reads everything.
    pub position: String,
    /// Whether the last read was recorded, so that it can be replayed without the network.
    pub replayable: bool,
}

/// What one refresh brought.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct RefreshInfo {
    /// When it ended.
    pub at_ms: f64,
    /// The version it made; the one that was there where nothing changed.
    pub version: u64,
    /// Whether it made a new version.
    pub changed_anything: bool,
    /// Records read.
    pub records: u64,
    /// Rows added.
    pub added: u64,
    /// Rows changed.
    pub changed: u64,
    /// Rows deleted, or marked as deleted.
    pub deleted: u64,
    /// Rows that came and were the same.
    pub unchanged: u64,
    /// Records only in the ledger.
    pub rejected: u64,
    /// Columns that are new.
    pub new_columns: Vec<String>,
    /// Columns that are gone from the source.
    pub gone_columns: Vec<String>,
    /// Seconds.
    pub seconds: f64,
}

/// What to preview.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct SourcePreviewRequest {
    /// The source as the forms say.
    pub source: SourceDoc,
    /// Under which it is watched and stopped.
    pub ticket: String,
}

/// The first rows of a source as they will become.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct SourcePreview {
    /// Rows, types and reasons, as for files.
    pub import: ImportPreview,
    /// What was detected in the selection and can be chosen otherwise: dotted member, value and why.
    pub detected: Vec<super::ImportSetting>,
    /// The first response as text, for choosing on it.
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sample: Option<String>,
    /// The key the outside system names.
    pub key: Vec<String>,
    /// What changed against the table that is there, and what will happen.
    pub drift: Vec<Drift>,
    /// A table name made from what is read.
    pub suggested_table: String,
    /// Whether the next refresh can go on where this one ends.
    pub incremental: bool,
}

/// Names a source.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct SourceId {
    /// Its id.
    pub id: String,
}

/// What to refresh.
#[derive(Clone, Debug, Default, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
#[serde(default)]
pub struct RefreshRequest {
    /// The ids of the sources; all if empty.
    pub sources: Vec<String>,
    /// Read everything again instead of only what is new.
    pub full: bool,
    /// Read the recording of the last read instead of the network.
    pub replay: bool,
    /// Let the change of columns that a paused source asks about happen.
    pub accept_drift: bool,
}

/// The jobs that were started, one a source.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct Refreshing {
    /// Source id and job id, in order.
    pub jobs: Vec<RefreshJob>,
}

/// One started refresh.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct RefreshJob {
    /// The source.
    pub source: String,
    /// Its job.
    pub job: String,
}

/// Whether a source has news.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct SourceNews {
    /// The source.
    pub source: String,
    /// Whether a refresh would bring something; null where that cannot be told without reading.
    pub available: Option<bool>,
    /// A sentence.
    pub text: String,
}
