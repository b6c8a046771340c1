//! Looking around: searches, and what a dataset or competition is and holds.

use pulse_core::{Progress, Result};
use serde_json::json;

use super::answers::{Column, Competition, Competitions, Dataset, Datasets, File, Files};
use super::api::Api;
use super::reference::{Named, Reference};
use super::wire::{Call, PAGE, Page};
use super::{Filters, Kind};
use crate::connector::{Browse, Description, Entry, EntryColumn, Listing};

/// Pages of a list of files that are read at most; each holds some hundred.
const MOST_PAGES: usize = 100;

/// A page of a search, or what an entry of it is and holds.
pub(super) fn browse(api: &Api, request: &Browse<Filters>, progress: &Progress) -> Result<Listing> {
    match request.path.first() {
        None => search(api, request, progress),
        Some(id) => {
            let named = Named::parse(id)?;
            open(api, &named.reference, named.version, request.page.as_deref(), progress)
        }
    }
}

fn search(api: &Api, request: &Browse<Filters>, progress: &Progress) -> Result<Listing> {
    let page = match request.page.as_deref() {
        None => Page::Number(1),
        Some(text) => match text.strip_prefix("page:").and_then(|number| number.parse().ok()) {
            Some(number) => Page::Number(number),
            None => Page::Token(text),
        },
    };
    let search = request.search.trim();
    let (entries, token) = if request.filters.kind == Kind::Datasets {
        let call = Call::Datasets { search, filters: &request.filters, page };
        let (all, token) = match api.answer(&call, progress)? {
            Datasets::Bare(all) => (all, None),
            Datasets::Paged { datasets, next_page_token } => (datasets, Some(next_page_token)),
        };
        (all.iter().filter_map(dataset_entry).collect::<Vec<_>>(), token)
    } else {
        let (all, token) = match api.answer(&Call::Competitions { search, page }, progress)? {
            Competitions::Bare(all) => (all, None),
            Competitions::Paged { competitions, next_page_token } => (competitions, Some(next_page_token)),
        };
        (all.iter().filter_map(competition_entry).collect(), token)
    };
    // The older shape numbers its pages and does not say which is the last: one that is not full.
    let next = match (token, page) {
        (Some(token), _) => token.filter(|token| !token.is_empty()),
        (None, Page::Number(number)) if entries.len() >= PAGE => Some(format!("page:{}", number + 1)),
        (None, _) => None,
    };
    Ok(Listing { entries, next, about: None })
}

/// What a dataset or competition is, and a page of its files.
fn open(
    api: &Api,
    reference: &Reference,
    version: Option<u64>,
    page: Option<&str>,
    progress: &Progress,
) -> Result<Listing> {
    let about = match page {
        None => Some(describe(&about(api, reference, progress)?, reference, version)),
        Some(_) => None,
    };
    let call = Call::Files { of: reference, version, token: page.unwrap_or_default() };
    let files: Files = api.answer(&call, progress)?;
    let entries = files.files.iter().map(|file| file_entry(file, reference, version)).collect();
    Ok(Listing { entries, next: files.next_page_token.filter(|token| !token.is_empty()), about })
}

/// What Kaggle says about a dataset or competition.
pub(super) enum About {
    Dataset(Box<Dataset>),
    Competition(Box<Competition>),
}

/// Asks for it.
pub(super) fn about(api: &Api, reference: &Reference, progress: &Progress) -> Result<About> {
    Ok(match reference {
        Reference::Dataset { owner, name } => About::Dataset(api.answer(&Call::Dataset { owner, name }, progress)?),
        Reference::Competition(name) => About::Competition(api.answer(&Call::Competition(name), progress)?),
    })
}

/// All files of a dataset or competition.
pub(super) fn files(api: &Api, reference: &Reference, version: Option<u64>, progress: &Progress) -> Result<Vec<File>> {
    let (mut all, mut token) = (Vec::new(), String::new());
    for _ in 0..MOST_PAGES {
        let call = Call::Files { of: reference, version, token: &token };
        let page: Files = api.answer(&call, progress)?;
        all.extend(page.files);
        match page.next_page_token.filter(|next| !next.is_empty() && *next != token) {
            Some(next) => token = next,
            None => return Ok(all),
        }
    }
    progress.log(format!("The list of files goes on after {} of them.", all.len()));
    Ok(all)
}

impl About {
    /// Its title.
    pub(super) fn title(&self) -> &str {
        match self {
            Self::Dataset(dataset) => dataset.title.as_deref().unwrap_or_default(),
            Self::Competition(competition) => competition.title.as_deref().unwrap_or_default(),
        }
    }

    /// The newest version, of a dataset.
    pub(super) fn version(&self) -> Option<u64> {
        match self {
            Self::Dataset(dataset) => dataset.current_version_number,
            Self::Competition(_) => None,
        }
    }

    /// The licence; a competition has rules instead.
    pub(super) fn licence(&self) -> &str {
        match self {
            Self::Dataset(dataset) => dataset.license_name.as_deref().unwrap_or_default(),
            Self::Competition(_) => "",
        }
    }

    /// Who made it.
    pub(super) fn owner(&self) -> &str {
        match self {
            Self::Dataset(d) => d.owner_name.as_deref().or(d.creator_name.as_deref()).unwrap_or_default(),
            Self::Competition(competition) => competition.organization_name.as_deref().unwrap_or_default(),
        }
    }
}

fn describe(about: &About, reference: &Reference, version: Option<u64>) -> Description {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let mut facts: Vec<(&str, String)> = vec![("Owner", about.owner().to_owned())];
    let description = match about {
        About::Dataset(dataset) => {
            let newest = dataset.current_version_number.map(|v| v.to_string()).unwrap_or_default();
            facts.push(("Licence", about.licence().to_owned()));
            facts.push(match version {
                Some(version) if newest != version.to_string() => {
                    ("Version", format!("{version} (the newest is {newest})"))
                }
                _ => ("Version", newest),
            });
            facts.push(("Size", dataset.total_bytes.map(size).unwrap_or_default()));
            facts.push(("Last update", day(dataset.last_updated.as_deref())));
            facts.push(("Usability", dataset.usability_rating.map(usability).unwrap_or_default()));
            facts.push(("Downloads", count(dataset.download_count)));
            facts.push(("Votes", count(dataset.vote_count)));
            [text(&dataset.subtitle), text(&dataset.description)].join("\n\n").trim().to_owned()
        }
        About::Competition(competition) => {
            facts.push(("Licence", format!("see its rules: {}", reference.terms())));
            facts.push(("Category", text(&competition.category)));
            facts.push(("Reward", text(&competition.reward)));
            facts.push(("Deadline", day(competition.deadline.as_deref())));
            facts.push(("Metric", text(&competition.evaluation_metric)));
            let entered = if competition.user_has_entered { "yes" } else { "no: its rules may not be accepted yet" };
            facts.push(("Entered", entered.to_owned()));
            text(&competition.description)
        }
    };
    let title = if about.title().is_empty() { reference.text() } else { about.title().to_owned() };
    Description {
        title,
        text: description,
        facts: shown(facts),
        link: Some(reference.page()),
        selection: Some(json!({"dataset": reference.text(), "version": version, "files": []})),
    }
}

fn dataset_entry(dataset: &Dataset) -> Option<Entry> {
    let id = dataset.reference.as_deref().filter(|reference| !reference.is_empty())?.to_owned();
    let facts = vec![
        ("Licence", dataset.license_name.clone().unwrap_or_default()),
        ("Last update", day(dataset.last_updated.as_deref())),
        ("Usability", dataset.usability_rating.map(usability).unwrap_or_default()),
        ("Downloads", count(dataset.download_count)),
        ("Votes", count(dataset.vote_count)),
    ];
    Some(Entry {
        name: dataset.title.clone().filter(|title| !title.is_empty()).unwrap_or_else(|| id.clone()),
        kind: "dataset".into(),
        summary: dataset.subtitle.clone().unwrap_or_default(),
        bytes: dataset.total_bytes,
        facts: shown(facts),
        opens: true,
        id,
        ..Entry::default()
    })
}

fn competition_entry(competition: &Competition) -> Option<Entry> {
    // The newer shape gives the address of the page as its reference.
    let reference = competition.reference.as_deref().filter(|reference| !reference.is_empty())?;
    let name = reference.trim_end_matches('/').rsplit('/').next()?;
    let facts = vec![
        ("Deadline", day(competition.deadline.as_deref())),
        ("Category", competition.category.clone().unwrap_or_default()),
        ("Reward", competition.reward.clone().unwrap_or_default()),
        ("Teams", count(competition.team_count)),
    ];
    Some(Entry {
        id: Reference::Competition(name.to_owned()).text(),
        name: competition.title.clone().filter(|title| !title.is_empty()).unwrap_or_else(|| name.to_owned()),
        kind: "competition".into(),
        summary: competition.description.clone().unwrap_or_default(),
        facts: shown(facts),
        opens: true,
        ..Entry::default()
    })
}

fn file_entry(file: &File, reference: &Reference, version: Option<u64>) -> Entry {
    let mut columns: Vec<&Column> = file.columns.iter().flatten().collect();
    columns.sort_by_key(|column| column.order);
    let column = |column: &Column| EntryColumn {
        name: column.name.clone().unwrap_or_default(),
        type_word: column.kind.clone().or(column.original_type.clone()).unwrap_or_default(),
        description: column.description.clone().unwrap_or_default(),
        key: false,
    };
    Entry {
        id: file.name().to_owned(),
        name: file.name().to_owned(),
        kind: "file".into(),
        summary: file.description.clone().unwrap_or_default(),
        bytes: file.total_bytes,
        facts: shown(vec![("Created", day(file.creation_date.as_deref()))]),
        columns: columns.into_iter().map(column).collect(),
        selection: Some(json!({"dataset": reference.text(), "version": version, "files": [file.name()]})),
        several: true,
        ..Entry::default()
    }
}

/// The facts that are known.
fn shown(facts: Vec<(&str, String)>) -> Vec<(String, String)> {
    let known = facts.into_iter().filter(|(_, value)| !value.is_empty());
    known.map(|(label, value)| (label.to_owned(), value)).collect()
}

/// The day of a time in ISO form.
fn day(time: Option<&str>) -> String {
    time.and_then(|time| time.split('T').next()).unwrap_or_default().to_owned()
}

fn count(count: Option<u64>) -> String {
    count.map(|count| count.to_string()).unwrap_or_default()
}

/// Kaggle's rating from 0 to 1, as its site shows it.
fn usability(rating: f64) -> String {
    format!("{:.1} of 10", rating * 10.0)
}

/// Bytes in words, such as `1.5 MB`.
pub(super) fn size(bytes: u64) -> String {
    match bytes as f64 {
        bytes if bytes < 1e3 => format!("{bytes} bytes"),
        bytes if bytes < 1e6 => format!("{:.1} kB", bytes / 1e3),
        bytes if bytes < 1e9 => format!("{:.1} MB", bytes / 1e6),
        bytes => format!("{:.1} GB", bytes / 1e9),
    }
}
