//! Reading: which files, fetched how, and what becomes of them.

use pulse_core::{Error, Progress, Result};
use serde_json::{Value, json};

use super::answers::File;
use super::api::Api;
use super::beginning::{self, Sample};
use super::browse::{self, About};
use super::fetch::{self, Wanted, base};
use super::reference::Reference;
use super::{Selection, named};
use crate::connector::{Content, Fetched, Landed, News, Task};
use crate::formats::is_readable_name;
use crate::model::{Input, ReadOptions};
use crate::{inspect, preview};

/// Above so many chosen files, which make up at least half of the bytes, the archive of all is fetched instead: Kaggle
/// soon refuses whoever fetches file by file.
const MANY: usize = 10;

/// Reads what is selected.
pub(super) fn read(api: &Api, selection: &Selection, task: &Task<'_>) -> Result<Fetched> {
    let (reference, version, chosen) = named(selection)?;
    let progress = task.progress;
    progress.stage("Asking Kaggle", 0, 0);
    let about = browse::about(api, &reference, progress)?;
    let version = version.or(about.version());
    let files = browse::files(api, &reference, version, progress)?;
    let stamp = stamp(&files);
    let state = state(&reference, version, &stamp);
    let mut warnings = api.warnings.clone();
    let plan = plan(&files, &chosen, &reference, &mut warnings)?;
    let mut inputs = Vec::new();
    let mut landed = Vec::new();
    let mut take = |wanted: &Wanted<'_>, stage: &str| -> Result<fetch::Fetched> {
        let got = fetch::fetch(api, wanted, stage, task.downloads, progress)?;
        landed.push(keep(&got, wanted, &about));
        Ok(got)
    };
    match &plan {
        Plan::Single(names) => {
            for name in names {
                let file = files.iter().find(|file| file.name() == name);
                let bytes = file.and_then(|file| file.total_bytes);
                let stamp = if version.is_some() { "" } else { stamp.as_str() };
                let wanted = Wanted { of: &reference, version, file: Some(name), stamp, bytes };
                let mut stage = format!("Downloading {name}");
                if task.limit.is_some() {
                    match beginning::sample(api, &wanted, task)? {
                        Sample::Part(input, said) => {
                            inputs.push(input);
                            warnings.push(said);
                            continue;
                        }
                        Sample::Whole(what, why) => {
                            stage = what;
                            warnings.extend(why);
                        }
                    }
                }
                let got = take(&wanted, &stage)?;
                let member = if got.packed { Some(packed_member(&got.path, name)?) } else { None };
                inputs.push(Input { path: got.path, member, name: Some(got.name) });
            }
        }
        Plan::Archive(names) => {
            let wanted = Wanted { of: &reference, version, file: None, stamp: &stamp, bytes: None };
            let bytes = browse::size(files.iter().filter_map(|file| file.total_bytes).sum());
            let got = take(&wanted, &format!("Downloading {} as one archive, {bytes} unpacked", reference.text()))?;
            for member in members(&got.path, names.as_deref(), &mut warnings)? {
                inputs.push(Input { path: got.path.clone(), member: Some(member), name: Some(got.name.clone()) });
            }
        }
    }
    must_be_one_table(&inputs, task, &mut warnings)?;
    if landed.iter().any(|kept| kept.facts.iter().any(|(label, _)| label == UNCHECKED)) {
        warnings.push("The storage named no checksum for a file, so only its size was checked.".into());
    }
    Ok(Fetched {
        content: Content::Files { inputs, options: ReadOptions::default() },
        landed,
        state: Some(state),
        snapshot: true,
        warnings,
        origin: address(&reference, version),
        ..Fetched::default()
    })
}

/// Whether there is a newer version than the one that `state` names.
pub(super) fn news(
    api: &Api,
    selection: &Selection,
    state: Option<&Value>,
    progress: &Progress,
) -> Result<Option<News>> {
    let (reference, version, _) = named(selection)?;
    if let Some(version) = version {
        let text = format!("The source stays with version {version}, as you chose.");
        return Ok(Some(News { available: state.is_none(), text }));
    }
    if let Reference::Competition(_) = reference {
        let newest = stamp(&browse::files(api, &reference, None, progress)?);
        let known = state.and_then(|state| state["stamp"].as_str());
        let available = known != Some(newest.as_str());
        let text = if available { "The files of the competition have changed." } else { "The files are the same." };
        return Ok(Some(News { available, text: text.into() }));
    }
    let about = browse::about(api, &reference, progress)?;
    let Some(newest) = about.version() else { return Ok(None) };
    Ok(Some(match state.and_then(|state| state["version"].as_u64()) {
        Some(known) if newest > known => {
            News { available: true, text: format!("Version {newest} is there; the table holds version {known}.") }
        }
        Some(known) => News { available: false, text: format!("Version {known} is the newest.") },
        None => News { available: true, text: format!("Version {newest} is there.") },
    }))
}

/// The label of the fact that a file could not be checked.
const UNCHECKED: &str = "Unchecked";

/// What is fetched.
enum Plan {
    /// Files one by one.
    Single(Vec<String>),
    /// The archive of all, and the members to read; all that can be read without.
    Archive(Option<Vec<String>>),
}

fn plan(files: &[File], chosen: &[String], reference: &Reference, warnings: &mut Vec<String>) -> Result<Plan> {
    let names = || files.iter().take(20).map(|file| format!("`{}`", file.name())).collect::<Vec<_>>().join(", ");
    if let Some(missing) = chosen.iter().find(|name| !files.iter().any(|file| file.name() == **name)) {
        return Err(Error::not_found(format!("`{}` has no file `{missing}`.", reference.text()))
            .hint(format!("It holds {}.", names()))
            .field("files"));
    }
    if chosen.is_empty() {
        let readable: Vec<&File> = files.iter().filter(|file| is_readable_name(file.name())).collect();
        return Ok(match readable.as_slice() {
            [only] => {
                if files.len() > 1 {
                    warnings.push(format!("Only `{}` is read; the other files are of other kinds.", only.name()));
                }
                Plan::Single(vec![only.name().to_owned()])
            }
            _ => Plan::Archive(None),
        });
    }
    let size = |file: &File| file.total_bytes.unwrap_or(0);
    let whole: u64 = files.iter().map(size).sum();
    let part: u64 = files.iter().filter(|file| chosen.iter().any(|name| name == file.name())).map(size).sum();
    let all = chosen.len() > MANY && part * 2 >= whole;
    Ok(if all { Plan::Archive(Some(chosen.to_vec())) } else { Plan::Single(chosen.to_vec()) })
}

/// The members of an archive to read: the chosen ones, or all that can be read. What is left out is said.
fn members(path: &std::path::Path, names: Option<&[String]>, warnings: &mut Vec<String>) -> Result<Vec<String>> {
    let members = inspect(path)?.members;
    if let Some(names) = names {
        return Ok(names.to_vec());
    }
    let left: Vec<String> = members
        .iter()
        .filter_map(|member| Some(format!("`{}` ({})", member.name, member.why_not.as_deref()?)))
        .collect();
    if !left.is_empty() {
        let more = if left.len() > 10 { format!(" and {} more", left.len() - 10) } else { String::new() };
        warnings.push(format!("Not read: {}{more}.", left.iter().take(10).cloned().collect::<Vec<_>>().join(", ")));
    }
    let readable: Vec<String> = members.into_iter().filter(|member| member.supported).map(|m| m.name).collect();
    if readable.is_empty() {
        return Err(Error::new(pulse_core::Code::Unsupported, "None of its files can be read.")
            .hint("CSV, TSV, JSON, NDJSON and Parquet files can be read; choose a dataset that has some.")
            .field("files"));
    }
    Ok(readable)
}

/// The member of a file that Kaggle packed for the way.
fn packed_member(path: &std::path::Path, name: &str) -> Result<String> {
    let members = inspect(path)?.members;
    let found = members.iter().find(|member| base(&member.name) == base(name)).or(members.first());
    found.map(|member| member.name.clone()).ok_or_else(|| {
        Error::damaged(format!("The archive in which Kaggle packed `{name}` is empty."))
            .hint("Try again; if it happens again, ask the owner of the dataset.")
    })
}

/// Fails if the inputs' columns have too little in common to be one table; says where they differ a little.
fn must_be_one_table(inputs: &[Input], task: &Task<'_>, warnings: &mut Vec<String>) -> Result<()> {
    if inputs.len() < 2 {
        return Ok(());
    }
    task.progress.stage("Comparing the files", 0, 0);
    let shown = |input: &Input| input.member.clone().or(input.name.clone()).unwrap_or_default();
    let mut first: Option<(String, Vec<String>)> = None;
    for input in inputs {
        let seen = preview(std::slice::from_ref(input), &ReadOptions::default(), task.scratch, 1, task.progress)?;
        let columns: Vec<String> = seen.columns.into_iter().map(|column| column.name).collect();
        let Some((name, known)) = &first else {
            first = Some((shown(input), columns));
            continue;
        };
        let common = columns.iter().filter(|column| known.contains(column)).count();
        if common * 2 < columns.len().max(known.len()) {
            let text = format!(
                "`{name}` and `{}` cannot be one table: the first has the columns {}, the other {}.",
                shown(input),
                listed(known),
                listed(&columns)
            );
            return Err(Error::invalid(text)
                .hint("Choose files with the same columns, and import the others separately, each as its own source.")
                .field("files"));
        }
        if common < columns.len().max(known.len()) {
            warnings.push(format!(
                "The columns of `{}` differ from those of `{name}`; what a file does not have is empty in its rows.",
                shown(input)
            ));
        }
    }
    Ok(())
}

fn listed(columns: &[String]) -> String {
    let mut text = columns.iter().take(6).map(|column| format!("`{column}`")).collect::<Vec<_>>().join(", ");
    if columns.len() > 6 {
        text.push_str(&format!(" and {} more", columns.len() - 6));
    }
    text
}

/// What is kept with the bytes in landing.
fn keep(got: &fetch::Fetched, wanted: &Wanted<'_>, about: &About) -> Landed {
    let version = wanted.version.map(|version| version.to_string()).unwrap_or_default();
    let licence = match wanted.of {
        Reference::Competition(_) => format!("see the rules: {}", wanted.of.terms()),
        Reference::Dataset { .. } => about.licence().to_owned(),
    };
    let mut facts = vec![
        ("Licence", licence),
        ("Version", version),
        ("MD5", got.md5.clone()),
        ("Owner", about.owner().to_owned()),
        ("Title", about.title().to_owned()),
        ("Address", address(wanted.of, wanted.version)),
    ];
    if !got.checked {
        facts.push((UNCHECKED, "the storage named no checksum".into()));
    }
    Landed {
        path: got.path.clone(),
        name: got.name.clone(),
        origin: match wanted.file {
            Some(file) => format!("{} ({file})", address(wanted.of, wanted.version)),
            None => address(wanted.of, wanted.version),
        },
        facts: facts.into_iter().filter(|(_, v)| !v.is_empty()).map(|(l, v)| (l.to_owned(), v)).collect(),
        owned: true,
        recording: false,
    }
}

/// The address of the page of a version.
fn address(reference: &Reference, version: Option<u64>) -> String {
    match version {
        Some(version) => format!("{}/versions/{version}", reference.page()),
        None => reference.page(),
    }
}

/// What tells states of a competition's files apart: the time of the newest, and how many bytes all have.
fn stamp(files: &[File]) -> String {
    let newest = files.iter().filter_map(|file| file.creation_date.as_deref()).max().unwrap_or_default();
    let bytes: u64 = files.iter().filter_map(|file| file.total_bytes).sum();
    format!("{newest} {} {bytes}", files.len())
}

fn state(reference: &Reference, version: Option<u64>, stamp: &str) -> Value {
    match (reference, version) {
        (Reference::Dataset { .. }, Some(version)) => json!({"version": version}),
        _ => json!({"stamp": stamp}),
    }
}
