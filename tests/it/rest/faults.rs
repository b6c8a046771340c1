//! Bad answers, cancelled and broken reads, and what is recorded of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use pulse_core::Code;
use pulse_tests::services::http::{Answer, HttpServer};
use serde_json::json;

use super::{Reads, pages::pages, records};

#[test]
fn bad_answers_are_clear_errors() {
    let server = HttpServer::start(|asked| match asked.path.as_str() {
        "/v1/page" => Answer::page("Sign in"),
        "/v1/text" => Answer::of("text/csv", "a,b\n1,2\n"),
        "/v1/cut" => Answer::json("{\"data\": [{\"id\": 1}, {\"id\""),
        "/v1/huge" => Answer::of("application/json", vec![b' '; 1 << 20]).repeat(2_000_000_000),
        "/v1/silent" => Answer::json("[]").silent(),
        "/v1/stall" => Answer::json("[{\"id\": 1}, {\"id\": 2}]").stall(8),
        "/v1/reset" => Answer::json("[]").reset(),
        "/v1/late-error" if asked.number("page") == Some(2) => Answer::json("{\"error\": \"quota exceeded\"}"),
        "/v1/late-error" => Answer::json(json!({ "page": 1, "total": 25, "data": records(0, 10) })),
        "/v1/graph" => Answer::json("{\"errors\": [{\"message\": \"no such field\"}], \"data\": null}"),
        "/v1/soft" => Answer::json("{\"ok\": false, \"error\": \"bad key\"}"),
        "/v1/403" => Answer::json("{\"message\": \"not yours\"}").with_status(403),
        "/v1/500" => Answer::status(500),
        _ => Answer::status(404),
    });
    let reads = Reads::of(&server)
        .set(json!({ "idle_timeout_seconds": 1, "connect_timeout_seconds": 1, "max_response_mb": 3 }));
    let cases = [
        ("page", Code::Damaged, "a web page titled \"Sign in\" instead of JSON"),
        ("text", Code::Damaged, "text/csv"),
        ("cut", Code::Damaged, "is not JSON"),
        ("huge", Code::LimitExceeded, "3 MB"),
        ("silent", Code::Unreachable, "did not answer"),
        ("stall", Code::Unreachable, "stopped in the middle"),
        ("reset", Code::Unreachable, "broke the connection off"),
        ("late-error", Code::Damaged, "quota exceeded"),
        ("graph", Code::Damaged, "no such field"),
        ("soft", Code::Damaged, "bad key"),
        ("403", Code::PermissionDenied, "not yours"),
        ("500", Code::Unreachable, "500"),
        ("nothing", Code::NotFound, "404"),
    ];
    for (path, code, words) in cases {
        let error = reads.fails(json!({ "path": path, "query": [{ "name": "token", "value": "s3cret" }] }));
        assert_eq!(error.code, code, "{path}: {error}");
        assert!(error.to_string().contains(words) && error.hint.is_some(), "{path}: {error}");
        assert!(!error.to_string().contains("s3cret"), "{path}: {error}");
    }
}

#[test]
fn a_cancel_ends_a_stalled_read_within_a_second() {
    let server = HttpServer::start(|asked| match asked.number("page").unwrap_or(1) {
        2 => Answer::json(json!([])).silent(),
        page => Answer::json(json!({ "page": page, "total": 25, "data": records(0, 10) })),
    });
    let reads = Reads::of(&server);
    let progress = reads.progress.clone();
    let canceller = std::thread::spawn(move || {
        while progress.counts().rows < 10 {
            std::thread::sleep(Duration::from_millis(10));
        }
        progress.cancel();
        Instant::now()
    });
    assert_eq!(reads.fails(json!({ "path": "things" })).code, Code::Cancelled);
    assert!(canceller.join().unwrap().elapsed() < Duration::from_secs(1));
    assert_eq!(reads.unfinished(), 1, "what was read is kept");
}

#[test]
fn a_read_goes_on_after_its_last_complete_page() {
    let broken = Arc::new(AtomicUsize::new(1));
    let breaks = Arc::clone(&broken);
    let server = HttpServer::start(move |asked| match (asked.path.as_str(), asked.number("page").unwrap_or(1)) {
        (_, 3) if breaks.load(SeqCst) == 1 => Answer::json("[]").reset(),
        (_, page) => {
            Answer::json(json!({ "page": page, "per_page": 10, "total": 25, "data": records(10 * (page - 1), 10) }))
        }
    });
    let reads = Reads::of(&server);
    let selection = json!({ "path": "things" });
    assert_eq!(reads.fails(selection.clone()).code, Code::Unreachable);
    // The last line of the part may have been cut off by a crash.
    let part = std::fs::read_dir(reads.folder.path().join("downloads")).unwrap().next().unwrap().unwrap().path();
    let mut text = std::fs::read_to_string(&part).unwrap();
    text.push_str("{\"key\": \"cut o");
    std::fs::write(&part, text).unwrap();
    broken.store(0, SeqCst);
    let before = server.asked().len();
    let got = reads.read(selection.clone()).unwrap();
    assert_eq!(got.ids(), (0..25).collect::<Vec<_>>());
    let asked: Vec<_> = server.asked()[before..].iter().map(|asked| asked.number("page").unwrap_or(1)).collect();
    assert_eq!(asked, [3, 4], "pages 1 and 2 were kept");
    assert_eq!(reads.unfinished(), 0);
    // The recording is whole: it gives the same rows again.
    let replayed = Reads { replay: vec![got.recording()], ..Reads::of(&server) }.set(reads.settings.clone());
    assert_eq!(replayed.read(selection).unwrap().lines, got.lines);
}

#[test]
fn recordings_are_played_without_the_network() {
    let server = HttpServer::start(pages);
    let reads = Reads::of(&server).set(json!({ "auth": "bearer", "token": "t-1" }));
    let selections = ["link-header", "next", "relative", "cursor", "page", "offset", "bare-page?page=1"];
    let gots: Vec<_> = selections.iter().map(|path| reads.read(json!({ "path": path })).unwrap()).collect();
    let (settings, asked) = (reads.settings.clone(), server.asked().len());
    for (path, got) in selections.iter().zip(gots) {
        let replay = Reads { replay: vec![got.recording()], ..Reads::of(&server) }.set(settings.clone());
        let again = replay.read(json!({ "path": path })).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert_eq!(again.lines, got.lines, "{path}");
        assert_eq!(again.fetched.detected, got.fetched.detected, "{path}");
        let error = replay.fails(json!({ "path": "something else" }));
        assert_eq!(error.code, Code::NotFound, "{error}");
    }
    assert_eq!(server.asked().len(), asked, "nothing was asked");
}
