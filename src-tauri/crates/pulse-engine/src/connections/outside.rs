//! Connections that are not saved here: `PULSE_CONNECTION_<NAME>` variables and `connections.toml` files.

use std::path::{Path, PathBuf};

use pulse_core::{Error, Result};
use serde_json::{Map, Value, json};

use super::Found;

const PREFIX: &str = "PULSE_CONNECTION_";
const FILE: &str = "connections.toml";

/// The connections of the environment: each variable holds a connection string, or a JSON object with `kind` and settings.
pub(super) fn environment() -> Vec<Found> {
    let mut variables: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter_map(|(name, value)| Some((name.strip_prefix(PREFIX)?.to_owned(), value)))
        .collect();
    variables.sort();
    let found = |(name, value): (String, String)| {
        let parsed = match serde_json::from_str::<Value>(&value) {
            Ok(Value::Object(members)) => object(members),
            _ => string(&value),
        };
        made("environment", "env", &name.to_lowercase(), &format!("the variable {PREFIX}{name}"), parsed)
    };
    variables.into_iter().map(found).collect()
}

/// The connections of the files `connections.toml` in the workspace and in the user's configuration folder.
pub(super) fn files(root: &Path) -> Vec<Found> {
    let mut all: Vec<Found> = Vec::new();
    for path in std::iter::once(root.join(FILE)).chain(configuration().map(|folder| folder.join(FILE))) {
        for found in file(&path) {
            // The workspace's own file goes before the user's.
            if all.iter().all(|known| known.name != found.name) {
                all.push(found);
            }
        }
    }
    all
}

fn file(path: &Path) -> Vec<Found> {
    let Ok(text) = std::fs::read_to_string(path) else { return Vec::new() };
    let place = path.display().to_string();
    let table = match text.parse::<toml::Table>() {
        Ok(table) => table,
        Err(cause) => {
            let error = Error::invalid(format!("{place} is no TOML file: {}.", cause.message()))
                .hint("Each connection is a table: [name], then kind = \"…\" and settings, or url = \"…\".");
            return vec![made("file", "file", FILE, &place, Err(error))];
        }
    };
    let found = |(name, value): (String, toml::Value)| {
        let parsed =
            match serde_json::to_value(&value) {
                Ok(Value::Object(members)) => resolved(members).and_then(|members| match members.get("url") {
                    Some(Value::String(url)) if !members.contains_key("kind") => string(url),
                    _ => object(members),
                }),
                _ => Err(Error::invalid(format!("`{name}` in {place} is no table."))
                    .hint("Write [name] and settings below.")),
            };
        made("file", "file", &name, &place, parsed)
    };
    table.into_iter().map(found).collect()
}

/// Values written `{ env = "NAME" }` are taken from the environment, so that a file need not hold a secret.
fn resolved(members: Map<String, Value>) -> Result<Map<String, Value>> {
    let resolve = |(name, value): (String, Value)| match value.get("env").and_then(Value::as_str) {
        Some(variable) => match std::env::var(variable) {
            Ok(text) => Ok((name, Value::String(text))),
            Err(_) => Err(Error::not_found(format!("The environment variable {variable} of `{name}` is not set."))
                .hint("Set it before starting Cloud Pulse.")),
        },
        None => match value {
            Value::Object(inner) => resolved(inner).map(|inner| (name, Value::Object(inner))),
            value => Ok((name, value)),
        },
    };
    members.into_iter().map(resolve).collect()
}

fn object(mut members: Map<String, Value>) -> Result<(String, Value)> {
    match members.shift_remove("kind") {
        Some(Value::String(kind)) => Ok((kind, Value::Object(members))),
        _ => {
            Err(Error::invalid("The connection has no `kind`.").hint("Add kind = \"…\", or give a connection string."))
        }
    }
}

fn string(text: &str) -> Result<(String, Value)> {
    pulse_connect::from_url(text).map(|(kind, settings)| (kind.to_owned(), settings))
}

fn made(origin: &'static str, prefix: &str, name: &str, place: &str, parsed: Result<(String, Value)>) -> Found {
    let (kind, settings, problem) = match parsed {
        Ok((kind, settings)) => {
            let problem = pulse_connect::connect(&kind, &settings).err();
            (kind, settings, problem)
        }
        Err(error) => (String::new(), json!({}), Some(error)),
    };
    Found {
        id: format!("{prefix}:{name}"),
        name: name.to_owned(),
        kind,
        settings,
        secrets: Vec::new(),
        origin: (origin, place.to_owned()),
        problem,
    }
}

/// Where programs of this system keep their users' configuration.
fn configuration() -> Option<PathBuf> {
    let given = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = std::env::home_dir();
    let folder = if cfg!(windows) {
        given("APPDATA")
    } else if cfg!(target_os = "macos") {
        home.map(|home| home.join("Library/Application Support"))
    } else {
        given("XDG_CONFIG_HOME").or_else(|| home.map(|home| home.join(".config")))
    };
    folder.map(|folder| folder.join("cloud-pulse"))
}
