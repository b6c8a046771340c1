//! Syncs: tables and queries sent to outside systems, with a receipt for every row.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

use super::Problem;

/// How rows that are sent meet those at the target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
#[serde(rename_all = "snake_case")]
pub enum SyncMode {
    /// The target holds exactly these rows afterwards.
    #[default]
    Replace,
    /// These rows are added.
    Append,
    /// By key: new rows are added, known ones replaced, others stay.
    Upsert,
    /// By key: as upsert, and rows that are not among these are deleted.
    Mirror,
    /// By key: only what changed since the last sync, deletions too.
    Incremental,
}

/// What is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SyncFrom {
    /// A table, at its newest version unless one is named.
    Table {
        /// Its name, such as `silver.prices`.
        table: String,
        /// The version.
        #[ts(optional)]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        version: Option<u64>,
    },
    /// The result of a query, run anew for every sync.
    Sql {
        /// What the result is called, as a table would be.
        name: String,
        /// The query.
        sql: String,
    },
}

/// A column that is sent otherwise than as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
#[serde(default)]
pub struct SyncColumn {
    /// Its name in the table.
    pub column: String,
    /// Its name at the target; the same if empty.
    pub name: String,
    /// Its type at the target, in the outside system's words; chosen there if empty.
    pub type_word: String,
    /// Whether it is left out.
    pub skip: bool,
}

/// One table or query with its target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct SyncPart {
    /// What is sent.
    pub from: SyncFrom,
    /// The target, as the connector's form says.
    #[ts(type = "unknown")]
    pub target: Value,
    /// The columns that are not sent as they are.
    #[serde(default)]
    pub columns: Vec<SyncColumn>,
    /// The columns that together name a row, by their names in the table.
    #[serde(default)]
    pub key: Vec<String>,
    /// Edited statements of the preflight by their ids.
    #[serde(default)]
    pub edits: BTreeMap<String, String>,
}

/// A sync to check or to save.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
#[serde(default)]
pub struct SyncDoc {
    /// The sync to change; a new one without.
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its name, unique in the workspace.
    pub name: String,
    /// The connection's id.
    pub connection: String,
    /// How rows meet.
    pub mode: SyncMode,
    /// What is sent where.
    pub parts: Vec<SyncPart>,
    /// Whether every other table of the workspace is sent as well, each to a target of its own name.
    pub everything: bool,
    /// The target of those, as the connector's form says; what its main member says stands before the name of each.
    #[ts(type = "unknown")]
    pub rest: Value,
    /// The sources that are refreshed first, by their ids.
    pub refresh: Vec<String>,
    /// The tables whose recipes are applied then.
    pub apply: Vec<String>,
}

/// Names a sync.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct SyncId {
    /// Its id or name.
    pub id: String,
}

/// Names a run of a sync.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct SyncRunId {
    /// Its id.
    pub run: String,
}

/// Starts a sync.
#[derive(Clone, Debug, Default, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
#[serde(default)]
pub struct SyncStart {
    /// Its id or name.
    pub id: String,
    /// Give an unfinished run up and begin anew, rather than to go on where it stopped.
    pub anew: bool,
}

/// A saved sync and how it stands.
#[derive(Clone, Debug, Serialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct SyncInfo {
    /// Its id.
    pub id: String,
    /// What was saved.
    pub doc: SyncDoc,
    /// The connection's name.
    pub connection_name: String,
    /// The kind of connection in words.
    pub kind_title: String,
    /// `new`, `running`, `done`, `rejected` (done, but rows were refused), `differs` (the target is not the same
    /// afterwards), `failed`, `cancelled` or `interrupted`.
    pub state: String,
    /// The tables of the last run.
    pub last: Vec<SyncRunInfo>,
    /// The job that runs it now.
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
}

/// One table of one run of a sync.
#[derive(Clone, Debug, Default, Serialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct SyncRunInfo {
    /// Its id.
    pub run: String,
    /// The run of all tables that it is part of.
    pub batch: String,
    /// What was sent, such as `silver.prices@3`.
    pub origin: String,
    /// Where to.
    pub target: String,
    /// `running`, `done`, `failed`, `cancelled`, `interrupted` or `abandoned`.
    pub state: String,
    /// When it began, in milliseconds since 1970 UTC.
    pub at_ms: f64,
    /// How long it took.
    pub seconds: f64,
    /// How much of that went by with sending; the rest was checking and comparing.
    pub sending_seconds: f64,
    /// Rows to send, those to delete included.
    pub total: u64,
    /// Rows that are there.
    pub delivered: u64,
    /// Rows for which the target held something newer.
    pub superseded: u64,
    /// Rows that the target refused.
    pub rejected: u64,
    /// Rows without a receipt.
    pub pending: u64,
    /// Rows put there by the latest attempt.
    pub rows: u64,
    /// Rows deleted there.
    pub deleted: u64,
    /// Bytes sent.
    pub bytes: u64,
    /// What the user should know.
    pub warnings: Vec<String>,
    /// The comparison with the target; nothing before it was made.
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verification: Option<SyncVerification>,
    /// Why it failed.
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

/// The comparison of source and target after a sync.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct SyncVerification {
    /// Whether everything that was compared is the same.
    pub matched: bool,
    /// What was compared.
    pub comparisons: Vec<SyncComparison>,
    /// Keys or row numbers that differ; some of them.
    pub differing: Vec<String>,
    /// What could not be compared and why.
    pub note: String,
}

/// One comparison.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct SyncComparison {
    /// What is compared.
    pub name: String,
    /// The measure here.
    pub here: String,
    /// The measure there.
    pub there: String,
}

/// A row that the target refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct RejectedRow {
    /// Its number in what was sent.
    pub row: u64,
    /// Why; a sentence.
    pub reason: String,
    /// The row as JSON.
    pub text: String,
}

/// What to check before a sync.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct PreflightRequest {
    /// The sync, saved or not.
    pub doc: SyncDoc,
    /// For following and stopping it; see [`super::Ticket`].
    #[serde(default)]
    pub ticket: String,
}

/// What a sync would do with one table.
#[derive(Clone, Debug, Default, Serialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct SyncPreflight {
    /// What would be sent, such as `silver.prices@3`.
    pub origin: String,
    /// The target as the connector's form says; also for tables that are sent because everything is.
    #[ts(type = "unknown")]
    pub target: Value,
    /// What the target is now; a sentence.
    pub state: String,
    /// Rows to put.
    pub rows: u64,
    /// Rows to delete.
    pub deleted: u64,
    /// The columns, those left out included.
    pub columns: Vec<PreflightColumn>,
    /// What will be run or created.
    pub statements: Vec<PreflightStatement>,
    /// What would fail or change, the worst first.
    pub findings: Vec<PreflightFinding>,
    /// Why it could not be checked.
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
    /// Whether it can be sent.
    pub ready: bool,
}

/// A column and what becomes of it at the target.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct PreflightColumn {
    /// Its name in the table.
    pub column: String,
    /// Its type there, in words.
    pub type_word: String,
    /// Its name at the target.
    pub name: String,
    /// Its type at the target, in the outside system's words.
    pub target_type: String,
    /// What happens to values on the way.
    pub note: String,
    /// Whether it is left out.
    pub skip: bool,
}

/// A text that the outside system runs or keeps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct PreflightStatement {
    /// Its id in the edits.
    pub id: String,
    /// What it is, in words.
    pub title: String,
    /// The text.
    pub text: String,
    /// `sql` or `json`.
    pub language: String,
    /// Whether it can be edited.
    pub editable: bool,
}

/// Something that a preflight found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct PreflightFinding {
    /// `stops`, `rejects` or `notes`.
    pub severity: String,
    /// The column at the target; empty for none.
    pub column: String,
    /// How many rows are concerned.
    pub rows: u64,
    /// Some of them.
    pub examples: Vec<FindingExample>,
    /// What it is; a sentence.
    pub text: String,
    /// What to do; a sentence.
    pub hint: String,
}

/// A row that a finding is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct FindingExample {
    /// Its number.
    pub row: u64,
    /// Its value.
    pub value: String,
}

/// How a kind of connection is written to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct DestinationInfo {
    /// How it can take rows; the first is the usual one.
    pub modes: Vec<SyncMode>,
    /// The member of the target that names it.
    pub main: String,
    /// Whether rows that are only appended may have a key too, which need not be unique.
    pub keyed: bool,
    /// The form of the target.
    #[ts(type = "unknown")]
    pub target: Value,
}
