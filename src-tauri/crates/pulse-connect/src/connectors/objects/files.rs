//! Files of a place as the rows of one table: which are read, which are new, and what is said about the others.

use std::collections::BTreeMap;
use std::path::PathBuf;

use pulse_core::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::selection::matches;
use super::{Object, Place, Selection, fetch, iceberg};
use crate::connector::{Content, Fetched, Landed, News, Task};
use crate::formats::is_readable_name;
use crate::model::{Input, ReadOptions};

/// A preview of a text file needs no more than its first bytes.
const HEAD: u64 = 8 << 20;

/// Where the next read goes on.
#[derive(Debug, Default, Serialize, Deserialize)]
struct State {
    /// The files that are in the table, each with what it was when it was read.
    files: BTreeMap<String, String>,
}

/// Which files are read, and what is said about the others.
#[derive(Debug, Default)]
struct Plan {
    read: Vec<Object>,
    state: State,
    changed: Vec<String>,
    gone: Vec<String>,
    /// Whether every file that was ever read is there and is read now, so that a row that does not come is gone.
    whole: bool,
    warnings: Vec<String>,
}

/// Reads `files`; those that the last read had are left out.
pub(super) fn read(
    place: &dyn Place,
    files: Vec<Object>,
    folder: Option<&str>,
    selection: &Selection,
    task: &Task<'_>,
) -> Result<Fetched> {
    refuse_tables(place, &files)?;
    // A web server does not always say how big a file is.
    if let (None, Some(empty), None) = (folder, files.iter().find(|file| file.bytes == 0), place.downloads()) {
        return Err(Error::invalid(format!("{} is empty: it has no bytes.", place.address(&empty.path)))
            .hint("Check the program that writes it, or leave it out.")
            .field("paths"));
    }
    let mut plan = plan(files, folder, selection, task.state, task.merges)?;
    let origin = place.address(&match (folder, plan.read.as_slice()) {
        (None, [one]) => one.path.clone(),
        (folder, _) => folder.unwrap_or_default().to_owned(),
    });
    if let Some(limit) = task.limit {
        return preview(place, plan, folder, origin, limit, task);
    }
    selection.check_bytes(plan.read.iter().map(|file| file.bytes).sum(), &origin)?;
    let local = fetch::fetch(place, &plan.read, task)?;
    plan.warnings.extend(local.iter().filter_map(|local| local.warning.clone()));
    plan.warnings.extend(changes(&plan));
    let landed = plan.read.iter().zip(&local).map(|(file, local)| Landed {
        path: local.path.clone(),
        name: place.name(&file.path),
        origin: place.address(&file.path),
        facts: facts(file, local.proved),
        owned: local.owned,
        recording: false,
    });
    let inputs =
        plan.read.iter().zip(&local).map(|(file, local)| input(place, file, folder, local.path.clone())).collect();
    Ok(Fetched {
        landed: landed.collect(),
        content: Content::Files { inputs, options: ReadOptions::default() },
        state: serde_json::to_value(&plan.state).ok(),
        snapshot: task.state.is_none() || plan.whole,
        warnings: plan.warnings,
        origin,
        ..Fetched::default()
    })
}

/// Whether there are files that the last read did not have.
pub(super) fn news(
    files: Vec<Object>,
    folder: Option<&str>,
    selection: &Selection,
    state: Option<&Value>,
) -> Result<Option<News>> {
    let plan = plan(files, folder, selection, state, false)?;
    let bytes: u64 = plan.read.iter().map(|file| file.bytes).sum();
    let mut text = match plan.read.len() {
        0 => "There is no new file.".to_owned(),
        1 => format!("`{}` is new ({bytes} bytes).", plan.read[0].path),
        count => format!("{count} files are new ({bytes} bytes)."),
    };
    for sentence in changes(&plan) {
        text = format!("{text} {sentence}");
    }
    Ok(Some(News { available: !plan.read.is_empty(), text }))
}

/// The first file, or its beginning where that can be read for itself.
fn preview(
    place: &dyn Place,
    mut plan: Plan,
    folder: Option<&str>,
    origin: String,
    limit: u64,
    task: &Task<'_>,
) -> Result<Fetched> {
    if plan.read.len() > 1 {
        let message = format!("The preview shows the first of {} files: `{}`.", plan.read.len(), plan.read[0].path);
        plan.warnings.push(message);
        plan.read.truncate(1);
    }
    let mut inputs = Vec::new();
    for file in &plan.read {
        let name = file.name().to_lowercase();
        let by_line = [".csv", ".tsv", ".txt", ".ndjson", ".jsonl"].iter().any(|end| name.ends_with(end));
        let short = limit < 100_000 && by_line && file.bytes > HEAD && place.on_disk(&file.path).is_none();
        let path = if short {
            plan.warnings.push(format!("The preview shows the first {} MB of `{}`.", HEAD >> 20, file.path));
            fetch::head(place, file, HEAD, task)?
        } else {
            fetch::fetch(place, std::slice::from_ref(file), task)?.swap_remove(0).path
        };
        inputs.push(input(place, file, folder, path));
    }
    let content = Content::Files { inputs, options: ReadOptions::default() };
    Ok(Fetched { content, warnings: plan.warnings, origin, ..Fetched::default() })
}

/// A file under its path below the chosen folder, by which the rows tell where they came from.
fn input(place: &dyn Place, file: &Object, folder: Option<&str>, path: PathBuf) -> Input {
    let below = folder.and_then(|folder| file.path.strip_prefix(folder)).map(str::to_owned);
    Input { path, member: None, name: Some(below.unwrap_or_else(|| place.name(&file.path))) }
}

fn plan(
    files: Vec<Object>,
    folder: Option<&str>,
    selection: &Selection,
    state: Option<&Value>,
    merges: bool,
) -> Result<Plan> {
    let known: State = match state {
        None => State::default(),
        Some(state) => {
            State::deserialize(state).map_err(|cause| Error::internal("understand where the last read ended", cause))?
        }
    };
    let mut plan = Plan::default();
    let (mut unreadable, mut empty) = (Vec::new(), Vec::new());
    let parents: std::collections::HashSet<String> = files
        .iter()
        .flat_map(|file| file.path.match_indices('/').map(|(at, _)| file.path[..at].to_owned()).collect::<Vec<_>>())
        .collect();
    for file in files {
        let Some(folder) = folder else {
            plan.read.push(file);
            continue;
        };
        let below = file.path.strip_prefix(folder).unwrap_or(&file.path);
        let wanted = if selection.pattern.trim().is_empty() {
            // Programs keep their own notes beside the data in names that begin so.
            let hidden = below.split('/').any(|part| part.starts_with(['.', '_']));
            let readable = is_readable_name(below) || below.to_ascii_lowercase().ends_with(".zip");
            if (hidden || !readable) && !parents.contains(&file.path) {
                unreadable.push(below.to_owned());
            }
            readable && !hidden
        } else {
            matches(selection.pattern.trim(), below)
        };
        match (wanted, file.bytes) {
            // An empty object in the place of a folder is that folder's mark.
            (_, 0) if parents.contains(&file.path) => {}
            (true, 0) => empty.push(below.to_owned()),
            (true, _) => plan.read.push(file),
            (false, _) => {}
        }
    }
    if plan.read.is_empty() && state.is_none() {
        return Err(nothing(folder, selection, &unreadable, &empty));
    }
    say(&mut plan.warnings, &unreadable, "not read, because its name is not that of a data file");
    say(&mut plan.warnings, &empty, "empty and holds no record");
    partitions(&mut plan, folder);
    compare(&mut plan, known, merges);
    Ok(plan)
}

/// Leaves out what the last read had, and notes what changed since; where rows are merged, it is read again.
fn compare(plan: &mut Plan, known: State, merges: bool) {
    let mut gone: BTreeMap<String, String> = known.files.clone();
    let mut new = Vec::new();
    for file in std::mem::take(&mut plan.read) {
        gone.remove(&file.path);
        match known.files.get(&file.path) {
            None => {
                plan.state.files.insert(file.path.clone(), file.stamp());
                new.push(file);
            }
            Some(stamp) if merges && *stamp != file.stamp() => {
                plan.state.files.insert(file.path.clone(), file.stamp());
                new.push(file);
            }
            Some(stamp) => {
                if *stamp != file.stamp() {
                    plan.changed.push(file.path.clone());
                }
                plan.state.files.insert(file.path, stamp.clone());
            }
        }
    }
    plan.whole = new.len() == plan.state.files.len() && gone.is_empty();
    plan.gone = gone.keys().cloned().collect();
    plan.state.files.extend(gone);
    plan.read = new;
}

/// Sentences about files that are no longer what the table holds.
fn changes(plan: &Plan) -> Vec<String> {
    let mut said = Vec::new();
    say(
        &mut said,
        &plan.changed,
        "changed since it was read; its old rows stay until everything is read again with replace",
    );
    say(&mut said, &plan.gone, "no longer there; its rows stay until everything is read again with replace");
    said
}

/// Adds one sentence about several files.
fn say(to: &mut Vec<String>, files: &[String], what: &str) {
    match files {
        [] => {}
        [one] => to.push(format!("`{one}` is {what}.")),
        [first, ..] => to.push(format!("{} files, `{first}` among them: each is {what}.", files.len())),
    }
}

/// Folder names such as `year=2024` hold values that are in no file.
fn partitions(plan: &mut Plan, folder: Option<&str>) {
    let Some(folder) = folder else { return };
    let part = plan.read.iter().find_map(|file| {
        let below = file.path.strip_prefix(folder)?;
        let (folders, _) = below.rsplit_once('/')?;
        folders
            .split('/')
            .find(|part| part.split_once('=').is_some_and(|(name, _)| !name.is_empty()))
            .map(str::to_owned)
    });
    if let Some(part) = part {
        plan.warnings.push(format!("The folders' names hold values, such as `{part}`, that do not become columns."));
    }
}

/// A folder that holds a table of its own must not be read as loose files: that would bring back deleted rows.
fn refuse_tables(place: &dyn Place, files: &[Object]) -> Result<()> {
    for file in files {
        if let Some((table, _)) = file.path.split_once("/_delta_log/") {
            let message = format!("{} is a Delta table among the chosen files.", place.address(table));
            return Err(Error::invalid(message)
                .hint("Import that table on its own, or choose a pattern or a folder without it.")
                .field("paths"));
        }
        if let Some((table, name)) = file.path.split_once("/metadata/")
            && name.ends_with(".metadata.json")
            && !name.contains('/')
        {
            return Err(iceberg(&place.address(table)));
        }
    }
    Ok(())
}

fn nothing(folder: Option<&str>, selection: &Selection, unreadable: &[String], empty: &[String]) -> Error {
    let folder = folder.filter(|folder| !folder.is_empty()).unwrap_or("the top folder");
    let pattern = selection.pattern.trim();
    if !empty.is_empty() {
        let message = format!("All {} matching files in {folder} are empty, such as `{}`.", empty.len(), empty[0]);
        return Error::invalid(message).hint("Check what writes them.").field("paths");
    }
    if !pattern.is_empty() {
        return Error::not_found(format!("No file in {folder} matches `{pattern}`."))
            .hint("`*.csv` matches in any folder below; with a `/` the pattern is for the whole path.")
            .field("pattern");
    }
    let example = unreadable.first().map_or_else(String::new, |name| format!(" `{name}` is none, for example."));
    Error::invalid(format!("No file in {folder} is one that can be read.{example}"))
        .hint("CSV, TSV, JSON, NDJSON and Parquet files can be read, also inside gzip and zip.")
        .field("paths")
}

fn facts(file: &Object, proved: bool) -> Vec<(String, String)> {
    let mut facts = vec![
        ("ETag".to_owned(), file.etag.clone()),
        ("Version".to_owned(), file.version.clone().unwrap_or_default()),
        ("Changed".to_owned(), file.modified.clone()),
    ];
    if proved {
        facts.push(("MD5".to_owned(), format!("{}, checked", file.etag.trim_matches('"'))));
    }
    facts.retain(|(_, value)| !value.is_empty());
    facts
}
