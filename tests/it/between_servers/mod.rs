//! From one server to another with a table and a recipe in between, as a user does it with `pulse`: what comes from the
//! source, what is sent, and what happens the next time.

mod kafka;

use std::path::PathBuf;

use pulse_tests::services::front::passed_on;
use pulse_tests::services::http::Asked;
use pulse_tests::services::moto::Moto;
use pulse_tests::services::noida::Noida;
use pulse_tests::services::postgres::Database;
use pulse_tests::services::skipped;
use pulse_tests::{Space, pulse_json};
use serde_json::{Value, json};

/// A workspace with connections, driven by the command line.
struct Desk {
    root: PathBuf,
    guard: tempfile::TempDir,
}

impl Desk {
    fn new(connections: &[(&str, &str, Value)]) -> Self {
        let space = Space::new();
        for (name, kind, settings) in connections {
            space.connection(name, kind, settings);
        }
        let (root, guard) = space.close();
        Self { root, guard }
    }

    /// Runs `pulse` with words; `@name` stands for a file beside the workspace.
    fn pulse(&self, command: &str) -> Value {
        let word = |word: &str| match word.strip_prefix('@') {
            Some(name) => self.guard.path().join(name).display().to_string(),
            None => word.to_owned(),
        };
        let words: Vec<String> = command.split(' ').map(word).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let (code, document) = pulse_json(&self.root, &words);
        assert_eq!(code, 0, "`{command}`: {document}");
        document
    }

    /// Writes a recipe beside the workspace.
    fn recipe(&self, steps: &[(&str, Value)]) {
        let step = |(at, (kind, config)): (usize, &(&str, Value))| json!({"id": format!("s{at}"), "kind": kind, "config": config, "enabled": true, "comment": ""});
        let steps: Vec<Value> = steps.iter().enumerate().map(step).collect();
        let recipe = json!({"format": 1, "name": "Tidy", "steps": steps});
        std::fs::write(self.guard.path().join("tidy.json"), recipe.to_string()).unwrap();
    }

    /// The one table of the last run: the rows it was about, those put and those deleted. The target is the same as what
    /// was sent.
    fn sent(&self, document: &Value) -> [Value; 3] {
        let runs = document["runs"].as_array().unwrap_or_else(|| panic!("{document}"));
        assert_eq!(runs.len(), 1, "{document}");
        let run = &runs[0];
        assert_eq!((&run["state"], &run["pending"], &run["rejected"]), (&json!("done"), &json!(0), &json!(0)), "{run}");
        let compared = &run["verification"];
        let count = compared["comparisons"].as_array().map_or(0, Vec::len);
        assert!(compared["matched"] == true && count > 1, "{run}");
        [run["total"].clone(), run["rows"].clone(), run["deleted"].clone()]
    }
}

const ORDERS: &str = "CREATE TABLE orders (id int PRIMARY KEY, item text, price numeric(10,2), at timestamptz);
    INSERT INTO orders SELECT i, ' item ' || i || ' ', i / 8.0, timestamptz '2024-01-01' + i * interval '1 hour'
        FROM generate_series(1, 3000) i";
const CHANGES: &str = "DELETE FROM orders WHERE id <= 10; UPDATE orders SET price = 1, item = 'new' WHERE id = 11;
    INSERT INTO orders VALUES (5000, 'more', 7.25, '2025-01-01')";

/// Rows that come from PostgreSQL, with a recipe that trims texts and leaves a column out.
fn from_postgres(desk: &Desk) {
    desk.recipe(&[("trim_whitespace", json!({"columns": ["item"]})), ("drop", json!({"columns": ["at"]}))]);
    desk.pulse("import --from shop public.orders --table bronze.orders --mode merge --key id --deletes remove");
    desk.pulse("clean bronze.orders --recipe @tidy.json --output silver.orders");
}

/// Asks the server that answers as Elasticsearch.
fn ask(server: &Noida, method: &str, path: &str, body: &str) -> Value {
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let asked = Asked {
        method: method.into(),
        path: path.into(),
        query: query.into(),
        headers,
        body: body.into(),
        ..Asked::default()
    };
    let answer = passed_on(server.port("elasticsearch"), &asked);
    assert!(answer.is_good(), "{method} {path}: {}", answer.text());
    serde_json::from_str(&answer.text()).unwrap_or_default()
}

fn search(server: &Noida) -> Value {
    json!({"address": format!("http://{}", server.address("elasticsearch"))})
}

#[test]
fn postgres_to_elasticsearch() {
    if skipped() {
        return;
    }
    let (database, server) = (Database::new(), Noida::start(&["elasticsearch"]));
    database.sql(ORDERS);
    let desk = Desk::new(&[("shop", "postgres", database.settings()), ("search", "elasticsearch", search(&server))]);
    from_postgres(&desk);
    let first = desk.pulse(
        "sync find --to search --table silver.orders --target orders --mode incremental --key id --refresh orders --apply bronze.orders",
    );
    assert_eq!(desk.sent(&first), [json!(3000), json!(3000), json!(0)]);
    database.sql(CHANGES);
    // One command: the source is refreshed, the recipe applied, and what changed is sent.
    let second = desk.pulse("sync find");
    assert_eq!(desk.sent(&second), [json!(12), json!(2), json!(10)]);
    assert_eq!(desk.sent(&desk.pulse("sync find"))[0], 0, "nothing changed");
    ask(&server, "POST", "/orders/_refresh", "");
    let sum = json!({"size": 1, "query": {"term": {"id": 11}}, "track_total_hits": true});
    let found = ask(&server, "POST", "/orders/_search", &sum.to_string());
    let source = &found["hits"]["hits"][0]["_source"];
    assert_eq!(source, &json!({"id": 11, "item": "new", "price": 1.0}), "{found}");
    assert_eq!(ask(&server, "GET", "/orders/_count", "")["count"], 3000 - 10 + 1);
    let sum = json!({"size": 0, "aggs": {"sum": {"sum": {"field": "price"}}}});
    let there = &ask(&server, "POST", "/orders/_search", &sum.to_string())["aggregations"]["sum"]["value"];
    let here: f64 = database.sql("SELECT sum(price) FROM orders").parse().unwrap();
    assert!((there.as_f64().unwrap() - here).abs() < 0.005, "{there} {here}");
}

#[test]
fn postgres_to_delta_in_a_bucket() {
    if skipped() {
        return;
    }
    let (database, moto) = (Database::new(), Moto::with_bucket("lake"));
    database.sql(ORDERS);
    let desk = Desk::new(&[("shop", "postgres", database.settings()), ("lake", "s3", moto.settings("lake"))]);
    from_postgres(&desk);
    let first = desk
        .pulse("sync lake --to lake --table silver.orders --target shop/orders --refresh orders --apply bronze.orders");
    assert_eq!(desk.sent(&first), [json!(3000), json!(3000), json!(0)]);
    database.sql(CHANGES);
    let second = desk.pulse("sync lake");
    assert_eq!(desk.sent(&second), [json!(2991), json!(2991), json!(3000)]);
    let script = r#"
from deltalake import DeltaTable
def about(version):
    table = DeltaTable("s3://lake/shop/orders", version=version, storage_options=options).to_pyarrow_table()
    rows = {row["id"]: row for row in table.to_pylist()}
    return [table.column_names, len(table), len(rows), str(sum(row["price"] for row in rows.values())), rows[11]["item"]]
print(json.dumps([about(0), about(1)]))
"#;
    let found: Value = serde_json::from_str(&moto.python(script, &[])).unwrap();
    let columns = json!(["id", "item", "price"]);
    let sum = database.sql("SELECT sum(price) FROM orders");
    assert_eq!(found[1], json!([columns, 2991, 2991, sum, "new"]));
    assert_eq!(found[0][4], "item 11", "the version before stays readable");
}

#[test]
fn elasticsearch_to_postgres() {
    if skipped() {
        return;
    }
    let (database, server) = (Database::new(), Noida::start(&["elasticsearch"]));
    let put = |from: u64, to: u64, word: &str| {
        let line = |n: u64| {
            format!(
                "{{\"index\":{{\"_id\":\"{n}\"}}}}\n{{\"number\":{n},\"word\":\" {word} {n} \",\"weight\":{}}}\n",
                n as f64 / 4.0
            )
        };
        let body: String = (from..to).map(line).collect();
        let told = ask(&server, "POST", "/words/_bulk?refresh=true", &body);
        assert_eq!(told["errors"], false, "{told}");
    };
    let mapping = json!({"mappings": {"properties": {"number": {"type": "long"}, "word": {"type": "keyword"}, "weight": {"type": "double"}}}});
    ask(&server, "PUT", "/words", &mapping.to_string());
    put(0, 2500, "old");
    let desk = Desk::new(&[("search", "elasticsearch", search(&server)), ("shop", "postgres", database.settings())]);
    desk.recipe(&[("trim_whitespace", json!({"columns": ["word"]}))]);
    desk.pulse("import --from search words --table bronze.words --mode merge --key number --deletes remove");
    desk.pulse("clean bronze.words --recipe @tidy.json --output silver.words");
    let first = desk.pulse(
        "sync words --to shop --table silver.words --target words --mode incremental --key number --refresh words --apply bronze.words",
    );
    assert_eq!(desk.sent(&first), [json!(2500), json!(2500), json!(0)]);
    put(10, 12, "new");
    put(9000, 9001, "new");
    let gone: String = (0..5).map(|n| format!("{{\"delete\":{{\"_id\":\"{n}\"}}}}\n")).collect();
    ask(&server, "POST", "/words/_bulk?refresh=true", &gone);
    let second = desk.pulse("sync words");
    assert_eq!(desk.sent(&second), [json!(8), json!(3), json!(5)]);
    let counted =
        database.sql("SELECT count(*), sum(number), sum(weight), max(word) FILTER (WHERE number = 11) FROM words");
    let sum: u64 = (5..2500).sum::<u64>() + 9000;
    assert_eq!(counted, format!("2496|{sum}|{}|new 11", sum as f64 / 4.0));
}
