//! Networks that are slow, stand still or break for a moment.

use pulse_core::Progress;
use pulse_tests::services::proxy::{Break, Proxy};

use super::faults::{amid, once, times};
use super::*;

/// A server behind a proxy and a sync through it, whose messages are not packed.
fn through(topic: &str, rows: i64, patience: u64) -> (Noida, Proxy, Sending) {
    let server = server();
    let proxy = Proxy::before_broker(server.port("kafka"));
    let settings = json!({"brokers": format!("127.0.0.1:{}", proxy.port()), "tls": false, "timeout_seconds": patience});
    let target = json!({"topic": topic, "compression": "none"});
    let sync = Sending::new(("kafka", &settings), target, SyncMode::Append, &[], orders(0..rows));
    (server, proxy, sync)
}

/// A run during which the network is broken for a second.
fn broken_for_a_moment(how: Break) {
    let (server, proxy, sync) = through("moment", 300_000, 10);
    let outcome = amid(&sync, 20_000, || {
        proxy.break_after(0, how);
        std::thread::sleep(Duration::from_secs(1));
        proxy.mend();
    });
    sync.must_match(&outcome.unwrap_or_else(|error| panic!("{how:?}: it ends by itself: {error}")));
    assert!(times(&server, "moment", "run-1") == once(300_000), "{how:?}: each row is there once");
}

#[test]
fn a_sync_outlives_connections_that_are_cut_for_a_moment() {
    if skipped() {
        return;
    }
    broken_for_a_moment(Break::Cut);
}

#[test]
fn a_sync_waits_for_a_network_that_stalls_for_a_moment() {
    if skipped() {
        return;
    }
    broken_for_a_moment(Break::Stall);
}

#[test]
fn a_network_that_stays_broken_is_told_and_the_rest_arrives_later() {
    if skipped() {
        return;
    }
    for how in [Break::Stall, Break::Cut] {
        let (server, proxy, mut sync) = through("later", 300_000, 2);
        let began = Instant::now();
        let error = amid(&sync, 20_000, || proxy.break_after(0, how)).expect_err("nothing comes through");
        assert!(began.elapsed() < Duration::from_secs(30), "{how:?}: {:?}", began.elapsed());
        assert_eq!(error.code, Code::Unreachable, "{how:?}: {error}");
        assert_helpful(&error, "a network that stays broken");
        let known = sync.journal.rows(Fate::Delivered).count();
        assert!((20_000..300_000).contains(&known), "{how:?}: {known} receipts");
        proxy.mend();
        let written = sync.resume().unwrap_or_else(|error| panic!("{how:?}: it goes on: {error}"));
        sync.must_match(&written);
        assert!(times(&server, "later", "run-1") == once(300_000), "{how:?}: each row is there once");
    }
}

#[test]
fn a_slow_network_is_waited_for_and_one_that_stands_still_can_be_cancelled() {
    if skipped() {
        return;
    }
    let (server, proxy, sync) = through("slow", 10_000, 10);
    // About 150 bytes a message.
    proxy.slow_down(500_000);
    let began = Instant::now();
    sync.done();
    assert!(began.elapsed() > Duration::from_secs(1), "the network was slow");
    assert!(times(&server, "slow", "run-1") == once(10_000), "each row is there once");

    proxy.slow_down(0);
    let mut sync = sync.next(2, SyncMode::Append, orders(0..90_000));
    let mut cancelled = Instant::now();
    let error = amid(&sync, 20_000, || {
        proxy.break_after(0, Break::Stall);
        std::thread::sleep(Duration::from_millis(500));
        cancelled = Instant::now();
        sync.progress.cancel();
    });
    assert_eq!(error.expect_err("it was cancelled").code, Code::Cancelled);
    assert!(cancelled.elapsed() < Duration::from_secs(5), "a cancel does not wait for the network");
    proxy.mend();
    sync.progress = Progress::new();
    let written = sync.resume().expect("it goes on");
    sync.must_match(&written);
    assert!(times(&server, "slow", "run-2") == once(90_000), "each row is there once");
}
