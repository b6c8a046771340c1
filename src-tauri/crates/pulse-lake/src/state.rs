//! The state of a table at one version, as delta-rs replays it from the log.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
#[cfg(unix)]
use std::sync::Arc;

use deltalake::kernel::transaction::PROTOCOL;
use deltalake::kernel::{Action, Add, EagerSnapshot, Remove};
use deltalake::logstore::{LogStoreRef, StorageConfig};
#[cfg(unix)]
use deltalake::logstore::{logstore_with, object_store::local::LocalFileSystem};
use deltalake::{DeltaResult, DeltaTableError};
use pulse_core::{Code, Error, Result, TableName};
use serde_json::{Map, Value};
use tokio::runtime::Runtime;

use crate::log::{Log, Problem};
use crate::stats;
use crate::types::Columns;

/// One data file of a version.
#[derive(Clone, Debug)]
pub(crate) struct DataFile {
    /// Relative to the table's folder.
    pub path: String,
    pub bytes: u64,
    pub rows: u64,
    pub stats: Option<String>,
    pub modified_ms: i64,
}

impl DataFile {
    /// The action that adds the file to a version.
    pub fn add(&self) -> Result<Value> {
        action(Action::Add(Add {
            path: self.path.clone(),
            size: i64::try_from(self.bytes).unwrap_or(i64::MAX),
            modification_time: self.modified_ms,
            data_change: true,
            stats: self.stats.clone(),
            ..Default::default()
        }))
    }

    /// The action that removes the file from a version.
    pub fn remove(&self, at_ms: i64) -> Result<Value> {
        action(Action::Remove(Remove {
            path: self.path.clone(),
            data_change: true,
            deletion_timestamp: Some(at_ms),
            extended_file_metadata: Some(true),
            partition_values: Some(HashMap::new()),
            size: i64::try_from(self.bytes).ok(),
            ..Default::default()
        }))
    }

    /// What is wrong with the file in the table's folder `home`, if anything.
    pub fn problem(&self, table: &TableName, version: u64, home: &Path) -> Option<Problem> {
        let path = home.join(&self.path);
        let message = match std::fs::metadata(&path) {
            Ok(found) if found.len() == self.bytes => return None,
            Ok(found) => format!(
                "A data file of {table}, version {version}, has {} bytes and should have {}: {}.",
                found.len(),
                self.bytes,
                path.display()
            ),
            Err(e) => format!("A data file of {table}, version {version}, cannot be read: {} ({e}).", path.display()),
        };
        let hint = "Copy the file back from a backup, restore a version that does not need it, or import again.";
        Some(Problem { path, message, hint: hint.into() })
    }
}

fn action(action: Action) -> Result<Value> {
    serde_json::to_value(action).map_err(|e| Error::internal("write the commit", e))
}

/// A table at one version.
pub(crate) struct State {
    pub version: u64,
    pub columns: Columns,
    /// In the order of the rows.
    pub files: Vec<DataFile>,
    pub protocol: Value,
    pub metadata: Value,
    /// What we noted in the commit.
    pub noted: Map<String, Value>,
    writable: std::result::Result<(), String>,
}

impl State {
    /// The state of `table` in the folder `home` at `version` or the newest; nothing if there is no table.
    pub fn load(runtime: &Runtime, table: &TableName, home: &Path, version: Option<u64>) -> Result<Option<Self>> {
        let Some(log) = Log::open(table, home)? else { return Ok(None) };
        let version = log.resolve(version)?;
        log.check(version)?;
        let failed = |e: &dyn std::fmt::Display| {
            Error::new(Code::Damaged, format!("Version {version} of {table} cannot be read: {e}"))
                .hint("Check the files in the table's _delta_log folder, or go back to an earlier version.")
        };
        let store = log_store(home).map_err(|e| failed(&e))?;
        let snapshot =
            runtime.block_on(EagerSnapshot::try_new(store.as_ref(), Some(version))).map_err(|e| failed(&e))?;
        refuse_foreign_features(table, &snapshot)?;
        let schema = serde_json::to_value(&*snapshot.schema()).map_err(|e| failed(&e))?;
        Ok(Some(Self {
            version,
            columns: Columns::parse(&schema)?,
            files: files(table, &snapshot, home)?,
            protocol: serde_json::to_value(snapshot.protocol()).map_err(|e| failed(&e))?,
            metadata: serde_json::to_value(snapshot.metadata()).map_err(|e| failed(&e))?,
            noted: log.noted(version)?,
            writable: PROTOCOL.can_write_to(&snapshot).map_err(|e| e.to_string()),
        }))
    }

    /// Fails if the table asks its writers for something that is not done here.
    pub fn check_writable(&self, table: &TableName) -> Result<()> {
        let rules = self.metadata["configuration"].as_object();
        let constrained = rules.is_some_and(|rules| {
            rules.iter().any(|(key, value)| {
                key.starts_with("delta.constraints.")
                    || (value == "true" && ["delta.appendOnly", "delta.enableChangeDataFeed"].contains(&key.as_str()))
            })
        });
        let reason = match (&self.writable, constrained) {
            (Ok(()), false) => return Ok(()),
            (Err(reason), _) => reason.clone(),
            (_, true) => "it has constraints or a change feed".into(),
        };
        Err(Error::new(
            Code::Unsupported,
            format!("{table} was set up by another program and cannot be written: {reason}."),
        )
        .hint("Write to a table of another name."))
    }

    pub fn rows(&self) -> u64 {
        self.files.iter().map(|file| file.rows).sum()
    }

    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// The ledger files of the version, relative to the table's folder.
    pub fn ledger(&self) -> Vec<String> {
        let files = self.noted.get("ledger").and_then(Value::as_array).into_iter().flatten();
        files.filter_map(|file| file.as_str().map(str::to_owned)).collect()
    }

    pub fn ledger_entries(&self) -> u64 {
        self.noted.get("ledger_entries").and_then(Value::as_u64).unwrap_or_default()
    }

    /// Where the sources stand; see [`crate::source`].
    pub fn sources(&self) -> Map<String, Value> {
        self.noted.get("sources").and_then(Value::as_object).cloned().unwrap_or_default()
    }

    /// The file's absolute paths, in the order of the rows.
    pub fn paths(&self, home: &Path) -> Vec<PathBuf> {
        self.files.iter().map(|file| home.join(&file.path)).collect()
    }
}

/// The store delta-rs reads from. It is rooted in the table's folder, because delta-rs decodes a `%20` in the name of a
/// folder above it twice.
#[cfg(unix)]
fn log_store(home: &Path) -> DeltaResult<LogStoreRef> {
    let folder = LocalFileSystem::new_with_prefix(home)?;
    let root = url::Url::parse("file:///").map_err(|e| DeltaTableError::generic(e.to_string()))?;
    logstore_with(Arc::new(folder), &root, StorageConfig::default())
}

/// A `file:` address without a drive is none on Windows, so the folder's own address has to do.
#[cfg(not(unix))]
fn log_store(home: &Path) -> DeltaResult<LogStoreRef> {
    let root = url::Url::from_directory_path(home).map_err(|()| DeltaTableError::generic("not an absolute path"))?;
    deltalake::logstore::logstore_for(&root, StorageConfig::default())
}

/// The data files, ordered by name: our names hold the time of the write and the number of the file.
fn files(table: &TableName, snapshot: &EagerSnapshot, home: &Path) -> Result<Vec<DataFile>> {
    let log_data = snapshot.try_log_data().map_err(|e| Error::internal(&format!("list the files of {table}"), e))?;
    let mut files = Vec::new();
    for view in log_data.iter() {
        let path = view.path().into_owned();
        if view.deletion_vector_descriptor().is_some() {
            return Err(foreign(table, "deletion vectors"));
        }
        if path.contains("://") || Path::new(&path).is_absolute() {
            return Err(foreign(table, "files outside its folder"));
        }
        let rows = match view.num_records() {
            Some(rows) => rows as u64,
            None => stats::read(&home.join(&path))?.rows,
        };
        files.push(DataFile {
            bytes: u64::try_from(view.size()).unwrap_or_default(),
            rows,
            stats: view.stats(),
            modified_ms: view.modification_time(),
            path,
        });
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn refuse_foreign_features(table: &TableName, snapshot: &EagerSnapshot) -> Result<()> {
    let metadata = snapshot.metadata();
    if !metadata.partition_columns().is_empty() {
        return Err(foreign(table, "partition columns"));
    }
    match metadata.configuration().get("delta.columnMapping.mode").map(String::as_str) {
        None | Some("none") => Ok(()),
        Some(_) => Err(foreign(table, "column mapping")),
    }
}

fn foreign(table: &TableName, feature: &str) -> Error {
    Error::new(
        Code::Unsupported,
        format!("{table} was written by another program with {feature}, which is not read here."),
    )
    .hint("Copy its rows into a new table with the program that wrote it.")
}
