//! A server that dies, forgets, refuses or waits in the middle of a read.

use std::time::{Duration, Instant};

use mongodb::bson::{Document, doc};
use pulse_core::{Code, Error};
use pulse_tests::services::skipped;
use pulse_tests::{Connected, assert_helpful};
use serde_json::json;

use super::order;
use super::store::Store;

fn store() -> Store {
    Store::open(&(0..2000).map(order).collect::<Vec<_>>())
}

/// Starts to read, waits until some documents are there, does `harm`, and gives the error with how long it took.
fn harmed(orders: &Connected, harm: impl FnOnce()) -> (Error, Duration) {
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| orders.read(&json!({"collection": "orders"})).err());
        let began = Instant::now();
        while orders.progress.counts().rows < 601 && !reader.is_finished() {
            assert!(began.elapsed() < Duration::from_secs(30), "no documents come");
            std::thread::sleep(Duration::from_millis(10));
        }
        harm();
        let began = Instant::now();
        (reader.join().unwrap().expect("the read fails"), began.elapsed())
    })
}

/// The third batch does not come for a long while.
fn waits() -> Document {
    doc! {"blockConnection": true, "blockTimeMS": 60_000}
}

#[test]
fn a_server_that_is_killed_is_no_half_read() {
    if skipped() {
        return;
    }
    let mut store = store();
    store.fail("getMore", 1, waits());
    let orders = store.connect();
    let (error, _) = harmed(&orders, || store.server.kill());
    assert_eq!(error.code, Code::Unreachable, "{error}");
    assert!(error.message.starts_with("Could not read `shop.orders`"), "{error}");
    assert_helpful(&error, "a killed server");
}

#[test]
fn a_cancel_does_not_wait_for_the_server() {
    if skipped() {
        return;
    }
    let store = store();
    store.fail("getMore", 1, waits());
    let orders = store.connect();
    let (error, took) = harmed(&orders, || orders.progress.cancel());
    assert_eq!(error.code, Code::Cancelled);
    assert!(took < Duration::from_secs(1), "{took:?}");
}

#[test]
fn what_fails_half_way_is_told_apart() {
    if skipped() {
        return;
    }
    let store = store();
    for (command, skip, data, code, words) in [
        ("getMore", 2, doc! {"errorCode": 43}, Code::Unreachable, "closed the query"),
        ("getMore", 2, doc! {"closeConnection": true}, Code::Unreachable, "connection"),
        ("getMore", 0, doc! {"errorCode": 11600}, Code::Unreachable, "network"),
        ("getMore", 1, doc! {"errorCode": 50}, Code::LimitExceeded, "filter"),
        ("find", 0, doc! {"errorCode": 13}, Code::PermissionDenied, "right to read"),
        ("find", 0, doc! {"errorCode": 292}, Code::LimitExceeded, "index"),
    ] {
        store.fail(command, skip, data);
        let error = store.connect().read(&json!({"collection": "orders"})).err();
        let error = error.unwrap_or_else(|| panic!("{command} fails with {words}"));
        assert_eq!(error.code, code, "{words}: {error}");
        let told = format!("{} {}", error.message, error.hint.clone().unwrap_or_default());
        assert!(told.contains(words), "{words}: {told}");
        assert_helpful(&error, words);
    }
    store.run("admin", doc! {"configureFailPoint": "failCommand", "mode": "off"});
    assert_eq!(store.connect().read(&json!({"collection": "orders"})).unwrap().rows(), 2000);
}
