//! What is found before and after a sync.

use super::*;

#[test]
fn a_preflight_finds_what_would_fail() {
    if skipped() {
        return;
    }
    let server = server();
    let address = server.address("elasticsearch");
    let mapping = json!({"mappings": {"properties": {"number": {"type": "boolean"}, "code": {"type": "nested"}}}});
    ask(&server, "PUT", "/there", &mapping.to_string());
    let sync = begin(&address, "there", SyncMode::Upsert, &["number"], orders(0..10));
    let stops: Vec<String> =
        sync.findings().into_iter().filter(|f| f.severity == Severity::Stops).map(|f| f.column).collect();
    assert_eq!(stops, ["number", "code"]);
    let bad =
        df!("k" => [1i64, 2, 2], "f" => [1.0, f64::NAN, 2.0], "lat" => [1.0, 91.0, 0.0], "lon" => [0.0, 0.0, 0.0]);
    let sync = begin(&address, "new", SyncMode::Upsert, &["k"], bad.unwrap());
    let found = sync.findings();
    let columns: Vec<(Severity, &str, u64)> = found.iter().map(|f| (f.severity, f.column.as_str(), f.rows)).collect();
    assert!(columns.contains(&(Severity::Stops, "k", 2)), "{found:?}");
    assert!(columns.contains(&(Severity::Rejects, "f", 1)), "{found:?}");
    assert!(columns.contains(&(Severity::Rejects, "lat", 1)), "{found:?}");
    assert!(behind(&server, "new").is_empty(), "nothing was made");
    let mut sync = begin(&address, "Upper", SyncMode::Replace, &[], orders(0..1));
    assert!(sync.said(Severity::Stops)[0].contains("upper case"));
    sync.target = json!({"index": "new"});
    sync.outgoing.edits.insert("mapping".into(), "{".into());
    assert!(sync.said(Severity::Stops)[0].contains("no JSON"));
    let names = df!("_id" => [1i64], "a" => [1i64], "a.b" => [1i64]).unwrap();
    let sync = begin(&address, "new", SyncMode::Replace, &[], names);
    assert_eq!(sync.said(Severity::Stops).len(), 2);
    let preflight = sync.outlet.preflight(&sync.target, &sync.outgoing, &sync.progress).unwrap();
    assert_eq!(preflight.statements[0].id, "mapping");
    assert!(preflight.statements[0].editable && preflight.target.contains("Nothing is called `new`"), "{preflight:?}");
}

#[test]
fn what_others_changed_is_noticed_before_and_after() {
    if skipped() {
        return;
    }
    let server = server();
    let sync = begin(&server.address("elasticsearch"), "orders", SyncMode::Upsert, &["number"], orders(0..20));
    let written = sync.done();
    let index = behind(&server, "orders")[0].clone();
    let mut sync = sync.next(2, SyncMode::Upsert, orders(0..20));
    sync.outgoing.last_seen = Some(written.seen);
    assert!(!sync.said(Severity::Notes).iter().any(|text| text.contains("Others")));
    ask(&server, "PUT", &format!("/{index}/_doc/3?refresh=true"), r#"{"number": 4}"#);
    assert!(sync.said(Severity::Notes).iter().any(|text| text.contains("Others wrote to")), "{:?}", sync.findings());
    ask(&server, "DELETE", &format!("/{index}/_doc/5?refresh=true"), "");
    assert!(sync.said(Severity::Notes).iter().any(|text| text.contains("it held 20 documents and holds 19")));
    let written = sync.done();
    // A document that others changed has a newer version, which the rules of the cluster keep; that is said.
    assert_eq!(sync.journal.rows(Fate::Superseded), Ranges::of([3..4]));
    ask(&server, "PUT", &format!("/{index}/_doc/7?refresh=true"), r#"{"number": 4}"#);
    let verification = sync.verify(&written);
    assert!(!verification.matched());
    assert_eq!(verification.differing, ["7"]);
}

#[test]
fn many_rows_are_compared_by_measures() {
    if skipped() {
        return;
    }
    let server = server();
    let chosen = ["number", "price", "paid", "code", "customer"].map(col);
    let frame = orders(0..101_000).lazy().select(chosen).collect().unwrap();
    let sync = begin(&server.address("elasticsearch"), "orders", SyncMode::Replace, &["number"], frame);
    let written = sync.done();
    let verification = sync.verify(&written);
    let names: Vec<&str> = verification.comparisons.iter().map(|comparison| comparison.name.as_str()).collect();
    for name in ["Rows", "number, sum", "price, sum", "price, greatest", "paid, true", "code, values"] {
        assert!(names.contains(&name), "{name}: {names:?}");
    }
    assert!(verification.note.contains("`customer`"), "{}", verification.note);
    let index = behind(&server, "orders")[0].clone();
    ask(&server, "PUT", &format!("/{index}/_doc/77777?refresh=true"), r#"{"number": 77778, "price": 0.01}"#);
    let verification = sync.verify(&written);
    assert!(!verification.matched(), "one value of 101,000 rows is noticed");
}

#[test]
fn an_index_with_other_fields_keeps_them_and_gets_those_it_lacks() {
    if skipped() {
        return;
    }
    let server = server();
    let mapping = json!({"mappings": {"dynamic": "strict", "properties": {
        "number": {"type": "double"}, "code": {"type": "keyword"}, "legacy": {"type": "keyword"},
        "customer": {"properties": {"name": {"type": "keyword"}}},
    }}});
    ask(&server, "PUT", "/there", &mapping.to_string());
    ask(&server, "PUT", "/there/_doc/old", r#"{"legacy": "x"}"#);
    let sync = begin(&server.at(), "there", SyncMode::Upsert, &["number"], orders(0..50));
    assert!(sync.said(Severity::Stops).is_empty(), "{:?}", sync.findings());
    sync.done();
    assert_eq!(count(&server, "there"), 51);
    let fields = ask(&server, "GET", "/there/_mapping", "")["there"]["mappings"]["properties"].clone();
    let types = ["number", "code", "legacy", "weight", "location"].map(|name| fields[name]["type"].clone());
    assert_eq!(types, ["double", "keyword", "keyword", "double", "geo_point"]);
    let inside = ["name", "points"].map(|name| fields["customer"]["properties"][name]["type"].clone());
    assert_eq!(inside, ["keyword", "long"]);
    assert_eq!(document(&server, "there", "old"), json!({"legacy": "x"}));
}
