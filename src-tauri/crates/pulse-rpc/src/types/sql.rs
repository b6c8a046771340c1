//! SQL queries and exports.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A query to run.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct SqlRequest {
    /// Chosen by the caller, so that it can cancel.
    pub id: String,
    /// One query; tables are written `silver.prices`, older versions `silver.prices@3`.
    pub sql: String,
}

/// Names a running or finished query.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct SqlId {
    /// The id from the request.
    pub id: String,
}

/// A finished query.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct SqlResult {
    /// For `rows`.
    pub id: String,
    /// The columns.
    pub columns: Vec<super::ColumnInfo>,
    /// The rows.
    pub rows: u64,
    /// How long it took.
    pub seconds: f64,
}

/// What the editor completes.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct Vocabulary {
    /// Tables with their columns.
    pub tables: Vec<VocabularyTable>,
    /// Functions.
    pub functions: Vec<String>,
    /// Keywords.
    pub keywords: Vec<String>,
}

/// A table in the vocabulary.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct VocabularyTable {
    /// Such as `silver.prices`.
    pub table: String,
    /// Its columns.
    pub columns: Vec<super::ColumnInfo>,
    /// The newest version.
    pub version: u64,
    /// Rows in the newest version.
    pub rows: u64,
}

/// A query that was run.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct SqlRun {
    /// The query.
    pub sql: String,
    /// When, in ms since 1970.
    pub at_ms: f64,
}

/// What to export.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum ExportSource {
    /// A table at a version.
    Table {
        /// Such as `silver.prices`.
        table: String,
        /// The version; the newest where none is given.
        #[serde(default)]
        #[ts(optional)]
        version: Option<u64>,
    },
    /// The result of a query.
    Sql {
        /// The query.
        sql: String,
    },
}

/// The formats a file can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
#[serde(rename_all = "lowercase")]
pub enum ExportFormat {
    /// Comma-separated values with a header.
    Csv,
    /// Parquet with zstd.
    Parquet,
    /// One JSON array.
    Json,
    /// One JSON object a line.
    Ndjson,
}

/// Where to write what.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct ExportRequest {
    /// What to write.
    pub source: ExportSource,
    /// The format.
    pub format: ExportFormat,
    /// The file; one that exists is replaced. Without a path it goes to the workspace's `exports` folder.
    #[serde(default)]
    #[ts(optional)]
    pub path: Option<String>,
    /// For CSV: whether text that a spreadsheet would run as a formula gets a leading apostrophe.
    #[serde(default)]
    pub guard_formulas: bool,
}
