//! `pulse sync` and `pulse syncs`.

use std::collections::{BTreeMap, BTreeSet};

use pulse_core::{Error, Result, TableName};
use pulse_engine::Engine;
use pulse_rpc::Commands;
use pulse_rpc::types::*;
use serde_json::{Value, json};

use super::sources::{connection, parsed, put, source};
use super::{count, finish};
use crate::args::{Sync, SyncModeWord};
use crate::output::{Answer, Table};

pub fn list(engine: &Engine) -> Result<Answer> {
    let all = engine.sync_list(Nothing {})?;
    let row = |sync: &SyncInfo| {
        let targets: Vec<_> = sync.last.iter().map(|run| format!("{} to {}", run.origin, run.target)).collect();
        let rejected: u64 = sync.last.iter().map(|run| run.rejected).sum();
        let words = [&sync.doc.name, &sync.connection_name, &sync.state, &targets.join(", ")];
        words.into_iter().map(|word| json!(word)).chain([json!(count(rejected))]).collect()
    };
    let columns = ["name", "connection", "state", "last", "rejected"].map(str::to_owned).to_vec();
    let rows = all.iter().map(row).collect();
    let lines = if all.is_empty() {
        vec!["No syncs yet: pulse sync NAME --to CONNECTION --table TABLE".into()]
    } else {
        Vec::new()
    };
    Ok(Answer { json: json!({"syncs": all}), lines, table: Some(Table { columns, rows }) })
}

pub fn sync(engine: &Engine, args: &Sync) -> Result<Answer> {
    let doc = args.to.as_ref().map(|to| made(engine, args, to)).transpose()?;
    if args.check {
        let doc = match doc {
            Some(doc) => doc,
            None => find(engine, &args.name)?.doc,
        };
        return check(engine, doc);
    }
    let sync = match doc {
        Some(doc) => engine.sync_save(doc)?,
        None => find(engine, &args.name)?,
    };
    if args.history {
        return history(engine, &sync);
    }
    if args.rejected {
        return rejected(engine, &sync);
    }
    let started = if args.retry {
        let refused = sync.last.iter().find(|run| run.rejected > 0);
        let run = refused.ok_or_else(|| Error::invalid("No row was rejected the last time, so none is sent again."))?;
        engine.sync_retry(SyncRunId { run: run.run.clone() })?
    } else {
        engine.sync_start(SyncStart { id: sync.id.clone(), anew: args.anew })?
    };
    let result = finish(engine, &started)?;
    let runs = find(engine, &sync.id)?.last;
    let vanished = result["vanished"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
    let lines = runs.iter().map(outcome).chain(vanished).collect();
    Ok(Answer { json: json!({"result": result, "runs": runs}), lines, table: None })
}

/// What came of one table, in a line.
fn outcome(run: &SyncRunInfo) -> String {
    let mut text = format!("{} to {}: {} rows delivered", run.origin, run.target, count(run.delivered));
    for (number, word) in [(run.superseded, "superseded"), (run.rejected, "rejected"), (run.pending, "pending")] {
        if number > 0 {
            text.push_str(&format!(", {} {word}", count(number)));
        }
    }
    let verdict = match &run.verification {
        Some(found) if !found.matched => "; the target DIFFERS",
        Some(found) if found.comparisons.is_empty() => "; not compared",
        Some(_) => "; the target matches",
        None => "",
    };
    let rate = if run.sending_seconds > 0.0 { run.rows as f64 / run.sending_seconds } else { 0.0 };
    let [whole, sending] = [run.seconds, run.sending_seconds];
    format!("{text}{verdict} ({whole:.1} s, of them {sending:.1} s sending at {} rows/s)", count(rate as u64))
}

/// The sync that the arguments describe.
fn made(engine: &Engine, args: &Sync, to: &str) -> Result<SyncDoc> {
    let found = connection(engine, to)?;
    let kinds = engine.connector_catalogue(Nothing {})?;
    let kind = kinds.into_iter().find(|kind| kind.kind == found.kind);
    let (main, modes) = kind.and_then(|kind| kind.destination).map(|to| (to.main, to.modes)).unwrap_or_default();
    let known = engine.sync_list(Nothing {})?.into_iter().find(|sync| sync.doc.name.eq_ignore_ascii_case(&args.name));
    let mut parts = Vec::new();
    for table in &args.table {
        let (name, version) = match table.split_once('@') {
            Some((name, version)) => (name, Some(version.parse().map_err(|_| not_a_version(version))?)),
            None => (table.as_str(), None),
        };
        let short = name.parse::<TableName>()?.name().to_owned();
        parts.push(part(args, &main, &short, SyncFrom::Table { table: name.to_owned(), version }));
    }
    if let Some(sql) = &args.sql {
        let name = args.target.clone().unwrap_or_else(|| "result".into());
        parts.push(part(args, &main, &name, SyncFrom::Sql { name: name.clone(), sql: sql.clone() }));
    }
    if parts.len() > 1 && args.target.is_some() {
        return Err(Error::invalid("Several tables cannot have the same target.")
            .hint("Leave --target out: each table goes to a target of its own name."));
    }
    Ok(SyncDoc {
        id: known.map(|sync| sync.id),
        name: args.name.clone(),
        connection: found.id,
        // The first is the usual one. What can only be read has none, and saving says so.
        mode: args.mode.map(mode).or(modes.first().copied()).unwrap_or_default(),
        parts,
        everything: args.everything,
        rest: if args.everything { target(args, &main, "") } else { json!({}) },
        refresh: args.refresh.iter().map(|name| source(engine, name)).collect::<Result<_>>()?,
        apply: args.apply.clone(),
    })
}

fn mode(word: SyncModeWord) -> SyncMode {
    match word {
        SyncModeWord::Replace => SyncMode::Replace,
        SyncModeWord::Append => SyncMode::Append,
        SyncModeWord::Upsert => SyncMode::Upsert,
        SyncModeWord::Mirror => SyncMode::Mirror,
        SyncModeWord::Incremental => SyncMode::Incremental,
    }
}

/// The target's form with a name, unless the arguments name another one.
fn target(args: &Sync, main: &str, name: &str) -> Value {
    let mut target = json!({});
    put(&mut target, main, json!(args.target.clone().unwrap_or_else(|| name.to_owned())));
    for (member, value) in &args.set {
        put(&mut target, member, parsed(value));
    }
    target
}

fn part(args: &Sync, main: &str, name: &str, from: SyncFrom) -> SyncPart {
    let of = |all: &[(String, String)], column: &String| {
        all.iter().find(|(name, _)| name == column).map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let named = args.rename.iter().chain(&args.types).map(|(name, _)| name).chain(&args.skip);
    let choice = |column: &String| SyncColumn {
        column: column.clone(),
        name: of(&args.rename, column),
        type_word: of(&args.types, column),
        skip: args.skip.contains(column),
    };
    SyncPart {
        from,
        target: target(args, main, name),
        columns: named.collect::<BTreeSet<_>>().into_iter().map(choice).collect(),
        key: args.key.clone(),
        edits: BTreeMap::new(),
    }
}

fn check(engine: &Engine, doc: SyncDoc) -> Result<Answer> {
    let found = engine.sync_preflight(PreflightRequest { doc, ticket: "pulse".into() })?;
    let mut lines = Vec::new();
    for part in &found {
        let deleted = if part.deleted > 0 { format!(", {} to delete", count(part.deleted)) } else { String::new() };
        lines.push(format!("{}: {} rows{deleted}. {}", part.origin, count(part.rows), part.state));
        for statement in &part.statements {
            lines.push(format!("{}:\n{}", statement.title, statement.text));
        }
        for finding in &part.findings {
            let column = if finding.column.is_empty() { String::new() } else { format!(" `{}`:", finding.column) };
            lines.push(format!("{}:{column} {} {}", finding.severity, finding.text, finding.hint));
        }
        lines.extend(part.problem.iter().map(|problem| format!("failed: {}", problem.message)));
        lines.push(if part.ready { "It can be sent." } else { "It cannot be sent." }.into());
    }
    Ok(Answer { json: json!({"tables": found}), lines, table: None })
}

fn history(engine: &Engine, sync: &SyncInfo) -> Result<Answer> {
    let runs = engine.sync_runs(SyncId { id: sync.id.clone() })?;
    let row = |run: &SyncRunInfo| -> Vec<Value> {
        let numbers = [run.delivered, run.superseded, run.rejected, run.pending].map(count);
        let matched = run.verification.as_ref().map_or("", |found| if found.matched { "yes" } else { "no" });
        let seconds = format!("{:.1}", run.seconds);
        let words = [&run.origin, &run.target, &run.state].into_iter().cloned();
        words.chain(numbers).chain([matched.to_owned(), seconds]).map(Value::from).collect()
    };
    let columns = ["what", "target", "state", "delivered", "superseded", "rejected", "pending", "matched", "seconds"];
    let rows = runs.iter().map(row).collect();
    let table = Table { columns: columns.map(str::to_owned).to_vec(), rows };
    Ok(Answer { json: json!({"runs": runs}), lines: Vec::new(), table: Some(table) })
}

fn rejected(engine: &Engine, sync: &SyncInfo) -> Result<Answer> {
    let mut rows = Vec::new();
    for run in sync.last.iter().filter(|run| run.rejected > 0) {
        for row in engine.sync_rejected(SyncRunId { run: run.run.clone() })? {
            rows.push(vec![json!(run.origin), json!(row.row), json!(row.reason), json!(row.text)]);
        }
    }
    let columns = ["what", "row", "why", "values"].map(str::to_owned).to_vec();
    let json = json!({"rejected": rows});
    let lines = if rows.is_empty() { vec!["No row was rejected the last time.".to_owned()] } else { Vec::new() };
    Ok(Answer { json, lines, table: Some(Table { columns, rows }) })
}

fn find(engine: &Engine, name: &str) -> Result<SyncInfo> {
    let all = engine.sync_list(Nothing {})?;
    let found = all.iter().find(|sync| sync.id == name || sync.doc.name.eq_ignore_ascii_case(name));
    found.cloned().ok_or_else(|| {
        let names: Vec<_> = all.iter().map(|sync| sync.doc.name.as_str()).collect();
        Error::not_found(format!("There is no sync `{name}`.")).hint(match names.is_empty() {
            true => "Save one: pulse sync NAME --to CONNECTION --table TABLE".into(),
            false => format!("There are: {}.", names.join(", ")),
        })
    })
}

fn not_a_version(text: &str) -> Error {
    Error::invalid(format!("`{text}` is no version of a table.")).hint("Write a number, such as silver.prices@3.")
}
