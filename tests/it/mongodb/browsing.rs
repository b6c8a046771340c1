//! Looking around: databases, collections, views and their columns.

use mongodb::bson::{Bson, doc};
use pulse_connect::Browse;
use pulse_tests::services::skipped;

use super::order;
use super::store::Store;

#[test]
fn databases_and_collections_are_listed_with_their_columns() {
    if skipped() {
        return;
    }
    let store = Store::open(&(0..300).map(order).collect::<Vec<_>>());
    let view: Vec<Bson> = vec![doc! {"$match": {"number": {"$gte": 290}}}.into()];
    store.run("shop", doc! {"create": "late", "viewOn": "orders", "pipeline": view});
    store.run("shop", doc! {"create": "empty"});
    store.run("local", doc! {"create": "startup_log"});
    for number in 0..45 {
        store.run("many", doc! {"create": format!("c{number:02}")});
    }
    let connected = store.connect();

    let databases = connected.browse(&[]).unwrap();
    let names: Vec<_> = databases.entries.iter().map(|entry| (entry.name.as_str(), entry.kind.as_str())).collect();
    assert_eq!(names, [("many", "database"), ("shop", "database"), ("local", "database")], "MongoDB's own stand last");
    assert!(databases.entries.iter().all(|entry| entry.opens && entry.selection.is_none()));
    assert!(databases.entries[1].bytes.is_some_and(|bytes| bytes > 300 * 200), "{:?}", databases.entries[1].bytes);

    let shop = connected.browse(&["shop"]).unwrap();
    let shown: Vec<_> =
        shop.entries.iter().map(|entry| (entry.name.as_str(), entry.kind.as_str(), entry.rows)).collect();
    let expected = [("empty", "collection", Some(0)), ("late", "view", None), ("orders", "collection", Some(300))];
    assert_eq!(shown, expected, "a view is not run only to be counted");
    let columns: Vec<_> = shop.entries[2].columns.iter().map(|c| (c.name.as_str(), c.type_word.as_str())).collect();
    let expected = [
        ("_id", "objectId"),
        ("number", "int"),
        ("big", "long"),
        ("weight", "double"),
        ("total", "decimal"),
        ("at", "date"),
        ("code", "string"),
        ("paid", "bool"),
        ("customer", "object"),
        ("items", "array"),
        ("note", "string"),
    ];
    assert_eq!(columns, expected);
    assert!(shop.entries[2].columns.iter().all(|column| column.key == (column.name == "_id")));
    assert_eq!(shop.entries[2].facts, [("Columns".to_owned(), "as in the first 50 documents".to_owned())]);
    assert_eq!(shop.entries[1].columns.len(), 11, "a view has columns as well");
    assert!(shop.entries[0].columns.is_empty());
    for (entry, rows) in shop.entries.iter().zip([0, 10, 300]) {
        assert_eq!(connected.read(entry.selection.as_ref().unwrap()).unwrap().rows(), rows, "{}", entry.name);
    }
    store.wait_until_closed();

    let many = connected.browse(&["many"]).unwrap();
    assert_eq!((many.entries.len(), many.next.as_deref()), (40, Some("40")));
    let rest = Browse { path: vec!["many".into()], page: many.next, ..Browse::default() };
    let rest = connected.look(&rest).unwrap();
    assert_eq!((rest.entries.len(), rest.entries[0].name.as_str(), rest.next), (5, "c40", None));
    let search = Browse { path: vec!["shop".into()], search: "ORD".into(), ..Browse::default() };
    assert_eq!(connected.look(&search).unwrap().entries.len(), 1);
}
