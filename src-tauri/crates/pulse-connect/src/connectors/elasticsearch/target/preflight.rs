//! What would happen and what would fail, without changing anything.

use polars::prelude::{DataType, lit};
use pulse_core::{Error, Progress, Result};
use serde_json::{Map, Value, json};

use super::super::server::{Ask, Server};
use super::body::Loaded;
use super::fields::{self, MAPPING, Places};
use super::form::{self, Target};
use super::place::{Held, Kind, Place};
use super::{conflicts, swap, template, write};
use crate::destination::{Finding, Preflight, Severity, Statement, SyncMode};
use crate::outgoing::{Outgoing, Ranges, Rule, check_rules, column, more_text_than};

/// Fields that an index has at most, unless its settings say otherwise.
const FIELDS: u64 = 1000;
/// Rows by which the size of all is guessed.
const SAMPLE: u64 = 1000;

/// Looks at the target and the rows.
pub(super) fn run(server: &Server, target: &Target, outgoing: &Outgoing, progress: &Progress) -> Result<Preflight> {
    let mut found = Preflight::default();
    let ready = target.name().and_then(|name| {
        target.fits(outgoing)?;
        Ok((name, fields::create_body(target, outgoing)?, Places::of(target, outgoing)?))
    });
    let (name, body, places) = match ready {
        Ok(ready) => ready,
        Err(error) => {
            found.findings.push(stop(&error));
            return Ok(found);
        }
    };
    let info = server.info(progress)?;
    let place = Place::find(server, name, progress)?;
    found.target = format!("{}: {}", info.shown(), place.shown(name));
    let into = if outgoing.mode == SyncMode::Replace { None } else { place.indices.last() };
    let (known, limit) = (kept(into, &body), content_limit(server, progress));
    found.columns = fields::columns(outgoing, &known);
    let theirs = match (target.kind, place.kind) {
        (form::Kind::DataStream, Kind::Absent) => template::foreign(server, name, progress)?,
        _ => None,
    };
    found.findings.extend(theirs.as_ref().and_then(|theirs| template::fits(name, theirs).err()).map(|e| stop(&e)));
    found.statements = statements(target, name, &body, outgoing, &place, theirs);
    found.findings.extend(standing(target, name, outgoing, &place));
    found.findings.extend(conflicts::names(&outgoing.columns));
    found.findings.extend(too_many_fields(&known, into, &body));
    found.findings.extend(rights(server, name, progress));
    found.findings.extend(drift(server, outgoing, &place, progress)?);
    let mut broken = Vec::new();
    for one in &outgoing.columns {
        let (finding, rules) = conflicts::field(one, &known[&one.name]);
        found.findings.extend(finding);
        broken.extend(rules);
    }
    broken.extend(off_the_map(&places));
    broken.extend(too_big(outgoing, limit));
    found.findings.extend(check_rules(outgoing, broken)?);
    found.findings.extend(space(server, target, outgoing, progress)?);
    Ok(found)
}

fn stop(error: &Error) -> Finding {
    Finding::new(Severity::Stops, error.message.clone(), error.hint.clone().unwrap_or_default())
}

/// The fields as they will be: those that are there, and those that are added.
fn kept(into: Option<&Held>, body: &Value) -> Value {
    let mut fields: Map<String, Value> = fields::properties(body).as_object().cloned().unwrap_or_default();
    let there = into.and_then(|held| held.properties().as_object());
    fields.extend(there.into_iter().flatten().map(|(name, field)| (name.clone(), field.clone())));
    Value::Object(fields)
}

/// What is made; `theirs` is a template of somebody else for the data stream.
fn statements(
    target: &Target,
    name: &str,
    body: &Value,
    outgoing: &Outgoing,
    place: &Place,
    theirs: Option<Value>,
) -> Vec<Statement> {
    let statement = |id: &str, title: String, text: &Value, editable| Statement {
        id: id.into(),
        title,
        text: serde_json::to_string_pretty(text).unwrap_or_default(),
        language: "json".into(),
        editable,
    };
    let new = place.kind == Kind::Absent || outgoing.mode == SyncMode::Replace;
    let title = if new {
        "The mapping of the index that is made".to_owned()
    } else {
        format!("The mapping; fields that `{name}` has already stay as they are")
    };
    let mut found = vec![statement(MAPPING, title, body, true)];
    if target.kind == form::Kind::DataStream {
        let (title, template) = match theirs {
            Some(theirs) => (format!("The index template `{name}`, which is there already and stays"), theirs),
            None => (format!("The index template of `{name}`"), template::body(name, body, outgoing)),
        };
        found.push(statement("template", title, &template, false));
    } else if outgoing.mode == SyncMode::Replace {
        let made = swap::generation(name, outgoing);
        let actions = json!({"actions": [{"add": {"index": made, "alias": name}}]});
        let title = "The step that gives the new index its name and removes the old one".to_owned();
        found.push(statement("aliases", title, &actions, false));
    }
    found
}

/// What the thing that has the name already means for the sync.
fn standing(target: &Target, name: &str, outgoing: &Outgoing, place: &Place) -> Vec<Finding> {
    let mut findings = Vec::new();
    let replaces = outgoing.mode == SyncMode::Replace;
    match (target.kind, place.kind) {
        (form::Kind::Index, Kind::Stream) => findings.push(stop(&swap::is_a_stream(name))),
        (form::Kind::DataStream, Kind::Index | Kind::Alias) => findings.push(Finding::new(
            Severity::Stops,
            place.shown(name),
            "A data stream needs a name of its own; take another, or append to the index.",
        )),
        (_, Kind::Index) if replaces && !target.replace_index => findings.push(stop(&swap::is_an_index(name))),
        (_, Kind::Index) if replaces => findings.push(Finding::new(
            Severity::Notes,
            format!("The index `{name}` is deleted when the new one is whole."),
            "Take another name to keep it.",
        )),
        _ => {}
    }
    if replaces {
        for held in place.indices.iter().filter(|held| place.kind == Kind::Alias && held.mark().is_null()) {
            findings.push(Finding::new(
                Severity::Notes,
                format!("`{name}` stands for {}, which no sync made. It is kept, without that name.", held.name),
                "Delete it afterwards if nobody needs it.",
            ));
        }
        return findings;
    }
    match place.writable(name) {
        Err(error) => findings.push(stop(&error)),
        Ok(Some(held)) => findings.extend(blocks(held)),
        Ok(None) => {}
    }
    if outgoing.mirrors() && place.kind != Kind::Absent {
        findings.push(Finding::new(
            Severity::Notes,
            format!("Documents of `{name}` whose key is not among the rows are deleted, whoever wrote them."),
            "Choose upsert to keep them.",
        ));
    }
    let ours = place.indices.iter().all(|held| held.mark()["sync"] == outgoing.sync.as_str());
    if outgoing.mode.needs_key() && !ours {
        findings.push(Finding::new(
            Severity::Notes,
            format!(
                "Documents of others in `{name}` with a version of {} or above count as newer and are not overwritten.",
                outgoing.sequence
            ),
            "They will be shown as superseded; replace the index to take these rows in any case.",
        ));
    }
    findings
}

fn blocks(held: &Held) -> Option<Finding> {
    let block = ["blocks.write", "blocks.read_only", "blocks.read_only_allow_delete"]
        .into_iter()
        .find(|name| matches!(held.setting(name).as_str(), Some("true")))?;
    let text = format!("The index {} takes no documents at the moment (index.{block}).", held.name);
    let hint = "It is set by people, or by the cluster when a disk is full; whoever runs the cluster can lift it.";
    Some(Finding::new(Severity::Stops, text, hint))
}

fn too_many_fields(known: &Value, into: Option<&Held>, body: &Value) -> Option<Finding> {
    let number = |value: &Value| value.as_u64().or_else(|| value.as_str()?.parse().ok());
    let settings = &body["settings"];
    let own = [&settings["index"]["mapping"]["total_fields"]["limit"], &settings["index.mapping.total_fields.limit"]];
    let there = into.and_then(|held| number(held.setting("mapping.total_fields.limit")));
    let limit = own.into_iter().find_map(number).or(there).unwrap_or(FIELDS);
    let count = count_fields(known);
    (count > limit).then(|| {
        let text = format!("The index would have {count} fields, and it takes {limit}.");
        let hint = "Send fewer columns, or set index.mapping.total_fields.limit in the settings beside the mapping.";
        Finding::new(Severity::Stops, text, hint)
    })
}

fn count_fields(fields: &Value) -> u64 {
    let inside = |field: &Value| 1 + count_fields(&field["properties"]) + count_fields(&field["fields"]);
    fields.as_object().into_iter().flatten().map(|(_, field)| inside(field)).sum()
}

/// What the account may not do; nothing where the cluster does not tell.
fn rights(server: &Server, name: &str, progress: &Progress) -> Option<Finding> {
    let wanted = ["create_index", "write", "manage", "read", "view_index_metadata"];
    let body = json!({"index": [{"names": [name, format!("{name}-*")], "privileges": wanted}]});
    let ask = Ask::post("_security/user/_has_privileges", &[], Some(&body));
    let told = server.value(&ask, "look at the rights", progress).ok()?;
    if told["has_all_requested"] != false {
        return None;
    }
    let mut lacking = Vec::new();
    for (index, rights) in told["index"].as_object().into_iter().flatten() {
        let missing = rights.as_object().into_iter().flatten().filter(|(_, has)| **has == false);
        lacking.extend(missing.map(|(right, _)| format!("{right} on {index}")));
    }
    let text = format!("The account lacks rights: {}.", lacking.join(", "));
    Some(Finding::new(Severity::Stops, text, "Ask whoever runs the cluster to give them to it."))
}

/// Whether others changed the target since the last sync.
fn drift(server: &Server, outgoing: &Outgoing, place: &Place, progress: &Progress) -> Result<Option<Finding>> {
    let Some(last) = &outgoing.last_seen else { return Ok(None) };
    let Some(index) = last["index"].as_str() else { return Ok(None) };
    let finding = |text: String| {
        let hint = if outgoing.mode.needs_key() {
            "Look at the target first. Documents that others changed may count as newer than these rows, which are shown \
             as superseded then."
        } else {
            "Look at the target before these changes are lost."
        };
        Ok(Some(Finding::new(Severity::Notes, text, hint)))
    };
    if place.kind == Kind::Absent {
        return finding("What the last sync wrote was removed since.".into());
    }
    if place.kind != Kind::Stream && !place.indices.iter().any(|held| held.name == index) {
        return finding(format!(
            "Others gave the name to another index since the last sync, which wrote into {index}."
        ));
    }
    let now = write::seen(server, index, progress)?;
    let changed = |member: &str| match (last[member].as_i64(), now[member].as_i64()) {
        (Some(before), Some(now)) if before != now => Some((before, now)),
        _ => None,
    };
    match (changed("documents"), changed("operations")) {
        (Some((before, now)), _) => {
            finding(format!("Others changed {index} since the last sync: it held {before} documents and holds {now}."))
        }
        (None, Some((before, now))) => finding(format!(
            "Others wrote to {index} since the last sync, about {} times; it holds as many documents as before.",
            now.abs_diff(before)
        )),
        (None, None) => Ok(None),
    }
}

/// Bytes of a request that every node takes, where the account may see it.
pub(super) fn content_limit(server: &Server, progress: &Progress) -> Option<u64> {
    let told = server.value(&Ask::get("_nodes/http", &[]), "look at the nodes", progress).ok()?;
    let nodes = told["nodes"].as_object()?.values();
    nodes.filter_map(|node| node["http"]["max_content_length_in_bytes"].as_u64()).filter(|limit| *limit > 0).min()
}

/// Documents whose texts alone are bigger than a request may be.
fn too_big(outgoing: &Outgoing, limit: Option<u64>) -> Option<Rule> {
    let limit = limit?;
    let (column, broken) = more_text_than(outgoing, limit)?;
    Some(Rule {
        severity: Severity::Rejects,
        column,
        broken,
        text: format!("{{}} more text than the cluster takes in one request ({} MB).", limit >> 20),
        hint: "Leave the long column out, or raise http.max_content_length of the cluster.",
    })
}

/// Latitudes and longitudes that are none.
fn off_the_map(places: &Places) -> Vec<Rule> {
    let Some(geo) = &places.geo else { return Vec::new() };
    let rule = |name: &String, most: f64| {
        let value = column(name).cast(DataType::Float64);
        Rule {
            severity: Severity::Rejects,
            column: name.clone(),
            broken: value.clone().lt(lit(-most)).or(value.gt(lit(most))),
            text: format!("{{}} a value in `{name}` that is no place on a map (beyond {most})."),
            hint: "Correct the values, or leave the field for the place empty.",
        }
    };
    vec![rule(&geo.latitude, 90.0), rule(&geo.longitude, 180.0)]
}

/// Whether the disks of the cluster may be too small, where the account may see them.
fn space(server: &Server, target: &Target, outgoing: &Outgoing, progress: &Progress) -> Result<Option<Finding>> {
    let told = server.value(&Ask::get("_nodes/stats/fs", &[]), "look at the disks", progress);
    let Ok(told) = told else { return Ok(None) };
    let nodes = told["nodes"].as_object().into_iter().flatten();
    let free: Vec<u64> = nodes.filter_map(|(_, node)| node["fs"]["total"]["available_in_bytes"].as_u64()).collect();
    let some = outgoing.narrowed(Ranges::all(outgoing.rows.count().min(SAMPLE)));
    let style = write::style(target, outgoing)?;
    let (mut rows, mut bytes) = (0u64, 0u64);
    for batch in some.batches(SAMPLE as usize) {
        let loaded = Loaded::new(batch?, &style)?;
        let mut out = Vec::new();
        (0..loaded.batch.len()).for_each(|at| loaded.document(at, &style, &mut out));
        rows += loaded.batch.len() as u64;
        bytes += out.len() as u64;
    }
    if rows == 0 || free.is_empty() {
        return Ok(None);
    }
    let needed = bytes.saturating_mul(outgoing.rows.count() / rows.max(1));
    let free: u64 = free.iter().sum();
    Ok((needed > free).then(|| {
        let text =
            format!("The documents hold about {} MB, and {} MB are free in the cluster.", needed >> 20, free >> 20);
        Finding::new(Severity::Notes, text, "Free space first; a cluster with full disks stops taking documents.")
    }))
}
