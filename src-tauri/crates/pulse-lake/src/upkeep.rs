//! Looking after tables: listing, history, restore, removal, checks and sweeping up what interrupted writes left.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use pulse_core::{Error, Layer, Result, TableName};
use serde_json::{Map, Value, json};

use crate::files::{self, Pending};
use crate::log::{self, Log, Problem};
use crate::merge::Changes;
use crate::plan::{Plan, metadata};
use crate::stage::STAGING;
use crate::state::State;
use crate::write::now_ms;
use crate::{Committed, Lake, source};

/// One version in a table's history.
#[derive(Clone, Debug, PartialEq)]
pub struct Version {
    /// The version.
    pub version: u64,
    /// When it was committed, in milliseconds since 1970 UTC.
    pub at_ms: i64,
    /// What happened: the operation named in [`crate::Write`], or Delta's name for it if another program wrote it.
    pub operation: String,
    /// Rows of the table at that version; not known if another program wrote it.
    pub rows: Option<u64>,
    /// What the write noted about itself.
    pub info: Map<String, Value>,
    /// What the write did to the rows; not known for restored versions and those of other programs.
    pub changes: Option<Changes>,
}

impl Lake {
    /// All tables, sorted: the folders with a Delta log.
    pub fn tables(&self) -> Result<Vec<TableName>> {
        let mut tables = Vec::new();
        for layer in Layer::ALL {
            for home in folders(&self.root.join(layer.as_str()))? {
                let name = home.file_name().and_then(|name| name.to_str()).unwrap_or_default();
                let Ok(table) = TableName::new(layer, name) else { continue };
                if Log::open(&table, &home)?.is_some() {
                    tables.push(table);
                }
            }
        }
        tables.sort();
        Ok(tables)
    }

    /// The versions of `table`, newest first.
    pub fn history(&self, table: &TableName) -> Result<Vec<Version>> {
        let home = self.home(table);
        let log = Log::open(table, &home)?.ok_or_else(|| log::no_table(table))?;
        log.versions()
            .map(|version| {
                let mut info = log.commit_info(version)?;
                let mut noted = info.remove("pulse").unwrap_or_default();
                let operation = noted["operation"].as_str().or(info.get("operation").and_then(Value::as_str));
                Ok(Version {
                    version,
                    at_ms: at_ms(&info, &home, version),
                    operation: operation.unwrap_or("unknown").to_owned(),
                    rows: noted["rows"].as_u64(),
                    changes: serde_json::from_value(noted["changes"].take()).unwrap_or_default(),
                    info: noted["info"].as_object_mut().map(std::mem::take).unwrap_or_default(),
                })
            })
            .collect()
    }

    /// Makes the rows, columns and ledger of `version` the newest version again; nothing is lost, the versions between
    /// stay readable.
    pub fn restore(&self, table: &TableName, version: u64) -> Result<Committed> {
        let home = self.home(table);
        let target = State::load(&self.runtime, table, &home, Some(version))?.ok_or_else(|| log::no_table(table))?;
        if let Some(problem) = target.files.iter().find_map(|file| file.problem(table, version, &home)) {
            return Err(problem.into());
        }
        let committed = Committed {
            version: 0,
            rows: target.rows(),
            files: target.files.len(),
            bytes: target.bytes(),
            ledger_entries: target.ledger_entries(),
            changes: Changes::default(),
            columns: Vec::new(),
            changed_anything: true,
        };
        let plan = |state: Option<&State>| {
            let state = state.ok_or_else(|| log::no_table(table))?;
            if state.version == version {
                return Err(Error::invalid(format!("{table} is at version {version} already."))
                    .hint("Choose an earlier version.")
                    .field("version"));
            }
            Ok(Plan {
                delta_operation: ("RESTORE", json!({"version": version})),
                operation: "restore".into(),
                info: restored_info(&target),
                actions: restore_actions(state, &target)?,
                rows: target.rows(),
                ledger: target.ledger(),
                ledger_entries: target.ledger_entries(),
                sources: source::restored(state, &target),
                changes: None,
            })
        };
        let newest = State::load(&self.runtime, table, &home, None)?;
        let version = self.commit(table, newest, Pending::new(Vec::new()), false, plan)?;
        let version = version.ok_or_else(|| Error::internal("restore the version", "it was based on no version"))?;
        Ok(Committed { version, ..committed })
    }

    /// Takes `table` out of the lake; returns the folder in the trash that holds it now.
    pub fn remove_table(&self, table: &TableName) -> Result<PathBuf> {
        let home = self.home(table);
        if !home.is_dir() {
            return Err(log::no_table(table));
        }
        let trash = self.root.join(".trash");
        self.disk.create_folder(&trash)?;
        let stamp = chrono::Utc::now().format("%Y%m%dT%H%M%S%3f");
        let place = trash.join(format!("{table}.{stamp}"));
        fs::rename(&home, &place).map_err(|e| Error::io("move to the trash", &home, &e))?;
        self.disk.sync_folder(&trash)?;
        self.disk.sync_folder(&self.root.join(table.layer().as_str()))?;
        Ok(place)
    }

    /// Checks the log and the files of `table`'s newest version; an empty list means that all is well.
    pub fn verify(&self, table: &TableName) -> Result<Vec<Problem>> {
        let home = self.home(table);
        let log = Log::open(table, &home)?.ok_or_else(|| log::no_table(table))?;
        let problems = log.problems()?;
        if !problems.is_empty() {
            return Ok(problems);
        }
        let state = State::load(&self.runtime, table, &home, None)?.ok_or_else(|| log::no_table(table))?;
        let mut problems: Vec<_> =
            state.files.iter().filter_map(|file| file.problem(table, state.version, &home)).collect();
        for path in state.ledger().iter().map(|file| home.join(file)).filter(|path| !path.is_file()) {
            let message =
                format!("A ledger file of {table}, version {}, is missing: {}.", state.version, path.display());
            problems.push(Problem { path, message, hint: "Copy the file back from a backup of the workspace.".into() });
        }
        Ok(problems)
    }

    /// Deletes what interrupted writes left behind: data and ledger files that no version names and temporary commits,
    /// both only if they are older than this lake's opening. Returns how many files were deleted.
    pub fn sweep(&self) -> Result<u64> {
        let mut swept = 0;
        for layer in Layer::ALL {
            for home in folders(&self.root.join(layer.as_str()))? {
                let name = home.file_name().and_then(|name| name.to_str()).unwrap_or_default();
                let Ok(table) = TableName::new(layer, name) else { continue };
                swept += self.sweep_table(&table, &home)?;
            }
        }
        Ok(swept)
    }

    fn sweep_table(&self, table: &TableName, home: &Path) -> Result<u64> {
        let log = Log::open(table, home)?;
        let mut leftovers = old_files(&log::folder(home), self.opened, |name| {
            name.starts_with("_commit_") && name.ends_with(".json.tmp")
        })?;
        match &log {
            // A log that is damaged or cut short does not name every file; nothing is deleted then.
            Some(log) if !log.is_complete() || !log.problems()?.is_empty() => {}
            log => {
                let named = match log {
                    Some(log) => named_files(log)?,
                    None => HashSet::new(),
                };
                let mut found = old_files(home, self.opened, files::is_ours)?;
                found.extend(old_files(&home.join("_ledger"), self.opened, |name| name.ends_with(".parquet"))?);
                leftovers.extend(found.into_iter().filter(|path| {
                    let relative = path.strip_prefix(home).unwrap_or(path).to_string_lossy().replace('\\', "/");
                    !named.contains(&relative)
                }));
            }
        }
        for folder in folders(home)?.into_iter().filter(|folder| is_old_staging(folder, self.opened)) {
            leftovers.extend(entries(&folder)?);
        }
        for path in &leftovers {
            fs::remove_file(path).map_err(|e| Error::io("remove the leftover", path, &e))?;
            tracing::info!(path = %path.display(), "removed a leftover of an interrupted write");
        }
        for folder in folders(home)?.into_iter().filter(|folder| is_old_staging(folder, self.opened)) {
            // What is in it still was written after this lake was opened, and goes with its writer.
            let _ = fs::remove_dir(folder);
        }
        if log.is_none() {
            for folder in [home.join("_ledger"), log::folder(home), home.to_path_buf()] {
                // Only an empty folder goes; anything else in it is not ours to delete.
                let _ = fs::remove_dir(folder);
            }
        }
        Ok(leftovers.len() as u64)
    }
}

/// When `version` was committed.
pub(crate) fn committed_at_ms(table: &TableName, home: &Path, version: u64) -> Result<i64> {
    let log = Log::open(table, home)?.ok_or_else(|| log::no_table(table))?;
    Ok(at_ms(&log.commit_info(version)?, home, version))
}

fn at_ms(info: &Map<String, Value>, home: &Path, version: u64) -> i64 {
    let modified = || {
        let time =
            fs::metadata(log::commit_path(&log::folder(home), version)).and_then(|found| found.modified()).ok()?;
        i64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_millis()).ok()
    };
    info.get("timestamp").and_then(Value::as_i64).or_else(modified).unwrap_or_default()
}

/// The restored version's own notes, and which version it was.
fn restored_info(target: &State) -> Map<String, Value> {
    let mut info = target.noted.get("info").and_then(Value::as_object).cloned().unwrap_or_default();
    info.insert("restored_version".into(), json!(target.version));
    info
}

/// The protocol stays: it only ever grows, so that it covers what any earlier version needs.
fn restore_actions(state: &State, target: &State) -> Result<Vec<Value>> {
    let mut actions = Vec::new();
    if state.columns != target.columns {
        actions.push(json!({"metaData": metadata(Some(&state.metadata), &target.columns)}));
    }
    let paths = |state: &State| state.files.iter().map(|file| file.path.clone()).collect::<HashSet<_>>();
    let (now, then, at_ms) = (paths(state), paths(target), now_ms());
    for file in state.files.iter().filter(|file| !then.contains(&file.path)) {
        actions.push(file.remove(at_ms)?);
    }
    for file in target.files.iter().filter(|file| !now.contains(&file.path)) {
        actions.push(file.add()?);
    }
    Ok(actions)
}

/// Every data and ledger file that any version names.
fn named_files(log: &Log) -> Result<HashSet<String>> {
    let mut named = HashSet::new();
    for version in log.versions() {
        for action in log.actions(version)? {
            let path = action["add"]["path"].as_str().or(action["remove"]["path"].as_str());
            named.extend(path.map(str::to_owned));
            let ledger = action["commitInfo"]["pulse"]["ledger"].as_array().into_iter().flatten();
            named.extend(ledger.filter_map(|file| file.as_str().map(str::to_owned)));
        }
    }
    Ok(named)
}

fn folders(parent: &Path) -> Result<Vec<PathBuf>> {
    let mut folders: Vec<_> = entries(parent)?.into_iter().filter(|path| path.is_dir()).collect();
    folders.sort();
    Ok(folders)
}

fn old_files(folder: &Path, before: std::time::SystemTime, ours: impl Fn(&str) -> bool) -> Result<Vec<PathBuf>> {
    let old = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let modified = fs::metadata(path).and_then(|found| found.modified());
        path.is_file() && ours(name) && modified.is_ok_and(|modified| modified < before)
    };
    Ok(entries(folder)?.into_iter().filter(old).collect())
}

/// Whether a folder held the staged rows of a merge that was interrupted before `opened`.
fn is_old_staging(folder: &Path, opened: std::time::SystemTime) -> bool {
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let modified = fs::metadata(folder).and_then(|found| found.modified());
    name.starts_with(STAGING) && modified.is_ok_and(|modified| modified < opened)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let failed = |e: &io::Error| Error::io("read the folder", folder, e);
    match fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| entry.map(|e| e.path()).map_err(|e| failed(&e))).collect(),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(e) => Err(failed(&e)),
    }
}
