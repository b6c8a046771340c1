//! Telling secrets from settings by the connector's form, and the store they are kept in.

use std::path::Path;

use pulse_core::{Error, Result};
use pulse_rpc::types::{SecretsPassphrase, SecretsStatus};
use pulse_secrets::{Secrets, Store, Values};
use serde_json::{Map, Value};

use crate::Engine;

/// The store of the workspace at `root`. `PULSE_SECRETS=file` keeps it from the keyring, `PULSE_PASSPHRASE` opens the file.
pub(crate) fn open(root: &Path) -> Result<Secrets> {
    let use_keyring = std::env::var("PULSE_SECRETS").map_or(true, |store| store != "file");
    let secrets = Secrets::new(&root.join("secrets.json"), use_keyring);
    if let Ok(passphrase) = std::env::var("PULSE_PASSPHRASE")
        && !passphrase.is_empty()
        && (secrets.file().exists() || secrets.store() == Store::None)
    {
        secrets.unlock(&passphrase)?;
    }
    Ok(secrets)
}

/// Where secrets are kept.
pub(crate) fn status(engine: &Engine) -> SecretsStatus {
    let secrets = &engine.0.secrets;
    let detail = match secrets.store() {
        Store::Keyring => "Passwords and keys are kept in this system's keyring.".to_owned(),
        Store::File => format!("Passwords and keys are kept encrypted in {}.", secrets.file().display()),
        Store::None => format!(
            "This system has no keyring: passwords and keys will be kept in {}, encrypted with a passphrase you choose.",
            secrets.file().display()
        ),
    };
    SecretsStatus { store: secrets.store().as_str().to_owned(), unlocked: secrets.is_unlocked(), detail }
}

/// Opens the file of secrets, or makes it.
pub(crate) fn unlock(engine: &Engine, request: &SecretsPassphrase) -> Result<SecretsStatus> {
    if engine.0.secrets.store() != Store::Keyring {
        engine.0.secrets.unlock(&request.passphrase)?;
    }
    Ok(status(engine))
}

/// The error for a secret that was saved and is not there any more: a keyring that was emptied or is another user's, or a
/// connection that came from another machine.
pub(crate) fn lost(secrets: &Secrets, connection: &str, path: &str) -> Error {
    let place = match secrets.store() {
        Store::Keyring => "this system's keyring",
        Store::File | Store::None => "the file of secrets",
    };
    Error::not_found(format!("`{path}` of the connection “{connection}” is not in {place}, where it was saved."))
        .hint("Unlock the keyring if it is locked; otherwise edit the connection and give it again.")
        .field(path)
}

/// The settings without secrets, and the secrets.
pub(crate) fn split(schema: &Value, mut settings: Value) -> (Value, Values) {
    let mut values = Values::new();
    for path in paths(schema) {
        if let Some(Value::String(text)) = take(&mut settings, &path)
            && !text.is_empty()
        {
            values.insert(path, text);
        }
    }
    (settings, values)
}

/// Removes secrets that are null or empty, which are the form's words for none.
pub(crate) fn clear_empty(schema: &Value, settings: &mut Value) {
    for path in paths(schema) {
        if at(settings, &path).is_some_and(|value| value.is_null() || value.as_str() == Some("")) {
            take(settings, &path);
        }
    }
}

/// The value at a dotted path.
pub(crate) fn at<'a>(settings: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(settings, |value, member| value.get(member))
}

/// Puts a secret in its place; the objects around it are made where they lack.
pub(crate) fn put(settings: &mut Value, path: &str, secret: &str) {
    let mut place = settings;
    for member in path.split('.') {
        if !place.is_object() {
            *place = Value::Object(Map::new());
        }
        place = &mut place[member];
    }
    *place = Value::String(secret.to_owned());
}

fn take(settings: &mut Value, path: &str) -> Option<Value> {
    let (parents, last) = path.rsplit_once('.').map_or((None, path), |(parents, last)| (Some(parents), last));
    let parent = match parents {
        Some(parents) => parents.split('.').try_fold(settings, |value, member| value.get_mut(member))?,
        None => settings,
    };
    parent.as_object_mut()?.shift_remove(last)
}

/// The dotted paths of all secrets a form has; every variant counts, so that none is left among the settings.
fn paths(schema: &Value) -> Vec<String> {
    let mut found = Vec::new();
    walk(schema, "", &mut found);
    found.sort();
    found.dedup();
    found
}

fn walk(schema: &Value, path: &str, found: &mut Vec<String>) {
    if schema.get("x-secret").and_then(Value::as_bool) == Some(true) {
        found.push(path.to_owned());
    }
    for choice in ["oneOf", "anyOf", "allOf"] {
        for variant in schema.get(choice).and_then(Value::as_array).into_iter().flatten() {
            walk(variant, path, found);
        }
    }
    for (name, member) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let below = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        walk(member, &below, found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn secrets_are_told_apart_wherever_the_form_has_them() {
        let secret = json!({"type": "string", "x-secret": true});
        let schema = json!({"properties": {
            "host": {"type": "string"},
            "password": secret,
            "optional": {"anyOf": [secret, {"type": "null"}]},
            "auth": {"oneOf": [
                {"properties": {"kind": {"const": "none"}}},
                {"properties": {"kind": {"const": "bearer"}, "token": secret}},
            ]},
        }});
        let settings =
            json!({"host": "h", "password": "p", "optional": null, "auth": {"kind": "bearer", "token": "t"}});
        let (public, values) = split(&schema, settings.clone());
        assert_eq!(public, json!({"host": "h", "auth": {"kind": "bearer"}}));
        let pairs: Vec<_> = values.iter().map(|(path, value)| (path.as_str(), value.as_str())).collect();
        assert_eq!(pairs, [("auth.token", "t"), ("password", "p")]);

        let mut whole = public;
        values.iter().for_each(|(path, value)| put(&mut whole, path, value));
        assert_eq!(whole, json!({"host": "h", "auth": {"kind": "bearer", "token": "t"}, "password": "p"}));
        let mut emptied = json!({"password": "", "auth": {"token": null}});
        clear_empty(&schema, &mut emptied);
        assert_eq!(emptied, json!({"auth": {}}));
    }
}
