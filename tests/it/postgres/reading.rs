//! Reading: ranges, one state, positions, and what a selection may do.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use pulse_connect::{Content, Task, connect};
use pulse_core::{Code, Progress};
use pulse_tests::assert_helpful;
use pulse_tests::services::postgres::Database;
use pulse_tests::services::skipped;
use serde_json::{Value, json};

use super::{changed, got, read, read_with};

#[test]
fn ranges_read_the_same_rows_in_the_same_order() {
    if skipped() {
        return;
    }
    let database = Database::new();
    database.sql(
        "CREATE TABLE plain AS SELECT i AS id, repeat('x', i % 90) AS t FROM generate_series(1, 60000) i;
         DELETE FROM plain WHERE id % 7 = 0; UPDATE plain SET t = 'moved' WHERE id % 11 = 0;
         CREATE TABLE parts (id int, t text) PARTITION BY HASH (id);
         CREATE TABLE parts0 PARTITION OF parts FOR VALUES WITH (MODULUS 3, REMAINDER 0);
         CREATE TABLE parts1 PARTITION OF parts FOR VALUES WITH (MODULUS 3, REMAINDER 1);
         CREATE TABLE parts2 PARTITION OF parts FOR VALUES WITH (MODULUS 3, REMAINDER 2);
         INSERT INTO parts SELECT * FROM plain;
         CREATE TABLE parent (id int, t text); CREATE TABLE heir (more int) INHERITS (parent);
         INSERT INTO parent SELECT id, t FROM plain WHERE id < 100; INSERT INTO heir SELECT id, t FROM plain WHERE id >= 100",
    );
    let single = got(&database, json!({"table": "plain", "parallel": 1}));
    let several = got(&database, json!({"table": "plain", "parallel": 5}));
    assert_eq!((single.files, several.files), (1, 5));
    assert!(single.frame.equals_missing(&several.frame), "ranges of pages are in the order of the table");
    let mut expected = single.integers("id");
    expected.sort_unstable();
    for table in ["parts", "parent"] {
        let read = got(&database, json!({"table": table, "parallel": 4}));
        let mut ids = read.integers("id");
        ids.sort_unstable();
        assert_eq!((read.files, ids == expected), (4, true), "{table}");
    }
    let filtered = got(&database, json!({"table": "plain", "parallel": 3, "filter": "id % 1000 = 1 OR t = 'moved';"}));
    let count: usize = database.sql("SELECT count(*) FROM plain WHERE id % 1000 = 1 OR t = 'moved'").parse().unwrap();
    assert_eq!(filtered.frame.height(), count);
    let ordered = got(&database, json!({"table": "plain", "order": "id DESC", "parallel": 4}));
    assert_eq!((ordered.files, ordered.integers("id")[0]), (1, Some(60_000)));
    let by_number = json!({"query": "SELECT * FROM (VALUES (9.5), (10), (2)) AS v(n)", "order": "n"});
    assert_eq!(got(&database, by_number).cell("n", 2), Some("10".into()), "text is not what is sorted by");
    let view = got(&database, json!({"query": "SELECT count(*) AS n FROM plain", "parallel": 4}));
    assert_eq!(view.integers("n"), [Some(expected.len() as i64)]);
}

#[test]
fn all_ranges_see_one_state_while_others_write() {
    if skipped() {
        return;
    }
    let database = Database::new();
    database.sql("CREATE TABLE accounts AS SELECT i AS id, 100 AS amount FROM generate_series(1, 20000) i");
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut round = 0;
            while !stop.load(Relaxed) {
                round += 1;
                // Money moves from the first pages to the last, and rows move with each update.
                database.sql(&format!(
                    "BEGIN; UPDATE accounts SET amount = amount - 1 WHERE id % 200 = {0};
                     UPDATE accounts SET amount = amount + 1 WHERE id % 200 = {1}; COMMIT",
                    round % 200,
                    (round + 77) % 200
                ));
            }
        });
        for _ in 0..15 {
            let read = got(&database, json!({"table": "accounts", "parallel": 4}));
            let sum: i64 = read.integers("amount").into_iter().flatten().sum();
            assert_eq!((read.frame.height(), sum), (20_000, 2_000_000));
        }
        stop.store(true, Relaxed);
    });
}

#[test]
fn a_refresh_reads_on_from_its_cursor() {
    if skipped() {
        return;
    }
    let database = Database::new();
    database.sql(
        "CREATE TABLE events (id int PRIMARY KEY, at timestamptz);
         INSERT INTO events SELECT i, timestamptz '2024-01-01' + i * interval '1 hour' FROM generate_series(1, 100) i;
         INSERT INTO events VALUES (101, NULL), (102, 'infinity')",
    );
    let refresh = |selection: &Value, state: Option<&Value>| {
        read_with(&database.settings(), selection, state, &Progress::new())
            .unwrap_or_else(|e| panic!("{selection}: {e}"))
    };
    let by_id = json!({"table": "events", "cursor": "id"});
    let first = refresh(&by_id, None);
    assert_eq!((first.frame.height(), first.fetched.snapshot), (102, true));
    assert_eq!(first.fetched.state, Some(json!({"column": "id", "cursor": "102"})));
    let connection = connect("postgres", &database.settings()).unwrap();
    let news = |state: &Option<Value>| connection.news(&by_id, state.as_ref(), &Progress::new()).unwrap();
    assert!(!news(&first.fetched.state).unwrap().available);
    let again = refresh(&by_id, first.fetched.state.as_ref());
    assert_eq!((again.frame.height(), again.fetched.snapshot), (0, false));
    assert_eq!(again.fetched.state, first.fetched.state, "nothing new moves nothing");
    database.sql("INSERT INTO events VALUES (103, '2024-03-01')");
    assert!(news(&first.fetched.state).unwrap().available);
    let more = refresh(&by_id, again.fetched.state.as_ref());
    assert_eq!(
        (more.integers("id"), more.fetched.state),
        (vec![Some(103)], Some(json!({"column": "id", "cursor": "103"})))
    );

    let by_time = json!({"table": "events", "cursor": "at", "lag": "3 hours", "filter": "id < 101", "order": "id"});
    let first = refresh(&by_time, None);
    assert_eq!(first.fetched.state.as_ref().unwrap()["cursor"], "2024-01-05 04:00:00+00", "infinity is no position");
    let late = refresh(&by_time, first.fetched.state.as_ref());
    assert_eq!(late.integers("id"), [Some(97), Some(98), Some(99), Some(100)]);
    assert_eq!(late.fetched.state, first.fetched.state);
    database.sql("DELETE FROM events WHERE id = 100");
    let older = refresh(&by_time, first.fetched.state.as_ref());
    assert_eq!(older.fetched.state, first.fetched.state, "the position never goes back");

    let started = refresh(&json!({"table": "events", "cursor": "id", "start": "99", "order": "id"}), None);
    assert_eq!(started.integers("id"), [99, 101, 102, 103].map(Some));
    assert!(!started.fetched.snapshot);
    let full = refresh(&json!({"table": "events", "cursor": "at"}), None);
    assert!(full.fetched.warnings.iter().any(|warning| warning.contains("no value")), "{:?}", full.fetched.warnings);
    let other = refresh(&json!({"table": "events", "cursor": "at"}), Some(&json!({"column": "id", "cursor": "103"})));
    assert_eq!(other.frame.height(), 102, "another cursor begins from the start");
    for (selection, field) in [
        (json!({"table": "events", "cursor": "nix"}), "cursor"),
        (json!({"table": "events", "lag": "1 day"}), "cursor"),
        (json!({"table": "events", "cursor": "id", "start": "abc"}), "start"),
        (json!({"query": "SELECT 'a'::text AS a", "cursor": "a", "lag": "1"}), "lag"),
    ] {
        let error = read(&database, selection.clone()).err().unwrap();
        assert_eq!(error.field.as_deref(), Some(field), "{selection}: {error:?}");
        assert_helpful(&error, &selection.to_string());
    }
}

#[test]
fn a_preview_reads_the_first_rows_only() {
    if skipped() {
        return;
    }
    let database = Database::new();
    database.sql("CREATE TABLE big AS SELECT i AS id FROM generate_series(1, 100000) i");
    let connection = connect("postgres", &database.settings()).unwrap();
    let (folder, progress) = (tempfile::tempdir().unwrap(), Progress::new());
    let task = Task {
        progress: &progress,
        scratch: folder.path(),
        downloads: folder.path(),
        limit: Some(50),
        state: None,
        replay: &[],
        merges: false,
    };
    let fetched = connection.read(&json!({"table": "big", "cursor": "id"}), &task).unwrap();
    let Content::Typed { rows, .. } = fetched.content else { panic!("typed rows") };
    assert_eq!((rows, fetched.snapshot, fetched.state), (50, false, None));
}

#[test]
fn a_selection_can_only_read() {
    if skipped() {
        return;
    }
    let database = Database::new();
    database.sql(
        "CREATE TABLE safe (id int); INSERT INTO safe VALUES (1); CREATE SEQUENCE numbers;
         CREATE FUNCTION wipe() RETURNS int LANGUAGE sql AS 'DELETE FROM safe RETURNING id'",
    );
    for (selection, field) in [
        (json!({"query": "DELETE FROM safe RETURNING id"}), Some("query")),
        (json!({"query": "SELECT 1); DELETE FROM safe; SELECT (1"}), Some("query")),
        (json!({"query": "SELECT * FROM nowhere"}), Some("query")),
        (json!({"query": "SELEKT 1"}), Some("query")),
        (json!({"query": "WITH gone AS (DELETE FROM safe RETURNING id) SELECT * FROM gone"}), Some("query")),
        (json!({"query": "SELECT wipe()"}), None),
        (json!({"query": "SELECT nextval('numbers')"}), None),
        (json!({"query": "SELECT set_config('transaction_read_only', 'off', false), wipe()"}), None),
        (json!({"table": "safe", "filter": "wipe() = 1"}), None),
        (json!({"table": "safe", "filter": "id = 'x'"}), Some("filter")),
        (json!({"table": "safe", "filter": "true) TO STDOUT; DELETE FROM safe; --"}), Some("filter")),
        (json!({"table": "safe", "filter": "1 / (id - id) = 1"}), None),
        (json!({"table": "safe", "order": "nix"}), Some("order")),
        (json!({"table": "safe", "columns": ["nix"]}), Some("columns")),
        (json!({"table": "safe", "query": "SELECT 1"}), Some("query")),
        (json!({}), Some("table")),
    ] {
        let error = read(&database, selection.clone()).err().unwrap_or_else(|| panic!("{selection} is refused"));
        assert_helpful(&error, &selection.to_string());
        if field.is_some() {
            assert_eq!(error.field.as_deref(), field, "{selection}: {error:?}");
        }
        assert_eq!(database.sql("SELECT count(*) FROM safe"), "1", "{selection}");
    }
}

#[test]
fn rows_that_are_not_there_and_tables_that_may_not_be_read() {
    if skipped() {
        return;
    }
    let database = Database::new();
    database.sql(
        "CREATE TABLE empty (id int PRIMARY KEY, t text); CREATE TABLE secret (id int, open int);
         CREATE ROLE guest LOGIN PASSWORD 'g'; GRANT SELECT (open) ON secret TO guest; INSERT INTO secret VALUES (1, 2);
         CREATE TABLE mine (who text); INSERT INTO mine VALUES ('guest'), ('other'); GRANT SELECT ON mine TO guest;
         ALTER TABLE mine ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON mine USING (who = current_user)",
    );
    let empty = got(&database, json!({"table": "empty"}));
    assert_eq!((empty.frame.height(), empty.frame.width(), empty.files), (0, 2, 0));
    let guest = changed(&database.settings(), json!({"user": "guest", "password": "g"}));
    let refused = read_with(&guest, &json!({"table": "secret"}), None, &Progress::new()).err().unwrap();
    assert_eq!(refused.code, Code::PermissionDenied);
    assert!(refused.hint.as_ref().unwrap().contains("GRANT SELECT"), "{refused}");
    let open = json!({"table": "secret", "columns": ["open"]});
    assert_eq!(read_with(&guest, &open, None, &Progress::new()).ok().unwrap().frame.height(), 1);
    let mine = read_with(&guest, &json!({"table": "mine"}), None, &Progress::new()).ok().unwrap();
    assert_eq!(mine.frame.height(), 1);
    assert!(mine.fetched.warnings[0].contains("row-level security"), "{:?}", mine.fetched.warnings);
}
