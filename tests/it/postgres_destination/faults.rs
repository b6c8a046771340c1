//! Journals, networks, servers and rights that fail, and two at once: the target is as it was before or as it was meant.

use std::time::{Duration, Instant};

use pulse_connect::SyncMode;
use pulse_core::Code;
use pulse_tests::assert_helpful;
use pulse_tests::services::postgres::{Database, PASSWORD, Postgres, USER};
use pulse_tests::services::proxy::{Break, Proxy};
use pulse_tests::services::skipped;

use super::*;

/// Many rows, one of which does not fit.
pub fn many(rows: i64) -> DataFrame {
    let words: Vec<String> = (0..rows).map(|id| if id == 7 { "\0".into() } else { format!("word {id}") }).collect();
    df!("id" => (0..rows).collect::<Vec<_>>(), "word" => words).unwrap()
}

/// The modes, and whether the table is there before.
const CASES: [(SyncMode, bool); 6] = [
    (SyncMode::Replace, false),
    (SyncMode::Replace, true),
    (SyncMode::Append, true),
    (SyncMode::Upsert, true),
    (SyncMode::Mirror, true),
    (SyncMode::Incremental, true),
];

/// A fresh table and a sync to it.
pub fn case(database: &Database, settings: &Value, mode: SyncMode, there: bool, rows: i64) -> Sync {
    database.sql("DROP TABLE IF EXISTS t, cloud_pulse_syncs");
    if there {
        database.sql("CREATE TABLE t (id bigint PRIMARY KEY, word text CHECK (word <> 'word 9')); INSERT INTO t VALUES (-1, 'old'), (-2, 'older')");
    }
    let mut sync = Sync::new(settings, mode, many(rows)).key(&["id"]).option("replace_by", json!("refill"));
    if mode == SyncMode::Incremental {
        sync = sync.deleting(df!("id" => [-2i64]).unwrap());
    }
    sync
}

/// What the table holds at the end.
pub fn expected(mode: SyncMode, there: bool, rows: i64) -> String {
    let refused = if there { 2 } else { 1 };
    let (old, sum) = match mode {
        SyncMode::Replace | SyncMode::Mirror => (0, 0),
        SyncMode::Incremental => (1, -1),
        SyncMode::Append | SyncMode::Upsert => (2, -3),
    };
    let gone = if there { 7 + 9 } else { 7 };
    format!("{}|{}", rows - refused + old, rows * (rows - 1) / 2 - gone + sum)
}

pub fn held(database: &Database) -> String {
    database.sql("SELECT count(*), sum(id) FROM t")
}

#[test]
fn a_run_goes_on_after_the_journal_failed_at_any_note() {
    if skipped() {
        return;
    }
    let database = Database::new();
    for (mode, there) in CASES {
        for notes in 0.. {
            let mut sync = case(&database, &database.settings(), mode, there, 500);
            sync.journal.fail_after(notes);
            let whole = sync.write().is_ok();
            sync.journal.fail_after(i64::MAX);
            sync.resume().unwrap_or_else(|error| panic!("{mode:?} after {notes} notes: {error}"));
            assert_eq!(held(&database), expected(mode, there, 500), "{mode:?} after {notes} notes");
            assert!(sync.journal.todo(sync.outgoing.total()).is_empty(), "{mode:?} after {notes} notes");
            let verification = sync.verify(&Written::default());
            assert!(verification.matched(), "{mode:?} after {notes} notes: {verification:?}");
            assert_eq!(left(&database), "", "{mode:?} after {notes} notes");
            if whole {
                assert!(notes >= 2, "{mode:?}");
                break;
            }
        }
    }
}

#[test]
fn a_run_goes_on_after_the_network_was_cut_at_any_byte() {
    if skipped() {
        return;
    }
    let database = Database::new();
    for (mode, there) in [(SyncMode::Replace, false), (SyncMode::Upsert, true)] {
        let mut bytes = 1_000;
        loop {
            let proxy = Proxy::start(database.server.port());
            let mut settings = database.settings();
            settings["port"] = json!(proxy.port());
            let mut sync = case(&database, &settings, mode, there, 140_000).option("parallel", json!(2));
            proxy.break_after(bytes, Break::Cut);
            let outcome = sync.write();
            proxy.mend();
            if let Err(error) = &outcome {
                assert_eq!(error.code, Code::Unreachable, "{error}");
                sync.resume().unwrap_or_else(|error| panic!("{mode:?} after {bytes} bytes: {error}"));
            }
            assert_eq!(held(&database), expected(mode, there, 140_000), "{mode:?} after {bytes} bytes");
            assert_eq!(left(&database), "");
            if outcome.is_ok() {
                break;
            }
            bytes += 2_300;
        }
    }
}

#[test]
fn a_server_that_is_killed_and_started_again_gets_the_rest() {
    if skipped() {
        return;
    }
    let server = Postgres::start(false);
    let settings = json!({"host": "127.0.0.1", "port": server.port(), "database": "postgres", "user": USER,
                          "password": PASSWORD});
    for (mode, there, bytes) in [
        (SyncMode::Replace, false, 3_000_000),
        (SyncMode::Append, true, 3_000_000),
        (SyncMode::Append, true, 9_000_000),
    ] {
        server.psql("postgres", "DROP TABLE IF EXISTS t, cloud_pulse_syncs");
        if there {
            server.psql("postgres", "CREATE TABLE t (id bigint, word text); INSERT INTO t VALUES (-1, 'old')");
        }
        let mut sync = Sync::new(&settings, mode, many(500_000)).option("parallel", json!(1));
        let error = std::thread::scope(|scope| {
            let writer = scope.spawn(|| sync.write().expect_err("the server dies"));
            while sync.progress.counts().bytes < bytes && !writer.is_finished() {
                std::thread::sleep(Duration::from_millis(1));
            }
            server.kill();
            writer.join().unwrap()
        });
        assert_eq!(error.code, Code::Unreachable, "{error}");
        assert_helpful(&error, "a killed server");
        server.restart();
        assert_eq!(
            server.psql("postgres", "SELECT count(*) FROM pg_class WHERE relname = 't'"),
            if there { "1" } else { "0" }
        );
        sync.progress = Progress::new();
        sync.resume().unwrap();
        let held = server.psql("postgres", "SELECT count(*), sum(id) FROM t WHERE id >= 0");
        assert_eq!(held, format!("499999|{}", 500_000i64 * 499_999 / 2 - 7));
    }
}

#[test]
fn two_syncs_to_one_table_do_not_meet() {
    if skipped() {
        return;
    }
    let database = Database::new();
    database.sql("CREATE TABLE t (id bigint, word text); CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
                  'BEGIN PERFORM pg_sleep(3); RETURN NEW; END'; CREATE TRIGGER slow BEFORE INSERT ON t EXECUTE FUNCTION slow()");
    let first = Sync::to(&database, SyncMode::Append, many(5));
    let mut second = Sync::to(&database, SyncMode::Append, many(5));
    second.outgoing.sync = "weekly".into();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| first.write().unwrap());
        let began = Instant::now();
        while database.sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'") == "0" {
            assert!(began.elapsed() < Duration::from_secs(30));
            std::thread::sleep(Duration::from_millis(20));
        }
        let error = second.write().unwrap_err();
        assert_eq!(error.code, Code::Conflict);
        assert!(error.message.contains("The sync `nightly`, connected from 127.0.0.1 since "), "{error}");
        writer.join().unwrap();
    });
    second.write().unwrap();
    assert_eq!(held(&database), "10|20");
}

#[test]
fn missing_rights_leave_the_table_as_it_was() {
    if skipped() {
        return;
    }
    let database = Database::new();
    database.sql(&format!(
        "CREATE ROLE writer_{0} LOGIN PASSWORD 'w'; GRANT CREATE, USAGE ON SCHEMA public TO writer_{0};
         CREATE TABLE t (id bigint PRIMARY KEY, word text); INSERT INTO t VALUES (-1, 'old'); GRANT SELECT, INSERT ON t TO writer_{0};
         CREATE SCHEMA closed",
        database.name
    ));
    let mut settings = database.settings();
    (settings["user"], settings["password"]) = (json!(format!("writer_{}", database.name)), json!("w"));
    let mut sync = Sync::new(&settings, SyncMode::Upsert, many(5)).key(&["id"]);
    assert!(sync.stops()[0].contains("lacks the right to change the rows of public.t: UPDATE"), "{:?}", sync.stops());
    let error = sync.write().unwrap_err();
    assert_eq!(error.code, Code::PermissionDenied, "{error}");
    assert_helpful(&error, "a missing right");
    assert_eq!(table(&database), "-1|old");
    database.sql(&format!("GRANT UPDATE ON t TO writer_{}", database.name));
    sync.resume().unwrap();
    assert_eq!(held(&database), "6|9");
    let swap = Sync::new(&settings, SyncMode::Replace, many(5)).next(many(5));
    assert!(swap.stops()[0].contains("Only its owner"), "{:?}", swap.stops());
    let closed = Sync::new(&settings, SyncMode::Append, many(5)).option("schema", json!("closed"));
    assert!(closed.stops()[0].contains("may not make tables in the schema"), "{:?}", closed.stops());
    let nowhere = Sync::new(&settings, SyncMode::Append, many(5)).option("schema", json!("nowhere"));
    assert!(nowhere.stops()[0].contains("There is no schema"), "{:?}", nowhere.stops());
    database.sql(&format!("DROP OWNED BY writer_{0}; DROP ROLE writer_{0}", database.name));
}

#[test]
fn a_table_with_other_columns_is_told_before_anything_is_sent() {
    if skipped() {
        return;
    }
    let database = Database::new();
    database.sql("CREATE TABLE t (id text, more int NOT NULL, twice int GENERATED ALWAYS AS (1) STORED)");
    let frame = df!("id" => [1.5f64], "word" => ["a"], "twice" => [1i32]).unwrap();
    let mut sync = Sync::to(&database, SyncMode::Append, frame);
    let stops = sync.stops().join(" ");
    for part in [
        "double precision do not go into a column of the type text",
        "has no column `word`",
        "demands a value",
        "computes this column",
    ] {
        assert!(stops.contains(part), "{part}: {stops}");
    }
    let long = "ü".repeat(40);
    let names = [long.clone() + "a", long + "b", "ctid".into()];
    let columns = names.iter().map(|name| Column::new_empty(name.as_str().into(), &DataType::Int64));
    sync.outgoing.columns = columns.map(|column| pulse_tests::column(&column)).collect();
    let stops = sync.stops().join(" ");
    for part in ["The name has 81 bytes", "is the same as", "has a column `ctid` of its own"] {
        assert!(stops.contains(part), "{part}: {stops}");
    }
    assert_eq!(database.sql("SELECT count(*) FROM pg_class WHERE relname LIKE 'cloud%'"), "0");
}

#[test]
fn a_wrong_certificate_ends_it_before_a_row_is_sent() {
    if skipped() {
        return;
    }
    let server = Postgres::start(true);
    let settings = |authority: &std::path::Path| {
        json!({"host": "localhost", "port": server.port(), "database": "postgres", "user": USER,
                          "password": PASSWORD, "tls": "required", "ca_file": authority})
    };
    let error = Sync::new(&settings(&server.stranger()), SyncMode::Append, many(5)).write().unwrap_err();
    assert_eq!(error.code, Code::Unreachable, "{error}");
    let sync = Sync::new(&settings(&server.authority()), SyncMode::Append, many(5));
    assert_eq!(sync.write().unwrap().rows, 5);
}
