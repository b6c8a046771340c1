//! Clusters that take nothing more in the middle: full disks and rights that are taken away.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::made_up::*;
use super::*;

/// Runs `sync` and does `meanwhile` once some rows are confirmed; what comes of the attempt.
fn interrupted(sync: &mut Sending, meanwhile: impl FnOnce()) -> Result<Written, Error> {
    sync.target["requests"] = 1.into();
    sync.target["request_megabytes"] = 1.into();
    let sync = &*sync;
    std::thread::scope(|scope| {
        let attempt = scope.spawn(|| sync.attempt());
        while sync.journal.receipts().is_empty() && !attempt.is_finished() {
            std::thread::sleep(Duration::from_millis(5));
        }
        meanwhile();
        attempt.join().expect("no thread failed")
    })
}

/// Blocks writing to all indices of a real server in the middle of a sync, lifts that again, and goes on.
fn blocked(server: &impl Cluster, mode: SyncMode, setting: &str, code: Code, words: &str) {
    let set = |value: Value| ask(server, "PUT", "/orders*/_settings", &json!({ setting: value }).to_string());
    let mut sync = begin(&server.at(), "orders", mode, &["number"], wide(12_000));
    let began = Instant::now();
    let error = interrupted(&mut sync, || drop(set(true.into()))).expect_err("nothing can be written");
    assert_eq!(error.code, code, "{mode:?}: {error}");
    assert!(error.message.contains(words), "{mode:?}: {error}");
    assert!(error.hint.as_deref().is_some_and(|hint| hint.contains("kept")), "{mode:?}: {error}");
    assert!(began.elapsed() < Duration::from_secs(30), "{mode:?}: it is not tried for long");
    let kept = sync.journal.rows(Fate::Delivered).count();
    assert!(kept > 0 && kept < 12_000, "{mode:?}: {kept} rows are confirmed");
    assert!(sync.journal.rejected().is_empty(), "{mode:?}: no row is at fault");
    if mode == SyncMode::Replace {
        assert!(behind(server, "orders").is_empty(), "nothing half done is seen");
    } else {
        let stops = sync.said(Severity::Stops);
        assert!(stops.iter().any(|text| text.contains(setting)), "a preflight says so: {stops:?}");
    }
    set(Value::Null);
    let written = sync.resume().expect("it goes on");
    assert_eq!(written.rows, 12_000 - kept, "what was confirmed is not sent again");
    assert!(sync.verify(&written).matched());
    assert_eq!(count(server, "orders"), 12_000);
    ask(server, "DELETE", &format!("/{}", behind(server, "orders")[0]), "");
}

#[test]
fn a_full_disk_ends_a_sync_and_it_goes_on_when_there_is_room() {
    if skipped() {
        return;
    }
    let (elasticsearch, opensearch) = (server(), Osmem::new());
    let setting = "index.blocks.read_only_allow_delete";
    for mode in [SyncMode::Replace, SyncMode::Upsert] {
        blocked(&elasticsearch, mode, setting, Code::DiskFull, "flood-stage");
        blocked(&opensearch, mode, setting, Code::DiskFull, "flood-stage");
    }
}

#[test]
fn an_index_that_is_set_to_take_no_writes_ends_a_sync_and_it_goes_on_later() {
    if skipped() {
        return;
    }
    let server = server();
    for mode in [SyncMode::Replace, SyncMode::Upsert] {
        blocked(&server, mode, "index.blocks.write", Code::PermissionDenied, "index write");
    }
}

#[test]
fn rights_that_are_taken_away_end_a_sync_and_nothing_is_lost_or_twice() {
    let reason = "action [indices:data/write/bulk] is unauthorized for user [sync]";
    let refused = json!({"status": 403, "error": {"type": "security_exception", "reason": reason}});
    type Given = Box<dyn Fn(&Asked) -> Answer + Send + Sync>;
    let (item, whole) = (refused.clone(), refused);
    let cases: [(&str, Given); 4] = [
        // The second half of the documents is for another shard, say.
        (
            "some documents",
            Box::new(move |asked| bulk(asked, |at, _| if at < 100 { json!({"status": 201}) } else { item.clone() })),
        ),
        ("the request", Box::new(move |_| Answer::json(whole.clone()).with_status(403))),
        ("the account", Box::new(|_| Answer::json(json!({"error": "x"})).with_status(401))),
        (
            "a disk, for the whole cluster",
            Box::new(|_| {
                let reason = "blocked by: [FORBIDDEN/12/index read-only / allow delete (api)]";
                Answer::json(json!({"error": {"type": "cluster_block_exception", "reason": reason}})).with_status(403)
            }),
        ),
    ];
    for (what, given) in cases {
        let revoked = Arc::new(AtomicBool::new(true));
        let now = Arc::clone(&revoked);
        let server = made_up(move |number, asked| (number > 0 && now.load(SeqCst)).then(|| given(asked)));
        let mut sync = to(&server, SyncMode::Upsert, 30_000);
        let error = sync.attempt().expect_err(what);
        let code = if what.starts_with("a disk") { Code::DiskFull } else { Code::PermissionDenied };
        assert_eq!(error.code, code, "{what}: {error}");
        assert_helpful(&error, what);
        let kept = sync.journal.rows(Fate::Delivered);
        assert!(kept.count() > 0 && kept.count() < 30_000, "{what}: {} rows are confirmed", kept.count());
        assert!(sync.journal.rejected().is_empty(), "{what}: no row is at fault");
        revoked.store(false, SeqCst);
        let before = bulks(&server).len();
        sync.resume().unwrap_or_else(|error| panic!("{what}: it goes on: {error}"));
        assert_eq!(sync.journal.rows(Fate::Delivered), Ranges::all(30_000), "{what}");
        let sent: Vec<String> = bulks(&server)[before..].iter().flat_map(ids).collect();
        let once: BTreeSet<&String> = sent.iter().collect();
        assert_eq!((sent.len(), once.len() as u64), (once.len(), 30_000 - kept.count()), "{what}: only the others");
    }
}
