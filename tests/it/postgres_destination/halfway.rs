//! What changes in the middle of a run: the disk becomes full, rights are taken away, the server is stuck, the network slow.

use std::time::{Duration, Instant};

use pulse_connect::SyncMode;
use pulse_core::Code;
use pulse_tests::assert_helpful;
use pulse_tests::services::postgres::{Database, PASSWORD, Postgres, USER};
use pulse_tests::services::proxy::{Break, Proxy};
use pulse_tests::services::{signal, skipped};

use super::faults::{case, expected, held, many};
use super::*;

/// Rows of a run that is long enough for something to happen; about 20 MB.
const ROWS: i64 = 400_000;

/// Runs `halfway` once so many bytes are sent, and gives what came of the run.
fn amid(sync: &Sync, bytes: u64, halfway: impl FnOnce()) -> Result<Written, Error> {
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| sync.write());
        let began = Instant::now();
        while sync.progress.counts().stage != "Sending rows" || sync.progress.counts().bytes < bytes {
            assert!(!writer.is_finished(), "it is over before: {:?}", sync.progress.counts());
            assert!(began.elapsed() < Duration::from_secs(60), "no rows are sent");
            std::thread::sleep(Duration::from_millis(1));
        }
        halfway();
        writer.join().unwrap()
    })
}

/// Goes on with the run and expects that the table is as if nothing had been.
fn goes_on(database: &Database, mut sync: Sync, there: bool) {
    sync.progress = Progress::new();
    sync.resume().unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(held(database), expected(sync.outgoing.mode, there, ROWS));
    assert!(sync.journal.todo(sync.outgoing.total()).is_empty(), "every row has a receipt");
    let verification = sync.verify(&Written::default());
    assert!(verification.matched(), "{verification:?}");
    assert_eq!(left(database), "");
}

#[test]
fn a_full_disk_is_told_and_with_room_again_the_run_goes_on() {
    if skipped() {
        return;
    }
    let server = Postgres::start_on_small_disk();
    let settings = json!({"host": "127.0.0.1", "port": server.port(), "database": "postgres", "user": USER,
                          "password": PASSWORD});
    let count = |there: bool| if there { server.psql("postgres", "SELECT count(*) FROM t") } else { "0".into() };
    // The rows have 19 MB where they become the table, and 25 MB where they are copied on to it.
    for (mode, there, megabytes, attempt) in [
        (SyncMode::Replace, false, 8, "send the rows"),
        (SyncMode::Append, true, 8, "send the rows"),
        (SyncMode::Append, true, 30, "put the rows into the table"),
        (SyncMode::Mirror, true, 35, "delete the rows that are gone"),
    ] {
        server.psql("postgres", "DROP TABLE IF EXISTS t, cloud_pulse_syncs");
        if there {
            let rows = "INSERT INTO t VALUES (-1, 'old'), (-2, 'older')";
            server.psql("postgres", &format!("CREATE TABLE t (id bigint PRIMARY KEY, word text); {rows}"));
        }
        let frame = many(ROWS);
        let mut sync = Sync::new(&settings, mode, frame).key(&["id"]).option("parallel", json!(1));
        server.disk().fill_after(megabytes << 20);
        let error = sync.write().expect_err("the disk is full");
        let what = format!("{mode:?} with {megabytes} MB");
        assert_eq!(error.code, Code::DiskFull, "{what}: {error}");
        assert!(error.message.contains("No space left on device"), "{what}: {error}");
        assert!(error.message.contains(attempt), "{what}: {error}");
        assert!(error.hint.as_ref().is_some_and(|hint| hint.contains("disk is full")), "{what}: {error:?}");
        assert_eq!(count(there), if there { "2" } else { "0" }, "{what}: the table is as it was");
        server.disk().fill_after(1 << 20);
        let again = sync.resume().expect_err("the disk is still full");
        assert_eq!(again.code, Code::DiskFull, "{what}: {again}");
        server.disk().free();
        sync.resume().unwrap_or_else(|error| panic!("{what}: {error}"));
        let held = server.psql("postgres", "SELECT count(*), sum(id) FROM t WHERE id >= 0");
        assert_eq!(held, format!("{}|{}", ROWS - 1, ROWS * (ROWS - 1) / 2 - 7), "{what}");
        assert!(sync.journal.todo(sync.outgoing.total()).is_empty(), "{what}: every row has a receipt");
        let verification = sync.verify(&Written::default());
        assert!(verification.matched(), "{what}: {verification:?}");
    }
}

#[test]
fn rights_that_are_revoked_while_rows_are_sent_are_told_and_given_back_the_run_goes_on() {
    if skipped() {
        return;
    }
    let database = Database::new();
    let role = format!("halfway_{}", database.name);
    database.sql(&format!("CREATE ROLE {role} LOGIN PASSWORD 'w'; GRANT CREATE, USAGE ON SCHEMA public TO {role}"));
    let mut settings = database.settings();
    (settings["user"], settings["password"]) = (json!(role), json!("w"));
    for (mode, there, right) in [
        (SyncMode::Append, true, "INSERT ON t"),
        (SyncMode::Upsert, true, "UPDATE ON t"),
        (SyncMode::Mirror, true, "DELETE ON t"),
        (SyncMode::Replace, false, "CREATE ON SCHEMA public"),
    ] {
        let sync = case(&database, &settings, mode, there, ROWS);
        if there {
            database.sql(&format!("GRANT ALL ON t TO {role}"));
        }
        let error = amid(&sync, 4_000_000, || drop(database.sql(&format!("REVOKE {right} FROM {role}"))));
        let error = error.expect_err("the right is gone");
        assert_eq!(error.code, Code::PermissionDenied, "{right}: {error}");
        assert!(error.message.contains("permission denied"), "{right}: {error}");
        assert_helpful(&error, right);
        if there {
            assert_eq!(held(&database), "2|-3", "{right}: the table is as it was");
        }
        database.sql(&format!("GRANT {right} TO {role}"));
        goes_on(&database, sync, there);
    }
    database.sql(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
}

#[test]
fn a_server_that_takes_nothing_any_more_is_given_up() {
    if skipped() {
        return;
    }
    // Others share the other server, and one that is stopped cannot be told from theirs.
    let server = Postgres::start(false);
    let settings = json!({"host": "127.0.0.1", "port": server.port(), "database": "postgres", "user": USER,
                          "password": PASSWORD, "stall_seconds": 2});
    let mut sync = Sync::new(&settings, SyncMode::Replace, many(ROWS)).option("parallel", json!(1));
    let mut stopped = Vec::new();
    let began = Instant::now();
    let error = amid(&sync, 1_000_000, || {
        stopped = server.sync_processes();
        signal("STOP", &stopped);
    })
    .expect_err("nothing is taken");
    signal("CONT", &stopped);
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    assert_eq!(error.code, Code::Unreachable, "{error}");
    assert!(error.message.contains("nothing for 2 seconds"), "{error}");
    assert_helpful(&error, "a server that is stuck");
    sync.progress = Progress::new();
    sync.resume().unwrap();
    let held = server.psql("postgres", "SELECT count(*), sum(id) FROM t");
    assert_eq!(held, format!("{}|{}", ROWS - 1, ROWS * (ROWS - 1) / 2 - 7));
}

#[test]
fn a_run_through_a_slow_network_arrives_and_one_that_waits_can_be_cancelled() {
    if skipped() {
        return;
    }
    let database = Database::new();
    let proxy = Proxy::start(database.server.port());
    let mut settings = database.settings();
    settings["port"] = json!(proxy.port());
    proxy.slow_down(4_000_000);
    let sync = case(&database, &settings, SyncMode::Upsert, true, 150_000);
    let began = Instant::now();
    sync.write().unwrap();
    assert!(began.elapsed() > Duration::from_secs(1), "the network was slow");
    assert_eq!(held(&database), expected(SyncMode::Upsert, true, 150_000));

    proxy.slow_down(0);
    let sync = case(&database, &settings, SyncMode::Append, true, ROWS);
    let mut cancelled = Instant::now();
    let error = amid(&sync, 2_000_000, || {
        proxy.break_after(0, Break::Stall);
        std::thread::sleep(Duration::from_millis(500));
        cancelled = Instant::now();
        sync.progress.cancel();
    });
    assert_eq!(error.expect_err("it was cancelled").code, Code::Cancelled);
    assert!(cancelled.elapsed() < Duration::from_secs(5), "a cancel does not wait for the network");
    proxy.mend();
    goes_on(&database, sync, true);
}

#[test]
fn connections_that_wait_for_an_answer_are_watched() {
    if skipped() || !cfg!(target_os = "linux") {
        return;
    }
    let database = Database::new();
    database.sql(
        "CREATE TABLE t (id bigint, word text); CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
                  'BEGIN PERFORM pg_sleep(2); RETURN NEW; END'; CREATE TRIGGER slow BEFORE INSERT ON t EXECUTE FUNCTION slow()",
    );
    let sync = Sync::to(&database, SyncMode::Append, many(5));
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| sync.write().unwrap());
        let began = Instant::now();
        while database.sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'") == "0" {
            assert!(began.elapsed() < Duration::from_secs(30));
            std::thread::sleep(Duration::from_millis(20));
        }
        let client = database.sql("SELECT client_port FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
        // "sl local_address rem_address st tx_queue:rx_queue tr:tm->when" (proc_net_tcp in the kernel's documentation);
        // a timer of 2 is the one that asks whether the other end is still there.
        let ours = format!(":{:04X}", client.parse::<u16>().unwrap());
        let timer = || {
            let sockets = std::fs::read_to_string("/proc/net/tcp").unwrap();
            let mut sockets = sockets.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
            sockets.find(|words| words[1].ends_with(&ours)).expect("the connection")[5].to_owned()
        };
        // It waits for the confirmation of what it sent last before.
        let began = Instant::now();
        while !timer().starts_with("02:") {
            assert!(began.elapsed() < Duration::from_secs(5), "{}", timer());
            std::thread::sleep(Duration::from_millis(20));
        }
        writer.join().unwrap();
    });
}
