//! Looking around: databases, then their collections with counts and the fields of their first documents.

use ::mongodb::Client;
use ::mongodb::bson::{Document, RawDocumentBuf, doc};
use futures::TryStreamExt as _;
use pulse_core::{Code, Progress, Result};
use serde_json::json;

use super::check::command;
use super::link::Link;
use super::value::{self, Fields};
use crate::connector::{Browse, Entry, EntryColumn, Listing, NoFilters};
use crate::net;

/// Collections in one page of a listing; each takes a few requests.
const PAGE: usize = 40;
/// Documents that are looked at for the fields of a collection.
const SAMPLE: i64 = 50;
/// The databases that MongoDB keeps for itself; they stand last.
const OWN: [&str; 3] = ["admin", "config", "local"];

/// One level: the databases, or the collections of one.
pub(super) fn list(link: &Link, request: &Browse<NoFilters>, progress: &Progress) -> Result<Listing> {
    let matches = |name: &str| name.to_lowercase().contains(&request.search.trim().to_lowercase());
    net::run(progress, async {
        let client = link.client().await?;
        let Some(database) = request.path.first() else {
            let names = databases(link, &client).await?;
            let entries = names.into_iter().filter(|(name, _)| matches(name)).map(|(name, bytes)| entry(name, bytes));
            return Ok(Listing { entries: entries.collect(), ..Listing::default() });
        };
        let mut names = collections(link, &client, database).await?;
        names.retain(|(name, _)| matches(name));
        let start = request.page.as_deref().and_then(|page| page.parse().ok()).unwrap_or(0usize);
        let mut entries = Vec::new();
        for (name, kind) in names.iter().skip(start).take(PAGE) {
            entries.push(describe(link, &client, database, name, kind).await?);
        }
        let next = (start + PAGE < names.len()).then(|| (start + PAGE).to_string());
        Ok(Listing { entries, next, about: None })
    })
}

/// The databases that may be read with their bytes, MongoDB's own last.
pub(super) async fn databases(link: &Link, client: &Client) -> Result<Vec<(String, Option<u64>)>> {
    let asked = doc! {"listDatabases": 1, "authorizedDatabases": true};
    let answer = match command(link, client, "list the databases", asked).await {
        Ok(answer) => answer,
        // Whoever may not list databases may still read the one that the connection names.
        // Whose sign-in is refused may read nothing.
        Err(error) if matches!(error.code, Code::PermissionDenied | Code::Unsupported) && error.field.is_none() => {
            return Ok(vec![(link.default_database(client).ok_or(error)?, None)]);
        }
        Err(error) => return Err(error),
    };
    let mut names: Vec<(String, Option<u64>)> = Vec::new();
    for database in answer.get_array("databases").into_iter().flatten().filter_map(|entry| entry.as_document()) {
        if let Ok(name) = database.get_str("name") {
            names.push((name.to_owned(), number(database, "sizeOnDisk")));
        }
    }
    names.sort_by_key(|(name, _)| (OWN.contains(&name.as_str()), name.clone()));
    Ok(names)
}

/// The collections and views of a database with what they are, without MongoDB's own.
pub(super) async fn collections(link: &Link, client: &Client, database: &str) -> Result<Vec<(String, String)>> {
    let attempt = format!("list the collections of `{database}`");
    let database = client.database(database);
    let asked = doc! {"listCollections": 1, "nameOnly": true, "authorizedCollections": true};
    let cursor = link.wait(&attempt, database.run_cursor_command(asked)).await?;
    let found: Vec<Document> = link.wait(&attempt, cursor.try_collect()).await?;
    let mut names: Vec<(String, String)> = found
        .iter()
        .filter_map(|entry| {
            let name = entry.get_str("name").ok().filter(|name| !name.starts_with("system."))?;
            Some((name.to_owned(), entry.get_str("type").unwrap_or("collection").to_owned()))
        })
        .collect();
    names.sort();
    Ok(names)
}

fn entry(name: String, bytes: Option<u64>) -> Entry {
    let own = OWN.contains(&name.as_str());
    let summary = if own { "MongoDB keeps this database for itself." } else { "" };
    Entry {
        id: name.clone(),
        name,
        kind: "database".into(),
        summary: summary.into(),
        bytes,
        opens: true,
        ..Entry::default()
    }
}

/// A collection with its count and the fields of its first documents.
async fn describe(link: &Link, client: &Client, database: &str, name: &str, kind: &str) -> Result<Entry> {
    let attempt = format!("look into `{database}.{name}`");
    let collection = client.database(database).collection::<RawDocumentBuf>(name);
    // Counting a view runs it.
    let rows =
        if kind == "view" { None } else { Some(link.wait(&attempt, collection.estimated_document_count()).await?) };
    let mut cursor = link.wait(&attempt, collection.find(doc! {}).limit(SAMPLE)).await?;
    let (mut fields, mut text) = (Fields::default(), Vec::new());
    while link.wait(&attempt, cursor.advance()).await? {
        text.clear();
        // A document that cannot be written is an error when it is read, not when one looks around.
        let _ = value::write(cursor.current(), &mut fields, &mut text);
    }
    let columns = fields.described().map(|(name, type_word)| EntryColumn {
        name: name.to_owned(),
        type_word,
        description: String::new(),
        key: name == "_id",
    });
    let sampled = fields.documents();
    let facts = match sampled {
        0 => Vec::new(),
        count => vec![("Columns".to_owned(), format!("as in the first {count} documents"))],
    };
    Ok(Entry {
        id: name.to_owned(),
        name: name.to_owned(),
        kind: kind.to_owned(),
        rows,
        facts,
        columns: columns.collect(),
        selection: Some(json!({"database": database, "collection": name})),
        ..Entry::default()
    })
}

/// A number that servers write as an int, a long or a double.
fn number(document: &Document, name: &str) -> Option<u64> {
    let value = document.get(name)?;
    let whole =
        value.as_i64().or_else(|| value.as_i32().map(i64::from)).or_else(|| value.as_f64().map(|n| n as i64))?;
    u64::try_from(whole).ok()
}
