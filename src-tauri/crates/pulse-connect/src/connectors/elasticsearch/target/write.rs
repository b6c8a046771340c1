//! A write from its first request to the last: where to, the documents, and what makes them visible.

use std::sync::PoisonError;
use std::sync::atomic::Ordering::Relaxed;

use pulse_core::{Error, Progress, Result};
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::super::server::{Ask, Server, encoded};
use super::body::Style;
use super::fields::{self, Places};
use super::form::{self, Target};
use super::ids::Ids;
use super::pace::Pace;
use super::place::{Held, Kind, Place};
use super::position::Position;
use super::send::{Sending, Tally};
use super::{preflight, swap, sweep, template};
use crate::destination::{Journal, SyncMode, Written};
use crate::outgoing::Outgoing;

/// Writes the rows that are to do, and does what comes after them.
pub(super) fn run(
    server: &Server,
    target: &Target,
    outgoing: &Outgoing,
    journal: &dyn Journal,
    progress: &Progress,
) -> Result<Written> {
    let name = target.name()?;
    target.fits(outgoing)?;
    let style = style(target, outgoing)?;
    let position = match Position::of(outgoing)? {
        Some(position) => still_there(server, position, progress)?,
        None => {
            let position = begin(server, target, name, outgoing, progress)?;
            journal.note(&[], Some(&position.value()))?;
            position
        }
    };
    let index = if position.index.is_empty() { name.to_owned() } else { position.index.clone() };
    let was_done = position.done;
    let pace = Pace::new(most(server, target, progress), target.requests);
    let tally = Tally::new(position);
    let looks = target.kind == form::Kind::DataStream && !outgoing.is_fresh();
    if looks && Place::find(server, name, progress)?.kind == Kind::Stream {
        refresh(server, name, progress)?;
    }
    let (style, pace) = (&style, &pace);
    let sending = Sending { server, outgoing, journal, progress, index: &index, looks, style, pace, tally };
    sending.all(target.requests)?;
    let mut written = finish(&sending, target, name, was_done)?;
    let mut position = sending.tally.position.lock().unwrap_or_else(PoisonError::into_inner);
    position.done = true;
    journal.note(&[], Some(&position.value()))?;
    written.rows = sending.tally.put.load(Relaxed);
    written.deleted += sending.tally.deleted.load(Relaxed);
    written.bytes = sending.tally.bytes.load(Relaxed);
    written.seen = seen(server, &index, progress)?;
    written.seen["left_out"] = json!(position.left_out);
    Ok(written)
}

/// Bytes of a request at most: what the form says, unless the cluster takes less.
fn most(server: &Server, target: &Target, progress: &Progress) -> usize {
    let limit = preflight::content_limit(server, progress).and_then(|limit| usize::try_from(limit / 10 * 7).ok());
    (target.request_megabytes.clamp(1, 100) << 20).min(limit.unwrap_or(usize::MAX))
}

/// How documents are written for this target.
pub(super) fn style(target: &Target, outgoing: &Outgoing) -> Result<Style> {
    let version = (outgoing.mode != SyncMode::Append).then_some(outgoing.sequence);
    Ok(Style { ids: Ids::of(outgoing), version, places: Places::of(target, outgoing)? })
}

/// Makes ready what is written to.
fn begin(server: &Server, target: &Target, name: &str, outgoing: &Outgoing, progress: &Progress) -> Result<Position> {
    progress.stage("Getting the index ready", 0, 0);
    let body = fields::create_body(target, outgoing)?;
    let place = Place::find(server, name, progress)?;
    let made = swap::generation(name, outgoing);
    let at = |held: &Held| Position {
        index: held.name.clone(),
        uuid: held.uuid().to_owned(),
        done: false,
        left_out: Some(Vec::new()),
    };
    match (target.kind, place.kind) {
        (form::Kind::Index, Kind::Stream) => Err(swap::is_a_stream(name)),
        (form::Kind::DataStream, Kind::Absent | Kind::Stream) => {
            match place.indices.last() {
                Some(held) => extend(server, held, fields::properties(&body), progress)?,
                None => template::make(server, name, &body, outgoing, progress)?,
            }
            Ok(Position { left_out: Some(Vec::new()), ..Position::default() })
        }
        (form::Kind::DataStream, _) => Err(Error::invalid(format!("{} It is no data stream.", place.shown(name)))
            .hint("Take another name, or choose to keep the documents in an index.")
            .field("kind")),
        _ if outgoing.mode == SyncMode::Replace => {
            if place.kind == Kind::Index && !target.replace_index {
                return Err(swap::is_an_index(name));
            }
            swap::clear(server, name, outgoing, progress)?;
            Ok(at(&swap::create(server, &made, None, body, outgoing, progress)?))
        }
        _ => match place.writable(name)? {
            None => Ok(at(&swap::create(server, &made, Some(name), body, outgoing, progress)?)),
            Some(held) => {
                extend(server, held, fields::properties(&body), progress)?;
                Ok(at(held))
            }
        },
    }
}

/// Fails if what an earlier attempt wrote to is gone: its receipts would be about nothing.
fn still_there(server: &Server, position: Position, progress: &Progress) -> Result<Position> {
    if position.index.is_empty() {
        return Ok(position);
    }
    match Held::find(server, &position.index, progress)? {
        Some(held) if held.uuid() == position.uuid => Ok(position),
        _ => Err(gone(&position.index)),
    }
}

fn gone(index: &str) -> Error {
    Error::damaged(format!("The index `{index}`, into which this run wrote, was removed or replaced meanwhile."))
        .hint("Run the sync anew; nothing is visible half done.")
        .field("index")
}

/// Adds the fields that the index lacks.
fn extend(server: &Server, held: &Held, wanted: &Value, progress: &Progress) -> Result<()> {
    let Some(missing) = lacking(held.properties(), wanted) else { return Ok(()) };
    let path = format!("{}/_mapping", encoded(&held.name));
    let body = json!({"properties": missing});
    let ask = Ask { method: Method::PUT, path: &path, query: &[], body: Some(&body), repeatable: true };
    server.value(&ask, &format!("add fields to `{}`", held.name), progress).map(|_| ())
}

/// The fields of `wanted` that are not among `there`, inside of objects too.
fn lacking(there: &Value, wanted: &Value) -> Option<Value> {
    let mut missing = Map::new();
    for (name, field) in wanted.as_object().into_iter().flatten() {
        match there.get(name) {
            None => {
                missing.insert(name.clone(), field.clone());
            }
            Some(known) if known["properties"].is_object() => {
                if let Some(inside) = lacking(&known["properties"], &field["properties"]) {
                    let mut about = Map::new();
                    about.extend(known.get("type").map(|word| ("type".to_owned(), word.clone())));
                    about.insert("properties".into(), inside);
                    missing.insert(name.clone(), Value::Object(about));
                }
            }
            Some(_) => {}
        }
    }
    (!missing.is_empty()).then_some(Value::Object(missing))
}

/// What comes after the documents: they become visible, the name goes to the new index, what vanished is deleted.
fn finish(sending: &Sending<'_>, target: &Target, name: &str, was_done: bool) -> Result<Written> {
    let Sending { server, outgoing, progress, index, .. } = *sending;
    let mut written = Written::default();
    progress.stage("Making the documents visible", 0, 0);
    refresh(server, index, progress)?;
    let position = sending.tally.position.lock().unwrap_or_else(PoisonError::into_inner).clone();
    still_there(server, position, progress)?;
    if outgoing.mode == SyncMode::Replace {
        if was_done && !is_named(server, name, index, progress)? {
            return Err(gone(index));
        }
        if outgoing.rows.count() > 0 && count(server, index, progress)? == 0 {
            return Err(Error::invalid(format!("The cluster refused every row, so `{name}` stays as it is."))
                .hint("Look at the reasons in the receipts; the mapping mostly does not fit the values.")
                .field("mapping"));
        }
        show(server, index, target, outgoing, progress)?;
        written.warnings = swap::swap(server, name, index, target.replace_index, progress)?;
    } else if outgoing.mirrors() {
        let (deleted, newer) = sweep::sweep(sending)?;
        refresh(server, index, progress)?;
        written.deleted = deleted;
        if newer > 0 {
            written.warnings.push(format!(
                "{newer} documents that are not among the rows stay in `{name}`, because others wrote them with a newer version."
            ));
        }
    }
    Ok(written)
}

/// Makes what was written visible to searches.
pub(super) fn refresh(server: &Server, index: &str, progress: &Progress) -> Result<()> {
    let path = format!("{}/_refresh", encoded(index));
    server.value(&Ask::post(&path, &[], None), &format!("refresh `{index}`"), progress).map(|_| ())
}

/// How many documents there are.
pub(super) fn count(server: &Server, index: &str, progress: &Progress) -> Result<u64> {
    let path = format!("{}/_count", encoded(index));
    let told = server.value(&Ask::get(&path, &[]), &format!("count the documents of `{index}`"), progress)?;
    Ok(told["count"].as_u64().unwrap_or_default())
}

fn is_named(server: &Server, name: &str, index: &str, progress: &Progress) -> Result<bool> {
    Ok(Place::find(server, name, progress)?.indices.iter().any(|held| held.name == index))
}

/// Lets the index be refreshed by itself again, as its settings say.
fn show(server: &Server, index: &str, target: &Target, outgoing: &Outgoing, progress: &Progress) -> Result<()> {
    let body = fields::create_body(target, outgoing)?;
    let settings = &body["settings"];
    let own =
        [&settings["index"]["refresh_interval"], &settings["refresh_interval"], &settings["index.refresh_interval"]];
    let interval = own.into_iter().find(|value| !value.is_null()).cloned().unwrap_or_default();
    let path = format!("{}/_settings", encoded(index));
    let body = json!({"index": {"refresh_interval": interval}});
    let ask = Ask { method: Method::PUT, path: &path, query: &[], body: Some(&body), repeatable: true };
    server.value(&ask, &format!("set up `{index}`"), progress).map(|_| ())
}

/// What the index looks like now: how many documents, and how many operations it has seen. The second tells a change by
/// others even if the first is the same. Parts that the account may not see are missing.
pub(super) fn seen(server: &Server, index: &str, progress: &Progress) -> Result<Value> {
    let documents = count(server, index, progress)?;
    let path = format!("{}/_stats/docs", encoded(index));
    let told = server.value(&Ask::get(&path, &[("level", "shards")]), &format!("look at `{index}`"), progress);
    let operations = told.ok().and_then(|told| {
        let shards = told["indices"].as_object()?.values().flat_map(|about| about["shards"].as_object()).flatten();
        let primary = |copies: &Value| -> Option<i64> {
            let copy = copies.as_array()?.iter().find(|copy| copy["routing"]["primary"] == true)?;
            copy["seq_no"]["max_seq_no"].as_i64()
        };
        shards.map(|(_, copies)| primary(copies).map(|last| last + 1)).sum::<Option<i64>>()
    });
    Ok(json!({"index": index, "documents": documents, "operations": operations}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_missing_is_added() {
        let there = json!({"a": {"type": "long"}, "o": {"properties": {"x": {"type": "long"}}},
            "n": {"type": "nested", "properties": {}}});
        let wanted = json!({"a": {"type": "text"}, "b": {"type": "long"},
            "o": {"type": "object", "properties": {"x": {"type": "long"}, "y": {"type": "date"}}},
            "n": {"type": "nested", "properties": {"z": {"type": "long"}}}});
        let expected = json!({"b": {"type": "long"}, "o": {"properties": {"y": {"type": "date"}}},
            "n": {"type": "nested", "properties": {"z": {"type": "long"}}}});
        assert_eq!(lacking(&there, &wanted), Some(expected));
        assert_eq!(lacking(&there, &json!({"a": {"type": "text"}})), None);
    }
}
