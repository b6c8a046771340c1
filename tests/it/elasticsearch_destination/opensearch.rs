//! OpenSearch 3.

use super::*;

#[test]
fn an_index_is_replaced_filled_and_mirrored() {
    if skipped() {
        return;
    }
    let server = Osmem::new();
    let sync = begin(&server.at(), "orders", SyncMode::Replace, &["number"], orders(0..3000));
    assert!(sync.said(Severity::Stops).is_empty(), "{:?}", sync.findings());
    sync.done();
    let first = behind(&server, "orders");
    assert!(first.len() == 1 && first[0].starts_with("orders-000001-"), "{first:?}");
    let mapping = ask(&server, "GET", "/orders/_mapping", "")[&first[0]]["mappings"]["properties"].clone();
    let types = ["number", "code", "day", "price", "location"].map(|name| mapping[name]["type"].clone());
    assert_eq!(types, ["long", "text", "date", "scaled_float", "geo_point"]);
    assert_eq!(document(&server, &first[0], "7")["at"], "2023-11-14T22:13:27.000007Z");
    let sync = sync.next(2, SyncMode::Replace, orders(100..300));
    sync.done();
    assert_eq!(count(&server, "orders"), 200);
    assert!(behind(&server, &first[0]).is_empty(), "the old index is gone");

    // Known rows are replaced, others stay; what vanished is deleted, also what others put there.
    let sync = sync.next(3, SyncMode::Upsert, orders(250..400));
    sync.done();
    assert_eq!(count(&server, "orders"), 300);
    ask(&server, "PUT", "/orders/_doc/foreign", r#"{"number": 5}"#);
    let sync = sync.next(4, SyncMode::Mirror, orders(350..360));
    let written = sync.done();
    assert_eq!((written.rows, written.deleted), (10, 291));
    let sync = sync.next(5, SyncMode::Incremental, orders(359..370)).deleting(df!("number" => [350i64, 9999]).unwrap());
    let written = sync.done();
    assert_eq!((written.rows, written.deleted), (11, 2));
    assert_eq!(count(&server, "orders"), 19);
    let late = sync.next(4, SyncMode::Upsert, orders(360..365));
    late.write();
    assert_eq!(late.journal.rows(Fate::Superseded).count(), 5, "an older run that comes late changes nothing");
}

#[test]
fn appended_and_refused_rows_have_their_receipts() {
    if skipped() {
        return;
    }
    let server = Osmem::new();
    let mut sync = begin(&server.at(), "log", SyncMode::Append, &[], orders(0..300));
    sync.done();
    // The receipts are lost, the documents are not.
    sync.journal = Memory::default();
    sync.resume().expect("it goes on");
    assert_eq!((sync.journal.rows(Fate::Delivered).count(), count(&server, "log")), (300, 300));

    let frame = df!("k" => ["a", "b", "c"], "v" => ["1", "x", "3"]).unwrap();
    let mut sync = begin(&server.at(), "t", SyncMode::Upsert, &["k"], frame);
    let mapping = json!({"mappings": {"properties": {"k": {"type": "keyword"}, "v": {"type": "long"}}}});
    sync.outgoing.edits.insert("mapping".into(), mapping.to_string());
    let written = sync.write();
    assert_eq!((written.rows, sync.journal.rows(Fate::Rejected)), (2, Ranges::of([1..2])));
    assert!(sync.journal.rejected()[0].1.contains("failed to parse field [v]"), "{:?}", sync.journal.rejected());
    assert!(sync.verify(&written).matched());
}
