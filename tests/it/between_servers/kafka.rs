//! Topics as where the rows come from and as where they go. The topic's own client says what is in it.

use pulse_tests::{messages, newest, write_messages};

use super::*;

fn stream(server: &Noida) -> Value {
    json!({"brokers": server.address("kafka"), "tls": false, "timeout_seconds": 20})
}

/// Writes orders to the topic, each with its number as the key.
fn put(server: &Noida, numbers: impl IntoIterator<Item = u64>, word: &str) {
    let order = |n: u64| {
        let value = json!({"id": n, "item": format!(" {word} {n} "), "price": n as f64 / 4.0});
        (n.to_string(), Some(value.to_string()))
    };
    write_messages(&server.address("kafka"), "orders", numbers.into_iter().map(order));
}

/// Deletes orders in the topic: messages without a value.
fn delete(server: &Noida, numbers: std::ops::Range<u64>) {
    write_messages(&server.address("kafka"), "orders", numbers.map(|n| (n.to_string(), None)));
}

/// Rows that come from the topic as it says what is there now, with a recipe that trims texts and leaves out what is about
/// the messages.
fn from_topic(desk: &Desk) {
    let about = ["_key", "_deleted", "_partition", "_offset", "_timestamp", "_headers"];
    desk.recipe(&[("trim_whitespace", json!({"columns": ["item"]})), ("drop", json!({"columns": about}))]);
    desk.pulse(
        "import --from stream orders --table bronze.orders --mode merge --key _key --newest-by _offset \
         --deletes remove --deleted-column _deleted --deleted-value true",
    );
    desk.pulse("clean bronze.orders --recipe @tidy.json --output silver.orders");
}

/// What changed in the topic: an order twice, one that is new, and five that are gone.
fn change(server: &Noida) {
    put(server, [11, 12], "newer");
    put(server, [11, 9000], "newest");
    delete(server, 0..5);
}

/// The sums of the prices and numbers of the orders that are there at the end.
fn at_the_end() -> (f64, u64) {
    let sum: u64 = (5..2500).sum::<u64>() + 9000;
    (sum as f64 / 4.0, sum)
}

#[test]
fn kafka_to_postgres() {
    if skipped() {
        return;
    }
    let (database, server) = (Database::new(), Noida::start(&["kafka"]));
    put(&server, 0..2500, "old");
    let desk = Desk::new(&[("stream", "kafka", stream(&server)), ("shop", "postgres", database.settings())]);
    from_topic(&desk);
    let first = desk.pulse(
        "sync shop --to shop --table silver.orders --target orders --mode incremental --key id --refresh orders --apply bronze.orders",
    );
    assert_eq!(desk.sent(&first), [json!(2500), json!(2500), json!(0)]);
    // Whatever the sync touches is marked from now on.
    database.sql(
        "ALTER TABLE orders ADD touched xid8 DEFAULT pg_current_xact_id(); CREATE FUNCTION touch() RETURNS trigger
        LANGUAGE plpgsql AS 'BEGIN NEW.touched := pg_current_xact_id(); RETURN NEW; END';
        CREATE TRIGGER touch BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION touch()",
    );
    let before = database.sql("SELECT DISTINCT touched FROM orders");
    change(&server);
    // One command: the topic is read on from where it ended, the recipe applied, and what changed is sent.
    let second = desk.pulse("sync shop");
    assert_eq!(desk.sent(&second), [json!(8), json!(3), json!(5)]);
    assert_eq!(desk.sent(&desk.pulse("sync shop"))[0], 0, "nothing changed");
    let touched =
        format!("SELECT string_agg(id || ' ' || item, ',' ORDER BY id) FROM orders WHERE touched <> '{before}'");
    assert_eq!(database.sql(&touched), "11 newest 11,12 newer 12,9000 newest 9000", "only what changed came");
    let (prices, numbers) = at_the_end();
    let counted = database.sql("SELECT count(*), count(DISTINCT id), sum(id), sum(price) FROM orders");
    assert_eq!(counted, format!("2496|2496|{numbers}|{prices}"));
}

#[test]
fn kafka_to_elasticsearch() {
    if skipped() {
        return;
    }
    let server = Noida::start(&["kafka", "elasticsearch"]);
    put(&server, 0..2500, "old");
    let desk = Desk::new(&[("stream", "kafka", stream(&server)), ("search", "elasticsearch", search(&server))]);
    from_topic(&desk);
    let first = desk.pulse(
        "sync find --to search --table silver.orders --target orders --mode incremental --key id --refresh orders --apply bronze.orders",
    );
    assert_eq!(desk.sent(&first), [json!(2500), json!(2500), json!(0)]);
    change(&server);
    let second = desk.pulse("sync find");
    assert_eq!(desk.sent(&second), [json!(8), json!(3), json!(5)]);
    assert_eq!(desk.sent(&desk.pulse("sync find"))[0], 0, "nothing changed");
    ask(&server, "POST", "/orders/_refresh", "");
    assert_eq!(ask(&server, "GET", "/orders/_count", "")["count"], 2496);
    let one = ask(&server, "POST", "/orders/_search", r#"{"query": {"term": {"id": 11}}}"#);
    assert_eq!(one["hits"]["hits"][0]["_source"], json!({"id": 11, "item": "newest 11", "price": 2.75}));
    let sums = json!({"size": 0, "aggs": {"price": {"sum": {"field": "price"}}, "id": {"sum": {"field": "id"}}}});
    let there = ask(&server, "POST", "/orders/_search", &sums.to_string());
    let sum = |name: &str| there["aggregations"][name]["value"].as_f64().unwrap_or_else(|| panic!("{there}"));
    let (prices, numbers) = at_the_end();
    assert_eq!((sum("price"), sum("id")), (prices, numbers as f64));
}

#[test]
fn kafka_to_delta_in_a_bucket() {
    if skipped() {
        return;
    }
    let (server, moto) = (Noida::start(&["kafka"]), Moto::with_bucket("lake"));
    put(&server, 0..2500, "old");
    let desk = Desk::new(&[("stream", "kafka", stream(&server)), ("lake", "s3", moto.settings("lake"))]);
    from_topic(&desk);
    let first = desk.pulse(
        "sync lake --to lake --table silver.orders --target stream/orders --refresh orders --apply bronze.orders",
    );
    assert_eq!(desk.sent(&first), [json!(2500), json!(2500), json!(0)]);
    change(&server);
    let second = desk.pulse("sync lake");
    assert_eq!(desk.sent(&second), [json!(2496), json!(2496), json!(2500)]);
    let script = r#"
from deltalake import DeltaTable
def about(version):
    table = DeltaTable("s3://lake/stream/orders", version=version, storage_options=options).to_pyarrow_table()
    rows = {row["id"]: row for row in table.to_pylist()}
    return [len(table), sum(rows), float(sum(row["price"] for row in rows.values())), rows[11]["item"]]
print(json.dumps([about(0), about(1)]))
"#;
    let found: Value = serde_json::from_str(&moto.python(script, &[])).unwrap();
    let (prices, numbers) = at_the_end();
    assert_eq!(found[1], json!([2496, numbers, prices, "newest 11"]));
    assert_eq!(found[0], json!([2500, 3_123_750, 780_937.5, "old 11"]), "the version before stays readable");
}

#[test]
fn postgres_to_kafka() {
    if skipped() {
        return;
    }
    let (database, server) = (Database::new(), Noida::start(&["kafka"]));
    database.sql(ORDERS);
    let desk = Desk::new(&[("shop", "postgres", database.settings()), ("stream", "kafka", stream(&server))]);
    from_postgres(&desk);
    let first = desk.pulse(
        "sync feed --to stream --table silver.orders --target orders --mode incremental --key id --refresh orders --apply bronze.orders",
    );
    assert_eq!(desk.sent(&first), [json!(3000), json!(3000), json!(0)]);
    let brokers = server.address("kafka");
    assert_eq!((messages(&brokers, "orders").len(), newest(&brokers, "orders").len()), (3000, 3000));
    database.sql(CHANGES);
    let second = desk.pulse("sync feed");
    assert_eq!(desk.sent(&second), [json!(12), json!(2), json!(10)]);
    assert_eq!(desk.sent(&desk.pulse("sync feed"))[0], 0, "nothing changed");
    let all = messages(&brokers, "orders");
    assert_eq!(all.len(), 3000 + 12, "only what changed came");
    assert_eq!(all.iter().filter(|message| message.value.is_none()).count(), 10, "rows that are gone are deleted");
    let held = newest(&brokers, "orders");
    assert_eq!(held["11"], json!({"id": 11, "item": "new", "price": 1.0}));
    let sum: f64 = held.values().map(|order| order["price"].as_f64().expect("a price")).sum();
    let numbers: i64 = held.values().map(|order| order["id"].as_i64().expect("a number")).sum();
    let here = database.sql("SELECT count(*), sum(id), sum(price) FROM orders");
    assert_eq!(format!("{}|{numbers}|{sum:.2}", held.len()), here);

    // A topic cannot be replaced, so rows are appended where nobody says how.
    let log = desk.pulse("sync log --to stream --table silver.orders --target log");
    assert_eq!(desk.sent(&log), [json!(2991), json!(2991), json!(0)]);
    desk.pulse("sync log");
    let log = messages(&brokers, "log");
    assert_eq!(log.len(), 2 * 2991, "they are appended a second time");
    assert!(log.iter().all(|message| message.key.is_none()), "no key was chosen");
}

#[test]
fn elasticsearch_to_kafka() {
    if skipped() {
        return;
    }
    let server = Noida::start(&["elasticsearch", "kafka"]);
    let mapping = json!({"mappings": {"properties": {"number": {"type": "long"}, "word": {"type": "keyword"}}}});
    ask(&server, "PUT", "/words", &mapping.to_string());
    let bulk = |lines: String| {
        let told = ask(&server, "POST", "/words/_bulk?refresh=true", &lines);
        assert_eq!(told["errors"], false, "{told}");
    };
    let word = |n: u64, word: &str| {
        format!("{{\"index\":{{\"_id\":\"{n}\"}}}}\n{{\"number\":{n},\"word\":\" {word} {n} \"}}\n")
    };
    bulk((0..1500).map(|n| word(n, "old")).collect());
    let desk = Desk::new(&[("search", "elasticsearch", search(&server)), ("stream", "kafka", stream(&server))]);
    desk.recipe(&[("trim_whitespace", json!({"columns": ["word"]}))]);
    desk.pulse("import --from search words --table bronze.words --mode merge --key number --deletes remove");
    desk.pulse("clean bronze.words --recipe @tidy.json --output silver.words");
    let first = desk.pulse(
        "sync words --to stream --table silver.words --target words --mode incremental --key number --refresh words --apply bronze.words",
    );
    assert_eq!(desk.sent(&first), [json!(1500), json!(1500), json!(0)]);
    let gone: String = (0..5).map(|n| format!("{{\"delete\":{{\"_id\":\"{n}\"}}}}\n")).collect();
    bulk(word(10, "new") + &word(9000, "new") + &gone);
    let second = desk.pulse("sync words");
    assert_eq!(desk.sent(&second), [json!(7), json!(2), json!(5)]);
    let brokers = server.address("kafka");
    assert_eq!(messages(&brokers, "words").len(), 1507, "only what changed came");
    let held = newest(&brokers, "words");
    assert_eq!((held.len(), held.contains_key("4")), (1496, false));
    assert_eq!((&held["10"]["word"], &held["9000"]["word"]), (&json!("new 10"), &json!("new 9000")));
}
