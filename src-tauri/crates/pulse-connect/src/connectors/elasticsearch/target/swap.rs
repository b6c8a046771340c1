//! Indices that are made for a run, and giving them their name.

use pulse_core::{Code, Error, Progress, Result};
use reqwest::Method;
use serde_json::{Value, json};

use super::super::server::{Ask, Server, encoded};
use super::ids::hash;
use super::place::{Held, Kind, MARK, Place};
use crate::outgoing::Outgoing;

/// The name of the index that a run makes for the alias `name`: the same in each attempt.
pub(super) fn generation(name: &str, outgoing: &Outgoing) -> String {
    let digest = hash(format!("{}\n{}", outgoing.sync, outgoing.run).as_bytes());
    format!("{name}-{:06}-{}", outgoing.sequence, &digest[..8])
}

/// What is written on what the run makes.
pub(super) fn mark(outgoing: &Outgoing) -> Value {
    json!({"sync": outgoing.sync, "run": outgoing.run, "origin": outgoing.origin})
}

/// Makes the index `index` with `body`, unless an earlier attempt of this run did. `alias` names it at once.
pub(super) fn create(
    server: &Server,
    index: &str,
    alias: Option<&str>,
    mut body: Value,
    outgoing: &Outgoing,
    progress: &Progress,
) -> Result<Held> {
    body["mappings"]["_meta"][MARK] = mark(outgoing);
    match alias {
        Some(alias) => body["aliases"][alias] = json!({}),
        // Searching it makes no sense before it is whole.
        None => body["settings"]["index"]["refresh_interval"] = "-1".into(),
    }
    let path = encoded(index);
    let ask = Ask { method: Method::PUT, path: &path, query: &[], body: Some(&body), repeatable: false };
    let attempt = format!("make the index `{index}`");
    let told = server.value(&ask, &attempt, progress);
    match (Held::find(server, index, progress)?, told) {
        (Some(held), Ok(_)) => Ok(held),
        (Some(held), Err(_)) if held.mark()["run"] == outgoing.run.as_str() => Ok(held),
        (None, Ok(_)) => Err(Error::damaged(format!("Could not {attempt}: it is not there afterwards."))
            .hint("Something removes indices of that name; choose another.")),
        (_, Err(error)) => {
            let field =
                if error.message.contains("mapping") || error.message.contains("type") { "mapping" } else { "index" };
            Err(Error { hint: None, ..error }
                .hint("The message is the cluster's own; check name and mapping.")
                .field(field))
        }
    }
}

/// Deletes indices that earlier runs of this sync began to fill for the alias and that nobody goes on with.
pub(super) fn clear(server: &Server, name: &str, outgoing: &Outgoing, progress: &Progress) -> Result<()> {
    let left = Place::find(server, &format!("{name}-*"), progress)?;
    for held in left.indices {
        let of_this_sync = held.mark()["sync"] == outgoing.sync.as_str() && held.mark()["run"] != outgoing.run.as_str();
        if of_this_sync && held.aliases().next().is_none() {
            progress.log(format!("The index {} is left over from a run that did not end; it is deleted.", held.name));
            let path = encoded(&held.name);
            let ask = Ask { method: Method::DELETE, path: &path, query: &[], body: None, repeatable: false };
            server.value(&ask, &format!("delete `{}`", held.name), progress)?;
        }
    }
    Ok(())
}

/// Gives `index` the name, and deletes what had it, in one step. Returns what the user should know.
pub(super) fn swap(
    server: &Server,
    name: &str,
    index: &str,
    replace_index: bool,
    progress: &Progress,
) -> Result<Vec<String>> {
    let place = Place::find(server, name, progress)?;
    let (mut actions, mut kept) = (Vec::new(), Vec::new());
    match place.kind {
        Kind::Absent => {}
        Kind::Index if replace_index => actions.push(json!({"remove_index": {"index": name}})),
        Kind::Index => return Err(is_an_index(name)),
        Kind::Stream => return Err(is_a_stream(name)),
        Kind::Alias => {
            for held in place.indices.iter().filter(|held| held.name != index) {
                if held.mark().is_null() {
                    actions.push(json!({"remove": {"index": held.name, "alias": name, "must_exist": true}}));
                    kept.push(format!(
                        "The index {}, which `{name}` stood for, was not made by a sync and is kept; delete it if nobody needs it.",
                        held.name
                    ));
                    continue;
                }
                for (alias, about) in held.aliases().filter(|(alias, _)| *alias != name) {
                    let mut add = about.clone();
                    add["index"] = index.into();
                    add["alias"] = alias.as_str().into();
                    actions.push(json!({"add": add}));
                }
                actions.push(json!({"remove_index": {"index": held.name}}));
            }
        }
    }
    if actions.is_empty() && place.indices.iter().any(|held| held.name == index) {
        return Ok(kept);
    }
    actions.push(json!({"add": {"index": index, "alias": name}}));
    let body = json!({"actions": actions});
    let ask = Ask { method: Method::POST, path: "_aliases", query: &[], body: Some(&body), repeatable: false };
    server.value(&ask, &format!("give the new index the name `{name}`"), progress)?;
    Ok(kept)
}

/// The error for an index in the place of an alias.
pub(super) fn is_an_index(name: &str) -> Error {
    Error::new(Code::AlreadyExists, format!("`{name}` is an index, and an alias cannot have the same name."))
        .hint("Allow the index to be replaced, which deletes it in the step that puts the new one there, or take another name.")
        .field("replace_index")
}

/// The error for a data stream in the place of an index.
pub(super) fn is_a_stream(name: &str) -> Error {
    Error::new(Code::AlreadyExists, format!("`{name}` is a data stream."))
        .hint("Choose to append to a data stream, or take another name.")
        .field("kind")
}
