//! Looking around: indices, aliases and data streams with what the cluster knows of them; hidden ones apart.

use std::collections::HashMap;

use pulse_core::{Code, Progress, Result};
use serde_json::{Value, json};

use super::mapping::Mappings;
use super::server::{Ask, Server};
use crate::connector::{Browse, Entry, Listing, NoFilters};

/// Entries in one page of a listing.
const PAGE: usize = 100;
/// Bytes of names in one request; clusters take lines of 4 KiB.
const NAMES: usize = 2500;
/// The id of the entry that holds the hidden indices; no index has such a name.
const HIDDEN: &str = ":hidden";
const ATTEMPT: &str = "list the indices";

/// Something that can be read.
#[derive(Clone, Debug)]
pub(super) struct Name {
    pub name: String,
    /// `index`, `alias` or `data stream`.
    pub kind: &'static str,
    /// The indices behind an alias or a data stream, oldest first.
    pub indices: Vec<String>,
    pub hidden: bool,
}

/// What the cluster counts of an index.
#[derive(Default)]
struct Counts {
    health: String,
    closed: bool,
    documents: Option<u64>,
    bytes: Option<u64>,
}

/// One page of what can be read.
pub(super) fn list(server: &Server, request: &Browse<NoFilters>, progress: &Progress) -> Result<Listing> {
    let all = names(server, progress)?;
    let hidden = request.path.first().is_some_and(|id| id == HIDDEN);
    let search = request.search.trim().to_lowercase();
    let fits = |name: &&Name| name.hidden == hidden && name.name.to_lowercase().contains(&search);
    let fitting: Vec<&Name> = all.iter().filter(fits).collect();
    let start = request.page.as_deref().and_then(|page| page.parse().ok()).unwrap_or(0usize);
    let shown: Vec<&Name> = fitting.iter().skip(start).take(PAGE).copied().collect();
    let counts = counts(server, progress)?;
    let mappings = newest_mappings(server, &shown, progress)?;
    let mut entries: Vec<Entry> = shown.iter().map(|name| entry(name, &counts, &mappings)).collect();
    let next = (start + PAGE < fitting.len()).then(|| (start + PAGE).to_string());
    let hidden_ones = all.iter().filter(|name| name.hidden).count();
    if !hidden && next.is_none() && search.is_empty() && hidden_ones > 0 {
        entries.push(Entry {
            id: HIDDEN.into(),
            name: "Hidden indices".into(),
            kind: "folder".into(),
            summary: format!("{hidden_ones} that the cluster keeps out of sight, most of them its own"),
            opens: true,
            ..Entry::default()
        });
    }
    Ok(Listing { entries, next, about: None })
}

/// Everything that has a name: data streams, aliases and indices, in this order and by name.
pub(super) fn names(server: &Server, progress: &Progress) -> Result<Vec<Name>> {
    let ask = Ask::get("_resolve/index/*", &[("expand_wildcards", "all")]);
    let told = match server.value(&ask, ATTEMPT, progress) {
        // Before Elasticsearch 7.9 and OpenSearch 2 nothing resolves names; indices and aliases have lists of their own.
        Err(error) if matches!(error.code, Code::InvalidInput | Code::NotFound) => old_names(server, progress)?,
        other => other?,
    };
    let mut found = Vec::new();
    for (member, kind, inside) in
        [("data_streams", "data stream", "backing_indices"), ("aliases", "alias", "indices"), ("indices", "index", "")]
    {
        for thing in told[member].as_array().into_iter().flatten() {
            let Some(name) = thing["name"].as_str() else { continue };
            let marked = thing["attributes"].as_array().into_iter().flatten().any(|mark| mark == "hidden");
            found.push(Name {
                name: name.to_owned(),
                kind,
                indices: list_of(&thing[inside]),
                hidden: marked || name.starts_with('.') || !thing["data_stream"].is_null(),
            });
        }
    }
    Ok(found)
}

fn old_names(server: &Server, progress: &Progress) -> Result<Value> {
    let query = [("format", "json"), ("expand_wildcards", "all")];
    let indices = server.value(&Ask::get("_cat/indices", &query), ATTEMPT, progress)?;
    let aliases = server.value(&Ask::get("_cat/aliases", &query[..1]), ATTEMPT, progress)?;
    let mut behind: Vec<(String, Vec<String>)> = Vec::new();
    for alias in aliases.as_array().into_iter().flatten() {
        let (Some(name), Some(index)) = (alias["alias"].as_str(), alias["index"].as_str()) else { continue };
        match behind.iter_mut().find(|(known, _)| known == name) {
            Some((_, indices)) => indices.push(index.to_owned()),
            None => behind.push((name.to_owned(), vec![index.to_owned()])),
        }
    }
    let indices: Vec<Value> = list(&indices).map(|index| json!({"name": index["index"]})).collect();
    let aliases: Vec<Value> =
        behind.into_iter().map(|(name, indices)| json!({"name": name, "indices": indices})).collect();
    return Ok(json!({"indices": indices, "aliases": aliases}));

    fn list(value: &Value) -> impl Iterator<Item = &Value> {
        value.as_array().into_iter().flatten()
    }
}

/// Documents, bytes and health of every index; nothing if the account may not see them.
fn counts(server: &Server, progress: &Progress) -> Result<HashMap<String, Counts>> {
    let query = [
        ("format", "json"),
        ("bytes", "b"),
        ("h", "index,health,status,docs.count,store.size"),
        ("expand_wildcards", "all"),
    ];
    let told = match server.value(&Ask::get("_cat/indices", &query), ATTEMPT, progress) {
        Err(error) if error.code == Code::PermissionDenied => return Ok(HashMap::new()),
        other => other?,
    };
    let number = |value: &Value| value.as_str().and_then(|text| text.parse().ok());
    let known = told.as_array().into_iter().flatten().filter_map(|about| {
        let counts = Counts {
            health: about["health"].as_str().unwrap_or_default().to_owned(),
            closed: about["status"] == "close",
            documents: number(&about["docs.count"]),
            bytes: number(&about["store.size"]),
        };
        Some((about["index"].as_str()?.to_owned(), counts))
    });
    Ok(known.collect())
}

/// The mappings of the newest index behind each name; none if the account may not see them.
fn newest_mappings(server: &Server, names: &[&Name], progress: &Progress) -> Result<Mappings> {
    let mut joined = Mappings::default();
    let mut indices: Vec<&str> = names.iter().map(|name| name.newest()).collect();
    indices.sort_unstable();
    indices.dedup();
    while !indices.is_empty() {
        let mut bytes = 0;
        let fitting = indices.iter().take_while(|name| {
            bytes += name.len() * 3 + 1;
            bytes <= NAMES
        });
        let rest = indices.split_off(fitting.count().max(1));
        match Mappings::of(server, &indices.join(","), ATTEMPT, progress) {
            Ok(mappings) => joined.join(mappings),
            // An index may have gone meanwhile, or may not be looked into; its name is shown all the same.
            Err(error) if matches!(error.code, Code::NotFound | Code::PermissionDenied) => {}
            Err(error) => return Err(error),
        }
        indices = rest;
    }
    Ok(joined)
}

impl Name {
    /// The newest index behind it.
    fn newest(&self) -> &str {
        self.indices.last().map_or(&self.name, String::as_str)
    }
}

fn entry(name: &Name, counts: &HashMap<String, Counts>, mappings: &Mappings) -> Entry {
    let mappings = mappings.some(&[name.newest().to_owned()]);
    let own = [name.name.clone()];
    let behind = if name.indices.is_empty() { &own[..] } else { &name.indices[..] };
    let known: Vec<&Counts> = behind.iter().filter_map(|index| counts.get(index)).collect();
    let complete = known.len() == behind.len();
    let sum = |of: fn(&Counts) -> Option<u64>| -> Option<u64> {
        if complete { known.iter().map(|counts| of(counts)).sum() } else { None }
    };
    // An alias may show a part of its indices only.
    let (documents, bytes) = if name.kind == "alias" { (None, None) } else { (sum(|c| c.documents), sum(|c| c.bytes)) };
    let mut facts = Vec::new();
    if let Some(worst) = ["red", "yellow", "green"].into_iter().find(|h| known.iter().any(|c| c.health == *h)) {
        facts.push(("Health".to_owned(), worst.to_owned()));
    }
    if !name.indices.is_empty() {
        facts.push(("Indices".to_owned(), name.indices.join(", ")));
    }
    // The count of such an index includes the documents inside its documents.
    let nests = mappings.nests();
    if let (true, Some(count)) = (nests, documents) {
        facts.push(("Documents".to_owned(), format!("{count} with those nested in others")));
    }
    let closed = known.iter().any(|counts| counts.closed);
    if closed {
        facts.push(("Status".to_owned(), "closed".to_owned()));
    }
    Entry {
        id: name.name.clone(),
        name: name.name.clone(),
        kind: name.kind.to_owned(),
        rows: if nests { None } else { documents },
        bytes,
        facts,
        columns: mappings.columns(),
        selection: (!closed).then(|| json!({"index": name.name})),
        ..Entry::default()
    }
}

/// Names from a list, or from a text with commas.
fn list_of(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => text.split(',').map(str::to_owned).collect(),
        _ => value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect(),
    }
}
