//! Importing files.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Paths the user chose: files or folders.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct InspectRequest {
    /// Absolute paths.
    pub paths: Vec<String>,
}

/// What the paths hold.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct Inspected {
    /// One entry a file; folders are expanded.
    pub files: Vec<InspectedFile>,
    /// A table name made from the file's name.
    pub suggested_table: String,
}

/// One file.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct InspectedFile {
    /// Absolute path.
    pub path: String,
    /// Its name.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// For an archive: its members.
    pub members: Vec<Member>,
    /// Why it cannot be imported, where it cannot.
    pub problem: Option<super::Problem>,
}

/// A member of an archive.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct Member {
    /// Its path in the archive.
    pub name: String,
    /// Its size unpacked.
    pub bytes: u64,
    /// Why it cannot be imported, where it cannot.
    pub refused: Option<String>,
}

/// One input of an import.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct ImportFile {
    /// Absolute path.
    pub path: String,
    /// The member, where the file is an archive with several.
    #[serde(default)]
    #[ts(optional)]
    pub member: Option<String>,
}

/// What the user decided; everything left out is detected.
#[derive(Clone, Debug, Default, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
#[serde(default)]
pub struct ReadOptions {
    /// `csv`, `json`, `ndjson` or `parquet`.
    #[ts(optional)]
    pub format: Option<String>,
    /// Such as `utf-8` or `windows-1252`.
    #[ts(optional)]
    pub encoding: Option<String>,
    /// One character.
    #[ts(optional)]
    pub delimiter: Option<String>,
    /// One character, or empty for none.
    #[ts(optional)]
    pub quote: Option<String>,
    /// Whether the first record names the columns.
    #[ts(optional)]
    pub header: Option<bool>,
    /// Lines before the header to skip.
    #[ts(optional)]
    pub skip_lines: Option<u64>,
    /// Column to type word.
    #[ts(as = "Option<BTreeMap<String, String>>", optional)]
    pub types: BTreeMap<String, String>,
    /// For JSON: the dotted path of the list of records.
    #[ts(optional)]
    pub records_path: Option<String>,
    /// Whether a `source_file` column is added.
    #[ts(optional)]
    pub source_column: Option<bool>,
}

/// What to preview.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct ImportPreviewRequest {
    /// The inputs.
    pub files: Vec<ImportFile>,
    /// What the user decided.
    #[serde(default)]
    pub options: ReadOptions,
}

/// The first rows as they will become and why.
#[derive(Clone, Debug, Default, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct ImportPreview {
    /// For `rows`.
    pub id: String,
    /// The detected or chosen settings in order.
    pub settings: Vec<ImportSetting>,
    /// Columns with types and reasons.
    pub columns: Vec<ImportColumn>,
    /// Physical data records.
    pub records: u64,
    /// Rows that will be in the table.
    pub rows: u64,
    /// Records that will be in the ledger only.
    pub rejected: u64,
    /// Whether the numbers are exact (else estimates from the first part).
    pub complete: bool,
    /// Rows that can be paged.
    pub sample_rows: u64,
    /// What the user should know.
    pub warnings: Vec<String>,
    /// The first records for the ledger.
    pub ledger: Vec<LedgerRow>,
    /// How long the preview took.
    pub seconds: f64,
}

/// One detected or chosen setting.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct ImportSetting {
    /// The member of [`ReadOptions`] that overrides it.
    pub key: String,
    /// Its value as text.
    pub value: String,
    /// From 0 to 1.
    pub confidence: f64,
    /// Why, as a sentence.
    pub why: String,
}

/// A column of an import.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct ImportColumn {
    /// The name it will have.
    pub name: String,
    /// The type it will have, as a word.
    #[serde(rename = "type")]
    pub type_word: String,
    /// Why that type.
    pub why: String,
    /// Whether the user chose it.
    pub overridden: bool,
}

/// A ledger entry as shown beside a preview.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct LedgerRow {
    /// `record` or `value`.
    pub kind: String,
    /// File or table it came from.
    pub source: String,
    /// Line in the file, from 1.
    pub line: Option<u64>,
    /// Row in the source table, from 0.
    pub row: Option<u64>,
    /// Column of a value.
    pub column: Option<String>,
    /// What it was.
    pub value: Option<String>,
    /// The step that could not convert it.
    pub step: Option<String>,
    /// Why.
    pub reason: String,
}

/// What happens when the table exists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
#[serde(rename_all = "lowercase")]
pub enum ImportMode {
    /// Fail.
    #[default]
    Create,
    /// Add the rows.
    Append,
    /// A new version with only these rows.
    Replace,
}

/// What to import.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct ImportRequest {
    /// The inputs.
    pub files: Vec<ImportFile>,
    /// What the user decided.
    #[serde(default)]
    pub options: ReadOptions,
    /// The target, in bronze: `bronze.prices`.
    pub table: String,
    /// What happens when it exists.
    #[serde(default)]
    pub mode: ImportMode,
}
