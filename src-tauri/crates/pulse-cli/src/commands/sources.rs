//! `pulse connections`, `browse`, `sources`, `refresh`, and `import` and `preview` with `--from`.

use std::io::Read as _;

use pulse_core::{Error, Result};
use pulse_engine::Engine;
use pulse_rpc::Commands;
use pulse_rpc::types::*;
use serde_json::{Map, Value, json};

use super::{count, finish, import};
use crate::args::{AddConnection, Browse, ConnectionAction, Drift, From, Mode, Refresh};
use crate::output::{Answer, Table};

pub fn connections(engine: &Engine, action: Option<&ConnectionAction>) -> Result<Answer> {
    match action {
        None => list(engine),
        Some(ConnectionAction::Kinds) => kinds(engine),
        Some(ConnectionAction::Add(add)) => self::add(engine, add),
        Some(ConnectionAction::Test(named)) => test(engine, &named.name),
        Some(ConnectionAction::Remove(named)) => {
            engine.connection_delete(ConnectionId { id: connection(engine, &named.name)?.id })?;
            let lines = vec![format!("The connection {} is removed.", named.name)];
            Ok(Answer { json: json!({"removed": named.name}), lines, table: None })
        }
    }
}

fn list(engine: &Engine) -> Result<Answer> {
    let all = engine.connection_list(Nothing {})?;
    let row = |c: &ConnectionInfo| {
        let problem = c.problem.as_ref().map(|problem| problem.message.clone());
        let note = problem.unwrap_or_else(|| c.risks.join("; "));
        vec![json!(c.name), json!(c.kind), json!(c.origin), json!(c.used_by.join(", ")), json!(note)]
    };
    let columns = ["name", "kind", "origin", "used by", "note"].map(str::to_owned).to_vec();
    let rows = all.iter().map(row).collect();
    let lines = if all.is_empty() {
        vec!["No connections yet: pulse connections add NAME --url URL".into()]
    } else {
        Vec::new()
    };
    Ok(Answer { json: json!({"connections": all}), lines, table: Some(Table { columns, rows }) })
}

fn kinds(engine: &Engine) -> Result<Answer> {
    let all = engine.connector_catalogue(Nothing {})?;
    let columns = ["kind", "title", "what it is for"].map(str::to_owned).to_vec();
    let rows = all.iter().map(|kind| vec![json!(kind.kind), json!(kind.title), json!(kind.summary)]).collect();
    Ok(Answer { json: json!({"kinds": all}), lines: Vec::new(), table: Some(Table { columns, rows }) })
}

fn add(engine: &Engine, args: &AddConnection) -> Result<Answer> {
    let (kind, mut settings) = match (&args.url, &args.kind) {
        (Some(url), _) => {
            let url = if url == "-" { stdin()? } else { url.clone() };
            pulse_engine::connection_from_url(url.trim())?
        }
        (None, kind) => (kind.clone().unwrap_or_default(), json!({})),
    };
    for (name, value) in &args.set {
        put(&mut settings, name, from_variable(value)?);
    }
    let saved = engine.connection_save(ConnectionDoc { id: None, name: args.name.clone(), kind, settings })?;
    let lines = vec![format!("The connection {} is saved; try it with: pulse connections test {0}", saved.name)];
    Ok(Answer { json: json!({"connection": saved}), lines, table: None })
}

fn test(engine: &Engine, name: &str) -> Result<Answer> {
    let id = connection(engine, name)?.id;
    let check = engine.connection_test(ConnectionTest::Saved(ConnectionId { id }))?;
    if let Some(problem) = check.steps.iter().find_map(|step| step.problem.clone()) {
        return Err(super::error(problem));
    }
    let lines = check.steps.iter().map(|step| format!("{}: {} ({:.2} s)", step.name, step.detail, step.seconds));
    Ok(Answer { lines: lines.collect(), json: json!(check), table: None })
}

pub fn browse(engine: &Engine, args: &Browse) -> Result<Answer> {
    let mut filters = Value::Null;
    for (name, value) in &args.filters {
        put(&mut filters, name, parsed(value));
    }
    let request = BrowseRequest {
        connection: connection(engine, &args.connection)?.id,
        path: args.path.clone(),
        search: args.search.clone(),
        filters,
        page: args.page.clone(),
        ticket: None,
    };
    let found = engine.source_browse(request)?;
    let row = |entry: &ListingEntry| {
        let size = entry.bytes.map(|bytes| count(bytes as u64)).unwrap_or_default();
        let rows = entry.rows.map(|rows| count(rows as u64)).unwrap_or_default();
        vec![json!(entry.kind), json!(entry.id), json!(rows), json!(size), json!(entry.summary)]
    };
    let columns = ["kind", "name", "rows", "bytes", "about"].map(str::to_owned).to_vec();
    let rows = found.entries.iter().map(row).collect();
    let lines = found.next.iter().map(|page| format!("There is more: --page {page}")).collect();
    Ok(Answer { json: json!(found), lines, table: Some(Table { columns, rows }) })
}

pub fn sources(engine: &Engine) -> Result<Answer> {
    let all = engine.source_list(Nothing {})?;
    let row = |source: &SourceInfo| {
        let note = source.problem.as_ref().map_or_else(|| source.position.clone(), |problem| problem.message.clone());
        let doc = &source.doc;
        vec![
            json!(doc.name),
            json!(source.connection_name),
            json!(source.reads),
            json!(doc.table),
            json!(source.state),
            json!(note),
        ]
    };
    let columns = ["name", "connection", "reads", "table", "state", "note"].map(str::to_owned).to_vec();
    let rows = all.iter().map(row).collect();
    let lines =
        if all.is_empty() { vec!["No sources yet: pulse import --from CONNECTION WHAT".into()] } else { Vec::new() };
    Ok(Answer { json: json!({"sources": all}), lines, table: Some(Table { columns, rows }) })
}

pub fn refresh(engine: &Engine, args: &Refresh) -> Result<Answer> {
    let all = engine.source_list(Nothing {})?;
    let sources = args.names.iter().map(|name| source(engine, name)).collect::<Result<Vec<_>>>()?;
    let request = RefreshRequest { sources, full: args.full, replay: args.replay, accept_drift: args.accept };
    let started = engine.source_refresh(request)?;
    let (mut lines, mut results, mut failed) = (Vec::new(), Vec::new(), None);
    for job in started.jobs {
        let name = all.iter().find(|source| source.id == job.source).map_or("", |source| source.doc.name.as_str());
        match finish(engine, &JobStarted { job: job.job }) {
            Ok(mut result) => {
                lines.push(format!("{name}: {}", brought(&result)));
                result["source"] = name.into();
                results.push(result);
            }
            // The others go on; the first failure is the command's.
            Err(error) => failed = failed.or(Some(Error { message: format!("{name}: {}", error.message), ..error })),
        }
    }
    match failed {
        Some(error) => Err(error),
        None => Ok(Answer { json: json!({"refreshed": results}), lines, table: None }),
    }
}

/// Imports through a connection: saves the source, or changes the one of that name, and refreshes it.
pub fn import_from(
    engine: &Engine,
    what: Option<&str>,
    from: &From,
    options: ReadOptions,
    table: Option<&str>,
    mode: Mode,
) -> Result<Answer> {
    let mut doc = doc(engine, what, from, options)?;
    doc.table = match table {
        Some(table) => table.to_owned(),
        None => {
            let request = SourcePreviewRequest { source: doc.clone(), ticket: "name".into() };
            format!("bronze.{}", engine.source_preview(request)?.suggested_table)
        }
    };
    doc.name = from.name.clone().unwrap_or_else(|| doc.table.trim_start_matches("bronze.").to_owned());
    doc.loading = loading(engine, from, mode, &doc.table)?;
    let known = engine.source_list(Nothing {})?;
    doc.id = known.into_iter().find(|source| source.doc.name.eq_ignore_ascii_case(&doc.name)).map(|source| source.id);
    let saved = engine.source_save(doc)?;
    let request = RefreshRequest { sources: vec![saved.id], ..RefreshRequest::default() };
    let job = engine.source_refresh(request)?.jobs.pop();
    let job = job.ok_or_else(|| Error::internal("refresh the source", "no job was started"))?;
    let result = finish(engine, &JobStarted { job: job.job })?;
    Ok(Answer { lines: vec![import::sentence(&result), brought(&result)], json: result, table: None })
}

/// The first rows of what a connection gives.
pub fn preview_from(
    engine: &Engine,
    what: Option<&str>,
    from: &From,
    options: ReadOptions,
    rows: u64,
) -> Result<Answer> {
    let source = doc(engine, what, from, options)?;
    let found = engine.source_preview(SourcePreviewRequest { source, ticket: "preview".into() })?;
    let mut answer = import::previewed(engine, found.import, rows)?;
    for setting in &found.detected {
        answer.lines.push(format!("{}: {:?} {}", setting.key, setting.value, setting.why));
    }
    answer.json["detected"] = json!(found.detected);
    answer.json["key"] = json!(found.key);
    Ok(answer)
}

fn doc(engine: &Engine, what: Option<&str>, from: &From, options: ReadOptions) -> Result<SourceDoc> {
    let connection = connection(engine, from.connection.as_deref().unwrap_or_default())?;
    let kinds = engine.connector_catalogue(Nothing {})?;
    let kind = kinds.into_iter().find(|kind| kind.kind == connection.kind);
    let mut selection = json!({});
    if let (Some(what), Some(kind)) = (what, kind) {
        let takes_several = kind.selection["properties"][&kind.main]["type"] == "array";
        let value = if takes_several { json!([what]) } else { json!(what) };
        put(&mut selection, &kind.main, value);
    }
    for (name, value) in &from.set {
        put(&mut selection, name, parsed(value));
    }
    Ok(SourceDoc { connection: connection.id, selection, options, ..SourceDoc::default() })
}

fn loading(engine: &Engine, from: &From, mode: Mode, table: &str) -> Result<Loading> {
    if matches!(mode, Mode::Create) && engine.tables(Nothing {})?.iter().any(|known| known.table == table) {
        return Err(Error::new(pulse_core::Code::AlreadyExists, format!("The table {table} exists already."))
            .hint("Say --mode append, replace or merge, or choose another table.")
            .field("table"));
    }
    Ok(Loading {
        mode: match mode {
            Mode::Create | Mode::Replace => LoadMode::Replace,
            Mode::Append => LoadMode::Append,
            Mode::Merge => LoadMode::Merge,
        },
        key: from.key.clone(),
        newest_by: from.newest_by.clone(),
        deletes: match from.deletes {
            crate::args::Deletes::Keep => Deletes::Keep,
            crate::args::Deletes::Remove => Deletes::Remove,
            crate::args::Deletes::Mark => Deletes::Mark,
        },
        deleted_column: from.deleted_column.clone(),
        deleted_value: from.deleted_value.clone(),
        history: from.history,
        drift: match from.drift {
            Drift::Evolve => DriftPolicy::Evolve,
            Drift::Freeze => DriftPolicy::Freeze,
            Drift::Ledger => DriftPolicy::Ledger,
            Drift::Ask => DriftPolicy::Ask,
        },
    })
}

/// What a refresh brought, as a sentence.
fn brought(result: &Value) -> String {
    let of = |member: &str| count(super::number(result, member));
    let (added, changed, deleted) = (of("added"), of("changed"), of("deleted"));
    format!("{added} rows added, {changed} changed, {deleted} deleted, {} the same", of("unchanged"))
}

pub(super) fn connection(engine: &Engine, name: &str) -> Result<ConnectionInfo> {
    let all = engine.connection_list(Nothing {})?;
    let names: Vec<_> = all.iter().map(|connection| connection.name.clone()).collect();
    all.into_iter().find(|known| known.id == name || known.name.eq_ignore_ascii_case(name)).ok_or_else(|| {
        let hint = if names.is_empty() {
            "Make one: pulse connections add NAME --url URL".into()
        } else {
            format!("There are: {}.", names.join(", "))
        };
        Error::not_found(format!("There is no connection `{name}`.")).hint(hint)
    })
}

/// The id of the source with a name.
pub(super) fn source(engine: &Engine, name: &str) -> Result<String> {
    let all = engine.source_list(Nothing {})?;
    let found = all.iter().find(|source| source.doc.name.eq_ignore_ascii_case(name));
    found.map(|source| source.id.clone()).ok_or_else(|| {
        let names: Vec<_> = all.iter().map(|source| source.doc.name.as_str()).collect();
        Error::not_found(format!("There is no source `{name}`.")).hint(format!("There are: {}.", names.join(", ")))
    })
}

/// Puts a value at a dotted name.
pub(super) fn put(document: &mut Value, name: &str, value: Value) {
    let mut place = document;
    for member in name.split('.') {
        if !place.is_object() {
            *place = Value::Object(Map::new());
        }
        place = &mut place[member];
    }
    *place = value;
}

/// JSON where the text is a number, a boolean, an array or an object; else the text.
pub(super) fn parsed(text: &str) -> Value {
    match serde_json::from_str::<Value>(text) {
        Ok(value) if !value.is_string() && !value.is_null() => value,
        _ => Value::String(text.to_owned()),
    }
}

fn from_variable(value: &str) -> Result<Value> {
    match value.strip_prefix('@') {
        Some(name) => std::env::var(name).map(Value::String).map_err(|_| {
            Error::not_found(format!("The environment variable {name} is not set."))
                .hint("Set it, or write the value itself.")
        }),
        None => Ok(parsed(value)),
    }
}

fn stdin() -> Result<String> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(|cause| Error::internal("read standard input", cause))?;
    Ok(text)
}
