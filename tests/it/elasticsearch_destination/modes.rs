//! What each mode makes of an index.

use super::*;

#[test]
fn a_replaced_index_is_whole_and_takes_the_name_at_once() {
    if skipped() {
        return;
    }
    let server = server();
    let sync = begin(&server.address("elasticsearch"), "orders", SyncMode::Replace, &["number"], orders(0..5000));
    assert!(sync.said(Severity::Stops).is_empty(), "{:?}", sync.findings());
    let written = sync.done();
    assert_eq!(written.rows, 5000);
    let first = behind(&server, "orders");
    assert!(first.len() == 1 && first[0].starts_with("orders-000001-"), "{first:?}");
    let mapping = ask(&server, "GET", "/orders/_mapping", "")[&first[0]]["mappings"]["properties"].clone();
    let types: Vec<&str> = ["number", "code", "weight", "paid", "at", "day", "price", "wide", "customer", "location"]
        .map(|name| mapping[name]["type"].as_str().unwrap_or("object"))
        .to_vec();
    let expected =
        ["long", "text", "double", "boolean", "date", "date", "scaled_float", "keyword", "object", "geo_point"];
    assert_eq!(types, expected);
    assert_eq!(mapping["code"]["fields"]["keyword"]["type"], "keyword");
    let one = document(&server, &first[0], "7");
    assert_eq!(one["price"], 0.49);
    assert_eq!(one["at"], "2023-11-14T22:13:27.000007Z");
    assert_eq!(one["location"], json!({"lat": 7.0, "lon": 7.0}));

    // Others see the alias with their own name beside it; both go over to the new index.
    let alias = json!({"actions": [{"add": {"index": first[0], "alias": "mine"}}]});
    ask(&server, "POST", "/_aliases", &alias.to_string());
    let sync = sync.next(2, SyncMode::Replace, orders(100..300));
    sync.done();
    let second = behind(&server, "orders");
    assert!(second.len() == 1 && second != first, "{second:?}");
    assert_eq!((count(&server, "orders"), count(&server, "mine")), (200, 200));
    assert!(behind(&server, &first[0]).is_empty(), "the old index is gone");
}

#[test]
fn an_index_of_the_same_name_is_only_replaced_when_allowed() {
    if skipped() {
        return;
    }
    let server = server();
    ask(&server, "PUT", "/orders/_doc/x?refresh=true", r#"{"a": 1}"#);
    let mut sync = begin(&server.address("elasticsearch"), "orders", SyncMode::Replace, &["number"], orders(0..50));
    assert!(sync.said(Severity::Stops)[0].contains("is an index"));
    let error = sync.attempt().unwrap_err();
    assert_eq!(error.code, Code::AlreadyExists);
    assert_helpful(&error, "an index in the way");
    assert_eq!(count(&server, "orders"), 1, "nothing was changed");
    sync.target["replace_index"] = true.into();
    assert!(sync.said(Severity::Stops).is_empty());
    sync.done();
    assert_eq!(count(&server, "orders"), 50);
}

#[test]
fn rows_are_put_and_deleted_by_key() {
    if skipped() {
        return;
    }
    let server = server();
    let address = server.address("elasticsearch");
    let sync = begin(&address, "orders", SyncMode::Upsert, &["number"], orders(0..1000));
    sync.done();
    // Known rows are replaced, others stay.
    let sync = sync.next(2, SyncMode::Upsert, orders(900..1100));
    sync.done();
    assert_eq!(count(&server, "orders"), 1100);
    // What vanished is deleted, also what others put there.
    let index = behind(&server, "orders")[0].clone();
    ask(&server, "PUT", &format!("/{index}/_doc/foreign"), r#"{"number": 5}"#);
    let sync = sync.next(3, SyncMode::Mirror, orders(500..700));
    let written = sync.done();
    assert_eq!((written.rows, written.deleted), (200, 901));
    assert_eq!(count(&server, "orders"), 200);
    // Only what changed.
    let gone = df!("number" => [500i64, 501, 9999]).unwrap();
    let sync = sync.next(4, SyncMode::Incremental, orders(699..710)).deleting(gone);
    let written = sync.done();
    assert_eq!((written.rows, written.deleted), (11, 3));
    assert_eq!(count(&server, "orders"), 200 - 2 + 10);
    // An older run that comes late changes nothing.
    let late = sync.next(2, SyncMode::Upsert, orders(600..610));
    late.write();
    assert_eq!(late.journal.rows(Fate::Superseded).count(), 10);
    let receipt = &late.journal.receipts()[0];
    assert!(receipt.reason.contains("current version [3]"), "{receipt:?}");
}

#[test]
fn appended_rows_are_there_once_however_often_they_are_sent() {
    if skipped() {
        return;
    }
    let server = server();
    let address = server.address("elasticsearch");
    let mut sync = begin(&address, "log", SyncMode::Append, &[], orders(0..300));
    sync.done();
    // The receipts are lost, the documents are not.
    sync.journal = Memory::default();
    sync.resume().expect("it goes on");
    assert_eq!(sync.journal.rows(Fate::Delivered).count(), 300);
    assert_eq!(count(&server, "log"), 300);
    let sync = sync.next(2, SyncMode::Append, orders(0..300));
    sync.done();
    assert_eq!(count(&server, "log"), 600);
}

#[test]
fn refused_rows_have_their_reason_and_are_taken_after_a_fix() {
    if skipped() {
        return;
    }
    let server = server();
    let address = server.address("elasticsearch");
    let frame = df!("k" => ["a", "b", "c", "d"], "v" => ["1", "x", "3", "y"]).unwrap();
    let mut sync = begin(&address, "t", SyncMode::Replace, &["k"], frame);
    let mapping = json!({"mappings": {"properties": {"k": {"type": "keyword"}, "v": {"type": "long"}}}});
    sync.outgoing.edits.insert("mapping".into(), mapping.to_string());
    let rejects = sync.findings().into_iter().find(|finding| finding.severity == Severity::Rejects).expect("a finding");
    assert_eq!((rejects.rows, rejects.column.as_str()), (2, "v"));
    assert_eq!(rejects.examples, [(1, "x".to_owned()), (3, "y".to_owned())]);
    let written = sync.write();
    assert_eq!(written.rows, 2);
    let receipts = sync.journal.receipts();
    let refused: Vec<_> = receipts.iter().filter(|receipt| receipt.fate == Fate::Rejected).collect();
    assert_eq!(refused.iter().map(|receipt| receipt.rows.clone()).collect::<Vec<_>>(), [1..2, 3..4]);
    assert!(refused[0].reason.contains("failed to parse field [v]"), "{refused:?}");
    assert_eq!(refused[0].row, r#"{"k":"b","v":"x"}"#);
    let verification = sync.verify(&written);
    assert!(verification.matched() && verification.note.contains("2 rows"), "{verification:?}");

    // "Retry these" after the mapping was widened by hand.
    let index = behind(&server, "t")[0].clone();
    ask(&server, "DELETE", &format!("/{index}"), "");
    assert_eq!(sync.resume().unwrap_err().code, Code::Damaged, "an index that is gone has no receipts");
    let mut sync = sync.next(2, SyncMode::Upsert, df!("k" => ["a", "b"], "v" => ["1", "x"]).unwrap());
    sync.write();
    assert_eq!(sync.journal.rows(Fate::Rejected).count(), 1);
    sync.outgoing.edits.clear();
    let index = behind(&server, "t")[0].clone();
    ask(&server, "PUT", &format!("/{index}/_mapping"), r#"{"properties": {"w": {"type": "keyword"}}}"#);
    sync.outgoing.rows = Rows::new(df!("k" => ["a", "b"], "v" => ["1", "2"]).unwrap().lazy(), 2);
    sync.outgoing.position = sync.journal.position();
    sync.outgoing.todo = sync.journal.rows(Fate::Rejected);
    let written = sync.write();
    assert!(sync.journal.rows(Fate::Rejected).is_empty());
    assert!(sync.verify(&written).matched());
}

#[test]
fn what_was_sent_is_read_back_the_same() {
    if skipped() {
        return;
    }
    let server = server();
    let address = server.address("elasticsearch");
    begin(&address, "orders", SyncMode::Replace, &["number"], orders(0..500)).done();
    let got = Connected::open("elasticsearch", &json!({"address": format!("http://{address}")}))
        .read(&json!({"index": "orders"}))
        .expect("it is read");
    assert_eq!(got.rows(), 500);
    let mut prices: Vec<f64> = got.texts("price").into_iter().map(|text| text.unwrap().parse().unwrap()).collect();
    prices.sort_by(f64::total_cmp);
    assert_eq!(prices[499], 34.93);
}
