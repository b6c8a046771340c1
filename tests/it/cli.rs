//! The `pulse` binary: what it prints, its documented fields and its exit codes.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::Stdio;

use pulse_tests::{error_of, one_document, pulse, pulse_command, pulse_json, python};
use serde_json::{Value, json};

const COMMANDS: &[&str] = &[
    "import",
    "preview",
    "tables",
    "show",
    "profile",
    "clean",
    "sql",
    "export",
    "history",
    "restore",
    "connections",
    "browse",
    "sources",
    "refresh",
    "syncs",
    "sync",
    "jobs",
    "serve",
    "demo",
];

/// A workspace folder with a CSV file and a recipe file beside it.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("prices.csv"), "code,price\n007,1.50\n008,n/a\n009\n").unwrap();
        let recipe = json!({
            "format": 1,
            "name": "Prices",
            "steps": [{
                "id": "s1", "kind": "parse_number", "config": { "columns": ["price"] }, "enabled": true, "comment": "",
            }],
        });
        std::fs::write(folder.path().join("prices.recipe.json"), recipe.to_string()).unwrap();
        Self(folder)
    }

    /// Puts a database beside the workspace and a connection to it into the workspace.
    fn open_shop(&self) {
        let script =
            "import sqlite3, sys\nsqlite3.connect(sys.argv[1]).executescript('create table orders (id integer)')";
        python(script, &[&self.path("shop.db")]);
        std::fs::create_dir_all(self.workspace()).unwrap();
        let connection = format!("[shop]\nkind = \"sqlite\"\npath = '{}'\n", self.path("shop.db"));
        std::fs::write(self.workspace().join("connections.toml"), connection).unwrap();
    }

    fn workspace(&self) -> std::path::PathBuf {
        self.0.path().join("workspace")
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    /// Runs a command with `--json`; `@name` stands for a file beside the workspace.
    fn json(&self, command: &str) -> Value {
        let (code, document) = pulse_json(&self.workspace(), &refs(&self.words(command)));
        assert_eq!(code, 0, "`{command}` succeeds: {document}");
        document
    }

    fn words(&self, command: &str) -> Vec<String> {
        let word =
            |word: &str| word.strip_prefix('@').map_or_else(|| word.replace('\u{b7}', " "), |name| self.path(name));
        command.split(' ').map(word).collect()
    }
}

fn refs(words: &[String]) -> Vec<&str> {
    words.iter().map(String::as_str).collect()
}

fn keys(document: &Value) -> Vec<&str> {
    document.as_object().unwrap().keys().map(String::as_str).collect()
}

/// The members that a command's help promises for `--json`.
fn documented(command: &str) -> Vec<String> {
    let help = pulse(Path::new("/nonexistent"), &[command, "--help"]);
    let text = String::from_utf8(help.stdout).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("JSON: "));
    let line = line.unwrap_or_else(|| panic!("`{command} --help` documents its JSON: {text}"));
    line.split(',').map(|member| member.split_whitespace().next().unwrap().to_owned()).collect()
}

/// What the issue asks of each document at the least; a middle dot stands for a space inside one argument.
const SESSION: &[(&str, &[&str])] = &[
    ("preview @prices.csv", &["settings", "columns", "records", "rows", "rejected", "first"]),
    ("import @prices.csv", &["table", "version", "records", "rows", "rejected", "ledger", "seconds"]),
    ("tables", &["tables"]),
    ("show bronze.prices", &["info", "columns", "origin", "rows"]),
    ("profile bronze.prices", &["version", "rows", "columns"]),
    ("clean bronze.prices --recipe @prices.recipe.json", &["table", "version", "rows", "ledger", "steps"]),
    ("sql SELECT\u{b7}*\u{b7}FROM\u{b7}silver.prices", &["columns", "types", "rows"]),
    ("export silver.prices --to @out.parquet", &["path", "rows", "bytes"]),
    ("import @prices.csv --mode append", &["table", "version", "records", "rows", "rejected", "ledger", "seconds"]),
    ("history bronze.prices", &["versions"]),
    ("restore bronze.prices 0", &["table", "version", "rows"]),
    ("connections", &["connections"]),
    ("browse shop", &["entries"]),
    (
        "import --from shop orders --table bronze.orders",
        &["table", "version", "records", "rows", "rejected", "ledger", "seconds"],
    ),
    ("preview --from shop orders", &["columns", "first", "detected", "key"]),
    ("sources", &["sources"]),
    ("refresh orders --full", &["refreshed"]),
    ("jobs", &["jobs"]),
];

#[test]
fn every_command_prints_one_document_with_its_documented_members() {
    let desk = Desk::new();
    desk.open_shop();
    for (command, members) in SESSION {
        let output = pulse(&desk.workspace(), &[vec!["--json"], refs(&desk.words(command))].concat());
        let document = one_document(&output, command);
        assert_eq!(output.status.code(), Some(0), "`{command}` succeeds: {document}");
        assert!(
            output.stderr.is_empty(),
            "`{command}` has nothing to add: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let mut promised = documented(command.split(' ').next().unwrap());
        promised.extend(members.iter().map(|member| (*member).to_owned()));
        for member in promised {
            assert!(document.get(&member).is_some(), "`{command}` prints `{member}`: {:?}", keys(&document));
        }
    }
}

#[test]
fn the_documents_tell_the_truth() {
    let desk = Desk::new();
    let imported = desk.json("import @prices.csv");
    for (member, expected) in [("table", json!("bronze.prices")), ("version", json!(0)), ("records", json!(3))] {
        assert_eq!(imported[member], expected, "import's {member}: {imported}");
    }
    assert_eq!((&imported["rows"], &imported["rejected"]), (&json!(2), &json!(1)), "the cut record is in the ledger");
    assert_eq!(imported["ledger"], json!(1), "entries in the ledger");
    assert!(imported["seconds"].as_f64().unwrap() > 0.0, "it took time");

    let cleaned = desk.json("clean bronze.prices --recipe @prices.recipe.json");
    assert_eq!(cleaned["table"], "silver.prices", "{cleaned}");
    assert_eq!((&cleaned["rows"], &cleaned["ledger"]), (&json!(2), &json!(1)), "`n/a` is no number: {cleaned}");
    assert_eq!(cleaned["steps"], json!([{ "id": "s1", "rows_in": 2, "rows_out": 2, "rejected": 1 }]), "{cleaned}");

    let asked = desk.json("sql SELECT\u{b7}code,\u{b7}price\u{b7}FROM\u{b7}silver.prices\u{b7}ORDER\u{b7}BY\u{b7}code");
    assert_eq!(asked["columns"], json!(["code", "price"]), "{asked}");
    assert_eq!(asked["types"], json!(["text", "number"]), "{asked}");
    assert_eq!(asked["rows"], json!([["007", 1.5], ["008", null]]), "{asked}");
    let cut = desk.json("sql SELECT\u{b7}*\u{b7}FROM\u{b7}range(50000) --limit 20001");
    assert_eq!(cut["rows"].as_array().unwrap().len(), 20_001, "the limit counts rows, not pages");
    assert_eq!(cut["row_count"], 50_000, "all rows are counted");
    for command in ["sql FROM\u{b7}silver.prices --limit 0", "show silver.prices --rows 0"] {
        assert_eq!(desk.json(command)["rows"], json!([]), "`{command}` shows no row");
    }

    let exported = desk.json("export bronze.prices --to @out.csv");
    assert_eq!((&exported["rows"], &exported["path"]), (&json!(2), &json!(desk.path("out.csv"))), "{exported}");
    assert_eq!(std::fs::read_to_string(desk.path("out.csv")).unwrap(), "code,price\n007,1.50\n008,n/a\n");
    let jobs = desk.json("jobs");
    let states: Vec<_> = jobs["jobs"].as_array().unwrap().iter().map(|job| (&job["kind"], &job["state"])).collect();
    let succeeded = &json!("succeeded");
    let kinds = [json!("export"), json!("apply"), json!("import")];
    assert_eq!(states, kinds.iter().map(|kind| (kind, succeeded)).collect::<Vec<_>>(), "newest first: {jobs}");
}

#[test]
fn people_get_text_instead_of_json() {
    let desk = Desk::new();
    desk.open_shop();
    for (command, _) in SESSION {
        let output = pulse(&desk.workspace(), &refs(&desk.words(command)));
        assert_eq!(output.status.code(), Some(0), "`{command}`: {}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.trim().len() > 10 && !text.starts_with('{'), "`{command}` prints sentences or a table: {text}");
    }
    let shown = String::from_utf8(pulse(&desk.workspace(), &["show", "bronze.prices"]).stdout).unwrap();
    assert!(shown.contains("007") && shown.contains("prices.csv"), "rows and origin are shown: {shown}");
}

#[test]
fn errors_exit_with_1_and_say_what_to_do() {
    let desk = Desk::new();
    desk.json("import @prices.csv");
    let cases = [
        ("import @prices.csv", "already_exists"),
        ("import @missing.csv", "not_found"),
        ("import @prices.csv --table silver.prices", "invalid_input"),
        ("import @prices.csv --table bronze.Prices!", "invalid_input"),
        ("import @prices.csv --type price=colour --mode replace", "invalid_input"),
        ("preview @prices.csv --skip-lines 999999999999999", "invalid_input"),
        ("preview @prices.csv --skip-lines 4", "invalid_input"),
        ("preview @prices.csv --delimiter ab", "invalid_input"),
        ("preview @prices.csv --encoding klingon", "invalid_input"),
        ("preview @missing.csv", "not_found"),
        ("show bronze.missing", "not_found"),
        ("show nonsense", "invalid_input"),
        ("show bronze.prices --version 7", "not_found"),
        ("profile bronze.missing", "not_found"),
        ("clean bronze.missing", "not_found"),
        ("clean bronze.prices", "invalid_input"),
        ("clean bronze.prices --recipe @missing.json", "not_found"),
        ("sql SELEC", "invalid_input"),
        ("export bronze.prices --to @out.xyz", "invalid_input"),
        ("export bronze.missing --to @out.csv", "not_found"),
        ("history bronze.missing", "not_found"),
        ("restore bronze.prices 9", "not_found"),
    ];
    for (command, code) in cases {
        let output = pulse(&desk.workspace(), &[vec!["--json"], refs(&desk.words(command))].concat());
        let error = error_of(&output, command);
        assert_eq!(serde_json::to_value(error.code).unwrap(), code, "`{command}`: {error}");
        pulse_tests::assert_helpful(&error, command);
        let plain = pulse(&desk.workspace(), &refs(&desk.words(command)));
        assert_eq!((plain.status.code(), plain.stdout.len()), (Some(1), 0), "`{command}` prints no answer");
        let text = String::from_utf8(plain.stderr).unwrap();
        assert!(text.starts_with("error: ") && text.contains("\nhint: "), "`{command}` says what to do: {text}");
    }
}

#[test]
fn a_sync_without_a_mode_takes_the_usual_one_of_its_destination() {
    let desk = Desk::new();
    desk.json("import @prices.csv");
    // Nobody answers there, but a sync is saved before it runs.
    let connections = "[stream]\nkind = \"kafka\"\nbrokers = \"127.0.0.1:1\"\ntls = false\ntimeout_seconds = 1\n\
        [search]\nkind = \"elasticsearch\"\naddress = \"http://127.0.0.1:1\"\n";
    std::fs::write(desk.workspace().join("connections.toml"), connections).unwrap();
    let run = |words: &str| {
        let words = [vec!["--json"], words.split(' ').collect()].concat();
        error_of(&pulse(&desk.workspace(), &words), &words.join(" "))
    };
    for (name, connection) in [("log", "stream"), ("find", "search")] {
        let error = run(&format!("sync {name} --to {connection} --table bronze.prices"));
        assert_eq!(error.code, pulse_core::Code::Unreachable, "{error}");
    }
    let saved = desk.json("syncs");
    let modes: Vec<_> =
        saved["syncs"].as_array().unwrap().iter().map(|sync| (&sync["doc"]["name"], &sync["doc"]["mode"])).collect();
    let expected = [("find", "replace"), ("log", "append")].map(|(name, mode)| (json!(name), json!(mode)));
    assert_eq!(modes, expected.iter().map(|(name, mode)| (name, mode)).collect::<Vec<_>>(), "{saved}");

    let error = run("sync log --to stream --table bronze.prices --mode replace");
    assert_eq!((error.code, error.field.as_deref()), (pulse_core::Code::InvalidInput, Some("mode")), "{error}");
    let hint = error.hint.expect("what to do");
    assert!(hint.contains("append, upsert, mirror, incremental"), "{hint}");
}

#[test]
fn wrong_usage_exits_with_2() {
    let desk = Desk::new();
    let words = [
        "",
        "unknown",
        "import",
        "sql",
        "export bronze.prices",
        "restore bronze.prices",
        "restore bronze.prices x",
        "import x.csv --mode add",
        "import x.csv --header perhaps",
        "import x.csv --type price",
        "tables --colour",
        "serve --port 70000",
        "show bronze.prices --version -1",
    ];
    for command in words {
        let words: Vec<&str> = command.split_whitespace().collect();
        let output = pulse(&desk.workspace(), &[&["--json"], words.as_slice()].concat());
        assert_eq!(output.status.code(), Some(2), "`pulse {command}` is a usage error");
        assert!(output.stdout.is_empty(), "`pulse {command}` prints no answer");
        assert!(String::from_utf8_lossy(&output.stderr).contains("--help"), "`pulse {command}` points to the help");
    }
    assert!(!desk.workspace().exists(), "a usage error makes no workspace");
}

#[test]
fn every_help_has_an_example() {
    let nowhere = Path::new("/nonexistent/workspace");
    for words in COMMANDS.iter().map(|command| vec![*command, "--help"]).chain([vec!["--help"]]) {
        let output = pulse(nowhere, &words);
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(0), "{words:?}");
        let example = text.lines().find_map(|line| line.trim().strip_prefix("Example: "));
        let example = example.unwrap_or_else(|| panic!("{words:?} has an example: {text}"));
        assert!(
            example.starts_with("pulse ") && (words.len() == 1 || example.contains(words[0])),
            "{words:?}: {example}"
        );
    }
    let overview = String::from_utf8(pulse(nowhere, &["--help"]).stdout).unwrap();
    for command in COMMANDS {
        assert!(overview.contains(&format!("\n  {command} ")), "the overview lists {command}: {overview}");
    }
    assert!(!nowhere.exists(), "help makes no workspace");
}

#[test]
fn the_demo_does_the_main_job() {
    let desk = Desk::new();
    let demo = desk.json("demo");
    let steps = demo["steps"].as_array().unwrap_or_else(|| panic!("the demo lists its steps: {demo}"));
    assert!(steps.len() >= 4, "import, clean, SQL and export: {demo}");
    let tables = desk.json("tables");
    let names: Vec<_> = tables["tables"].as_array().unwrap().iter().map(|t| t["table"].as_str().unwrap()).collect();
    assert!(names.iter().any(|name| name.starts_with("bronze.")), "{names:?}");
    assert!(names.iter().any(|name| name.starts_with("silver.")), "{names:?}");
    let again = pulse(&desk.workspace(), &["demo"]);
    assert_eq!(again.status.code(), Some(0), "the demo runs again: {}", String::from_utf8_lossy(&again.stderr));
}

#[test]
fn serve_says_once_where_it_is() {
    let desk = Desk::new();
    let mut server = pulse_command(&desk.workspace(), &["--json", "serve"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let document: Value = serde_json::from_str(&line).unwrap_or_else(|cause| panic!("{cause}: {line}"));
    let url = document["url"].as_str().unwrap_or_else(|| panic!("{document}"));
    let rest =
        url.strip_prefix("http://127.0.0.1:").unwrap_or_else(|| panic!("it listens on this machine only: {url}"));
    let port: u16 = rest.split('/').next().unwrap().parse().unwrap();
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).expect("the server is ready when it says so");
    stream.write_all(format!("POST /rpc/tables HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n").as_bytes()).unwrap();
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer).unwrap();
    assert!(answer.contains(" 40"), "without the token it refuses: {answer}");
    server.kill().unwrap();
    server.wait().unwrap();
}
