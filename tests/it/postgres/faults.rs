//! Servers that die, stall or refuse, and jobs that are cancelled.

use std::time::{Duration, Instant};

use pulse_core::{Code, Error, Progress};
use pulse_tests::assert_helpful;
use pulse_tests::services::postgres::{Database, PASSWORD, Postgres, USER};
use pulse_tests::services::skipped;
use serde_json::{Value, json};

use super::{changed, read_with};

/// A query that gives rows for as long as it is left to: some 100 bytes a row, and a pause after every thousand.
const ENDLESS: &str = "SELECT i, repeat('x', 100) AS t, CASE WHEN i % 1000 = 0 THEN pg_sleep(0.01)::text END AS pause \
                       FROM (SELECT generate_series(1, 1000000000) AS i) s";

/// Starts a read, waits until rows come, does `harm` and returns what became of the read and how long that took.
fn harmed(settings: &Value, selection: Value, harm: impl FnOnce(&Progress)) -> (Error, Duration) {
    let progress = Progress::new();
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| read_with(settings, &selection, None, &progress).err());
        let began = Instant::now();
        while progress.counts().bytes < 100_000 && !reader.is_finished() {
            if began.elapsed() > Duration::from_secs(30) {
                progress.cancel();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        harm(&progress);
        let began = Instant::now();
        let error = reader.join().unwrap().expect("the read fails");
        (error, began.elapsed())
    })
}

#[test]
fn a_server_that_dies_half_way_is_a_clear_error() {
    if skipped() {
        return;
    }
    let server = Postgres::start(false);
    let settings = json!({"host": "127.0.0.1", "port": server.port(), "database": "postgres", "user": USER,
                          "password": PASSWORD});
    let backends = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'COPY%'";
    let (error, _) = harmed(&settings, json!({"query": ENDLESS}), |_| drop(server.psql("postgres", backends)));
    assert_eq!(error.code, Code::Unreachable, "{error}");
    assert_helpful(&error, "a terminated session");
    let (error, _) = harmed(&settings, json!({"query": ENDLESS}), |_| server.kill());
    assert_eq!(error.code, Code::Unreachable, "{error}");
    assert!(error.message.contains("lost"), "{error}");
    assert_helpful(&error, "a killed server");
}

#[test]
fn a_cancel_ends_both_sides_at_once() {
    if skipped() {
        return;
    }
    let database = Database::new();
    let running = |words: &str| {
        database.sql(&format!(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = '{}' AND state = 'active' AND query LIKE '%{words}%'
             AND pid <> pg_backend_pid()",
            database.name
        ))
    };
    let (error, took) = harmed(&database.settings(), json!({"query": ENDLESS}), Progress::cancel);
    assert_eq!(error.code, Code::Cancelled);
    assert!(took < Duration::from_secs(3), "{took:?}");
    // The server hears of it at once, but ends the query when it gets to run.
    let stops = |words: &str| {
        let began = Instant::now();
        while running(words) != "0" {
            assert!(began.elapsed() < Duration::from_secs(20), "the server stops as well");
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    stops("repeat");

    // Before the first row the server computes, and nobody reads from it.
    let progress = Progress::new();
    let selection = json!({"query": "SELECT count(*) AS many FROM generate_series(1, 100000000000) i"});
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| read_with(&database.settings(), &selection, None, &progress).err());
        while running("many") == "0" {
            std::thread::sleep(Duration::from_millis(20));
        }
        progress.cancel();
        let began = Instant::now();
        assert_eq!(reader.join().unwrap().unwrap().code, Code::Cancelled);
        assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    });
    stops("many");
}

#[test]
fn limits_of_the_server_are_explained() {
    if skipped() {
        return;
    }
    let database = Database::new();
    let limited = changed(&database.settings(), json!({"options": "-c statement_timeout=300"}));
    let error = read_with(&limited, &json!({"query": ENDLESS}), None, &Progress::new()).err().unwrap();
    assert_eq!((error.code, error.field.as_deref()), (Code::LimitExceeded, Some("options")), "{error}");
    assert_helpful(&error, "a statement that takes too long");

    let stalled = changed(&database.settings(), json!({"stall_seconds": 1}));
    let error =
        read_with(&stalled, &json!({"query": "SELECT pg_sleep(60)::text"}), None, &Progress::new()).err().unwrap();
    assert!(error.message.contains("nothing for 1 seconds"), "{error}");

    database.sql("CREATE TABLE locked AS SELECT 1 AS id; CREATE ROLE few LOGIN PASSWORD 'f' CONNECTION LIMIT 2;
                  CREATE TABLE big AS SELECT i AS id, repeat('x', 50) AS t FROM generate_series(1, 20000) i; GRANT SELECT ON big TO few");
    let few = changed(&database.settings(), json!({"user": "few", "password": "f"}));
    let read = read_with(&few, &json!({"table": "big", "parallel": 6}), None, &Progress::new()).unwrap();
    assert_eq!((read.frame.height(), read.files), (20_000, 2), "as many connections as the server allows");
}
