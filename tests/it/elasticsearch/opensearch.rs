//! OpenSearch 3.

use std::fmt::Write as _;
use std::ops::Range;

use pulse_core::Code;
use pulse_tests::services::osmem::Osmem;
use pulse_tests::services::skipped;
use pulse_tests::{Connected, assert_helpful};
use serde_json::{Value, json};

use super::{send_to, settings};

/// A server with the index `sales`.
fn sales(numbers: Range<u64>) -> Osmem {
    let server = Osmem::new();
    let mapping = json!({"mappings": {"properties": {
        "number": {"type": "long"}, "big": {"type": "long"}, "price": {"type": "double"}, "code": {"type": "keyword"},
        "at": {"type": "date"}, "exact": {"type": "date_nanos"}, "paid": {"type": "boolean"}, "note": {"type": "text"},
        "place": {"type": "geo_point"}, "customer": {"properties": {"name": {"type": "keyword"}}},
        "items": {"type": "nested", "properties": {"sku": {"type": "keyword"}, "price": {"type": "double"}}},
    }}});
    send_to(&server.address(), "PUT", "/sales", &mapping.to_string());
    add(&server, numbers);
    server
}

fn add(server: &Osmem, numbers: Range<u64>) {
    let numbers: Vec<u64> = numbers.collect();
    for some in numbers.chunks(2000) {
        let mut lines = String::new();
        for number in some {
            let id = format!("s{number:06}");
            writeln!(lines, "{}\n{{{}}}", json!({"index": {"_index": "sales", "_id": id}}), sale(*number)).unwrap();
        }
        let told = send_to(&server.address(), "POST", "/_bulk?refresh=true", &lines);
        assert_eq!(told["errors"], false, "{told}");
    }
}

/// The members of a document as they are written: in an order of their own, with digits that a float would lose.
fn sale(number: u64) -> String {
    let (minutes, seconds) = (number / 60, number % 60);
    let (hours, minutes) = (minutes / 60, minutes % 60);
    let time = format!("2024-01-01T{hours:02}:{minutes:02}:{seconds:02}");
    let paid = number.is_multiple_of(2);
    format!(
        concat!(
            r#""number":{},"big":{},"price":{}.10,"code":"{:07}","at":"{}.250Z","exact":"{}.123456789Z","paid":{},"#,
            r#""place":{{"lat":52.50,"lon":13.40}},"customer":{{"name":"Zoë {}"}},"#,
            r#""items":[{{"sku":"a{}","price":1.50}},{{"sku":"b","price":2.00}}]"#
        ),
        number,
        9_007_199_254_740_993 + number,
        number,
        number,
        time,
        time,
        paid,
        number,
        number % 10,
    )
}

fn connect(server: &Osmem) -> Connected {
    Connected::open("elasticsearch", &settings(&server.address()))
}

#[test]
fn every_document_is_read_exactly_in_a_point_in_time() {
    if skipped() {
        return;
    }
    let server = sales(0..12_000);
    let connected = connect(&server);
    let (steps, error) = connected.check();
    assert!(error.is_none(), "{error:?}");
    assert!(steps[3].detail.starts_with("OpenSearch 3."), "{}", steps[3].detail);
    let got = connected.read(&json!({"index": "sales", "page_size": 1000})).unwrap();
    assert_eq!(got.lines.len(), 12_000);
    let mut lines = got.lines.clone();
    lines.sort();
    for (number, line) in (0..).zip(&lines) {
        assert_eq!(*line, format!(r#"{{"_id":"s{number:06}","_index":"sales",{}}}"#, sale(number)));
    }
    let expected = [
        "_id: str",
        "_index: str",
        "number: i64",
        "big: i64",
        "price: decimal[18,2]",
        "code: str",
        "at: datetime[μs, UTC]",
        "exact: str",
        "paid: bool",
        "place: str",
        "customer: str",
        "items: str",
    ];
    assert_eq!(got.columns(), expected, "decimals and nanoseconds keep their digits");
    assert!(got.fetched.snapshot);
    assert!(!connected.progress.lines().iter().any(|line| line.text.contains("by scrolling")), "it has points in time");
    let open = send_to(&server.address(), "GET", "/_search/point_in_time/_all", "");
    assert_eq!(open["pits"].as_array().map_or(0, Vec::len), 0, "no view stays open: {open}");
}

#[test]
fn indices_and_aliases_are_listed_with_their_columns() {
    if skipped() {
        return;
    }
    let server = sales(0..3);
    let alias = r#"{"actions": [{"add": {"index": "sales", "alias": "current"}}]}"#;
    send_to(&server.address(), "POST", "/_aliases", alias);
    let connected = connect(&server);
    let listing = connected.browse(&[]).unwrap();
    let shown: Vec<_> = listing.entries.iter().map(|entry| (entry.name.as_str(), entry.kind.as_str())).collect();
    assert_eq!(shown, [("current", "alias"), ("sales", "index")]);
    let columns: Vec<_> =
        listing.entries[1].columns.iter().map(|column| (column.name.as_str(), column.type_word.as_str())).collect();
    for column in [("at", "date"), ("exact", "date_nanos"), ("items", "nested"), ("place", "geo_point")] {
        assert!(columns.contains(&column), "{columns:?}");
    }
    for entry in &listing.entries {
        assert_eq!(connected.read(entry.selection.as_ref().unwrap()).unwrap().rows(), 3, "{}", entry.name);
    }
}

#[test]
fn what_is_read_can_be_chosen() {
    if skipped() {
        return;
    }
    let server = sales(0..40);
    let connected = connect(&server);
    let nested = r#"{"nested": {"path": "items", "query": {"term": {"items.sku": "a7"}}}}"#;
    let cases: [(Value, &[u32]); 5] = [
        (json!({"query": "number:[3 TO 5]"}), &[3, 4, 5]),
        (json!({"query": "code:0000007"}), &[7]),
        (json!({"filter": nested}), &[7, 17, 27, 37]),
        (json!({"query": "paid:true", "filter": r#"{"range": {"at": {"gte": "2024-01-01T00:00:36Z"}}}"#}), &[36, 38]),
        (
            json!({"page_size": 7, "query": "number:<20"}),
            &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19],
        ),
    ];
    for (selection, expected) in cases {
        let mut selection = selection;
        selection["index"] = "sales".into();
        let got = connected.read(&selection).unwrap_or_else(|error| panic!("{selection}: {error}"));
        let mut numbers: Vec<u32> = got.texts("number").into_iter().flatten().map(|n| n.parse().unwrap()).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, expected, "{selection}");
    }
    let some = json!({"index": "sales", "query": "number:[7 TO 7]", "fields": ["customer.name", "price"]});
    let got = connected.read(&some).unwrap();
    assert_eq!(got.lines, [r#"{"_id":"s000007","_index":"sales","customer":{"name":"Zoë 7"},"price":7.10}"#]);
    for (selection, code, field) in [
        (json!({"index": "invoices"}), Code::NotFound, "index"),
        (json!({"index": "sales", "filter": r#"{"nope": {}}"#}), Code::InvalidInput, "filter"),
    ] {
        let error = connected.read(&selection).err().unwrap_or_else(|| panic!("{selection} is refused"));
        assert_eq!((error.code, error.field.as_deref()), (code, Some(field)), "{error}");
        assert_helpful(&error, &selection.to_string());
    }
}

#[test]
fn only_what_is_new_is_read() {
    if skipped() {
        return;
    }
    let server = sales(0..100);
    send_to(&server.address(), "PUT", "/sales/_doc/without?refresh=true", r#"{"note": "no number"}"#);
    let connected = connect(&server);
    let mut states = Vec::new();
    for (field, greatest) in
        [("at", json!("2024-01-01T00:01:39.250Z")), ("number", json!(99)), ("code", json!("0000099"))]
    {
        let selection = json!({"index": "sales", "incremental": field});
        let first = connected.read(&selection).unwrap();
        let state = json!({"field": field, "cursor": greatest});
        assert_eq!((first.rows(), first.fetched.state.as_ref()), (100, Some(&state)));
        assert_eq!(first.fetched.warnings, [format!("1 documents are left out: they have no `{field}`.")]);
        assert_eq!(connected.news(&selection, &state), Some(false));
        states.push((selection, state));
    }
    add(&server, 100..150);
    for (selection, state) in states {
        assert_eq!(connected.news(&selection, &state), Some(true));
        let second = connected.read_on(&selection, Some(&state)).unwrap();
        assert_eq!(second.rows(), 50, "{selection}");
        assert!(second.lines.iter().all(|line| line.contains(r#""_id":"s0001"#)), "{selection}");
    }
}
