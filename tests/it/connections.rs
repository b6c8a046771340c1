//! Connections as a user keeps them: saved, from the environment, from files; and their secrets, which are nowhere else.

use std::path::Path;
use std::process::Output;

use pulse_tests::{error_of, one_document, pulse_command, pulse_json};
use serde_json::{Value, json};

/// Runs `pulse --json` on a workspace with secrets under a passphrase.
fn pulse_with(root: &Path, variables: &[(&str, &str)], arguments: &[&str]) -> Output {
    let mut command = pulse_command(root, &[&["--json"], arguments].concat());
    command.env("PULSE_SECRETS", "file").env("XDG_CONFIG_HOME", root.join("config"));
    command.envs(variables.iter().copied()).output().expect("pulse starts")
}

const PASSPHRASE: (&str, &str) = ("PULSE_PASSPHRASE", "correct horse battery staple");
const SECRET: &str = "s3cr3t-needle-42";

fn add(root: &Path, variables: &[(&str, &str)]) -> Output {
    let setting = format!("password={SECRET}");
    let arguments = ["connections", "add", "db", "--kind", "postgres", "--set", "host=127.0.0.1", "--set", "port=1"];
    let more = ["--set", "database=shop", "--set", "user=ann", "--set", setting.as_str()];
    pulse_with(root, variables, &[&arguments[..], &more].concat())
}

#[test]
fn secrets_are_nowhere_in_plain_text() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().join("workspace");
    let locked = error_of(&add(&root, &[]), "add without a passphrase");
    assert_eq!(json!(locked.code), "secrets_locked", "{locked}");
    let (_, none) = (0, one_document(&pulse_with(&root, &[], &["connections"]), "connections"));
    assert_eq!(none["connections"], json!([]), "nothing was saved half");

    let added = add(&root, &[PASSPHRASE]);
    let document = one_document(&added, "add");
    assert_eq!(document["connection"]["secrets"], json!(["password"]), "{document}");
    let listed = pulse_with(&root, &[PASSPHRASE], &["connections"]);
    let tested = pulse_with(&root, &[PASSPHRASE], &["connections", "test", "db"]);
    assert_ne!(tested.status.code(), Some(0), "nobody listens on port 1");
    for output in [&added, &listed, &tested] {
        let text = [output.stdout.as_slice(), &output.stderr].concat();
        assert!(!String::from_utf8_lossy(&text).contains(SECRET), "the secret was printed");
    }
    for (path, bytes) in everything(&root) {
        let found = bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes());
        assert!(!found, "the secret stands in {path}");
    }
    let wrong = error_of(&pulse_with(&root, &[("PULSE_PASSPHRASE", "wrong")], &["connections"]), "a wrong passphrase");
    assert_eq!(json!(wrong.code), "permission_denied", "{wrong}");
}

/// Every file below a folder with its bytes.
fn everything(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        match entry.is_dir() {
            true => found.extend(everything(&entry)),
            false => found.push((entry.display().to_string(), std::fs::read(&entry).expect("a file"))),
        }
    }
    found
}

#[test]
fn the_environment_and_files_bring_connections_that_cannot_be_changed_here() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().join("workspace");
    std::fs::create_dir_all(root.join("config/cloud-pulse")).expect("a folder");
    let url = format!("postgres://ann:{SECRET}@127.0.0.1:1/shop");
    let file = "[stock]\nkind = \"postgres\"\nhost = \"127.0.0.1\"\ndatabase = \"stock\"\nuser = \"ann\"\npassword = { env = \"STOCK\" }\n";
    std::fs::write(root.join("connections.toml"), file).expect("a file");
    std::fs::write(root.join("config/cloud-pulse/connections.toml"), "[mine]\nkind = \"nonsense\"\n").expect("a file");
    let variables =
        [("PULSE_CONNECTION_SHOP", url.as_str()), ("STOCK", SECRET), ("PULSE_CONNECTION_BAD", "no address")];
    let listed = pulse_with(&root, &variables, &["connections"]);
    assert!(!String::from_utf8_lossy(&listed.stdout).contains(SECRET), "never shown");
    let document = one_document(&listed, "connections");
    let all = document["connections"].as_array().expect("a list");
    let shown = |connection: &Value| {
        let text = |member: &str| connection[member].as_str().unwrap_or_default().to_owned();
        (text("name"), text("kind"), text("origin"), connection["problem"].is_null())
    };
    let found: Vec<_> = all.iter().map(shown).collect();
    let expected = [
        ("bad", "", "environment", false),
        ("mine", "nonsense", "file", false),
        ("shop", "postgres", "environment", true),
        ("stock", "postgres", "file", true),
    ];
    let expected = expected.map(|(name, kind, origin, well)| (name.into(), kind.into(), origin.into(), well));
    assert_eq!(found, expected, "{document}");
    let removed = pulse_with(&root, &variables, &["connections", "remove", "shop"]);
    let refused = error_of(&removed, "remove");
    assert!(refused.hint.is_some(), "{refused}");
    let tested = error_of(&pulse_with(&root, &variables, &["connections", "test", "shop"]), "test");
    assert_eq!(json!(tested.code), "unreachable", "nobody listens on port 1: {tested}");
}

#[test]
fn a_connection_is_checked_before_it_is_saved_and_found_by_its_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().join("workspace");
    for (arguments, field) in [
        (vec!["connections", "add", "x", "--kind", "nonsense"], "kind"),
        (vec!["connections", "add", " ", "--kind", "sqlite", "--set", "path=/tmp/x"], "name"),
    ] {
        let error = error_of(&pulse_with(&root, &[], &arguments), "add");
        assert_eq!(error.field.as_deref(), Some(field), "{error}");
    }
    let file = root.join("a.db").display().to_string();
    let path = format!("path={file}");
    let add = ["connections", "add", "books", "--kind", "sqlite", "--set", path.as_str()];
    assert_eq!(pulse_with(&root, &[], &add).status.code(), Some(0));
    let twice = error_of(&pulse_with(&root, &[], &add), "add twice");
    assert_eq!(json!(twice.code), "already_exists", "{twice}");
    let (code, document) = pulse_json(&root, &["browse", "BOOKS"]);
    assert_eq!((code, document["error"]["code"].as_str()), (1, Some("not_found")), "there is no file yet: {document}");
    let unknown = error_of(&pulse_with(&root, &[], &["browse", "nobody"]), "browse");
    assert!(unknown.hint.as_deref().is_some_and(|hint| hint.contains("books")), "{unknown}");
}
