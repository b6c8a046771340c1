//! Delta tables on the local disk: durable commits, history, time travel, restore.
//!
//! Polars writes the Parquet files, this crate commits them to the Delta log in an order that survives a power failure,
//! delta-rs replays the log. `docs/decisions/002-delta-writer.md` says why and what was measured.

mod changes;
mod disk;
mod fates;
mod files;
mod fit;
mod log;
mod meet;
mod merge;
mod plan;
mod prune;
mod rows;
mod source;
mod stage;
mod state;
mod stats;
mod text;
mod types;
mod upkeep;
mod work;
mod write;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use polars::prelude::LazyFrame;
use pulse_core::{Error, Result, TableName};
use serde_json::{Map, Value};
use tokio::runtime::Runtime;

pub use changes::Difference;
pub use fit::{ColumnChange, ColumnKind};
pub use log::Problem;
pub use merge::{Changes, Deleted, Deletes, Merge};
pub use rows::Rows;
pub use source::SourceState;
pub use types::Field;
pub use upkeep::Version;
pub use write::{Committed, Mode, Write};

use disk::Disk;
use state::State;

/// The tables of a workspace; `<root>/<layer>/<name>/` is one Delta table.
///
/// The methods block; do not call them on an asynchronous runtime's own threads.
#[derive(Clone)]
pub struct Lake {
    root: PathBuf,
    runtime: Arc<Runtime>,
    disk: Disk,
    opened: SystemTime,
}

/// One table at one version: everything needed to read it, unchanged by later writes.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// The table.
    pub table: TableName,
    /// Its version.
    pub version: u64,
    /// When the version was committed, in milliseconds since 1970 UTC.
    pub created_at_ms: i64,
    /// The Parquet files, in the order of the rows.
    pub files: Vec<PathBuf>,
    /// The columns.
    pub schema: Vec<Field>,
    /// Rows in all files.
    pub rows: u64,
    /// Bytes of all files.
    pub bytes: u64,
    /// What the write noted about itself ([`Write::info`]).
    pub info: Map<String, Value>,
    /// The ledger files that belong to the version; Parquet.
    pub ledger: Vec<PathBuf>,
    /// Entries in them.
    pub ledger_entries: u64,
    columns: types::Columns,
}

impl Lake {
    /// The lake in the folder `root`, which is created if need be.
    pub fn open(root: &Path) -> Result<Self> {
        Self::open_on(root, Disk::default())
    }

    pub(crate) fn open_on(root: &Path, disk: Disk) -> Result<Self> {
        std::fs::create_dir_all(root).map_err(|e| Error::io("create the folder", root, &e))?;
        let root = std::path::absolute(root).map_err(|e| Error::io("find", root, &e))?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("lake")
            .enable_all()
            .build()
            .map_err(|e| Error::internal("start the lake", e))?;
        Ok(Self { root, runtime: Arc::new(runtime), disk, opened: SystemTime::now() })
    }

    /// `table` at `version`, or at its newest. Fails with [`pulse_core::Code::Damaged`] naming the file if the log or a
    /// data file of that version is not whole: never with fewer rows.
    pub fn snapshot(&self, table: &TableName, version: Option<u64>) -> Result<Snapshot> {
        let home = self.home(table);
        let state = State::load(&self.runtime, table, &home, version)?.ok_or_else(|| log::no_table(table))?;
        if let Some(problem) = state.files.iter().find_map(|file| file.problem(table, state.version, &home)) {
            return Err(problem.into());
        }
        let created_at_ms = upkeep::committed_at_ms(table, &home, state.version)?;
        Ok(Snapshot {
            table: table.clone(),
            version: state.version,
            created_at_ms,
            files: state.paths(&home),
            schema: state.columns.to_fields(),
            rows: state.rows(),
            bytes: state.bytes(),
            info: state.noted.get("info").and_then(Value::as_object).cloned().unwrap_or_default(),
            ledger: state.ledger().iter().map(|file| home.join(file)).collect(),
            ledger_entries: state.ledger_entries(),
            columns: state.columns,
        })
    }

    /// The rows of `snapshot`, always in the same order; a column that an older file lacks is null there.
    pub fn scan(&self, snapshot: &Snapshot) -> Result<LazyFrame> {
        self.scan_files(&snapshot.table, &snapshot.columns, &snapshot.files)
    }

    /// The folder of `table`.
    pub(crate) fn home(&self, table: &TableName) -> PathBuf {
        self.root.join(table.layer().as_str()).join(table.name())
    }
}

#[cfg(test)]
mod tests;
