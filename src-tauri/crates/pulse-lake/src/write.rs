//! Writing: data files first, then one commit that makes them visible, all on the disk before success is reported.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::time::Duration;

use polars::prelude::DataFrame;
use pulse_core::{Code, Error, Progress, Result, TableName};
use serde_json::{Map, Value, json};

use crate::files::{self, Pending};
use crate::fit::ColumnChange;
use crate::merge::{Changes, Merge};
use crate::plan::{Plan, actions, entry};
use crate::rows::Rows;
use crate::source::{self, SourceState};
use crate::stage::Staged;
use crate::state::State;
use crate::work::Work;
use crate::{Lake, log};

/// What a write does to a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Creates the table; fails with [`Code::AlreadyExists`] if there is one.
    Create,
    /// Adds rows; new columns are added, missing ones are null in the new rows, and values are only widened where that
    /// loses nothing. Creates the table if there is none.
    Append,
    /// Replaces all rows and the columns. Creates the table if there is none.
    Replace,
    /// Merges rows by their key: new ones are added, changed ones replaced, gone ones treated as [`Merge`] says; files
    /// without such rows stay as they are. Columns are treated as in [`Mode::Append`]. Creates the table if there is
    /// none.
    Merge(Merge),
}

/// One write.
pub struct Write {
    /// The rows, in order.
    pub rows: Rows,
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
    /// Fails, changing nothing, unless exactly this many rows came: the caller's account of the records.
    pub expected_rows: Option<u64>,
    /// Where the source of the rows stands after them; committed with them or not at all. A write of a source that
    /// brings nothing, and moves nothing, makes no version.
    pub source: Option<SourceState>,
    /// Whether a column of the table may take a type that holds its values and the new ones without loss (a wider
    /// number, or text), which writes its files again; else rows that need that are refused. [`Lake::compare`] says
    /// beforehand what would happen.
    pub widen: bool,
}

/// What a write did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The new version; the one that was there if nothing was to be done.
    pub version: u64,
    /// Rows that came; for a restore, rows of the restored version.
    pub rows: u64,
    /// Data files written.
    pub files: usize,
    /// Bytes of those files.
    pub bytes: u64,
    /// Ledger entries written with them.
    pub ledger_entries: u64,
    /// What happened to the rows. A replacement adds its rows and deletes those that were there.
    pub changes: Changes,
    /// What happened to the columns of an append or a merge.
    pub columns: Vec<ColumnChange>,
    /// Whether there is a new version: rows, columns, the ledger or where the source stands have changed.
    pub changed_anything: bool,
}

/// How often a commit is tried again after another writer was first.
const ATTEMPTS: u64 = 100;
/// How often work that is only right for one version is done again after another writer was first.
const REPEATS: u64 = 20;

impl Lake {
    /// Writes rows and, in the same commit, their ledger and where their source stands. When this returns, everything is
    /// on the disk; when it fails or is cancelled, nothing has changed and no file is left.
    ///
    /// Counts rows on the current stage of `progress`.
    pub fn write(&self, table: &TableName, mut write: Write, progress: &Progress) -> Result<Committed> {
        let mut staged = None;
        for _ in 0..REPEATS {
            progress.check()?;
            if let Some(committed) = self.attempt(table, &mut write, &mut staged, progress)? {
                return Ok(committed);
            }
        }
        Err(conflict(table, REPEATS))
    }

    /// Writes once; nothing if the work was done for a version that is not the newest any more.
    fn attempt(
        &self,
        table: &TableName,
        write: &mut Write,
        staged: &mut Option<Staged>,
        progress: &Progress,
    ) -> Result<Option<Committed>> {
        let home = self.home(table);
        let current = State::load(&self.runtime, table, &home, None)?;
        check_start(table, write, current.as_ref())?;
        let mut pending = Pending::new(self.disk.create_folder(&home)?);
        let work = match &write.mode {
            Mode::Merge(merge) => {
                let staged = match staged {
                    Some(staged) => staged,
                    None => staged.insert(self.stage(&home, pending.folders_only(), &write.rows, progress)?),
                };
                self.merge(table, merge, write.widen, staged, current.as_ref(), &mut pending, progress)?
            }
            _ => self.put(table, write, current.as_ref(), &mut pending, progress)?,
        };
        check_rows(table, write.expected_rows, work.came)?;
        if let Some(state) = current.as_ref().filter(|state| brings_nothing(write, &work, state)) {
            return Ok(Some(outcome(&work, state.version, 0, work.changes, false)));
        }
        let entries = write.ledger.as_ref().map_or(0, |frame| frame.height() as u64);
        let ledger_file = match write.ledger.as_mut().filter(|frame| frame.height() > 0) {
            Some(frame) => Some(self.write_ledger(&mut pending, &home, frame)?),
            None => None,
        };
        self.disk.sync_folder(&home)?;
        progress.check()?;
        let replaced = Cell::new(0);
        let is_based = work.is_based;
        let plan = |state: Option<&State>| {
            check_start(table, write, state)?;
            replaced.set(state.filter(|_| write.mode == Mode::Replace).map_or(0, State::rows));
            plan(table, write, &work, state, ledger_file.clone(), entries)
        };
        let version = self.commit(table, current, pending, is_based, plan)?;
        let changes = Changes { deleted: work.changes.deleted + replaced.get(), ..work.changes };
        Ok(version.map(|version| outcome(&work, version, entries, changes, true)))
    }

    /// Commits what `plan` makes of `state`, the newest when it was read; reads and plans again when another writer was
    /// first, or gives up with nothing if the work `is_based` on that version. The pending files stay once the commit
    /// is visible.
    pub(crate) fn commit(
        &self,
        table: &TableName,
        mut state: Option<State>,
        mut pending: Pending,
        is_based: bool,
        plan: impl Fn(Option<&State>) -> Result<Plan>,
    ) -> Result<Option<u64>> {
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
                    return self.disk.sync_folder(&folder).map(|()| Some(version)).map_err(|e| {
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
                Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists && is_based => return Ok(None),
                Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {
                    std::thread::sleep(Duration::from_millis(attempt.min(20)));
                    state = State::load(&self.runtime, table, &home, None)?;
                }
                Err(e) => return Err(Error::io("commit", &path, &e)),
            }
        }
        Err(conflict(table, ATTEMPTS))
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

/// The commit that makes the work visible on top of `state`.
fn plan(
    table: &TableName,
    write: &Write,
    work: &Work,
    state: Option<&State>,
    ledger_file: Option<String>,
    entries: u64,
) -> Result<Plan> {
    let replaces = write.mode == Mode::Replace;
    let kept = state.filter(|_| !replaces);
    let mut ledger = kept.map(State::ledger).unwrap_or_default();
    ledger.extend(ledger_file);
    let (sources, moved) = source::written(state, write.source.as_ref(), replaces);
    let mut actions = actions(table, state, work, replaces)?;
    actions.extend(moved);
    let delta_operation = match &write.mode {
        Mode::Merge(merge) => ("MERGE", json!({"predicate": merge.key.join(", ")})),
        Mode::Append => ("WRITE", json!({"mode": "Append"})),
        Mode::Create | Mode::Replace => ("WRITE", json!({"mode": "Overwrite"})),
    };
    let sum = |files: &[crate::state::DataFile]| files.iter().map(|file| file.rows).sum::<u64>();
    let deleted = if replaces { state.map_or(0, State::rows) } else { work.changes.deleted };
    Ok(Plan {
        delta_operation,
        operation: write.operation.clone(),
        info: write.info.clone(),
        actions,
        rows: kept.map_or(0, State::rows) + sum(&work.added) - sum(&work.removed),
        ledger,
        ledger_entries: kept.map_or(0, State::ledger_entries) + entries,
        sources,
        changes: Some(Changes { deleted, ..work.changes }),
    })
}

fn outcome(work: &Work, version: u64, ledger_entries: u64, changes: Changes, changed_anything: bool) -> Committed {
    Committed {
        version,
        rows: work.came,
        files: work.added.len(),
        bytes: work.added.iter().map(|file| file.bytes).sum(),
        ledger_entries,
        changes,
        columns: work.column_changes.clone(),
        changed_anything,
    }
}

/// Whether the table would be the same after the write, which a merge or a source's append makes no version for.
fn brings_nothing(write: &Write, work: &Work, state: &State) -> bool {
    let can_skip = match write.mode {
        Mode::Merge(_) => true,
        Mode::Append => write.source.is_some(),
        Mode::Create | Mode::Replace => false,
    };
    let same_columns = work.columns.0.iter().all(|field| state.columns.0.contains(field));
    let no_ledger = write.ledger.as_ref().is_none_or(|ledger| ledger.height() == 0);
    let no_files = work.added.is_empty() && work.removed.is_empty();
    can_skip && no_files && same_columns && no_ledger && source::is_same(Some(state), write.source.as_ref())
}

fn conflict(table: &TableName, attempts: u64) -> Error {
    Error::new(Code::Conflict, format!("Other writers kept committing to {table}; gave up after {attempts} attempts."))
        .hint("Try again when they are done.")
}

/// What must hold for a write to begin, and again for its commit.
fn check_start(table: &TableName, write: &Write, state: Option<&State>) -> Result<()> {
    check_version(table, &write.mode, write.expected_version, state)?;
    if let Some(state) = state {
        state.check_writable(table)?;
    }
    source::check(table, state, write.source.as_ref())
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
pub(crate) fn next_stamp(state: Option<&State>) -> i64 {
    let newest = state.and_then(|state| state.files.iter().filter_map(|file| files::stamp_of(&file.path)).max());
    newest.map_or_else(now_ms, |newest| now_ms().max(newest + 1))
}

fn check_version(table: &TableName, mode: &Mode, expected: Option<Option<u64>>, state: Option<&State>) -> Result<()> {
    let found = state.map(|state| state.version);
    if *mode == Mode::Create && found.is_some() {
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
