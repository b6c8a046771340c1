//! What a refresh reads: nothing, what was added since, or everything.

use std::collections::HashSet;

use delta_kernel::scan::state::ScanFile;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use pulse_core::{Code, Error, Result};
use serde_json::Value;

use super::super::Changed;
use super::{State, Table};
use crate::net;

/// Commits that are looked through to read only what they added; a table that is further ahead is read anew.
const MOST: u64 = 1000;

/// The part of a table that is read.
pub(super) enum Part {
    /// The rows of these files, as the log names them; none if nothing was added.
    Files(HashSet<String>),
    /// Every row.
    All,
}

impl Table<'_> {
    /// The files that commits after `known` added, if they did nothing else to rows and columns: then these are exactly
    /// the rows that `now` has and `known` had not, because every file that a commit adds stays until another removes it.
    /// Files that were only rearranged (`dataChange` is false) hold the rows of those they replace, which were all there
    /// at `known`, or everything is read. `files` are those of `now`.
    pub(super) fn added_since(
        &self,
        known: &State,
        now: &State,
        files: &[ScanFile],
        changed: Changed,
        warnings: &mut Vec<String>,
    ) -> Result<Part> {
        let all = |warnings: &mut Vec<String>, why: String| {
            if changed == Changed::Stop {
                let message = format!("The new rows of {} cannot be read alone: {why}.", self.address());
                return Err(Error::new(Code::Conflict, message)
                    .hint("Read everything anew, or load with merge and choose that everything is read then.")
                    .field("changed"));
            }
            warnings.push(format!("All rows were read: {why}."));
            Ok(Part::All)
        };
        if known.id != now.id {
            return all(warnings, "the table was made anew".into());
        }
        if known.version > now.version {
            return all(warnings, format!("version {} is older than {}, which was read", now.version, known.version));
        }
        if now.version - known.version > MOST {
            return all(warnings, format!("more than {MOST} versions came since version {}", known.version));
        }
        let mut new = HashSet::new();
        for version in known.version + 1..=now.version {
            let Some(actions) = self.commit(version)? else {
                return all(warnings, format!("the commit of version {version} is no longer there"));
            };
            if !take(&actions, &mut new) {
                return all(warnings, format!("version {version} did more than add rows"));
            }
        }
        if files.iter().filter(|file| new.contains(&file.path)).count() != new.len() {
            return all(warnings, "the log names some of its files in two ways".into());
        }
        Ok(Part::Files(new))
    }

    /// The actions of a commit; nothing if it was cleaned up.
    fn commit(&self, version: u64) -> Result<Option<Vec<Value>>> {
        let file = format!("_delta_log/{version:020}.json");
        let location = Path::from(file.as_str());
        let bytes = net::run(&self.stop.0, async {
            match self.store.get(&location).await {
                Ok(answer) => Ok(answer.bytes().await.ok()),
                Err(object_store::Error::NotFound { .. }) => Ok(None),
                Err(_) => Err(self.fault(&delta_kernel::Error::FileNotFound(file.clone()), None)),
            }
        })?;
        let Some(bytes) = bytes else { return Ok(None) };
        let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
        let actions = lines.map(serde_json::from_slice).collect::<Result<_, _>>();
        actions.map(Some).map_err(|cause| Error::internal("read a commit that is whole", cause))
    }
}

/// Notes the files that a commit adds; false if it does anything else that changes rows or columns.
fn take(actions: &[Value], new: &mut HashSet<String>) -> bool {
    actions.iter().all(|action| {
        let Some((kind, content)) = action.as_object().and_then(|action| action.iter().next()) else { return true };
        let changes = content["dataChange"] != Value::Bool(false);
        let path = content["path"].as_str().unwrap_or_default();
        match kind.as_str() {
            // Notes that concern no row.
            "commitInfo" | "txn" | "domainMetadata" => true,
            "add" if !changes => true,
            // A file with a deletion vector replaces the same file without it.
            "add" if content["deletionVector"].is_null() && !path.is_empty() => {
                new.insert(path.to_owned());
                true
            }
            "remove" => !changes && !new.contains(path),
            _ => false,
        }
    })
}
