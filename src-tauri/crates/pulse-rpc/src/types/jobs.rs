//! Background jobs.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

/// Names a job.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct JobId {
    /// Its id.
    pub id: String,
}

/// A job was started.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct JobStarted {
    /// Its id.
    pub job: String,
}

/// The states of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    /// Waiting for its turn.
    Queued,
    /// At work.
    Running,
    /// Done.
    Succeeded,
    /// Ended by an error.
    Failed,
    /// Ended by the user.
    Cancelled,
    /// The program ended while it ran.
    Interrupted,
}

/// A job at a glance.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct JobInfo {
    /// Its id.
    pub id: String,
    /// `import`, `apply` or `export`.
    pub kind: String,
    /// What it does, such as "Import prices.csv into bronze.prices".
    pub title: String,
    /// Its state.
    pub state: JobState,
    /// What it does right now.
    pub stage: String,
    /// When it was started, in ms since 1970.
    pub created_ms: f64,
    /// Seconds it has run.
    pub seconds: f64,
    /// Rows handled in this stage.
    pub rows: u64,
    /// Rows to handle in this stage, or 0 where not known.
    pub rows_total: u64,
    /// Bytes handled in this stage.
    pub bytes: u64,
    /// Bytes to handle in this stage, or 0 where not known.
    pub bytes_total: u64,
    /// Rows a second in this stage.
    pub rows_per_second: f64,
    /// Seconds left in this stage, where it can be told.
    pub seconds_left: Option<f64>,
    /// Why it failed.
    pub problem: Option<super::Problem>,
    /// What it produced; its members depend on the kind, see [`JobDetail`].
    #[ts(type = "unknown")]
    pub result: Option<Value>,
}

/// A job with its log. `info.result` holds for an import `table, version, records, rows, rejected, ledger, seconds`,
/// for an apply `table, version, rows, ledger, steps, seconds`, for an export `path, rows, bytes, seconds`.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct JobDetail {
    /// The job.
    pub info: JobInfo,
    /// Its log, a line each.
    pub log: Vec<String>,
}
