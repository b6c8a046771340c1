//! Answers to bulk requests that a healthy server does not give.

use super::made_up::*;
use super::*;

#[test]
fn only_what_the_cluster_has_no_room_for_is_sent_again() {
    let refused = json!({"status": 429, "error": {"type": "es_rejected_execution_exception", "reason": "queue full"}});
    let server = made_up(move |number, asked| {
        (number == 0).then(|| bulk(asked, |at, _| if at % 10 == 0 { refused.clone() } else { json!({"status": 201}) }))
    });
    let sync = to(&server, SyncMode::Upsert, 100);
    sync.write();
    let asked = bulks(&server);
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[1].text().lines().count(), 20, "ten documents, two lines each");
    assert!(asked[1].text().contains(r#"{"index":{"_id":"90","version":1,"version_type":"external"}}"#));
    assert!(asked.iter().all(|asked| asked.header("content-length").is_some() && asked.text().ends_with('\n')));
    assert!(asked.iter().all(|asked| asked.header("content-type") == Some("application/x-ndjson")));
    assert_eq!(sync.journal.rows(Fate::Delivered), Ranges::all(100));
}

#[test]
fn a_request_that_is_too_big_is_split() {
    let server = made_up(|_, asked| (asked.body.len() > 3000).then(|| Answer::page("too large").with_status(413)));
    let sync = to(&server, SyncMode::Upsert, 200);
    sync.write();
    assert_eq!(sync.journal.rows(Fate::Delivered), Ranges::all(200));
    let server = made_up(|_, asked| asked.text().contains(r#""_id":"7""#).then(|| Answer::status(413)));
    let sync = to(&server, SyncMode::Upsert, 20);
    sync.write();
    assert_eq!(sync.journal.rows(Fate::Rejected), Ranges::of([7..8]), "one document alone is too big");
    assert!(sync.journal.rejected()[0].1.contains("max_content_length"));
}

#[test]
fn a_lost_answer_is_repeated_and_nothing_is_twice() {
    let conflict = |version: u64| {
        let reason =
            format!("[0]: version conflict, current version [{version}] is higher or equal to the one provided [1]");
        json!({"status": 409, "error": {"type": "version_conflict_engine_exception", "reason": reason}})
    };
    let server = made_up(move |number, asked| match number {
        0 => Some(Answer::status(503)),
        1 => Some(Answer::status(200).reset()),
        2 => Some(bulk(asked, |at, _| conflict(if at == 0 { 9 } else { 1 }))),
        _ => None,
    });
    let sync = to(&server, SyncMode::Upsert, 50);
    let written = sync.write();
    assert_eq!(written.rows, 49);
    assert_eq!(sync.journal.rows(Fate::Superseded), Ranges::of([0..1]), "a newer version is there");
    assert_eq!(sync.journal.rows(Fate::Delivered), Ranges::of([1..50]), "these came with the request before");
    assert_eq!(written.seen["left_out"], json!([[0, 1]]));
}

#[test]
fn faults_end_the_write_with_a_next_step() {
    let item =
        |status: u16, kind: &str, reason: &str| json!({"status": status, "error": {"type": kind, "reason": reason}});
    let all = |what: Value| move |asked: &Asked| bulk(asked, |_, _| what.clone());
    type Given = Box<dyn Fn(&Asked) -> Answer + Send + Sync>;
    let cases: Vec<(&str, Given, Code, &str)> = vec![
        (
            "revoked",
            Box::new(all(item(403, "security_exception", "is unauthorized"))),
            Code::PermissionDenied,
            "unauthorized",
        ),
        (
            "full",
            Box::new(all(item(429, "cluster_block_exception", "disk usage exceeded flood-stage watermark"))),
            Code::DiskFull,
            "flood-stage",
        ),
        (
            "gone",
            Box::new(all(item(404, "index_not_found_exception", "no such index [a]"))),
            Code::NotFound,
            "no such index",
        ),
        ("fewer", Box::new(|_| Answer::json(json!({"errors": false, "items": []}))), Code::Damaged, "speaks of 0"),
        ("page", Box::new(|_| Answer::page("Sign in")), Code::Damaged, "web page"),
        (
            "signed out",
            Box::new(|_| Answer::json(json!({"error": "x"})).with_status(401)),
            Code::PermissionDenied,
            "credentials",
        ),
    ];
    for (what, given, code, words) in cases {
        let server = made_up(move |number, asked| (number > 0).then(|| given(asked)));
        let sync = to(&server, SyncMode::Upsert, 30_000);
        let error = sync.attempt().expect_err(what);
        assert_eq!(error.code, code, "{what}: {error}");
        assert!(error.message.contains(words), "{what}: {error}");
        assert_helpful(&error, what);
        let kept = sync.journal.rows(Fate::Delivered).count();
        assert!(kept > 0 && kept < 30_000, "{what}: the first request is confirmed");
    }
}

#[test]
fn a_cancel_ends_a_waiting_write_within_a_second() {
    let server = made_up(|number, _| (number > 0).then(|| Answer::status(200).silent()));
    let sync = to(&server, SyncMode::Upsert, 30_000);
    let progress = sync.progress.clone();
    let canceller = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(1));
        progress.cancel();
        Instant::now()
    });
    assert_eq!(sync.attempt().unwrap_err().code, Code::Cancelled);
    assert!(canceller.join().unwrap().elapsed() < Duration::from_secs(1));
}
