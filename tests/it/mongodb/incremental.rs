//! Only what is new: by dates, numbers, texts and object ids, with a lag and over several batches.

use mongodb::bson::{Bson, doc};
use pulse_core::Code;
use pulse_tests::assert_helpful;
use pulse_tests::services::skipped;
use serde_json::{Value, json};

use super::order;
use super::store::Store;

#[test]
fn only_what_is_new_is_read() {
    if skipped() {
        return;
    }
    // Object ids are compared by their seconds, which are the orders' numbers here.
    let cases: [(&str, Value, Value); 6] = [
        ("at", json!({"$date": "2024-01-01T00:25:00.499Z"}), json!({"$date": "2024-01-01T00:30:00.799Z"})),
        ("number", json!(1499), json!(1799)),
        ("big", json!(9_007_199_254_742_492_i64), json!(9_007_199_254_742_792_i64)),
        ("weight", json!(374.75), json!(449.75)),
        ("code", json!("0001499"), json!("0001799")),
        ("_id", json!({"$oid": "000005db0101010101020202"}), json!({"$oid": "000007070101010101020202"})),
    ];
    let store = Store::open(&(0..1500).map(order).collect::<Vec<_>>());
    let orders = store.connect();
    let selection = |field: &str| json!({"collection": "orders", "incremental": field});
    let mut states = Vec::new();
    for (field, greatest, _) in &cases {
        let first = orders.read(&selection(field)).unwrap_or_else(|error| panic!("{field}: {error}"));
        assert_eq!(first.rows(), 1500, "{field}");
        let state = first.fetched.state.unwrap();
        assert_eq!(state, json!({"field": field, "cursor": greatest}));
        assert!(!first.fetched.snapshot, "{field}: what is gone cannot be told");
        assert_eq!(orders.news(&selection(field), &state), Some(false), "{field}");
        let again = orders.read_on(&selection(field), Some(&state)).unwrap();
        assert_eq!((again.rows(), again.fetched.state.as_ref()), (0, Some(&state)), "{field}");
        states.push(state);
    }
    store.add(&(1500..1800).map(order).collect::<Vec<_>>());
    for ((field, _, greatest), state) in cases.iter().zip(&states) {
        assert_eq!(orders.news(&selection(field), state), Some(true), "{field}");
        let second = orders.read_on(&selection(field), Some(state)).unwrap();
        let numbers: Vec<_> = second.texts("number").into_iter().flatten().collect();
        assert_eq!(numbers, (1500..1800).map(|number: i32| number.to_string()).collect::<Vec<_>>(), "{field}");
        assert_eq!(second.fetched.state, Some(json!({"field": field, "cursor": greatest})));
        assert_eq!(second.fetched.key, ["_id"]);
    }
    let anew = orders.read_on(&selection("number"), Some(&states[0])).unwrap();
    assert_eq!(anew.rows(), 1800, "another field starts anew");
    let mut chosen = selection("number");
    chosen["filter"] = r#"{"paid": true}"#.into();
    chosen["sort"] = r#"{"number": -1}"#.into();
    chosen["fields"] = json!(["code"]);
    let some = orders.read_on(&chosen, Some(&states[1])).unwrap();
    assert_eq!(some.rows(), 150, "the filter holds as well");
    assert!(some.lines[0].ends_with(r#""code":"0001798"}"#), "{}", some.lines[0]);
    assert_eq!(some.fetched.state, Some(json!({"field": "number", "cursor": 1798})));
}

#[test]
fn a_lag_reads_again_what_may_have_been_late() {
    if skipped() {
        return;
    }
    let store = Store::open(&(0..300).map(order).collect::<Vec<_>>());
    let orders = store.connect();
    // Each order is a second and a millisecond after the one before; the weight grows by a quarter.
    let cases = [("at", 10, 11), ("number", 10, 12), ("big", 5, 7), ("weight", 2, 10), ("_id", 10, 12)];
    let selection = |field: &str, lag: u64| json!({"collection": "orders", "incremental": field, "lag": lag});
    let states: Vec<_> = cases
        .iter()
        .map(|(field, lag, _)| {
            let state = orders.read(&selection(field, *lag)).unwrap().fetched.state.unwrap();
            assert_eq!(orders.news(&selection(field, *lag), &state), Some(false), "{field}: a lag alone is no news");
            state
        })
        .collect();
    store.add(&[order(300)]);
    for ((field, lag, rows), state) in cases.iter().zip(&states) {
        let again = orders.read_on(&selection(field, *lag), Some(state)).unwrap();
        assert_eq!(again.rows(), *rows, "{field}");
        assert!(again.lines.iter().any(|line| line.contains(r#""number":300,"#)), "{field}");
    }
    let texts = json!({"field": "code", "cursor": "0000299"});
    let error = orders.read_on(&selection("code", 1), Some(&texts)).err().expect("texts cannot be counted back");
    assert_eq!(error.field.as_deref(), Some("lag"), "{error}");
    assert_helpful(&error, "a lag of texts");
}

#[test]
fn what_is_left_out_is_told() {
    if skipped() {
        return;
    }
    let store = Store::open(&(0..20).map(order).collect::<Vec<_>>());
    store.add(&[doc! {"_id": "missing"}, doc! {"_id": "null", "at": Bson::Null}, doc! {"_id": "text", "at": "soon"}]);
    let orders = store.connect();
    let selection = json!({"collection": "orders", "incremental": "at"});
    let first = orders.read(&selection).unwrap();
    assert_eq!(first.rows(), 20);
    let left_out =
        |count: u32| format!("{count} documents are left out: their `at` is missing or of another type than most.");
    assert!(first.fetched.warnings.contains(&left_out(3)), "{:?}", first.fetched.warnings);
    store.add(&[order(20), doc! {"_id": "later"}]);
    let second = orders.read_on(&selection, first.fetched.state.as_ref()).unwrap();
    assert_eq!(second.rows(), 1);
    assert!(second.fetched.warnings.contains(&left_out(4)), "{:?}", second.fetched.warnings);
    for field in ["customer", "items", "items.price", "unknown", "paid"] {
        let error = orders.read(&json!({"collection": "orders", "incremental": field})).err();
        let error = error.unwrap_or_else(|| panic!("{field} has no order that helps"));
        assert_eq!(error.field.as_deref(), Some("incremental"), "{field}: {error}");
        assert_helpful(&error, field);
    }
    let none = json!({"collection": "orders", "incremental": "unknown", "filter": r#"{"number": 999}"#});
    assert_eq!(orders.read(&none).unwrap().rows(), 0, "where nothing matches, nothing lacks the field");
    let absent = orders.read(&json!({"collection": "invoices", "incremental": "at"})).err().expect("there is none");
    assert_eq!(absent.code, Code::NotFound, "{absent}");
}

#[test]
fn a_stray_type_does_not_lead() {
    if skipped() {
        return;
    }
    let store = Store::open(&(0..20).map(order).collect::<Vec<_>>());
    store.add(&[doc! {"number": "many"}, doc! {"number": "more"}]);
    let selection = json!({"collection": "orders", "incremental": "number"});
    let first = store.connect().read(&selection).unwrap();
    let state = json!({"field": "number", "cursor": 19});
    assert_eq!(
        first.fetched.state.as_ref(),
        Some(&state),
        "a text is greater than each number, but no number is behind it"
    );
    store.add(&[order(20)]);
    assert_eq!(store.connect().read_on(&selection, Some(&state)).unwrap().rows(), 1);
}
