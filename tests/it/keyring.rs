//! Secrets in a real keyring: there while the connection is, nowhere else, and a keyring that refuses, forgets or dies.

use std::path::Path;

use pulse_core::{Code, Error};
use pulse_tests::services::http::{Answer, HttpServer};
use pulse_tests::services::keyring::Keyring;
use pulse_tests::services::served::Served;
use pulse_tests::services::skipped;
use serde_json::{Value, json};

/// An API that lets in who brings one of these tokens.
fn api(tokens: &'static [&'static str]) -> HttpServer {
    HttpServer::start(move |asked| {
        let given = asked.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
        if given.is_some_and(|given| tokens.contains(&given)) { Answer::json("[]") } else { Answer::status(401) }
    })
}

/// The program, and the connection that every test makes.
struct Desk {
    served: Served,
    url: String,
}

impl Desk {
    fn start(workspace: &Path, keyring: &Keyring, api: &HttpServer) -> Self {
        Self { served: Served::start(workspace, &keyring.variables()), url: api.url("/") }
    }

    fn save(&self, id: Option<&str>, name: &str, more: Value) -> Result<String, Error> {
        let mut settings = json!({ "base_url": self.url, "allow_private": true, "auth": "bearer", "retries": 0 });
        for (member, value) in more.as_object().unwrap() {
            settings[member] = value.clone();
        }
        let mut document = json!({ "name": name, "kind": "rest", "settings": settings });
        if let Some(id) = id {
            document["id"] = json!(id);
        }
        let saved = self.served.call("connection_save", &document)?;
        assert!(!saved.to_string().contains("t0ken"), "never shown again: {saved}");
        Ok(saved["id"].as_str().unwrap().to_owned())
    }

    /// What came of the last step of testing a connection.
    fn test(&self, id: &str) -> Result<(), Error> {
        let check = self.served.call("connection_test", &json!({ "saved": { "id": id } }))?;
        match &check["steps"].as_array().unwrap().last().unwrap()["problem"] {
            Value::Null => Ok(()),
            problem => Err(serde_json::from_value(problem.clone()).unwrap()),
        }
    }

    fn id(&self, command: &str, id: &str) -> Result<Value, Error> {
        self.served.call(command, &json!({ "id": id }))
    }
}

#[test]
fn the_keyring_holds_secrets_as_long_as_their_connection() {
    if skipped() {
        return;
    }
    let (keyring, folder, api) = (Keyring::new(), tempfile::tempdir().unwrap(), api(&["t0ken-1", "t0ken-2"]));
    let workspace = folder.path().join("workspace");
    let mut desk = Desk::start(&workspace, &keyring, &api);
    assert_eq!(desk.served.call("secrets_status", &json!({})).unwrap()["store"], "keyring");
    let one = desk.save(None, "one", json!({ "token": "t0ken-1" })).unwrap();
    assert_eq!(keyring.secrets(), [(one.clone(), json!({ "token": "t0ken-1" }))]);
    desk.test(&one).unwrap();
    desk.save(Some(&one), "renamed", json!({})).unwrap();
    desk.test(&one).expect("a token that the form leaves out stays");
    let two = desk.id("connection_duplicate", &one).unwrap()["id"].as_str().unwrap().to_owned();
    desk.save(Some(&one), "one", json!({ "token": "t0ken-2" })).unwrap();
    let mut both = [(one.clone(), json!({ "token": "t0ken-2" })), (two.clone(), json!({ "token": "t0ken-1" }))];
    both.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(keyring.secrets(), both);

    desk.served.kill();
    let desk = Desk::start(&workspace, &keyring, &api);
    for id in [&one, &two] {
        desk.test(id).unwrap_or_else(|error| panic!("after a restart: {error}"));
    }
    desk.id("connection_delete", &one).unwrap();
    assert_eq!(keyring.secrets(), [(two.clone(), json!({ "token": "t0ken-1" }))]);
    desk.save(Some(&two), "two", json!({ "auth": "none", "token": null })).unwrap();
    assert_eq!(keyring.secrets(), [], "a secret that is taken out is gone");
    desk.id("connection_delete", &two).unwrap();
    assert!(!workspace.join("secrets.json").exists(), "the keyring is the only place");
}

#[test]
fn a_keyring_that_refuses_forgets_or_dies_is_told_and_survived() {
    if skipped() {
        return;
    }
    let (mut keyring, folder, api) = (Keyring::new(), tempfile::tempdir().unwrap(), api(&["t0ken-1", "t0ken-2"]));
    let workspace = folder.path().join("workspace");
    let mut desk = Desk::start(&workspace, &keyring, &api);
    let id = desk.save(None, "one", json!({ "token": "t0ken-1" })).unwrap();

    let refused = |desk: &Desk, what: &str| {
        let attempts = [
            ("using it", desk.test(&id)),
            ("changing it", desk.save(Some(&id), "one", json!({ "token": "t0ken-2" })).map(|_| ())),
            ("a new one", desk.save(None, "new", json!({ "token": "t0ken-1" })).map(|_| ())),
            ("deleting it", desk.id("connection_delete", &id).map(|_| ())),
        ];
        for (attempt, outcome) in attempts {
            let error = outcome.expect_err(attempt);
            assert!(error.message.contains("keyring") && error.hint.is_some(), "{what}, {attempt}: {error}");
            assert!(!error.to_string().contains("t0ken"), "{what}, {attempt}: {error}");
        }
        let listed = desk.served.call("connection_list", &json!({})).unwrap();
        let names: Vec<_> = listed.as_array().unwrap().iter().map(|connection| connection["name"].clone()).collect();
        assert_eq!(names, ["one"], "{what}: nothing was saved or removed half");
    };
    keyring.lock();
    refused(&desk, "a locked keyring");
    keyring.kill();
    refused(&desk, "a keyring that is gone");
    keyring.restart();
    // The program signs in to the keyring once.
    let error = desk.test(&id).expect_err("this keyring does not know the program yet");
    assert!(error.message.contains("started anew") && error.hint.is_some(), "{error}");
    desk.served.kill();
    let desk = Desk::start(&workspace, &keyring, &api);
    desk.test(&id).expect("there again");

    keyring.empty();
    let error = desk.test(&id).expect_err("the secret is gone");
    assert_eq!((error.code, error.field.as_deref()), (Code::NotFound, Some("token")), "{error}");
    let error = desk.save(Some(&id), "one", json!({})).expect_err("it would be saved without its secret");
    assert_eq!(error.field.as_deref(), Some("token"), "{error}");
    desk.save(Some(&id), "one", json!({ "token": "t0ken-2" })).unwrap();
    desk.test(&id).expect("given again");
    assert_eq!(keyring.secrets(), [(id, json!({ "token": "t0ken-2" }))]);
}
