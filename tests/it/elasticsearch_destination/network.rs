//! Networks that are slow, stall or break for a moment, and certificates that are not the cluster's.

use super::*;

/// A sync through a proxy that is broken for a while three times while it runs: it ends by itself, and right.
fn through_a_bad_network(how: Break) {
    let server = server();
    let proxy = Proxy::start(server.port("elasticsearch"));
    let address = format!("127.0.0.1:{}", proxy.port());
    let mut sync = begin(&address, "orders", SyncMode::Upsert, &["number"], wide(12_000));
    sync.target["requests"] = 2.into();
    sync.target["request_megabytes"] = 1.into();
    let written = std::thread::scope(|scope| {
        let attempt = scope.spawn(|| sync.attempt());
        let mut known = 0;
        for time in 0..3 {
            while sync.journal.receipts().len() == known {
                assert!(!attempt.is_finished(), "{how:?}: it is in the middle, time {time}");
                std::thread::sleep(Duration::from_millis(5));
            }
            let before = repeated(&sync);
            proxy.break_after(0, how);
            match how {
                Break::Cut => while repeated(&sync) == before && !attempt.is_finished() {},
                Break::Stall => std::thread::sleep(Duration::from_secs(1)),
            }
            known = sync.journal.receipts().len();
            proxy.mend();
        }
        attempt.join().expect("no thread failed").unwrap_or_else(|error| panic!("{how:?}: it ends by itself: {error}"))
    });
    assert_eq!(written.rows, 12_000, "{how:?}");
    assert_eq!(sync.journal.rows(Fate::Delivered), Ranges::all(12_000), "{how:?}");
    assert!(sync.verify(&written).matched(), "{how:?}");
    assert_eq!(count(&server, "orders"), 12_000, "{how:?}");
}

/// How often something was sent again.
fn repeated(sync: &Sending) -> usize {
    std::thread::sleep(Duration::from_millis(10));
    sync.progress.lines().iter().filter(|line| line.text.contains("Trying again")).count()
}

#[test]
fn a_sync_outlives_connections_that_are_cut_for_a_moment() {
    if skipped() {
        return;
    }
    through_a_bad_network(Break::Cut);
}

#[test]
fn a_sync_waits_for_a_network_that_stalls() {
    if skipped() {
        return;
    }
    through_a_bad_network(Break::Stall);
}

#[test]
fn a_sync_comes_through_a_slow_network() {
    if skipped() {
        return;
    }
    let server = server();
    let proxy = Proxy::start(server.port("elasticsearch"));
    proxy.slow_down(500_000);
    let address = format!("127.0.0.1:{}", proxy.port());
    let sync = begin(&address, "orders", SyncMode::Replace, &["number"], wide(4000));
    let began = Instant::now();
    sync.done();
    assert!(began.elapsed() > Duration::from_secs(1), "it was slow");
    assert_eq!(count(&server, "orders"), 4000);
}

#[test]
fn nothing_is_sent_to_a_cluster_with_another_certificate() {
    if skipped() {
        return;
    }
    let server = server();
    let tls = Tls::before(server.port("elasticsearch"));
    let at = |host: &str, ca: Option<PathBuf>| {
        let ca_file = ca.map(|path| path.display().to_string()).unwrap_or_default();
        let settings = json!({"address": format!("https://{host}:{}", tls.port()), "ca_file": ca_file});
        begin_with(&settings, "orders", SyncMode::Upsert, &["number"], orders(0..100))
    };
    for (what, sync) in [
        ("no authority", at("localhost", None)),
        ("a stranger", at("localhost", Some(tls.stranger()))),
        ("another name", at("127.0.0.1", Some(tls.authority()))),
    ] {
        let looked = sync.outlet.preflight(&sync.target, &sync.outgoing, &sync.progress).err();
        for error in [looked, sync.attempt().err()] {
            let error = error.unwrap_or_else(|| panic!("{what} is refused"));
            assert_eq!(error.code, Code::Unreachable, "{what}: {error}");
            assert!(error.message.contains("certificate"), "{what}: {error}");
            assert_helpful(&error, what);
        }
        assert!(sync.journal.receipts().is_empty(), "{what}");
        assert!(behind(&server, "orders").is_empty(), "{what}: nothing was made");
    }
    at("localhost", Some(tls.authority())).done();
    assert_eq!(count(&server, "orders"), 100);
}
