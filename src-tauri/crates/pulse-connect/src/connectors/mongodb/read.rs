//! Reading a collection into NDJSON, all of it or what is new.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use ::mongodb::bson::{Bson, Document, RawDocumentBuf, doc};
use ::mongodb::options::FindOptions;
use ::mongodb::{Client, Collection};
use pulse_core::{Code, Error, Progress, Result};
use serde_json::Value;

use super::Selection;
use super::browse;
use super::cursor::{self, Bounds};
use super::link::Link;
use super::value::{self, Fields};
use crate::connector::{Content, Fetched, News, Task};
use crate::model::{Input, ReadOptions};
use crate::net;

/// Documents between two looks whether the job was cancelled.
const LOOK: u64 = 1024;

/// Reads what is selected.
pub(super) fn read(link: &Link, selection: &Selection, task: &Task<'_>) -> Result<Fetched> {
    let wish = Wish::new(selection)?;
    net::run(task.progress, async {
        let client = link.client().await?;
        let source = Source::new(link, &client, selection)?;
        let preview = task.limit.is_some();
        let (mut warnings, mut state) = (Vec::new(), None);
        let mut filter = wish.filter.clone();
        if let (Some(field), false) = (wish.field, preview) {
            let known = task.state.map(|state| cursor::parse(state, field)).transpose()?.flatten();
            let Some(bounds) = source.bounds(&wish, field, known.clone()).await? else {
                if known.is_none() {
                    source.must_lack_nothing(&wish, field, &client).await?;
                }
                task.progress.log(format!("Nothing is new: no `{field}` is greater than before."));
                return Ok(Fetched {
                    state: task.state.cloned(),
                    key: wish.key(),
                    origin: source.name(),
                    ..Fetched::default()
                });
            };
            warnings.extend(source.left_out(&wish, field, &bounds.upper).await?);
            filter = both(&wish.filter, bounds.filter(field));
            state = Some(cursor::state(field, &bounds.upper));
        }
        let limit = task.limit.into_iter().chain(selection.limit).min();
        let path = task.scratch.join("documents.ndjson");
        let fields = source.write(&wish, filter, limit, &path, task.progress).await?;
        if fields.documents() == 0 {
            source.must_exist(&client).await?;
        }
        warnings.extend(fields.notes());
        Ok(Fetched {
            content: content(path, &fields),
            state,
            snapshot: wish.field.is_none() && limit.is_none(),
            key: wish.key(),
            warnings,
            origin: source.name(),
            ..Fetched::default()
        })
    })
}

/// Whether there is a document behind `state`.
pub(super) fn news(link: &Link, selection: &Selection, state: &Value, progress: &Progress) -> Result<Option<News>> {
    let wish = Wish::new(selection)?;
    let Some(field) = wish.field else { return Ok(None) };
    let Some(known) = cursor::parse(state, field)? else { return Ok(None) };
    net::run(progress, async {
        let client = link.client().await?;
        let source = Source::new(link, &client, selection)?;
        let available = source.greatest(&wish, field, cursor::behind(field, &known)).await?.is_some();
        let text = if available { format!("There are documents with a greater `{field}`.") } else { String::new() };
        Ok(Some(News { available, text }))
    })
}

/// No file at all where there is no document: an empty file is none that can be read.
fn content(path: PathBuf, fields: &Fields) -> Content {
    let inputs = if fields.documents() == 0 { Vec::new() } else { vec![Input { path, member: None, name: None }] };
    Content::Files {
        inputs,
        options: ReadOptions { format: Some("ndjson".into()), types: fields.types(), ..ReadOptions::default() },
    }
}

/// A selection in the driver's terms.
struct Wish<'a> {
    filter: Document,
    projection: Option<Document>,
    sort: Option<Document>,
    /// The field that a refresh goes on behind.
    field: Option<&'a str>,
    lag: u64,
}

impl<'a> Wish<'a> {
    fn new(selection: &'a Selection) -> Result<Self> {
        let projection = extended_json(&selection.projection, "projection")?;
        let fields: Vec<&str> = selection.fields.iter().map(|f| f.trim()).filter(|f| !f.is_empty()).collect();
        if projection.is_some() && !fields.is_empty() {
            return Err(Error::invalid("There are a list of fields and a projection.")
                .hint("Give one of them only.")
                .field("projection"));
        }
        let listed = || fields.iter().map(|field| ((*field).to_owned(), Bson::Int32(1))).collect::<Document>();
        Ok(Self {
            filter: extended_json(&selection.filter, "filter")?.unwrap_or_default(),
            projection: projection.or_else(|| (!fields.is_empty()).then(listed)),
            sort: extended_json(&selection.sort, "sort")?,
            field: Some(selection.incremental.trim()).filter(|field| !field.is_empty()),
            lag: selection.lag,
        })
    }

    /// `_id`, unless the projection leaves it out.
    fn key(&self) -> Vec<String> {
        let id = self.projection.as_ref().and_then(|projection| projection.get("_id"));
        let without = id.is_some_and(|id| matches!(id, Bson::Boolean(false) | Bson::Int32(0) | Bson::Int64(0)));
        if without { Vec::new() } else { vec!["_id".to_owned()] }
    }
}

/// An object of a form, nothing if the field is empty; `field` names it.
fn extended_json(text: &str, field: &str) -> Result<Option<Document>> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    serde_json::from_str(text).map(Some).map_err(|cause| {
        Error::invalid(format!("The {field} is no object in Extended JSON: {cause}."))
            .hint(
                "Names and texts stand in double quotes, dates as {\"$date\": \"2024-01-05T00:00:00Z\"}, ids as \
                 {\"$oid\": \"…\"}.",
            )
            .field(field)
    })
}

/// Both conditions.
fn both(one: &Document, other: Document) -> Document {
    if one.is_empty() {
        other
    } else {
        doc! {"$and": [one.clone(), other]}
    }
}

/// One collection.
struct Source<'a> {
    link: &'a Link,
    collection: Collection<RawDocumentBuf>,
}

impl<'a> Source<'a> {
    fn new(link: &'a Link, client: &Client, selection: &Selection) -> Result<Self> {
        let asked = Some(selection.database.trim().to_owned()).filter(|name| !name.is_empty());
        let database = asked.or_else(|| link.default_database(client)).ok_or_else(|| {
            Error::invalid("No database is named, neither for this import nor in the connection.")
                .hint("Name the database that holds the collection.")
                .field("database")
        })?;
        let collection = selection.collection.trim();
        if collection.is_empty() {
            return Err(Error::invalid("No collection is named.").hint("Choose a collection.").field("collection"));
        }
        Ok(Self { link, collection: client.database(&database).collection(collection) })
    }

    /// Where the rows come from, without secrets.
    fn name(&self) -> String {
        let space = self.collection.namespace();
        format!("{}/{}/{}", self.link.shown(), space.db, space.coll)
    }

    /// Fails if there is no such collection: MongoDB answers as if it were empty.
    async fn must_exist(&self, client: &Client) -> Result<()> {
        let space = self.collection.namespace();
        let listed = browse::collections(self.link, client, &space.db).await;
        // Whoever may read a collection need not have the right to list them.
        match listed {
            Ok(names) if names.iter().any(|(name, _)| *name == space.coll) => Ok(()),
            Ok(_) => Err(Error::not_found(format!("Could not {}: there is no such collection.", self.attempt()))
                .hint("Look for it in the connection; capital letters count.")
                .field("collection")),
            Err(error) if matches!(error.code, Code::PermissionDenied | Code::Unsupported) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Fails if there are documents to read, of which none has `field`, or no collection.
    async fn must_lack_nothing(&self, wish: &Wish<'_>, field: &str, client: &Client) -> Result<()> {
        let found = self.link.wait(&self.attempt(), self.collection.find_one(wish.filter.clone())).await?;
        match found {
            Some(_) => Err(cursor::useless(field, "no document has it")),
            None => self.must_exist(client).await,
        }
    }

    fn attempt(&self) -> String {
        format!("read `{}`", self.collection.namespace())
    }

    /// From where to where an incremental read goes; nothing if nothing is new.
    async fn bounds(&self, wish: &Wish<'_>, field: &str, known: Option<Bson>) -> Result<Option<Bounds>> {
        let upper = match &known {
            Some(known) => self.greatest(wish, field, cursor::behind(field, known)).await?,
            None => self.beginning(wish, field).await?,
        };
        upper.map(|upper| Bounds::new(known, upper, wish.lag)).transpose()
    }

    /// The greatest value to begin with. MongoDB compares no value with one of another type: where there are several
    /// types, it is of that which more documents have.
    async fn beginning(&self, wish: &Wish<'_>, field: &str) -> Result<Option<Bson>> {
        // That is neither null nor missing.
        let found = self.greatest(wish, field, doc! {field: {"$ne": Bson::Null}}).await?;
        let Some(greatest) = found else { return Ok(None) };
        let own = cursor::type_alias(&greatest);
        let others = cursor::ALIASES.iter().filter(|alias| **alias != own);
        let others: Vec<_> = others.map(|alias| doc! {field: {"$type": *alias}}).collect();
        match self.greatest(wish, field, doc! {"$or": others}).await {
            Ok(Some(other)) => {
                let (more, fewer) = (cursor::of_type(field, &other), cursor::of_type(field, &greatest));
                let most = self.count(wish, more).await? > self.count(wish, fewer).await?;
                Ok(Some(if most { other } else { greatest }))
            }
            // A list of such values has no order that helps, but there are others.
            Err(error) if error.field.as_deref() != Some("incremental") => Err(error),
            _ => Ok(Some(greatest)),
        }
    }

    /// The greatest value of `field` in the documents that are wanted and meet `condition`.
    async fn greatest(&self, wish: &Wish<'_>, field: &str, condition: Document) -> Result<Option<Bson>> {
        let mut options = FindOptions::default();
        options.sort = Some(doc! {field: -1});
        options.projection = Some(doc! {field: 1});
        options.limit = Some(1);
        let found = self.collection.find(both(&wish.filter, condition)).with_options(options);
        let mut cursor = self.link.wait(&self.attempt(), found).await?;
        if !self.link.wait(&self.attempt(), cursor.advance()).await? {
            return Ok(None);
        }
        let document = Document::try_from(cursor.current()).map_err(|cause| broken(&self.attempt(), cause))?;
        cursor::value_at(&document, field).map(Some)
    }

    async fn count(&self, wish: &Wish<'_>, condition: Document) -> Result<u64> {
        self.link.wait(&self.attempt(), self.collection.count_documents(both(&wish.filter, condition))).await
    }

    /// How many documents an incremental read never brings, because their field is missing or of another type.
    async fn left_out(&self, wish: &Wish<'_>, field: &str, value: &Bson) -> Result<Option<String>> {
        let condition = doc! {"$nor": [cursor::of_type(field, value)]};
        let count = self.count(wish, condition).await?;
        Ok((count > 0).then(|| {
            format!("{count} documents are left out: their `{field}` is missing or of another type than most.")
        }))
    }

    /// Writes the documents that match `filter`, one a line.
    async fn write(
        &self,
        wish: &Wish<'_>,
        filter: Document,
        limit: Option<u64>,
        path: &Path,
        progress: &Progress,
    ) -> Result<Fields> {
        let attempt = self.attempt();
        progress.stage("Reading documents", 0, 0);
        let mut options = FindOptions::default();
        options.projection.clone_from(&wish.projection);
        options.sort.clone_from(&wish.sort);
        options.limit = limit.map(|limit| i64::try_from(limit).unwrap_or(i64::MAX));
        options.allow_disk_use = wish.sort.is_some().then_some(true);
        let mut cursor = self.link.wait(&attempt, self.collection.find(filter).with_options(options)).await?;
        let failed = |cause| Error::io("write", path, &cause);
        let mut file = BufWriter::with_capacity(1 << 18, File::create(path).map_err(failed)?);
        let (mut fields, mut line) = (Fields::default(), Vec::new());
        // Not every server that speaks the protocol keeps to the limit.
        while limit.is_none_or(|limit| fields.documents() < limit) && self.link.wait(&attempt, cursor.advance()).await?
        {
            if fields.documents().is_multiple_of(LOOK) {
                progress.check()?;
            }
            line.clear();
            let document = cursor.current();
            value::write(document, &mut fields, &mut line).map_err(|cause| {
                let id = document.get("_id").ok().flatten().map_or(String::new(), |id| format!(", `_id` {id:?}"));
                broken(&attempt, format!("document {}{id}: {cause}", fields.documents() + 1))
            })?;
            file.write_all(&line).map_err(failed)?;
            progress.add_rows(1);
            progress.add_bytes(line.len() as u64);
        }
        file.flush().map_err(failed)?;
        Ok(fields)
    }
}

fn broken(attempt: &str, cause: impl std::fmt::Display) -> Error {
    Error::damaged(format!("Could not {attempt}: a document cannot be read ({cause})."))
        .hint("Leave that document out with a filter, or its field with a projection, and tell whoever writes it.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selection(value: Value) -> Selection {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn forms_become_queries() {
        let asked = selection(serde_json::json!({
            "collection": "c",
            "filter": r#"{"at": {"$gte": {"$date": "2024-01-05T00:00:00Z"}}, "n": {"$in": [1, 2]}, "$or": [{"a": 1}]}"#,
            "fields": ["a", " b.c "],
            "sort": r#"{"at": -1}"#,
        }));
        let wish = Wish::new(&asked).unwrap();
        let at = ::mongodb::bson::DateTime::parse_rfc3339_str("2024-01-05T00:00:00Z").unwrap();
        let filter = doc! {"at": {"$gte": at}, "n": {"$in": [1, 2]}, "$or": [{"a": 1}]};
        assert_eq!(wish.filter, filter);
        assert_eq!(wish.projection, Some(doc! {"a": 1, "b.c": 1}));
        assert_eq!(wish.key(), ["_id"]);
        let without = selection(serde_json::json!({"collection": "c", "projection": r#"{"_id": 0}"#}));
        assert!(Wish::new(&without).unwrap().key().is_empty());
    }

    #[test]
    fn bad_forms_are_refused() {
        let cases = [
            (serde_json::json!({"collection": "c", "filter": "{a: 1}"}), "filter"),
            (serde_json::json!({"collection": "c", "filter": "[1]"}), "filter"),
            (serde_json::json!({"collection": "c", "filter": r#"{"d": {"$date": "yesterday"}}"#}), "filter"),
            (serde_json::json!({"collection": "c", "sort": "-1"}), "sort"),
            (serde_json::json!({"collection": "c", "fields": ["a"], "projection": "{\"b\": 1}"}), "projection"),
        ];
        for (asked, field) in cases {
            let selection = selection(asked);
            let error = Wish::new(&selection).err().unwrap();
            assert_eq!(error.field.as_deref(), Some(field), "{error}");
        }
    }
}
