//! The Delta log as files: which versions there are, whether each commit is whole, and what we noted in it.
//!
//! delta-rs reads the log too, but takes an empty commit for a version without changes and so loses rows silently, and
//! fails on a torn one without naming the file. Every read therefore looks at the files here first.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use pulse_core::{Code, Error, Result, TableName};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

/// Something wrong with a table's files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it; a sentence.
    pub message: String,
    /// What to do; a sentence.
    pub hint: String,
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Error::damaged(problem.message).hint(problem.hint)
    }
}

/// The commits of one table.
pub(crate) struct Log {
    table: TableName,
    folder: PathBuf,
    commits: BTreeMap<u64, PathBuf>,
    /// Versions that another program wrote a checkpoint for: their commits and the earlier ones may be gone.
    checkpoints: Vec<u64>,
}

impl Log {
    /// The log of `table` in its folder `home`; nothing if there is no commit and no checkpoint.
    pub fn open(table: &TableName, home: &Path) -> Result<Option<Self>> {
        let folder = folder(home);
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(Error::io("read the Delta log", &folder, &e)),
        };
        let (mut commits, mut checkpoints) = (BTreeMap::new(), Vec::new());
        for entry in entries {
            let path = entry.map_err(|e| Error::io("read the Delta log", &folder, &e))?.path();
            let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
            let (Some(digits), Some(rest)) = (name.get(..20), name.get(20..)) else { continue };
            let Ok(version) = digits.parse::<u64>() else { continue };
            match rest {
                ".json" => _ = commits.insert(version, path),
                rest if rest.starts_with(".checkpoint") && rest.ends_with(".parquet") => checkpoints.push(version),
                _ => {}
            }
        }
        checkpoints.sort_unstable();
        let log = Self { table: table.clone(), folder, commits, checkpoints };
        Ok((!log.commits.is_empty() || !log.checkpoints.is_empty()).then_some(log))
    }

    /// The newest version.
    pub fn latest(&self) -> u64 {
        let commit = self.commits.last_key_value().map(|(version, _)| *version);
        commit.max(self.checkpoints.last().copied()).unwrap_or_default()
    }

    /// `version`, or the newest; fails if there is no such version.
    pub fn resolve(&self, version: Option<u64>) -> Result<u64> {
        let latest = self.latest();
        match version {
            Some(version) if version > latest => {
                Err(Error::not_found(format!("{} has no version {version}.", self.table))
                    .hint(format!("Its newest version is {latest}."))
                    .field("version"))
            }
            version => Ok(version.unwrap_or(latest)),
        }
    }

    /// Fails with [`Code::Damaged`] unless every commit that `version` is made of is there and whole.
    pub fn check(&self, version: u64) -> Result<()> {
        let base = self.checkpoints.iter().rev().find(|checkpoint| **checkpoint <= version);
        let first = base.map_or(0, |checkpoint| checkpoint + 1);
        for needed in first..=version {
            let problem = match self.commits.get(&needed) {
                Some(path) => self.commit_problem(needed, path)?,
                None => Some(self.missing(needed, version)),
            };
            if let Some(problem) = problem {
                return Err(problem.into());
            }
        }
        Ok(())
    }

    /// What is wrong with the commits, oldest first.
    pub fn problems(&self) -> Result<Vec<Problem>> {
        let mut problems = Vec::new();
        let latest = self.latest();
        let first = self.checkpoints.last().map_or(0, |checkpoint| checkpoint + 1);
        for version in first..=latest {
            match self.commits.get(&version) {
                Some(path) => problems.extend(self.commit_problem(version, path)?),
                None => problems.push(self.missing(version, latest)),
            }
        }
        Ok(problems)
    }

    /// Whether every commit since the first one is still there, so that the log names every file it ever named.
    pub fn is_complete(&self) -> bool {
        self.commits.len() as u64 == self.latest() + 1
    }

    /// The versions there is a commit for, newest first.
    pub fn versions(&self) -> impl Iterator<Item = u64> {
        self.commits.keys().rev().copied()
    }

    /// The actions of `version`'s commit; none if another program has removed it after a checkpoint.
    pub fn actions(&self, version: u64) -> Result<Vec<Value>> {
        let Some(path) = self.commits.get(&version) else { return Ok(Vec::new()) };
        let bytes = fs::read(path).map_err(|e| Error::io("read the commit", path, &e))?;
        lines(&bytes)
            .map(|line| serde_json::from_slice(line).map_err(|e| Error::from(self.torn(version, path, &e.to_string()))))
            .collect()
    }

    /// The `commitInfo` of `version`.
    pub fn commit_info(&self, version: u64) -> Result<Map<String, Value>> {
        let info = self.actions(version)?.into_iter().find_map(|mut action| match action["commitInfo"].take() {
            Value::Object(info) => Some(info),
            _ => None,
        });
        Ok(info.unwrap_or_default())
    }

    /// What we noted in the newest commit of ours at or before `version`.
    pub fn noted(&self, version: u64) -> Result<Map<String, Value>> {
        for version in self.versions().filter(|known| *known <= version).collect::<Vec<_>>() {
            if let Some(Value::Object(noted)) = self.commit_info(version)?.remove("pulse") {
                return Ok(noted);
            }
        }
        Ok(Map::new())
    }

    fn commit_problem(&self, version: u64, path: &Path) -> Result<Option<Problem>> {
        let bytes = fs::read(path).map_err(|e| Error::io("read the commit", path, &e))?;
        if lines(&bytes).next().is_none() {
            let message = format!("The commit of version {version} of {} is empty: {}.", self.table, path.display());
            return Ok(Some(self.problem(version, path, message)));
        }
        for line in lines(&bytes) {
            if let Err(e) = serde_json::from_slice::<IgnoredAny>(line) {
                return Ok(Some(self.torn(version, path, &e.to_string())));
            }
        }
        // Our own commits say how many actions they hold, so that one cut between two lines is noticed as well.
        let first: Option<FirstAction> = lines(&bytes).next().and_then(|line| serde_json::from_slice(line).ok());
        let expected = first.and_then(|first| first.commit_info?.pulse?.actions);
        let found = lines(&bytes).count() as u64;
        Ok(expected
            .filter(|expected| *expected != found)
            .map(|expected| self.torn(version, path, &format!("it should hold {expected} actions and holds {found}"))))
    }

    fn torn(&self, version: u64, path: &Path, cause: &str) -> Problem {
        let message =
            format!("The commit of version {version} of {} is torn: {} ({cause}).", self.table, path.display());
        self.problem(version, path, message)
    }

    fn missing(&self, version: u64, of: u64) -> Problem {
        let path = commit_path(&self.folder, version);
        let message = format!("Version {of} of {} needs the commit {}, which is missing.", self.table, path.display());
        Problem { path, message, hint: "Copy that file back from a backup of the workspace.".into() }
    }

    fn problem(&self, version: u64, path: &Path, message: String) -> Problem {
        let hint = match version.checked_sub(1) {
            Some(before) if version == self.latest() => format!(
                "Copy that file back from a backup, or move it out of the folder to go on with version {before}; the \
                 rows that version {version} added must then be written again."
            ),
            _ => "Copy that file back from a backup of the workspace, or remove the table and import it again.".into(),
        };
        Problem { path: path.to_path_buf(), message, hint }
    }
}

/// The part of a commit's first action that says how many actions there are; the rest can be long and is skipped.
#[derive(Deserialize)]
struct FirstAction {
    #[serde(rename = "commitInfo")]
    commit_info: Option<FirstInfo>,
}

#[derive(Deserialize)]
struct FirstInfo {
    pulse: Option<FirstNotes>,
}

#[derive(Deserialize)]
struct FirstNotes {
    actions: Option<u64>,
}

/// The error for a table that is not there.
pub(crate) fn no_table(table: &TableName) -> Error {
    Error::new(Code::NotFound, format!("There is no table {table}."))
        .hint("Check the layer and the name, or import the data first.")
        .field("table")
}

/// The log folder of the table in `home`.
pub(crate) fn folder(home: &Path) -> PathBuf {
    home.join("_delta_log")
}

/// The file of `version`'s commit in the log `folder`.
pub(crate) fn commit_path(folder: &Path, version: u64) -> PathBuf {
    folder.join(format!("{version:020}.json"))
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty())
}
