//! From a server into tables, through the command line with a connection from the environment.

use std::path::Path;

use pulse_tests::services::postgres::{Database, PASSWORD, USER};
use pulse_tests::services::skipped;
use pulse_tests::{files_below, one_document, pulse_command};
use serde_json::{Value, json};

/// The user's information of an address, escaped as connection strings want it.
fn escaped(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// Runs `pulse --json` with the connection `shop` in the environment: the exit code and the document.
fn pulse(workspace: &Path, database: &Database, arguments: &[&str]) -> (i32, Value) {
    let (port, name) = (database.server.port(), &database.name);
    let address = format!("postgresql://{USER}:{}@127.0.0.1:{port}/{name}?sslmode=disable", escaped(PASSWORD));
    let mut command = pulse_command(workspace, &[&["--json"], arguments].concat());
    let output = command.env("PULSE_CONNECTION_SHOP", address).output().expect("pulse starts");
    assert!(!format!("{output:?}").contains(PASSWORD), "{arguments:?}: no secret is shown");
    (output.status.code().unwrap_or(-1), one_document(&output, &arguments.join(" ")))
}

#[test]
fn tables_are_imported_merged_and_refreshed() {
    if skipped() {
        return;
    }
    let database = Database::new();
    database.sql(
        "CREATE TABLE orders (id int PRIMARY KEY, amount numeric(10,2), at timestamptz, tags text[], raw bytea, until date);
         INSERT INTO orders SELECT i, i / 8.0, timestamptz '2024-01-01' + i * interval '1 minute', ARRAY['a', NULL],
             '\\x00ff', CASE WHEN i = 7 THEN date 'infinity' END FROM generate_series(1, 50000) i",
    );
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().join("workspace");
    let run = |arguments: &[&str]| {
        let (code, document) = pulse(&root, &database, arguments);
        assert_eq!(code, 0, "{arguments:?}: {document}");
        document
    };
    let sql = |sql: &str| run(&["sql", sql])["rows"][0].clone();
    run(&[
        "import",
        "--from",
        "shop",
        "public.orders",
        "--table",
        "bronze.orders",
        "--mode",
        "merge",
        "--key",
        "id",
        "--deletes",
        "remove",
        "--set",
        "parallel=3",
    ]);
    let count = "SELECT count(*), sum(amount)::varchar, count(until) FROM bronze.orders";
    let expected = |sql: &str| database.sql(&format!("SELECT json_build_array({sql}) FROM orders"));
    let sums = "count(*), sum(amount)::text, count(*) FILTER (WHERE isfinite(until))";
    assert_eq!(sql(count).to_string(), expected(sums).replace(", ", ","));

    database.sql("DELETE FROM orders WHERE id <= 10; UPDATE orders SET amount = 1 WHERE id = 11; INSERT INTO orders (id) VALUES (60000)");
    run(&["refresh", "orders"]);
    assert_eq!(sql(count).to_string(), expected(sums).replace(", ", ","), "added, changed and deleted rows arrive");

    // A failure half-way, here by a function that fails late, changes nothing.
    database.sql("CREATE VIEW late AS SELECT id, 1 / (60000 - id) AS never FROM orders ORDER BY id");
    let before = files_below(&root.join("lake"));
    let (code, document) = pulse(&root, &database, &["import", "--from", "shop", "late", "--table", "bronze.late"]);
    assert_eq!((code, document["error"]["code"].as_str()), (1, Some("invalid_input")), "{document}");
    assert_eq!(files_below(&root.join("lake")), before, "no half table");
}

#[test]
fn a_cursor_appends_only_what_is_new() {
    if skipped() {
        return;
    }
    let database = Database::new();
    database.sql("CREATE TABLE events AS SELECT i AS id FROM generate_series(1, 1000) i");
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().join("workspace");
    let import =
        ["import", "--from", "shop", "events", "--table", "bronze.events", "--mode", "append", "--set", "cursor=id"];
    assert_eq!(pulse(&root, &database, &import).0, 0);
    for round in 0..3 {
        database.sql(&format!("INSERT INTO events VALUES ({})", 1001 + round));
        assert_eq!(pulse(&root, &database, &["refresh", "events"]).0, 0);
    }
    let (_, counted) =
        pulse(&root, &database, &["sql", "SELECT count(*), count(DISTINCT id), max(id) FROM bronze.events"]);
    assert_eq!(counted["rows"][0], json!([1003, 1003, 1003]), "{counted}");
}
