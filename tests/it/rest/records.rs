//! Records as they come: every digit, only what is new.

use std::sync::{Arc, Mutex};

use pulse_connect::Content;
use pulse_core::Progress;
use pulse_tests::services::http::{Answer, Asked, HttpServer};
use serde_json::json;

use super::Reads;

#[test]
fn digits_order_and_changing_pages_are_kept() {
    let server = HttpServer::start(|asked| match asked.number("page").unwrap_or(1) {
        1 => Answer::json(
            "{\"page\": 1, \"total\": 3, \"data\": [{\"z\": 12345678901234567890.10, \"a\": {\"x\": 1.50, \"e\": []}}]}",
        ),
        2 => Answer::json(
            "{\"page\": 2, \"total\": 3, \"data\": [{\"a\": {\"y\": \"\\u00e9\"}, \"new\": true}, {\"a\": \"text\"}]}",
        ),
        _ => Answer::json("{\"page\": 3, \"total\": 3, \"data\": []}"),
    });
    let reads = Reads::of(&server);
    let flat = reads.read(json!({ "path": "x" })).unwrap();
    let expected = [
        "{\"z\":12345678901234567890.10,\"a.x\":1.50,\"a.e\":[]}",
        "{\"a.y\":\"\\u00e9\",\"new\":true}",
        "{\"a\":\"text\"}",
    ];
    assert_eq!(flat.lines, expected);
    let kept = reads.read(json!({ "path": "x", "nested": "keep" })).unwrap();
    assert_eq!(kept.lines[0], "{\"z\":12345678901234567890.10,\"a\":{\"x\":1.50,\"e\":[]}}");
    let Content::Files { inputs, options } = &flat.fetched.content else { panic!("records are files") };
    let read = pulse_connect::read(inputs, options, reads.folder.path(), &Progress::new()).unwrap();
    assert_eq!((read.records, read.rows, read.rejected), (3, 3, 0));
    let frame = read.frame.collect().unwrap();
    let z = frame.column("z").unwrap().cast(&polars::prelude::DataType::String).unwrap();
    assert_eq!(z.str().unwrap().get(0), Some("12345678901234567890.10"));
    assert!(flat.fetched.sample.as_deref().unwrap().contains("12345678901234567890.10"));
}

/// Changes by the second: record `n` was changed at second `n`; `extra` come late.
fn changes(asked: &Asked, extra: &Mutex<Vec<u64>>) -> Answer {
    let since = asked.param("since").map_or(0, |text| text[17..19].parse::<u64>().unwrap());
    let late = extra.lock().unwrap().clone();
    let all = (0..10).chain(late).filter(|second| *second >= since);
    Answer::json(json!(
        all.map(|s| json!({ "id": s, "changed": format!("2024-05-06T07:08:{s:02}Z") })).collect::<Vec<_>>()
    ))
}

#[test]
fn only_what_is_new_is_read_less_the_lag() {
    let extra = Arc::new(Mutex::new(Vec::new()));
    let late = Arc::clone(&extra);
    let server = HttpServer::start(move |asked| changes(asked, &late));
    let selection = json!({ "path": "changes", "cursor_field": "changed", "cursor_query": "since",
        "cursor_start": "2024-05-06T07:08:03Z", "cursor_lag": 2 });
    let mut reads = Reads::of(&server);
    let first = reads.read(selection.clone()).unwrap();
    assert_eq!((first.ids(), first.fetched.snapshot), ((3..10).collect(), false));
    assert_eq!(first.fetched.state, Some(json!({ "cursor": "2024-05-06T07:08:09Z" })));
    extra.lock().unwrap().extend([8, 12]);
    reads.state = first.fetched.state;
    let second = reads.read(selection.clone()).unwrap();
    assert_eq!(second.ids(), [7, 8, 9, 8, 12], "two seconds are read again");
    assert_eq!(second.fetched.state, Some(json!({ "cursor": "2024-05-06T07:08:12Z" })));
    let query = server.asked().pop().unwrap().param("since").unwrap();
    assert_eq!(query, "2024-05-06T07:08:07Z");
    let placeholder =
        json!({ "path": "changes", "cursor_field": "changed", "query": [{ "name": "since", "value": "{cursor}" }] });
    assert_eq!(reads.read(placeholder.clone()).unwrap().ids(), [9, 12]);
    reads.state = None;
    assert_eq!(reads.read(placeholder).unwrap().ids().len(), 12, "everything without a start");
    let wrong = json!({ "path": "changes", "cursor_field": "wrong", "cursor_query": "since" });
    assert_eq!(reads.fails(wrong).field.as_deref(), Some("cursor_field"));
    let unasked = json!({ "path": "changes", "cursor_field": "changed" });
    assert_eq!(reads.fails(unasked).field.as_deref(), Some("cursor_query"));
}
