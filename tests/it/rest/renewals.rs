//! Refresh tokens that serve only once: the new one is saved before anything else is done.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use pulse_tests::services::http::{Answer, Asked, HttpServer};
use pulse_tests::services::served::Served;
use pulse_tests::{error_of, one_document, pulse_command};
use serde_json::{Value, json};

use super::Reads;

const FORM: &str = "It is known until the program ends";

/// What the server of tokens holds valid.
#[derive(Default)]
struct Tokens {
    /// The number of the refresh token `r-N`, of which each serves once.
    refresh: u64,
    /// Tokens that were used a second time.
    reused: Vec<String>,
}

/// A server that gives a new refresh token each time; the data stalls, fails or comes.
fn rotating(tokens: &Arc<Mutex<Tokens>>) -> HttpServer {
    let tokens = Arc::clone(tokens);
    HttpServer::start(move |asked| match asked.path.as_str() {
        "/token" => token(asked, &mut tokens.lock().unwrap()),
        "/v1/stalls" => Answer::json("[]").silent(),
        "/v1/fails" => Answer::status(400),
        _ => {
            let valid = format!("Bearer a-{}", tokens.lock().unwrap().refresh);
            match asked.header("authorization") == Some(&valid) {
                true => Answer::json("[{\"id\": 1}]"),
                false => Answer::status(401),
            }
        }
    })
}

fn token(asked: &Asked, tokens: &mut Tokens) -> Answer {
    let text = asked.text();
    let given = text.split('&').find_map(|pair| pair.strip_prefix("refresh_token=")).unwrap_or_default().to_owned();
    if given != format!("r-{}", tokens.refresh) {
        tokens.reused.push(given);
        return Answer::json("{\"error\": \"invalid_grant\"}").with_status(400);
    }
    tokens.refresh += 1;
    let n = tokens.refresh;
    Answer::json(json!({ "access_token": format!("a-{n}"), "refresh_token": format!("r-{n}"), "expires_in": 3600 }))
        // Time for another job to come with the same token.
        .after(Duration::from_millis(200))
}

fn settings(server: &HttpServer) -> Value {
    json!({ "base_url": server.url("/v1"), "allow_private": true, "retries": 0, "auth": "oauth2_refresh",
        "token_url": server.url("/token"), "client_id": "id", "refresh_token": "r-0" })
}

const STORE: [(&str, &str); 2] = [("PULSE_SECRETS", "file"), ("PULSE_PASSPHRASE", "correct horse")];

fn pulse(root: &Path, variables: &[(&str, &str)], arguments: &[&str]) -> Command {
    let mut command = pulse_command(root, &[&["--json"], arguments].concat());
    command.envs(STORE).envs(variables.iter().copied()).env("XDG_CONFIG_HOME", root.join("config"));
    command
}

/// Saves the connection `api`.
fn added(root: &Path, server: &HttpServer) {
    let settings = settings(server);
    let pairs: Vec<String> = settings
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| format!("{name}={}", value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
        .collect();
    let mut arguments = vec!["connections", "add", "api", "--kind", "rest"];
    pairs.iter().for_each(|pair| arguments.extend(["--set", pair]));
    one_document(&pulse(root, &[], &arguments).output().unwrap(), "add");
}

#[test]
fn a_replaced_refresh_token_is_saved_before_anything_else() {
    let (tokens, folder) = (Arc::new(Mutex::new(Tokens::default())), tempfile::tempdir().unwrap());
    let (server, root) = (rotating(&tokens), folder.path().join("workspace"));
    added(&root, &server);
    let import =
        |path: &str| pulse(&root, &[], &["import", "--from", "api", path, "--table", "bronze.t", "--mode", "replace"]);
    for round in 1..=2 {
        let output = import("things").output().unwrap();
        let document = one_document(&output, "import");
        assert_eq!(output.status.code(), Some(0), "{document}");
        assert!(!document.to_string().contains("refresh token"), "it is saved, so nothing is to be said: {document}");
        assert_eq!(tokens.lock().unwrap().refresh, round);
    }
    // A read that fails, and one that is killed, after the token was replaced.
    error_of(&import("fails").output().unwrap(), "a read that fails");
    let mut stalled = import("stalls").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let began = Instant::now();
    while !server.asked().iter().any(|asked| asked.path == "/v1/stalls") {
        assert!(began.elapsed() < Duration::from_secs(60), "the data is asked for");
        std::thread::sleep(Duration::from_millis(20));
    }
    stalled.kill().unwrap();
    stalled.wait().unwrap();
    let check = pulse(&root, &[], &["connections", "test", "api"]).output().unwrap();
    assert_eq!(check.status.code(), Some(0), "a test uses and saves it too: {}", one_document(&check, "test"));
    assert_eq!(import("things").output().unwrap().status.code(), Some(0));
    let Tokens { refresh, reused } = &*tokens.lock().unwrap();
    assert_eq!((*refresh, reused.as_slice()), (6, &[] as &[String]), "no token was used twice");
    for entry in std::fs::read_dir(root.join("logs")).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        assert!((0..=6).all(|n| !text.contains(&format!("r-{n}\""))), "never logged: {text}");
    }
}

#[test]
fn jobs_at_the_same_time_and_forms_use_the_newest_token() {
    let (tokens, folder) = (Arc::new(Mutex::new(Tokens::default())), tempfile::tempdir().unwrap());
    let (server, root) = (rotating(&tokens), folder.path().join("workspace"));
    let url = server.url("/v1");
    let outside =
        settings(&server).as_object().unwrap().iter().fold(json!({ "kind": "rest" }), |mut all, (name, value)| {
            all[name] = value.clone();
            all
        });
    let outside = outside.to_string();
    let served = Served::start(&root, &[&STORE[..], &[("PULSE_CONNECTION_OUT", &outside)]].concat());
    // The test of a form that is not saved uses the token up; saving the form saves the one that came in its place.
    let draft = json!({ "name": "api", "kind": "rest", "settings": settings(&server) });
    let check = served.call("connection_test", &json!({ "draft": draft })).unwrap();
    assert!(check["ok"] == true && check.to_string().contains(FORM), "{check}");
    let id = served.call("connection_save", &draft).unwrap()["id"].as_str().unwrap().to_owned();
    let test = |id: &str| served.call("connection_test", &json!({ "saved": { "id": id } })).unwrap();
    std::thread::scope(|scope| {
        let checks: Vec<_> = (0..3).map(|_| scope.spawn(|| test(&id))).collect();
        for check in checks {
            let check = check.join().unwrap();
            // Another job's token may have ended this one's: what counts is that no refresh token was used twice.
            assert!(!check.to_string().contains("No access token"), "{check}");
            assert!(!check.to_string().contains("new refresh token"), "it is saved: {check}");
        }
    });
    // A connection of the environment cannot be saved: that is said, and the program goes on with the newest.
    let check = test("env:out");
    assert!(check["ok"] == true && check.to_string().contains("PULSE_CONNECTION_OUT"), "{check}");
    let Tokens { refresh, reused } = &*tokens.lock().unwrap();
    assert_eq!((*refresh, reused.as_slice()), (5, &[] as &[String]), "{url}");
}

#[test]
fn without_a_place_for_it_a_replaced_token_is_a_warning() {
    let tokens = Arc::new(Mutex::new(Tokens::default()));
    let server = rotating(&tokens);
    let got = Reads::of(&server).set(settings(&server)).read(json!({ "path": "things" })).unwrap();
    assert!(got.fetched.warnings[0].contains("new refresh token"), "{:?}", got.fetched.warnings);
    assert_eq!(got.ids(), [1]);
}
