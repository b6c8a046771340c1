//! What is read: filters, sorts, projections and limits, over several batches.

use mongodb::bson::doc;
use pulse_core::Code;
use pulse_tests::services::skipped;
use pulse_tests::{Connected, assert_helpful};
use serde_json::{Value, json};

use super::store::Store;
use super::{line, order};

/// The numbers of the orders that are read, in their order.
fn numbers(orders: &Connected, selection: &Value) -> Vec<i32> {
    let mut selection = selection.clone();
    selection["collection"] = "orders".into();
    let got = orders.read(&selection).unwrap_or_else(|error| panic!("{selection}: {error}"));
    got.texts("number").into_iter().flatten().map(|number| number.parse().unwrap()).collect()
}

#[test]
fn every_batch_is_read() {
    if skipped() {
        return;
    }
    let store = Store::open(&(0..2000).map(order).collect::<Vec<_>>());
    let orders = store.connect();
    let got = orders.read(&json!({"collection": "orders"})).unwrap();
    let expected: Vec<_> = (0..2000).map(line).collect();
    assert_eq!(got.lines, expected);
    assert!(got.fetched.snapshot);
    assert_eq!(numbers(&orders, &json!({"sort": r#"{"number": -1}"#})), (0..2000).rev().collect::<Vec<_>>());
    assert_eq!(numbers(&orders, &json!({"limit": 777})), (0..777).collect::<Vec<_>>());
    let preview = orders.read_with(&json!({"collection": "orders"}), None, Some(120)).unwrap();
    assert_eq!((preview.rows(), preview.fetched.snapshot), (120, false));
    store.wait_until_closed();
}

#[test]
fn filters_sorts_and_limits_are_the_servers() {
    if skipped() {
        return;
    }
    let store = Store::open(&(0..300).map(order).collect::<Vec<_>>());
    let orders = store.connect();
    // Order 5 was made at 5.005 s.
    let cases: [(Value, &[i32]); 10] = [
        (json!({"filter": r#"{"number": {"$gte": 296}}"#, "sort": r#"{"number": -1}"#}), &[299, 298, 297, 296]),
        (json!({"sort": r#"{"paid": 1, "at": -1}"#, "limit": 3}), &[299, 297, 295]),
        (json!({"sort": r#"{"paid": -1, "at": -1}"#, "limit": 2}), &[298, 296]),
        (json!({"sort": r#"{"customer.name": -1}"#, "limit": 2}), &[99, 98]),
        (
            json!({"filter": r#"{"at": {"$gt": {"$date": "2024-01-01T00:00:05.005Z"}, "$lte": {"$date": "2024-01-01T00:00:08.500Z"}}}"#}),
            &[6, 7, 8],
        ),
        (json!({"filter": r#"{"note": {"$type": "string"}, "number": {"$lt": 8}}"#}), &[1, 4, 7]),
        (json!({"filter": r#"{"note": {"$exists": false}, "number": {"$lt": 9}}"#}), &[2, 5, 8]),
        (json!({"filter": r#"{"big": {"$numberLong": "9007199254740995"}}"#}), &[2]),
        (json!({"filter": r#"{"_id": {"$oid": "000000070101010101020202"}}"#}), &[7]),
        (
            json!({"filter": r#"{"$or": [{"code": "0000004"}, {"items.sku": "c"}, {"customer.name": {"$regex": "^Zoë 29.$"}}]}"#, "limit": 2}),
            &[4, 290],
        ),
    ];
    for (selection, expected) in cases {
        assert_eq!(numbers(&orders, &selection), expected, "{selection}");
    }
}

#[test]
fn projections_are_the_servers() {
    if skipped() {
        return;
    }
    let store = Store::open(&(0..3).map(order).collect::<Vec<_>>());
    let orders = store.connect();
    let id = "000000010101010101020202";
    let cases = [
        (json!({"fields": ["number", "code"]}), format!(r#"{{"_id":"{id}","number":1,"code":"0000001"}}"#), true),
        (json!({"fields": ["customer.name"]}), format!(r#"{{"_id":"{id}","customer":{{"name":"Zoë 1"}}}}"#), true),
        (json!({"projection": r#"{"_id": 0, "number": 1}"#}), r#"{"number":1}"#.to_owned(), false),
        (
            json!({"projection": r#"{"_id": 0, "big": 0, "weight": 0, "total": 0, "at": 0, "items": 0, "customer.points": 0}"#}),
            r#"{"number":1,"code":"0000001","paid":false,"customer":{"name":"Zoë 1"},"note":"fragile"}"#.to_owned(),
            false,
        ),
    ];
    for (selection, expected, keyed) in cases {
        let mut selection = selection;
        selection["collection"] = "orders".into();
        selection["filter"] = r#"{"number": 1}"#.into();
        let got = orders.read(&selection).unwrap_or_else(|error| panic!("{selection}: {error}"));
        assert_eq!(got.lines, [expected], "{selection}");
        assert_eq!(got.fetched.key.is_empty(), !keyed, "{selection}");
    }
}

#[test]
fn what_the_server_refuses_is_told() {
    if skipped() {
        return;
    }
    let store = Store::open(&[order(1)]);
    store.run("shop", doc! {"create": "empty"});
    let orders = store.connect();
    for (selection, code) in [
        (json!({"collection": "orders", "filter": r#"{"$nope": 1}"#}), Code::InvalidInput),
        (json!({"collection": "orders", "filter": r#"{"number": {"$in": 5}}"#}), Code::InvalidInput),
        (json!({"collection": "orders", "projection": r#"{"number": 1, "code": 0}"#}), Code::InvalidInput),
        (json!({"collection": "invoices"}), Code::NotFound),
        (json!({"collection": "Orders"}), Code::NotFound),
        (json!({"collection": "orders", "database": "stock"}), Code::NotFound),
    ] {
        let error = orders.read(&selection).err().unwrap_or_else(|| panic!("{selection} is refused"));
        assert_eq!(error.code, code, "{selection}: {error}");
        assert_helpful(&error, &selection.to_string());
    }
    assert_eq!(orders.read(&json!({"collection": "empty"})).unwrap().rows(), 0, "an empty one is there");
}
