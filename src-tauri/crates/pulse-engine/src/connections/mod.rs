//! Connections: saved settings, those of the environment and of files, and their secrets.

mod outside;
mod renewals;
mod secrets;

use pulse_catalog::StoredConnection;
use pulse_connect::{Connection, Outlet};
use pulse_core::{Code, Error, Progress, Result};
use pulse_rpc::types::*;
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;

use renewals::Keeper;

use crate::Engine;
use crate::clock::now_ms;

pub(crate) use secrets::{open as open_secrets, status as secrets_status, unlock as secrets_unlock};

/// How long trying a connection may take before it is given up.
const TEST_LIMIT: Duration = Duration::from_secs(30);

/// A connection found by its id or name, without secrets.
pub(crate) struct Found {
    pub id: String,
    pub name: String,
    pub kind: String,
    settings: Value,
    secrets: Vec<String>,
    /// `saved`, `environment` or `file`, and where in words.
    origin: (&'static str, String),
    problem: Option<Error>,
}

/// Every kind of connection.
pub(crate) fn catalogue() -> Vec<ConnectorInfo> {
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let info = |info: &pulse_connect::ConnectorInfo| ConnectorInfo {
        kind: info.about.kind.to_owned(),
        title: info.about.title.to_owned(),
        summary: info.about.summary.to_owned(),
        description: info.description.clone(),
        group: info.about.group.to_owned(),
        browsing: word(&serde_json::to_value(info.about.browsing).unwrap_or_default()),
        main: info.about.main.to_owned(),
        ready: info.about.ready,
        settings: info.settings.clone(),
        selection: info.selection.clone(),
        filters: info.filters.clone(),
        destination: info.destination.as_ref().map(|destination| DestinationInfo {
            modes: destination.writes.modes.iter().map(|mode| crate::syncs::shown_mode(*mode)).collect(),
            main: destination.writes.main.to_owned(),
            keyed: destination.writes.keyed,
            target: destination.target.clone(),
        }),
    };
    pulse_connect::connectors().iter().map(info).collect()
}

/// All connections by name.
pub(crate) fn list(engine: &Engine) -> Result<Vec<ConnectionInfo>> {
    let uses = uses(engine)?;
    let mut all: Vec<ConnectionInfo> = every(engine)?.into_iter().map(|found| found.info(&uses)).collect();
    all.sort_by_key(|connection| connection.name.to_lowercase());
    Ok(all)
}

/// Saves a connection, its secrets apart. Nothing has changed if either fails.
pub(crate) fn save(engine: &Engine, doc: &ConnectionDoc) -> Result<ConnectionInfo> {
    let name = doc.name.trim();
    if name.is_empty() {
        return Err(Error::invalid("The connection has no name.")
            .hint("Give it a name you will know it by.")
            .field("name"));
    }
    let known = doc.id.as_deref().map(|id| saved(engine, id)).transpose()?;
    let schema = schema(&doc.kind)?;
    let merged = merged(engine, doc, known.as_ref(), schema)?;
    // Wrong settings are refused while the form is still open.
    pulse_connect::connect(&doc.kind, &merged)?;
    let (settings, mut values) = secrets::split(schema, merged);
    // A test of this form may have used a secret up and got another one in its place.
    values.values_mut().for_each(|value| *value = engine.0.secrets.newest(value));
    let stored = StoredConnection {
        id: doc.id.clone().unwrap_or_else(|| uuid::Uuid::new_v4().to_string()),
        name: name.to_owned(),
        kind: doc.kind.clone(),
        settings,
        secrets: values.keys().cloned().collect(),
        updated_at_ms: now_ms(),
    };
    if every(engine)?.iter().any(|other| other.id != stored.id && other.name.eq_ignore_ascii_case(name)) {
        return Err(Error::new(Code::AlreadyExists, format!("There is another connection called “{name}”."))
            .hint("Choose another name.")
            .field("name"));
    }
    if !values.is_empty() || known.is_some_and(|known| !known.secrets.is_empty()) {
        engine.0.secrets.set(&stored.id, &values)?;
    }
    engine.0.catalog.connections().save(&stored)?;
    shown(engine, &stored.id)
}

/// Saves a copy under a new name.
pub(crate) fn duplicate(engine: &Engine, id: &str) -> Result<ConnectionInfo> {
    let found = find(engine, id)?;
    let settings = found.with_secrets(engine)?;
    let names: Vec<String> = every(engine)?.into_iter().map(|other| other.name).collect();
    let free = |name: &String| !names.iter().any(|known| known.eq_ignore_ascii_case(name));
    let copies =
        (1..).map(|n| if n == 1 { format!("{} copy", found.name) } else { format!("{} copy {n}", found.name) });
    let name = copies.into_iter().find(free).unwrap_or_default();
    save(engine, &ConnectionDoc { id: None, name, kind: found.kind, settings })
}

/// Forgets a connection and its secrets, unless a source or a sync uses it.
pub(crate) fn delete(engine: &Engine, id: &str) -> Result<()> {
    let found = saved(engine, id)?;
    let users: Vec<String> = users(&uses(engine)?, id);
    if !users.is_empty() {
        return Err(Error::new(
            Code::Conflict,
            format!("The connection “{}” is used by {}.", found.name, list_names(&users)),
        )
        .hint("Delete these sources and syncs first, or let them use another connection; tables and targets stay."));
    }
    if !found.secrets.is_empty() {
        engine.0.secrets.set(id, &pulse_secrets::Values::new())?;
    }
    engine.0.catalog.connections().delete(id)
}

/// Tries a connection, saved or as the form says.
pub(crate) fn test(engine: &Engine, request: &ConnectionTest) -> Result<ConnectionCheck> {
    let connection = match request {
        ConnectionTest::Saved(id) => open(engine, &id.id)?.1,
        ConnectionTest::Draft(doc) => {
            let known = doc.id.as_deref().map(|id| saved(engine, id)).transpose()?;
            let settings = merged(engine, doc, known.as_ref(), schema(&doc.kind)?)?;
            let mut connection = pulse_connect::connect(&doc.kind, &settings)?;
            connection.renew_through(Arc::new(Keeper::of_form(engine, doc.id.as_deref())));
            connection
        }
    };
    let progress = Progress::new();
    let mut check = pulse_connect::Check { progress: &progress, steps: Vec::new() };
    let outcome = limited(&progress, || connection.check(&mut check));
    let mut steps: Vec<_> = check.steps.into_iter().map(step).collect();
    if let Err(error) = &outcome
        && steps.iter().all(|step| step.problem.is_none())
    {
        let problem = Some(Problem::from(error));
        steps.push(ConnectionCheckStep { name: "Finish".into(), detail: String::new(), problem, seconds: 0.0 });
    }
    Ok(ConnectionCheck { ok: outcome.is_ok(), steps })
}

/// An open connection with the id or name, and what is known about it.
pub(crate) fn open(engine: &Engine, id: &str) -> Result<(Found, Box<dyn Connection>)> {
    let found = find(engine, id)?;
    let mut connection = pulse_connect::connect(&found.kind, &found.with_secrets(engine)?)?;
    connection.renew_through(Arc::new(Keeper::of(engine, &found)));
    Ok((found, connection))
}

/// The same to write to it; fails if the kind of connection can only be read.
pub(crate) fn open_to_write(engine: &Engine, id: &str) -> Result<(Found, Box<dyn Outlet>)> {
    let found = find(engine, id)?;
    let outlet = pulse_connect::connect_to_write(&found.kind, &found.with_secrets(engine)?)?;
    Ok((found, outlet))
}

/// The connection with the id, or, where there is none, with the name; fails with what there is.
pub(crate) fn find(engine: &Engine, id: &str) -> Result<Found> {
    let mut all = every(engine)?;
    let at = all.iter().position(|found| found.id == id);
    let at = at.or_else(|| all.iter().position(|found| found.name.eq_ignore_ascii_case(id)));
    let Some(at) = at else {
        let names: Vec<_> = all.iter().map(|found| found.name.clone()).collect();
        let hint = if names.is_empty() {
            "There is none yet; make one.".into()
        } else {
            format!("There are {}.", list_names(&names))
        };
        return Err(Error::not_found(format!("There is no connection `{id}`.")).hint(hint).field("connection"));
    };
    let found = all.swap_remove(at);
    match found.problem.clone() {
        Some(problem) => Err(problem),
        None => Ok(found),
    }
}

/// Saved connections, then those of the environment, then those of files.
fn every(engine: &Engine) -> Result<Vec<Found>> {
    let saved = engine.0.catalog.connections().list()?.into_iter().map(|stored| Found {
        id: stored.id,
        name: stored.name,
        kind: stored.kind,
        settings: stored.settings,
        secrets: stored.secrets,
        origin: ("saved", String::new()),
        problem: None,
    });
    Ok(saved.chain(outside::environment()).chain(outside::files(engine.root())).collect())
}

fn saved(engine: &Engine, id: &str) -> Result<StoredConnection> {
    if id.starts_with("env:") || id.starts_with("file:") {
        return Err(Error::invalid(
            "This connection comes from the environment or from a file and cannot be changed here.",
        )
        .hint("Change it where it is defined, or duplicate it and change the copy."));
    }
    engine.0.catalog.connections().get(id)
}

fn shown(engine: &Engine, id: &str) -> Result<ConnectionInfo> {
    Ok(find(engine, id)?.info(&uses(engine)?))
}

/// The settings of the form with the secrets it left out, which stay as they are saved; null removes one.
fn merged(engine: &Engine, doc: &ConnectionDoc, known: Option<&StoredConnection>, schema: &Value) -> Result<Value> {
    let mut settings = if doc.settings.is_null() { Value::Object(Map::new()) } else { doc.settings.clone() };
    let missing = |path: &String| secrets::at(&settings, path).is_none_or(|value| value.as_str() == Some(""));
    let kept: Vec<String> = known.map(|known| known.secrets.clone()).unwrap_or_default();
    let kept: Vec<String> = kept.into_iter().filter(missing).collect();
    if !kept.is_empty() {
        let values = engine.0.secrets.get(doc.id.as_deref().unwrap_or_default())?;
        for path in kept {
            let value = values.get(&path).ok_or_else(|| secrets::lost(&engine.0.secrets, &doc.name, &path))?;
            secrets::put(&mut settings, &path, value);
        }
    }
    secrets::clear_empty(schema, &mut settings);
    Ok(settings)
}

fn schema(kind: &str) -> Result<&'static Value> {
    let found = pulse_connect::connectors().iter().find(|info| info.about.kind == kind).map(|info| &info.settings);
    found.ok_or_else(|| Error::invalid(format!("There is no kind of connection called `{kind}`.")).field("kind"))
}

/// Runs `work`, whose progress is cancelled when the limit is over; that is told as a connection that does not answer.
fn limited(progress: &Progress, work: impl FnOnce() -> Result<()>) -> Result<()> {
    let (done, over) = std::sync::mpsc::channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            if over.recv_timeout(TEST_LIMIT) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                progress.cancel();
            }
        });
        let outcome = work();
        drop(done);
        outcome
    })
    .map_err(|error| match error.code {
        Code::Cancelled => Error::new(Code::Unreachable, format!("No answer within {} seconds.", TEST_LIMIT.as_secs()))
            .hint("Check the address, and whether a firewall stands between."),
        _ => error,
    })
}

fn step(step: pulse_connect::CheckStep) -> ConnectionCheckStep {
    ConnectionCheckStep {
        name: step.name,
        detail: step.detail,
        problem: step.error.as_ref().map(Problem::from),
        seconds: step.seconds,
    }
}

/// The connection and the name of every source and sync.
fn uses(engine: &Engine) -> Result<Vec<(String, String)>> {
    let sources = engine.0.catalog.sources().list()?.into_iter().map(|source| (source.connection, source.name));
    let syncs = engine.0.catalog.syncs().list()?.into_iter().map(|sync| (sync.connection, sync.name));
    Ok(sources.chain(syncs).collect())
}

fn users(uses: &[(String, String)], id: &str) -> Vec<String> {
    uses.iter().filter(|(connection, _)| connection == id).map(|(_, name)| name.clone()).collect()
}

fn list_names(names: &[String]) -> String {
    names.iter().map(|name| format!("“{name}”")).collect::<Vec<_>>().join(", ")
}

impl Found {
    /// The settings with the secrets in their places.
    fn with_secrets(&self, engine: &Engine) -> Result<Value> {
        let mut settings = self.settings.clone();
        if self.origin.0 == "saved" && !self.secrets.is_empty() {
            let values = engine.0.secrets.get(&self.id)?;
            for path in &self.secrets {
                let value = values.get(path).ok_or_else(|| secrets::lost(&engine.0.secrets, &self.name, path))?;
                secrets::put(&mut settings, path, value);
            }
        }
        Ok(settings)
    }

    /// As it is shown; those from outside hold secrets among their settings, which are taken out.
    fn info(self, uses: &[(String, String)]) -> ConnectionInfo {
        let (settings, found) = match schema(&self.kind) {
            Ok(schema) => secrets::split(schema, self.settings),
            Err(_) => (Value::Null, pulse_secrets::Values::new()),
        };
        let title = pulse_connect::connectors().iter().find(|info| info.about.kind == self.kind);
        ConnectionInfo {
            used_by: users(uses, &self.id),
            risks: risks(&settings),
            secrets: if self.origin.0 == "saved" { self.secrets } else { found.into_keys().collect() },
            kind_title: title.map_or_else(|| self.kind.clone(), |info| info.about.title.to_owned()),
            id: self.id,
            name: self.name,
            kind: self.kind,
            settings,
            origin: self.origin.0.to_owned(),
            origin_detail: self.origin.1,
            problem: self.problem.as_ref().map(Problem::from),
        }
    }
}

/// What is unsafe in settings, by the names that all connectors use for it.
fn risks(settings: &Value) -> Vec<String> {
    let is = |name: &str, value: bool| settings.get(name).and_then(Value::as_bool) == Some(value);
    let mut risks = Vec::new();
    if is("verify_tls", false) {
        risks.push("TLS certificates are not verified".to_owned());
    }
    if settings.get("tls").and_then(Value::as_str) == Some("off") || is("allow_http", true) {
        risks.push("Not encrypted".to_owned());
    }
    risks
}
