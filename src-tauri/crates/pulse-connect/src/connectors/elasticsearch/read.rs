//! Reading an index into NDJSON, all of it or what is new.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use pulse_core::{Code, Error, Progress, Result};
use serde_json::{Value, json};

use super::mapping::Mappings;
use super::page::Page;
use super::query::{Selection, all};
use super::server::Server;
use super::view::View;
use crate::connector::{Content, Fetched, News, Task};
use crate::model::{Input, ReadOptions};

mod cursor;

use self::cursor::{Cursor, Kind};

/// Reads what is selected.
pub(super) fn read(server: &Server, selection: &Selection, task: &Task<'_>) -> Result<Fetched> {
    let index = selection.index()?;
    let wanted = selection.wanted()?;
    let info = server.info(task.progress)?;
    let mappings = mappings(server, index, selection.field().is_some(), task.progress)?;
    let mut view = View::open(server, index, info.product, task.progress)?;
    let reading = Reading { server, selection, mappings: &mappings, wanted };
    let outcome = reading.run(&mut view, task);
    view.close();
    outcome
}

/// Whether there is a document behind `state`.
pub(super) fn news(server: &Server, selection: &Selection, state: &Value, progress: &Progress) -> Result<Option<News>> {
    let Some(field) = selection.field() else { return Ok(None) };
    let index = selection.index()?;
    let product = server.info(progress)?.product;
    let mappings = mappings(server, index, true, progress)?;
    let kind = Kind::of(&mappings, field)?;
    let Some(known) = Cursor::parse(state, field, kind)? else { return Ok(None) };
    let reading = Reading { server, selection, mappings: &mappings, wanted: selection.wanted()? };
    let view = View::open(server, index, product, progress)?;
    let greatest = reading.greatest(&view, field, kind, Some(&known), progress);
    view.close();
    let available = greatest?.is_some();
    let text = if available { format!("There are documents with a greater `{field}`.") } else { String::new() };
    Ok(Some(News { available, text }))
}

/// The mappings, or none if they may not be seen and are not needed.
fn mappings(server: &Server, index: &str, needed: bool, progress: &Progress) -> Result<Mappings> {
    match Mappings::of(server, index, &format!("read `{index}`"), progress) {
        Err(error) if error.code == Code::PermissionDenied && !needed => {
            progress.log("The account may not see the mapping; the types follow from the documents alone.");
            Ok(Mappings::default())
        }
        other => other,
    }
}

struct Reading<'a> {
    server: &'a Server,
    selection: &'a Selection,
    mappings: &'a Mappings,
    /// The query of the form.
    wanted: Value,
}

impl Reading<'_> {
    fn run(&self, view: &mut View<'_>, task: &Task<'_>) -> Result<Fetched> {
        let index = self.selection.index()?;
        let mut fetched = Fetched { key: self.key(index), origin: self.server.origin(index), ..Fetched::default() };
        let mut wanted = self.wanted.clone();
        if let (Some(field), None) = (self.selection.field(), task.limit) {
            let kind = Kind::of(self.mappings, field)?;
            let known = task.state.map(|state| Cursor::parse(state, field, kind)).transpose()?.flatten();
            let Some(upper) = self.greatest(view, field, kind, known.as_ref(), task.progress)? else {
                task.progress.log(format!("Nothing is new: no `{field}` is greater than before."));
                fetched.state = task.state.cloned();
                return Ok(fetched);
            };
            fetched.warnings.extend(self.left_out(view, field, task.progress)?);
            wanted = all(vec![wanted, upper.range(field, known.as_ref(), self.selection.lag)?]);
            fetched.state = Some(upper.state(field));
        }
        let path = task.scratch.join("documents.ndjson");
        let (documents, columns) = self.write(view, &wanted, &path, task)?;
        let options = ReadOptions {
            format: Some("ndjson".into()),
            types: self.mappings.texts(&columns),
            ..ReadOptions::default()
        };
        // An empty file is none that can be read.
        let inputs = if documents == 0 { Vec::new() } else { vec![Input::from(path)] };
        fetched.content = Content::Files { inputs, options };
        fetched.snapshot = self.selection.field().is_none() && task.limit.is_none();
        Ok(fetched)
    }

    /// What names a document: its id, in more than one index also the index.
    fn key(&self, index: &str) -> Vec<String> {
        let names: &[&str] = match (self.selection.include_ids, self.mappings.is_just(index)) {
            (false, _) => &[],
            (true, true) => &["_id"],
            (true, false) => &["_index", "_id"],
        };
        names.iter().map(ToString::to_string).collect()
    }

    /// The greatest value of `field`, if it is greater than `known`.
    fn greatest(
        &self,
        view: &View<'_>,
        field: &str,
        kind: Kind,
        known: Option<&Cursor>,
        progress: &Progress,
    ) -> Result<Option<Cursor>> {
        let mut conditions = vec![self.wanted.clone(), json!({"exists": {"field": field}})];
        conditions.extend(known.map(|known| known.behind(field)));
        let order = match kind {
            // Nanoseconds are brought to the milliseconds in which the other dates count.
            Kind::DateNanos => json!({"order": "desc", "numeric_type": "date"}),
            _ => json!({"order": "desc"}),
        };
        let body = json!({"size": 1, "query": all(conditions), "sort": [{field: order}], "_source": false});
        let answer = view.search(body, progress)?;
        let page = Page::parse(&answer, &self.attempt()?)?;
        let Some(sort) = page.hits.first().and_then(|hit| hit.sort) else { return Ok(None) };
        let values: Vec<Value> = serde_json::from_slice(sort).unwrap_or_default();
        Cursor::new(kind, values.into_iter().next().unwrap_or_default(), field).map(Some)
    }

    /// How many documents an incremental read never brings, because they lack the field.
    fn left_out(&self, view: &View<'_>, field: &str, progress: &Progress) -> Result<Option<String>> {
        let without = json!({"bool": {"must_not": [{"exists": {"field": field}}]}});
        let body = json!({"size": 0, "query": all(vec![self.wanted.clone(), without]), "track_total_hits": true});
        let answer = view.search(body, progress)?;
        let count = Page::parse(&answer, &self.attempt()?)?.total.unwrap_or_default();
        Ok((count > 0).then(|| format!("{count} documents are left out: they have no `{field}`.")))
    }

    fn attempt(&self) -> Result<String> {
        Ok(format!("read `{}`", self.selection.index()?))
    }

    /// Writes the documents, one a line, and says how many there are and which columns they have.
    fn write(
        &self,
        view: &mut View<'_>,
        wanted: &Value,
        path: &Path,
        task: &Task<'_>,
    ) -> Result<(u64, HashSet<String>)> {
        let attempt = self.attempt()?;
        let failed = |cause| Error::io("write", path, &cause);
        let mut file = BufWriter::with_capacity(1 << 18, File::create(path).map_err(failed)?);
        let limit = task.limit.unwrap_or(u64::MAX);
        let size = self.selection.page().min(limit);
        let search = json!({"size": size, "query": wanted, "_source": self.selection.source()});
        let (mut columns, mut total, mut count) = (HashSet::new(), None, 0u64);
        let (mut after, mut lines): (Option<Value>, Vec<u8>) = (None, Vec::new());
        task.progress.stage("Reading documents", 0, 0);
        loop {
            let answer = view.page(&search, after.as_ref(), task.progress)?;
            let page = Page::parse(&answer, &attempt)?;
            view.learn(&page);
            if after.is_none() && count == 0 {
                total = page.total;
                task.progress.stage("Reading documents", total.unwrap_or_default().min(limit), 0);
            }
            let left = usize::try_from(limit - count).unwrap_or(usize::MAX);
            for hit in page.hits.iter().take(left) {
                hit.write(self.selection.include_ids, &mut lines, &attempt)?;
                for name in hit.names() {
                    columns.insert(name);
                }
                count += 1;
            }
            file.write_all(&lines).map_err(failed)?;
            lines.clear();
            task.progress.add_rows(page.hits.len() as u64);
            let next = page.hits.last().and_then(|hit| hit.sort).and_then(|sort| serde_json::from_slice(sort).ok());
            let stands_still = next.is_some() && next == after;
            if stands_still || total.is_some_and(|total| count > total) {
                return Err(uneven(&attempt, count, total));
            }
            if page.hits.is_empty() || count >= limit || total == Some(count) {
                break;
            }
            after = next;
        }
        file.flush().map_err(failed)?;
        match total {
            Some(total) if count < total.min(limit) => Err(uneven(&attempt, count, Some(total))),
            _ => Ok((count, columns)),
        }
    }
}

/// The error for another number of documents than the cluster announced.
fn uneven(attempt: &str, count: u64, total: Option<u64>) -> Error {
    let announced = total.map_or("an unknown number of".to_owned(), |total| total.to_string());
    Error::damaged(format!("Could not {attempt}: it announced {announced} documents and gave {count}."))
        .hint("Pages were lost or came twice on the way. Import again; nothing was changed.")
}
