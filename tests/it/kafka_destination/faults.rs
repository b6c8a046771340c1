//! What goes wrong on the way: killed servers, torn attempts, wrong certificates, silence.

use pulse_connect::{Ranges, Written};
use pulse_core::Error;
use pulse_tests::services::kafka::{Broker, Security};

use super::*;

/// Runs `halfway` once so many rows have their receipts, and gives what came of the run.
pub fn amid(sync: &Sending, rows: u64, halfway: impl FnOnce()) -> Result<Written, Error> {
    std::thread::scope(|scope| {
        let attempt = scope.spawn(|| sync.attempt());
        let began = Instant::now();
        while sync.progress.counts().rows < rows {
            assert!(!attempt.is_finished(), "it is over before: {:?}", sync.progress.counts());
            assert!(began.elapsed() < Duration::from_secs(60), "no rows are sent");
            std::thread::sleep(Duration::from_millis(2));
        }
        halfway();
        attempt.join().expect("no panic")
    })
}

/// How often each row of a run is in a topic.
pub fn times(server: &Noida, topic: &str, run: &str) -> BTreeMap<u64, usize> {
    let mut times = BTreeMap::new();
    for message in messages(server, topic).iter().filter(|message| message.headers["pulse-run"] == run) {
        *times.entry(message.row().expect("a row")).or_default() += 1;
    }
    times
}

pub fn once(rows: u64) -> BTreeMap<u64, usize> {
    (0..rows).map(|row| (row, 1)).collect()
}

#[test]
fn what_an_attempt_wrote_without_a_receipt_is_found_and_not_written_again() {
    if skipped() {
        return;
    }
    let server = server();
    for (topic, transactional) in [("plain", false), ("transactions", true)] {
        for notes in [1, 2, 3] {
            let topic = format!("{topic}-{notes}");
            let mut sync = sync(&server, &topic, SyncMode::Append, &[], orders(0..150_000));
            sync.target["transactional"] = transactional.into();
            // The position is noted first, then some rows at a time.
            sync.journal.fail_after(notes);
            sync.attempt().expect_err("the journal fails");
            sync.journal.fail_after(i64::MAX);
            let known = sync.journal.rows(Fate::Delivered).count();
            assert!(known < 150_000, "{topic}: {known} receipts");
            let written = sync.resume().unwrap_or_else(|error| panic!("{topic}: it goes on: {error}"));
            sync.must_match(&written);
            assert!(times(&server, &topic, "run-1") == once(150_000), "{topic}: each row is there once");
        }
    }
}

#[test]
fn only_rows_that_are_asked_for_again_are_sent_again() {
    if skipped() {
        return;
    }
    let server = server();
    let mut sync = sync(&server, "retried", SyncMode::Append, &[], orders(0..1000));
    sync.outgoing.todo = Ranges::of([0..400, 403..1000]);
    sync.write();
    sync.outgoing.position = sync.journal.position();
    sync.outgoing.todo = Ranges::of([400..403]);
    let written = sync.write();
    assert_eq!(written.rows, 3);
    assert!(sync.verify(&written).matched());
    assert_eq!(times(&server, "retried", "run-1"), once(1000));
}

#[test]
fn a_server_that_hangs_and_is_killed_half_way_is_written_to_when_it_is_back() {
    if skipped() {
        return;
    }
    let mut server = server();
    let mut impatient = settings(&server);
    impatient["timeout_seconds"] = 3.into();
    let target = json!({"topic": "restarted"});
    let mut sync = Sending::new(("kafka", &impatient), target, SyncMode::Append, &[], orders(0..400_000));
    let error = amid(&sync, 20_000, || server.sleep()).expect_err("the server says nothing any more");
    // What lies in its sockets arrives now. This server flushes what it confirmed only every other second.
    server.wake();
    std::thread::sleep(Duration::from_secs(3));
    server.kill();
    assert_eq!(error.code, Code::Unreachable, "{error}");
    assert_helpful(&error, "a server that was killed");
    let known = sync.journal.rows(Fate::Delivered).count();
    assert!((20_000..400_000).contains(&known), "{known} receipts");
    server.restart();
    let written = sync.resume().expect("it goes on");
    sync.must_match(&written);
    assert!(times(&server, "restarted", "run-1") == once(400_000), "each row is there once");
}

#[test]
fn a_topic_that_was_made_anew_is_not_gone_on_with() {
    if skipped() {
        return;
    }
    let server = server();
    let mut sync = sync(&server, "anew", SyncMode::Append, &[], orders(0..150_000));
    sync.journal.fail_after(2);
    sync.attempt().expect_err("the journal fails");
    sync.journal.fail_after(i64::MAX);
    let admin: rdkafka::admin::AdminClient<rdkafka::client::DefaultClientContext> =
        ClientConfig::new().set("bootstrap.servers", server.address("kafka")).create().expect("an admin client");
    let options = rdkafka::admin::AdminOptions::new();
    futures::executor::block_on(admin.delete_topics(&["anew"], &options)).expect("deleted");
    let error = sync.resume().expect_err("the topic is gone");
    assert_eq!(error.code, Code::Conflict, "{error}");
    assert_helpful(&error, "a topic that is gone");
}

#[test]
fn an_attempt_that_was_fenced_off_writes_no_more() {
    if skipped() {
        return;
    }
    let server = server();
    let mut first = sync(&server, "fenced", SyncMode::Append, &[], orders(0..2_000_000));
    first.target["transactional"] = true.into();
    let outcome = amid(&first, 20_000, || {
        // Another process runs the same sync.
        let mut second = sync(&server, "fenced", SyncMode::Append, &[], orders(0..10));
        second.target["transactional"] = true.into();
        second.outgoing.run = "run-2".into();
        second.write();
    });
    assert_helpful(&outcome.expect_err("it lost its right to write"), "a producer that was fenced off");
    assert_eq!(times(&server, "fenced", "run-2"), once(10));
    let committed = times(&server, "fenced", "run-1");
    let known = first.journal.rows(Fate::Delivered);
    assert!(committed.values().all(|times| *times == 1));
    assert!(committed.len() as u64 >= known.count(), "what has a receipt is there");
}

#[test]
fn a_cancel_ends_at_once_and_goes_on_later() {
    if skipped() {
        return;
    }
    let server = server();
    let mut sync = sync(&server, "cancelled", SyncMode::Append, &[], orders(0..2_000_000));
    let mut cancelled = Instant::now();
    let outcome = amid(&sync, 20_000, || {
        sync.progress.cancel();
        cancelled = Instant::now();
    });
    let waited = cancelled.elapsed();
    assert_eq!(outcome.expect_err("it was cancelled").code, Code::Cancelled);
    assert!(waited < Duration::from_secs(2), "{waited:?}");
    sync.progress = pulse_core::Progress::new();
    // Fewer are enough to see that none is sent twice.
    let known = sync.journal.rows(Fate::Delivered).count();
    sync.outgoing.position = sync.journal.position();
    sync.outgoing.todo = Ranges::all(known + 70_000).without(&sync.journal.rows(Fate::Delivered));
    sync.write();
    assert!(times(&server, "cancelled", "run-1").values().all(|times| *times == 1));
}

#[test]
fn a_certificate_of_a_stranger_is_refused_before_anything_is_sent() {
    if skipped() {
        return;
    }
    let broker = Broker::start(Security { tls: true, user: None });
    let settings = json!({"brokers": broker.address(), "ca_file": broker.stranger(), "timeout_seconds": 5});
    let sync = Sending::new(("kafka", &settings), json!({"topic": "t"}), SyncMode::Append, &[], orders(0..10));
    let error = sync.attempt().expect_err("nobody known answers");
    assert_eq!((error.code, error.field.as_deref()), (Code::Unreachable, Some("ca_file")), "{error}");
    assert_helpful(&error, "a certificate of a stranger");
    assert!(sync.journal.receipts().is_empty());
    let error = sync.outlet.preflight(&sync.target, &sync.outgoing, &sync.progress).expect_err("no look either");
    assert_eq!(error.field.as_deref(), Some("ca_file"));
}
