//! Workspace, tables, versions, profiles and pages of rows.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

/// The open workspace.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct Workspace {
    /// Its folder.
    pub path: String,
    /// The folder's name.
    pub name: String,
    /// The program's version.
    pub program_version: String,
    /// Bundled samples to try.
    pub samples: Vec<Sample>,
}

/// A bundled sample file with a recipe that cleans it.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct Sample {
    /// What it is called.
    pub title: String,
    /// What it holds and what is messy in it.
    pub description: String,
    /// The file.
    pub path: String,
    /// The recipe file.
    pub recipe_path: String,
    /// The table it is imported into.
    pub table: String,
}

/// Names a table.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct TableRequest {
    /// Such as `silver.prices`.
    pub table: String,
}

/// Names a table at a version; the newest where none is given.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct TableVersion {
    /// Such as `silver.prices`.
    pub table: String,
    /// The version.
    #[serde(default)]
    #[ts(optional)]
    pub version: Option<u64>,
}

/// A table's newest version at a glance.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct TableInfo {
    /// The full name, such as `silver.prices`.
    pub table: String,
    /// `bronze`, `silver` or `gold`.
    pub layer: String,
    /// The name without its layer.
    pub name: String,
    /// The version described.
    pub version: u64,
    /// Rows in it.
    pub rows: u64,
    /// Number of columns.
    pub columns: u64,
    /// Bytes of its data files.
    pub bytes: u64,
    /// When the version was written, in ms since 1970.
    pub modified_ms: f64,
    /// Entries in its ledger.
    pub ledger_entries: u64,
    /// For a recipe's result: the table it comes from.
    pub input: Option<String>,
    /// For a recipe's result: the input version it was made from.
    pub input_version: Option<u64>,
    /// Whether the input has a newer version than the one this was made from.
    pub stale: bool,
    /// Why the table cannot be read, where it cannot; the numbers are then 0.
    pub problem: Option<super::Problem>,
}

/// One table at one version.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct TableDetail {
    /// The numbers of that version.
    pub info: TableInfo,
    /// The newest version there is.
    pub newest_version: u64,
    /// Its columns in order.
    pub columns: Vec<ColumnInfo>,
    /// The files it was imported from.
    pub origin: Vec<Origin>,
    /// What the program recorded with the version: recipe, counts, settings.
    #[ts(type = "unknown")]
    pub commit: Value,
}

/// A column's name and type.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct ColumnInfo {
    /// The name as in the data.
    pub name: String,
    /// The type as a word: text, integer, decimal(10,2), number, boolean, date, timestamp.
    #[serde(rename = "type")]
    pub type_word: String,
}

/// A file in landing that a table came from.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct Origin {
    /// The file's name.
    pub name: String,
    /// Where it lay when it was imported.
    pub path: String,
    /// SHA-256 of its bytes, in hex.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
    /// `copied` into landing or `referenced` where it lies.
    pub stored: String,
    /// When it was imported, in ms since 1970.
    pub at_ms: f64,
    /// What is known about it besides: licence, version, ETag.
    #[serde(default)]
    pub facts: Vec<super::Fact>,
}

/// One version in a table's history.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct VersionInfo {
    /// The version.
    pub version: u64,
    /// When, in ms since 1970.
    pub at_ms: f64,
    /// What made it: import, apply, restore, append.
    pub operation: String,
    /// Rows in it, where known.
    pub rows: Option<u64>,
    /// A sentence on what happened.
    pub summary: String,
    /// What the program recorded with it.
    #[ts(type = "unknown")]
    pub commit: Value,
}

/// Which version to bring back.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct RestoreRequest {
    /// Such as `silver.prices`.
    pub table: String,
    /// The version to bring back.
    pub version: u64,
}

/// Where a removed table went.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct Removed {
    /// The folder it was moved to.
    pub moved_to: String,
}

/// Profile of a whole table.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct TableProfile {
    /// The version profiled.
    pub version: u64,
    /// Its rows.
    pub rows: u64,
    /// One profile a column, in order.
    pub columns: Vec<ColumnProfile>,
}

/// What one column holds.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct ColumnProfile {
    /// The column.
    pub name: String,
    /// Its type as a word.
    #[serde(rename = "type")]
    pub type_word: String,
    /// Rows without a value.
    pub missing: u64,
    /// Different values.
    pub distinct: u64,
    /// The smallest value as text.
    pub min: Option<String>,
    /// The largest value as text.
    pub max: Option<String>,
    /// The mean of numbers.
    pub mean: Option<f64>,
    /// How the values are distributed.
    pub distribution: Distribution,
}

/// A small distribution for a column's header.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Distribution {
    /// Counts in bins of equal width.
    Histogram {
        /// The bins' limits as text: one more than there are counts.
        edges: Vec<String>,
        /// Rows a bin.
        counts: Vec<u64>,
    },
    /// The most frequent values.
    Top {
        /// Value and rows, most frequent first.
        values: Vec<TopValue>,
        /// Rows with any other value.
        others: u64,
    },
    /// Nothing to show: no values.
    None,
}

/// A frequent value.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct TopValue {
    /// The value as text.
    pub value: String,
    /// Its rows.
    pub rows: u64,
}

/// Which rows a grid asks for.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct RowsRequest {
    /// Where they come from.
    pub source: RowSource,
    /// The first row, from 0.
    pub offset: u64,
    /// How many at the most.
    pub limit: u64,
}

/// Where rows come from. Every column of the answer is text (nulls stay null); a recipe preview adds `__mark` (`""`,
/// `removed` or `added`) and for columns with changed cells `__changed:NAME` (boolean) and `__old:NAME` (text).
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum RowSource {
    /// A table at a version.
    Table {
        /// Such as `silver.prices`.
        table: String,
        /// The version; the newest where none is given.
        #[serde(default)]
        #[ts(optional)]
        version: Option<u64>,
    },
    /// The ledger of a table at a version: kind, source, line, row, column, value, step, reason.
    Ledger {
        /// Such as `silver.prices`.
        table: String,
        /// The version; the newest where none is given.
        #[serde(default)]
        #[ts(optional)]
        version: Option<u64>,
    },
    /// An import preview.
    Import {
        /// Its id.
        id: String,
    },
    /// A recipe preview.
    Preview {
        /// Its id.
        id: String,
    },
    /// An SQL result.
    Result {
        /// Its id.
        id: String,
    },
}
