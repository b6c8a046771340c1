//! The form of a target: where the files go and what they are.

use pulse_core::{Error, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::Selection;

/// Where rows go in a bucket or a folder.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Target {
    /// The folder of the table, from the top of the bucket or of the connection's folder. It is made if it is not there;
    /// nothing else should lie in it.
    #[schemars(extend("x-placeholder" = "lake/prices"))]
    pub path: String,
    /// What the files are.
    pub format: Format,
    /// The columns whose values split the rows into folders such as `year=2024`, for queries that ask for few of them. In
    /// a Delta table the log keeps these values. Choose columns with few different values, or none.
    #[schemars(extend("x-widget" = "tokens"))]
    pub partition_by: Vec<String>,
    /// About how many megabytes of rows, before they are packed, one file holds.
    #[schemars(extend("x-advanced" = true), range(min = 1, max = 1024))]
    pub file_megabytes: u64,
}

/// What the files of a target are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Format {
    /// A Delta table: all rows become visible at once, earlier versions stay readable
    Delta,
    /// Parquet files, with a manifest that lists them
    Parquet,
    /// CSV files in UTF-8 with a header line, fields in quotes where needed; a missing value is nothing between two
    /// commas, an empty text is two quotes; lists, structs and bytes are JSON and Base64
    Csv,
}

impl Default for Target {
    fn default() -> Self {
        Self { path: String::new(), format: Format::Delta, partition_by: Vec::new(), file_megabytes: 128 }
    }
}

impl Target {
    /// The target's folder, with a `/` at its end.
    pub(super) fn folder(&self) -> Result<String> {
        let asked = Selection { paths: vec![self.path.trim().to_owned()], ..Selection::default() };
        let path = asked.clean_paths().map_err(|error| error.field("path"))?.swap_remove(0);
        let path = path.trim_end_matches('/');
        if path.is_empty() {
            return Err(Error::invalid("The target lacks a folder for the table.")
                .hint("Write the folder from the top of the bucket, such as lake/prices.")
                .field("path"));
        }
        if path.chars().any(char::is_control) || path.split('/').any(|part| part == "_delta_log") {
            return Err(Error::invalid(format!("`{path}` cannot be the folder of a table."))
                .hint("Choose a folder without control characters that is not the log of another table.")
                .field("path"));
        }
        Ok(format!("{path}/"))
    }

    /// The last part of the path: the table's name where it is registered.
    pub(super) fn name(&self) -> String {
        self.path.trim().trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned()
    }

    /// Bytes of rows that one file holds.
    pub(super) fn file_bytes(&self) -> usize {
        usize::try_from(self.file_megabytes.clamp(1, 1024)).unwrap_or(128) << 20
    }
}
