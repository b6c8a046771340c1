//! Writing: data files first, then one commit that makes them visible, all on the disk before success is reported.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use polars::prelude::{DataFrame, DataType, Expr, LazyFrame, Schema, SchemaRef, col, lit};
use pulse_core::{Code, Error, Progress, Result, TableName};
use serde_json::{Map, Value, json};

use crate::files::{self, Pending};
use crate::plan::{Plan, actions, entry};
use crate::state::{DataFile, State};
use crate::types::{Columns, conversions, widens};
use crate::{Lake, log, stats};

/// What a write does to a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Creates the table; fails with [`Code::AlreadyExists`] if there is one.
    Create,
    /// Adds rows; new columns are added, missing ones are null in the new rows, and values are only widened where that
    /// loses nothing. Creates the table if there is none.
    Append,
    /// Replaces all rows and the columns. Creates the table if there is none.
    Replace,
}

/// One write.
pub struct Write {
    /// The rows, in order.
    pub frame: LazyFrame,
    /// What to do with the rows that are there.
    pub mode: Mode,
    /// The ledger entries that belong to these rows; committed with them or not at all.
    pub ledger: Option<DataFrame>,
    /// What happened, such as `import` or `clean`; shown in the history.
    pub operation: String,
    /// What to note about it; [`crate::Snapshot::info`] gives it back.
    pub info: Map<String, Value>,
    /// Fails with [`Code::Conflict`] unless the table is at this version (`Some(None)`: does not exist).
    pub expected_version: Option<Option<u64>>,
    /// Fails, changing nothing, unless exactly this many rows were written: the caller's account of the records.
    pub expected_rows: Option<u64>,
}

/// What a commit did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The new version.
    pub version: u64,
    /// Rows written; for a restore, rows of the restored version.
    pub rows: u64,
    /// Data files written.
    pub files: usize,
    /// Bytes of those files.
    pub bytes: u64,
    /// Ledger entries written with them.
    pub ledger_entries: u64,
}

/// How often a commit is tried again after another writer was first.
const ATTEMPTS: u64 = 100;

impl Lake {
    /// Writes rows and, in the same commit, their ledger. When this returns, everything is on the disk; when it fails
    /// or is cancelled, nothing has changed and no file is left.
    ///
    /// Counts rows on the current stage of `progress`.
    pub fn write(&self, table: &TableName, write: Write, progress: &Progress) -> Result<Committed> {
        progress.check()?;
        let home = self.home(table);
        let current = State::load(&self.runtime, table, &home, None)?;
        check_version(table, write.mode, write.expected_version, current.as_ref())?;
        if let Some(state) = &current {
            state.check_writable(table)?;
        }
        let Write { frame, mode, mut ledger, operation, info, expected_version, expected_rows } = write;
        let kept = current.as_ref().filter(|_| mode == Mode::Append).map(|state| &state.columns);
        let (frame, columns) = prepare(frame, kept)?;

        let mut pending = Pending::new(self.disk.create_folder(&home)?);
        let stamp = next_stamp(current.as_ref());
        // Both hold the new folders: after a cancel, whoever ends last finds them empty.
        pending.absorb(files::write(frame, pending.folders_only(), &home, stamp, progress)?);
        let data = self.finish_files(&mut pending, &home, progress)?;
        check_rows(table, expected_rows, data.iter().map(|file| file.rows).sum())?;
        let entries = ledger.as_ref().map_or(0, |frame| frame.height() as u64);
        let ledger_file = match ledger.as_mut().filter(|frame| frame.height() > 0) {
            Some(frame) => Some(self.write_ledger(&mut pending, &home, frame)?),
            None => None,
        };
        self.disk.sync_folder(&home)?;
        progress.check()?;

        let committed = Committed {
            version: 0,
            rows: data.iter().map(|file| file.rows).sum(),
            files: data.len(),
            bytes: data.iter().map(|file| file.bytes).sum(),
            ledger_entries: entries,
        };
        let plan = |state: Option<&State>| {
            check_version(table, mode, expected_version, state)?;
            let kept = state.filter(|_| mode == Mode::Append);
            let mut ledger = kept.map(State::ledger).unwrap_or_default();
            ledger.extend(ledger_file.clone());
            Ok(Plan {
                delta_operation: ("WRITE", json!({"mode": if mode == Mode::Append { "Append" } else { "Overwrite" }})),
                operation: operation.clone(),
                info: info.clone(),
                actions: actions(table, mode, state, &columns, &data)?,
                rows: kept.map_or(0, State::rows) + committed.rows,
                ledger,
                ledger_entries: kept.map_or(0, State::ledger_entries) + entries,
            })
        };
        let version = self.commit(table, current, pending, plan)?;
        Ok(Committed { version, ..committed })
    }

    /// Commits what `plan` makes of `state`, the newest when it was read; reads and plans again when another writer was
    /// first. The pending files stay once the commit is visible.
    pub(crate) fn commit(
        &self,
        table: &TableName,
        mut state: Option<State>,
        mut pending: Pending,
        plan: impl Fn(Option<&State>) -> Result<Plan>,
    ) -> Result<u64> {
        let home = self.home(table);
        let folder = log::folder(&home);
        pending.absorb(Pending::new(self.disk.create_folder(&folder)?));
        for attempt in 0..ATTEMPTS {
            if let Some(state) = &state {
                state.check_writable(table)?;
            }
            let version = state.as_ref().map_or(0, |state| state.version + 1);
            let path = log::commit_path(&folder, version);
            match self.disk.publish(&path, &entry(plan(state.as_ref())?)) {
                Ok(()) => {
                    pending.keep();
                    return self.disk.sync_folder(&folder).map(|()| version).map_err(|e| {
                        Error::new(
                            e.code,
                            format!(
                                "{table} has its new version {version}, but it may not survive a power failure: {}",
                                e.message
                            ),
                        )
                        .hint("Check the disk; the table can be read and written meanwhile.")
                    });
                }
                Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {
                    std::thread::sleep(Duration::from_millis(attempt.min(20)));
                    state = State::load(&self.runtime, table, &home, None)?;
                }
                Err(e) => return Err(Error::io("commit", &path, &e)),
            }
        }
        Err(Error::new(
            Code::Conflict,
            format!("Other writers kept committing to {table}; gave up after {ATTEMPTS} attempts."),
        )
        .hint("Try again when they are done."))
    }

    /// Drops empty files, makes the others durable and reads their statistics.
    fn finish_files(&self, pending: &mut Pending, home: &Path, progress: &Progress) -> Result<Vec<DataFile>> {
        let mut data = Vec::new();
        for path in pending.files.clone() {
            progress.check()?;
            let found = stats::read(&path)?;
            if found.rows == 0 {
                fs::remove_file(&path).map_err(|e| Error::io("remove", &path, &e))?;
                pending.files.retain(|kept| kept != &path);
                continue;
            }
            self.disk.sync_file(&path)?;
            let bytes = fs::metadata(&path).map_err(|e| Error::io("read back", &path, &e))?.len();
            progress.add_bytes(bytes);
            let relative = path.strip_prefix(home).unwrap_or(&path).to_string_lossy().into_owned();
            data.push(DataFile {
                path: relative,
                bytes,
                rows: found.rows,
                stats: Some(found.json),
                modified_ms: now_ms(),
            });
        }
        Ok(data)
    }

    fn write_ledger(&self, pending: &mut Pending, home: &Path, frame: &mut DataFrame) -> Result<String> {
        let relative = format!("_ledger/{}.parquet", uuid::Uuid::new_v4());
        let path = home.join(&relative);
        let folder: PathBuf = home.join("_ledger");
        pending.absorb(Pending::new(self.disk.create_folder(&folder)?));
        pending.files.push(path.clone());
        files::write_ledger(frame, &path, &self.disk)?;
        self.disk.sync_folder(&folder)?;
        Ok(relative)
    }
}

/// The last line of the account: what was counted while reading must be what was written.
fn check_rows(table: &TableName, expected: Option<u64>, written: u64) -> Result<()> {
    match expected {
        Some(expected) if expected != written => Err(Error::new(
            Code::Conflict,
            format!(
                "Could not write {table}: {expected} rows were counted but {written} arrived; nothing was changed."
            ),
        )
        .hint("The input may have changed meanwhile; try again when nothing writes to it.")),
        _ => Ok(()),
    }
}

pub(crate) fn now_ms() -> i64 {
    chrono::Utc::now().timestamp_millis()
}

/// A stamp after those of all files that are there, even if the clock was set back.
fn next_stamp(state: Option<&State>) -> i64 {
    let newest = state.and_then(|state| state.files.iter().filter_map(|file| files::stamp_of(&file.path)).max());
    newest.map_or_else(now_ms, |newest| now_ms().max(newest + 1))
}

fn check_version(table: &TableName, mode: Mode, expected: Option<Option<u64>>, state: Option<&State>) -> Result<()> {
    let found = state.map(|state| state.version);
    if mode == Mode::Create && found.is_some() {
        return Err(Error::new(Code::AlreadyExists, format!("The table {table} exists already."))
            .hint("Choose another name, or replace or extend the table.")
            .field("table"));
    }
    match expected {
        Some(expected) if expected != found => {
            let text = |version: Option<u64>| version.map_or("no table".to_owned(), |v| format!("version {v}"));
            Err(Error::new(
                Code::Conflict,
                format!("{table} has changed meanwhile: {} was expected, {} is there.", text(expected), text(found)),
            )
            .hint("Look at the newest version and start again."))
        }
        _ => Ok(()),
    }
}

/// The frame with every column in a type that Delta holds, fitted to the columns `kept` of the table if rows are added.
fn prepare(mut frame: LazyFrame, kept: Option<&Columns>) -> Result<(LazyFrame, Columns)> {
    let invalid = |e| files::explain(&e, Path::new("the table"));
    let schema: SchemaRef = frame.collect_schema().map_err(invalid)?;
    if schema.is_empty() {
        return Err(Error::invalid("A table needs at least one column.").hint("Keep a column."));
    }
    let mut stored = files::exact_microseconds(frame, &schema).select(conversions(&schema)?);
    let schema = stored.collect_schema().map_err(invalid)?;
    let Some(kept) = kept else {
        return Ok((stored, Columns::of(&schema)?));
    };
    let mut fitted = stored.select(fit(&schema, &kept.to_polars()?)?);
    let schema = fitted.collect_schema().map_err(invalid)?;
    Ok((fitted, Columns::of(&schema)?))
}

/// The expressions that give rows of `schema` the columns `kept`, followed by the new ones.
fn fit(schema: &Schema, kept: &Schema) -> Result<Vec<Expr>> {
    if !schema.iter_names().any(|name| kept.contains(name)) {
        return Err(Error::invalid("The rows have no column in common with the table.")
            .hint("Rename the columns to those of the table, or write a new table."));
    }
    let misfits: Vec<String> = kept
        .iter()
        .filter_map(|(name, to)| schema.get(name).map(|from| (name, from, to)))
        .filter(|(_, from, to)| !widens(from, to))
        .map(|(name, from, to)| format!("`{name}` is {from} and the table has {to}"))
        .collect();
    if !misfits.is_empty() {
        return Err(Error::invalid(format!("The rows do not fit the table: {}.", misfits.join("; ")))
            .hint("Give the columns the table's types first, or replace the table.")
            .field("columns"));
    }
    let column = |(name, to): (&polars::prelude::PlSmallStr, &DataType)| match schema.get(name) {
        Some(from) if from == to => col(name.clone()),
        Some(_) => col(name.clone()).strict_cast(to.clone()),
        None => lit(polars::prelude::NULL).cast(to.clone()).alias(name.clone()),
    };
    let same_but_case =
        |name: &str| kept.iter_names().find(|k| k.as_str() != name && k.to_lowercase() == name.to_lowercase());
    let mut fitted: Vec<Expr> = kept.iter().map(column).collect();
    for name in schema.iter_names().filter(|name| !kept.contains(name)) {
        if let Some(other) = same_but_case(name) {
            return Err(Error::invalid(format!("The rows have a column `{name}` and the table has `{other}`."))
                .hint("Give the column the table's spelling.")
                .field("columns"));
        }
        fitted.push(col(name.clone()));
    }
    Ok(fitted)
}
