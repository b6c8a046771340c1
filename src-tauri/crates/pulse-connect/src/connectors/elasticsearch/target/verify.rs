//! The comparison of an index with the rows that were delivered to it.

use std::borrow::Cow;
use std::collections::HashMap;

use pulse_core::{Progress, Result};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::super::server::{Ask, Server, encoded};
use super::body::{Loaded, Style};
use super::form::Target;
use super::place::{Kind, Place};
use super::same::is_same;
use super::{measures, write};
use crate::destination::{Comparison, SyncMode, Verification, Written};
use crate::net::Reply;
use crate::outgoing::{Outgoing, Ranges};

/// Rows up to which each is read back.
const EACH: u64 = 100_000;
/// Rows that are read back where there are more: so many pieces of so many rows.
const PIECES: u64 = 20;
const PIECE: u64 = 50;
/// Documents asked for at once.
const PAGE: usize = 500;
/// Ids that are counted at once.
const COUNTED: usize = 5000;
/// Keys that are named.
const NAMED: usize = 20;

/// Compares.
pub(super) fn run(
    server: &Server,
    target: &Target,
    outgoing: &Outgoing,
    written: &Written,
    progress: &Progress,
) -> Result<Verification> {
    let name = target.name()?;
    let index = written.seen["index"].as_str().unwrap_or(name);
    progress.stage("Comparing", 0, 0);
    write::refresh(server, index, progress)?;
    let mut found = Verification::default();
    let Some(left_out) = left_out(&written.seen) else {
        found.note = "So many rows were refused that the target cannot be compared with the others.".into();
        return Ok(found);
    };
    let rows = outgoing.rows.count();
    let delivered = Ranges::all(rows).without(&left_out);
    let style = write::style(target, outgoing)?;
    let stream = Place::find(server, index, progress)?.kind == Kind::Stream;
    let looking = Looking { server, index, stream, outgoing, style: &style, progress };
    let whole = outgoing.mode == SyncMode::Replace || (outgoing.mirrors() && left_out.is_empty());
    let small = delivered.count() <= EACH;
    let there = if whole { write::count(server, index, progress)? } else { looking.count(&delivered)? };
    found.comparisons.push(Comparison::new("Rows", delivered.count(), there));
    let mut notes = Vec::new();
    if whole && !small {
        let (comparisons, note) = measures::compare(server, index, outgoing, &left_out, progress)?;
        found.comparisons.extend(comparisons);
        notes.extend(note);
    } else if !small {
        notes.push("The values were compared in a sample only, because the index holds other rows too.".to_owned());
    }
    let read = if small { delivered } else { sample(&delivered, rows) };
    let what = if small { "Rows with the same values" } else { "Rows of a sample with the same values" };
    looking.compare(&read, what, &mut found)?;
    if outgoing.deleted.is_some() {
        let gone = Ranges::all(outgoing.total()).without(&Ranges::all(rows)).without(&left_out);
        found.comparisons.push(Comparison::new("Deleted rows that are still there", 0, looking.count(&gone)?));
    }
    if !left_out.is_empty() {
        let count = left_out.count();
        notes.push(format!("{count} rows that were refused, or older than the target's, were not compared."));
    }
    found.note = notes.join(" ");
    Ok(found)
}

/// The rows that are not delivered; nothing if they are not known.
fn left_out(seen: &Value) -> Option<Ranges> {
    let pairs = seen["left_out"].as_array()?;
    let range = |pair: &Value| Some(pair[0].as_u64()?..pair[1].as_u64()?);
    pairs.iter().map(range).collect::<Option<Vec<_>>>().map(Ranges::of)
}

/// Pieces that lie evenly in all rows.
fn sample(delivered: &Ranges, rows: u64) -> Ranges {
    let windows = (0..PIECES).map(|piece| rows / PIECES * piece..rows / PIECES * piece + PIECE);
    Ranges::of(windows.flat_map(|window| delivered.within(&window).collect::<Vec<_>>()))
}

struct Looking<'a> {
    server: &'a Server,
    index: &'a str,
    /// Whether documents can only be found by a search.
    stream: bool,
    outgoing: &'a Outgoing,
    style: &'a Style,
    progress: &'a Progress,
}

impl Looking<'_> {
    /// How many documents of these rows are there.
    fn count(&self, rows: &Ranges) -> Result<u64> {
        let mut there = 0;
        self.each(rows, COUNTED, &mut |loaded, from, until| {
            let ids: Vec<String> = (from..until).map(|at| loaded.id(at, self.style)).collect();
            let body = json!({"query": {"ids": {"values": ids}}});
            let path = format!("{}/_count", encoded(self.index));
            let told = self.server.value(&Ask::post(&path, &[], Some(&body)), "count what was sent", self.progress)?;
            there += told["count"].as_u64().unwrap_or_default();
            Ok(())
        })?;
        Ok(there)
    }

    /// Reads the documents of these rows back and compares them with what was sent.
    fn compare(&self, rows: &Ranges, name: &str, found: &mut Verification) -> Result<()> {
        let (mut same, mut document) = (0u64, Vec::new());
        self.each(rows, PAGE, &mut |loaded, from, until| {
            let ids: Vec<String> = (from..until).map(|at| loaded.id(at, self.style)).collect();
            let reply = self.documents(&ids)?;
            let there = reply.json_in_place::<Told<'_>>()?.documents();
            for (at, id) in (from..until).zip(&ids) {
                document.clear();
                loaded.document(at, self.style, &mut document);
                if there.get(id.as_str()).is_some_and(|there| is_same(&document, there.get())) {
                    same += 1;
                } else if found.differing.len() < NAMED {
                    found.differing.push(id.clone());
                }
            }
            self.progress.add_rows(ids.len() as u64);
            Ok(())
        })?;
        found.comparisons.push(Comparison::new(name, rows.count(), same));
        Ok(())
    }

    /// The answer with the documents that have these ids.
    fn documents(&self, ids: &[String]) -> Result<Reply> {
        let (path, body) = if self.stream {
            let body = json!({"size": ids.len(), "query": {"ids": {"values": ids}}});
            (format!("{}/_search", encoded(self.index)), body)
        } else {
            (format!("{}/_mget", encoded(self.index)), json!({"ids": ids}))
        };
        self.server.ask(&Ask::post(&path, &[], Some(&body)), "read back what was sent", self.progress)
    }

    /// Goes through these rows, `size` at a time.
    fn each(
        &self,
        rows: &Ranges,
        size: usize,
        visit: &mut dyn FnMut(&Loaded, usize, usize) -> Result<()>,
    ) -> Result<()> {
        for batch in self.outgoing.narrowed(rows.clone()).batches(1 << 16) {
            let loaded = Loaded::new(batch?, self.style)?;
            for from in (0..loaded.batch.len()).step_by(size) {
                self.progress.check()?;
                visit(&loaded, from, (from + size).min(loaded.batch.len()))?;
            }
        }
        Ok(())
    }
}

/// What was read back: by ids, or by a search.
#[derive(Deserialize)]
struct Told<'a> {
    #[serde(default, borrow)]
    docs: Vec<There<'a>>,
    #[serde(default, borrow)]
    hits: Hits<'a>,
}

#[derive(Default, Deserialize)]
struct Hits<'a> {
    #[serde(default, borrow)]
    hits: Vec<There<'a>>,
}

#[derive(Deserialize)]
struct There<'a> {
    #[serde(rename = "_id", borrow)]
    id: Cow<'a, str>,
    #[serde(rename = "_source", borrow)]
    source: Option<&'a RawValue>,
}

impl<'a> Told<'a> {
    /// The documents by their ids.
    fn documents(self) -> HashMap<Cow<'a, str>, &'a RawValue> {
        self.docs.into_iter().chain(self.hits.hits).filter_map(|there| Some((there.id, there.source?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_lies_in_what_was_delivered() {
        let delivered = Ranges::all(1_000_000).without(&Ranges::of([10..20]));
        assert_eq!(sample(&delivered, 1_000_000).count(), PIECES * PIECE - 10);
    }
}
