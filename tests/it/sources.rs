//! Sources as a user loads them: how rows meet, what happens when columns change, what a crash leaves.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pulse_core::{Code, Error};
use pulse_rpc::Commands;
use pulse_rpc::types::*;
use pulse_tests::services::http::{Answer, HttpServer};
use pulse_tests::{Numbers, Space, pulse_command, pulse_json, python};
use serde_json::{Value, json};

/// A workspace with a connection to an SQLite file that the test writes to.
struct Shop {
    space: Space,
    file: PathBuf,
    connection: String,
}

const ORDERS: &str = "create table orders (id integer primary key, item text, price integer);
    insert into orders values (1, 'tea', 3), (2, 'rice', 5), (3, 'salt', 1);";

impl Shop {
    fn new(sql: &str) -> Self {
        let space = Space::new();
        let file = space.path("shop.db");
        let settings = json!({"path": file.display().to_string()});
        let doc = ConnectionDoc { id: None, name: "shop".into(), kind: "sqlite".into(), settings };
        let connection = space.engine.connection_save(doc).expect("saved").id;
        let shop = Self { space, file, connection };
        shop.run(sql);
        shop
    }

    /// Changes the outside database.
    fn run(&self, sql: &str) {
        let script = "import sqlite3, sys\nc = sqlite3.connect(sys.argv[1])\nc.executescript(sys.argv[2])\nc.commit()";
        python(script, &[&self.file.display().to_string(), sql]);
    }

    fn doc(&self, loading: Loading) -> SourceDoc {
        SourceDoc {
            name: "orders".into(),
            connection: self.connection.clone(),
            selection: json!({"table": "orders"}),
            table: "bronze.orders".into(),
            loading,
            ..SourceDoc::default()
        }
    }

    fn save(&self, loading: Loading) -> String {
        self.space.engine.source_save(self.doc(loading)).expect("saved").id
    }

    fn refresh_with(&self, request: RefreshRequest) -> Result<Value, Error> {
        let job = self.space.engine.source_refresh(request)?.jobs.remove(0).job;
        self.space.result(&JobStarted { job })
    }

    fn refresh(&self, id: &str) -> Result<Value, Error> {
        self.refresh_with(RefreshRequest { sources: vec![id.into()], ..RefreshRequest::default() })
    }

    fn info(&self) -> SourceInfo {
        self.space.engine.source_list(Nothing {}).expect("a list").remove(0)
    }

    /// The cells of a query, each as text.
    fn cells(&self, sql: &str) -> Vec<String> {
        let rows = self.space.sql(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
        rows.iter()
            .map(|row| {
                row.iter().map(|v| v.as_str().map_or(v.to_string(), str::to_owned)).collect::<Vec<_>>().join(" ")
            })
            .collect()
    }
}

fn merge(change: impl Fn(&mut Loading)) -> Loading {
    let mut loading = Loading { mode: LoadMode::Merge, key: vec!["id".into()], ..Loading::default() };
    change(&mut loading);
    loading
}

fn counts(result: &Value) -> [u64; 4] {
    ["added", "changed", "deleted", "unchanged"].map(|member| result[member].as_u64().expect("a count"))
}

#[test]
fn rows_meet_as_the_loading_says() {
    let change = "update orders set price = 9 where id = 2; delete from orders where id = 1;
        insert into orders values (4, 'oil', 7);";
    let plain = "select id || ' ' || item || ' ' || price from bronze.orders order by id, price";
    let all = ["2 rice 9", "3 salt 1", "4 oil 7"];
    let kept = ["1 tea 3", "2 rice 9", "3 salt 1", "4 oil 7"];
    let twice = ["1 tea 3", "2 rice 5", "2 rice 9", "3 salt 1", "3 salt 1", "4 oil 7"];
    let append = Loading { mode: LoadMode::Append, ..Loading::default() };
    let cases: [(&str, Loading, [u64; 4], &[&str]); 5] = [
        ("replace", Loading::default(), [3, 0, 3, 0], &all),
        ("append", append, [3, 0, 0, 0], &twice),
        ("merge and keep", merge(|_| ()), [1, 1, 0, 1], &kept),
        ("merge and remove", merge(|l| l.deletes = Deletes::Remove), [1, 1, 1, 1], &all),
        ("merge and mark", merge(|l| l.deletes = Deletes::Mark), [1, 1, 1, 1], &kept),
    ];
    for (case, loading, expected, rows) in cases {
        let shop = Shop::new(ORDERS);
        let id = shop.save(loading);
        let first = shop.refresh(&id).expect(case);
        assert_eq!(counts(&first), [3, 0, 0, 0], "{case}: the first time");
        shop.run(change);
        let second = shop.refresh(&id).expect(case);
        assert_eq!(counts(&second), expected, "{case}: {second}");
        assert_eq!(shop.cells(plain), rows, "{case}");
        let info = shop.info();
        assert_eq!((info.state.as_str(), info.last.expect("a refresh").version), ("ok", 1), "{case}");
        if case == "merge and mark" {
            assert_eq!(shop.cells("select id from bronze.orders where _deleted_at is not null"), ["1"]);
        }
    }
}

#[test]
fn history_keeps_every_state_of_a_row() {
    let shop = Shop::new(ORDERS);
    let id = shop.save(merge(|loading| (loading.history, loading.deletes) = (true, Deletes::Mark)));
    shop.refresh(&id).expect("the first time");
    shop.run("update orders set price = 6 where id = 2; delete from orders where id = 3;");
    shop.refresh(&id).expect("changed");
    let again = shop.refresh(&id).expect("nothing new");
    assert_eq!((counts(&again), again["changed_anything"].clone()), ([0, 0, 0, 2], json!(false)), "{again}");
    let states = "select id, price, _current, _valid_to is null from bronze.orders order by id, _valid_from";
    assert_eq!(shop.cells(states), ["1 3 true true", "2 5 false false", "2 6 true true", "3 1 false false"]);
}

#[test]
fn the_newest_of_a_key_wins_and_null_keys_are_refused() {
    let shop = Shop::new(
        "create table orders (id integer, item text, seen integer);
         insert into orders values (1, 'old', 5), (1, 'newest', 9), (1, 'late', 7);",
    );
    let id = shop.save(merge(|loading| loading.newest_by = Some("seen".into())));
    shop.refresh(&id).expect("merged");
    assert_eq!(shop.cells("select item from bronze.orders"), ["newest"]);
    shop.run("insert into orders values (null, 'nobody', 1);");
    let error = shop.refresh(&id).expect_err("a row without a key");
    assert_eq!(error.code, Code::InvalidInput, "{error}");
    assert!(error.hint.is_some() && error.message.contains("id"), "{error}");
    assert_eq!(shop.cells("select item from bronze.orders"), ["newest"], "nothing was changed");
    assert_eq!(shop.info().state, "failed");
}

#[test]
fn columns_that_change_do_what_the_policy_says() {
    // Another column, a price that is no number, and the item gone.
    let change = "drop table orders; create table orders (id integer primary key, price text, note text);
        insert into orders values (1, '3', 'x'), (2, 'dear', null);";
    let policy = |drift| merge(|loading| loading.drift = drift);
    for drift in [DriftPolicy::Evolve, DriftPolicy::Freeze, DriftPolicy::Ledger, DriftPolicy::Ask] {
        let shop = Shop::new(ORDERS);
        let id = shop.save(policy(drift));
        shop.refresh(&id).expect("the first time");
        shop.run(change);
        let source = SourceDoc { id: Some(id.clone()), ..shop.doc(policy(drift)) };
        let shown =
            shop.space.engine.source_preview(SourcePreviewRequest { source, ticket: "t".into() }).expect("shown");
        let said: Vec<_> = shown.drift.iter().map(|d| (d.column.as_str(), d.change.as_str(), d.stops)).collect();
        let stops = matches!(drift, DriftPolicy::Freeze | DriftPolicy::Ask);
        let expected = [("item", "gone", stops), ("price", "type", stops), ("note", "new", stops)];
        assert_eq!(said, expected, "{drift:?} is shown before it happens");
        let outcome = shop.refresh(&id);
        let rows = "select * from bronze.orders order by id";
        match drift {
            DriftPolicy::Evolve => {
                let result = outcome.expect("evolved");
                assert_eq!((&result["new_columns"], &result["gone_columns"]), (&json!(["note"]), &json!(["item"])));
                assert_eq!(shop.cells(rows), ["1 tea 3 x", "2 rice dear null", "3 salt 1 null"]);
            }
            DriftPolicy::Ledger => {
                let result = outcome.expect("the table's columns stay");
                assert_eq!(result["ledger"], 2, "{result}");
                assert_eq!(shop.cells(rows), ["1 tea 3", "2 rice null", "3 salt 1"]);
                let ledger = shop.cells("select \"column\", value from ledger.bronze_orders order by 1");
                assert_eq!(ledger, ["note x", "price dear"], "and what does not fit is kept");
            }
            DriftPolicy::Freeze | DriftPolicy::Ask => {
                let error = outcome.expect_err("stopped");
                let asks = drift == DriftPolicy::Ask;
                assert_eq!(error.code, if asks { Code::SchemaChanged } else { Code::InvalidInput }, "{error}");
                assert_eq!(shop.cells(rows), ["1 tea 3", "2 rice 5", "3 salt 1"], "nothing was changed");
                assert_eq!(shop.info().state, if asks { "paused" } else { "failed" });
                if asks {
                    let request = RefreshRequest { sources: vec![id], accept_drift: true, ..RefreshRequest::default() };
                    shop.refresh_with(request).expect("accepted");
                    assert_eq!(shop.cells(rows), ["1 tea 3 x", "2 rice dear null", "3 salt 1 null"]);
                    assert_eq!(shop.info().state, "ok");
                }
            }
        }
    }
}

#[test]
fn a_replacement_keeps_the_columns_that_are_gone() {
    let shop = Shop::new(ORDERS);
    let id = shop.save(Loading::default());
    shop.refresh(&id).expect("the first time");
    shop.run("alter table orders drop column item;");
    shop.refresh(&id).expect("replaced");
    assert_eq!(
        shop.cells("select id, price, item from bronze.orders order by id"),
        ["1 3 null", "2 5 null", "3 1 null"]
    );
}

#[test]
fn a_cursor_reads_only_what_is_new_and_a_restore_brings_its_position_back() {
    let shop = Shop::new(ORDERS);
    let selection = json!({"table": "orders", "cursor": "id"});
    let append = Loading { mode: LoadMode::Append, ..Loading::default() };
    let doc = SourceDoc { selection, ..shop.doc(append) };
    let id = shop.space.engine.source_save(doc).expect("saved").id;
    assert_eq!(shop.refresh(&id).expect("the first time")["records"], 3);
    shop.run("insert into orders values (4, 'oil', 7), (5, 'fish', 8);");
    assert_eq!(shop.refresh(&id).expect("what is new")["records"], 2);
    let nothing = shop.refresh(&id).expect("nothing is new");
    assert_eq!(
        (nothing["records"].clone(), nothing["changed_anything"].clone()),
        (json!(0), json!(false)),
        "{nothing}"
    );
    assert_eq!(shop.cells("select count(*), count(distinct id) from bronze.orders"), ["5 5"]);
    shop.space.engine.table_restore(RestoreRequest { table: "bronze.orders".into(), version: 0 }).expect("restored");
    assert_eq!(shop.refresh(&id).expect("what the older version lacks")["records"], 2);
    assert_eq!(shop.cells("select count(*), count(distinct id) from bronze.orders"), ["5 5"], "nothing twice");
    let full = RefreshRequest { sources: vec![id], full: true, ..RefreshRequest::default() };
    assert_eq!(shop.refresh_with(full).expect("everything")["records"], 5);
}

#[test]
fn a_killed_refresh_repeats_nothing_and_loses_nothing() {
    let shop = Shop::new(
        "create table orders (id integer primary key, item text);
         with recursive n(i) as (select 1 union all select i + 1 from n where i < 60000)
         insert into orders select i, 'item ' || i from n;",
    );
    let selection = json!({"table": "orders", "cursor": "id"});
    let append = Loading { mode: LoadMode::Append, ..Loading::default() };
    let id = shop.space.engine.source_save(SourceDoc { selection, ..shop.doc(append) }).expect("saved").id;
    let Shop { space, file, connection } = shop;
    let (root, guard) = space.close();
    let mut numbers = Numbers::new(7);
    for round in 0..12 {
        let mut child = pulse_command(&root, &["refresh", "orders"]).spawn().expect("pulse starts");
        std::thread::sleep(Duration::from_millis(numbers.below(400)));
        // It may have ended by itself.
        let _ = child.kill();
        let _ = child.wait();
        let insert = format!(
            "import sqlite3, sys\nc = sqlite3.connect(sys.argv[1])\nc.execute(\"insert into orders select max(id) + 1, 'round {round}' from orders\")\nc.commit()"
        );
        python(&insert, &[&file.display().to_string()]);
    }
    let (code, _) = pulse_json(&root, &["refresh", "orders"]);
    assert_eq!(code, 0, "the last refresh succeeds");
    let (_, counted) = pulse_json(&root, &["sql", "select count(*), count(distinct id), max(id) from bronze.orders"]);
    assert_eq!(counted["rows"][0], json!([60012, 60012, 60012]), "every row once: {counted}");
    drop((guard, connection, id));
}

#[test]
fn what_makes_no_sense_is_refused_when_it_is_saved() {
    let shop = Shop::new(ORDERS);
    let save = |doc| shop.space.engine.source_save(doc).expect_err("refused");
    let both = merge(|loading| (loading.history, loading.deletes) = (true, Deletes::Remove));
    let cases = [
        (save(shop.doc(merge(|loading| loading.key.clear()))), "loading.key"),
        (save(shop.doc(both)), "loading.deletes"),
        (save(SourceDoc { name: " ".into(), ..shop.doc(Loading::default()) }), "name"),
        (save(SourceDoc { table: "silver.orders".into(), ..shop.doc(Loading::default()) }), "table"),
        (save(SourceDoc { connection: "nothing".into(), ..shop.doc(Loading::default()) }), "connection"),
    ];
    for (error, field) in cases {
        assert_eq!(error.field.as_deref(), Some(field), "{error}");
        assert!(error.hint.is_some(), "{error}");
    }
    shop.save(Loading::default());
    let second = save(SourceDoc { name: "another".into(), ..shop.doc(Loading::default()) });
    assert!(second.message.contains("orders"), "one table has one source: {second}");
    let used = shop.space.engine.connection_delete(ConnectionId { id: shop.connection.clone() }).expect_err("used");
    assert!(used.code == Code::Conflict && used.message.contains("“orders”"), "{used}");
}

#[test]
fn a_source_that_is_deleted_leaves_its_table_and_frees_its_connection() {
    let shop = Shop::new(ORDERS);
    let id = shop.save(Loading::default());
    shop.refresh(&id).expect("refreshed");
    shop.space.engine.source_delete(SourceId { id }).expect("deleted");
    assert_eq!(shop.cells("select count(*) from bronze.orders"), ["3"]);
    shop.space.engine.connection_delete(ConnectionId { id: shop.connection.clone() }).expect("free");
    assert!(shop.space.engine.connection_list(Nothing {}).expect("a list").is_empty());
}

#[test]
fn one_refresh_of_a_source_runs_at_a_time() {
    let shop = Shop::new(
        "create table orders (id integer primary key, item text);
         with recursive n(i) as (select 1 union all select i + 1 from n where i < 300000)
         insert into orders select i, 'item ' || i from n;",
    );
    let id = shop.save(Loading::default());
    let request = || RefreshRequest { sources: vec![id.clone()], ..RefreshRequest::default() };
    let first = shop.space.engine.source_refresh(request()).expect("started").jobs.remove(0).job;
    let error = shop.space.engine.source_refresh(request()).expect_err("one runs");
    assert!(error.code == Code::Conflict && error.message.contains("orders"), "{error}");
    assert_eq!(shop.info().state, "running");
    shop.space.engine.job_cancel(JobId { id: first.clone() }).expect("asked to stop");
    let stopped = shop.space.result(&JobStarted { job: first });
    if let Err(error) = stopped {
        assert_eq!(error.code, Code::Cancelled);
        assert!(shop.space.engine.tables(Nothing {}).expect("tables").is_empty(), "no half table");
    }
    shop.refresh(&id).expect("and it can be started again");
    assert_eq!(shop.cells("select count(*) from bronze.orders"), ["300000"]);
}

/// A workspace with a source of a REST API whose answer the test can change.
struct Api {
    space: Space,
    answer: Arc<Mutex<String>>,
    server: Option<HttpServer>,
    source: String,
}

impl Api {
    fn new(first: &str, loading: Loading) -> Self {
        let answer = Arc::new(Mutex::new(first.to_owned()));
        let served = Arc::clone(&answer);
        let server = HttpServer::start(move |_| Answer::json(served.lock().expect("an answer").clone()));
        let space = Space::new();
        let settings = json!({"base_url": server.url("/"), "allow_private": true, "retries": 0});
        let doc = ConnectionDoc { id: None, name: "api".into(), kind: "rest".into(), settings };
        let connection = space.engine.connection_save(doc).expect("saved").id;
        let doc = SourceDoc {
            name: "prices".into(),
            connection,
            selection: json!({"path": "prices"}),
            table: "bronze.prices".into(),
            loading,
            ..SourceDoc::default()
        };
        let source = space.engine.source_save(doc).expect("saved").id;
        Self { space, answer, server: Some(server), source }
    }

    fn says(&self, answer: &str) {
        *self.answer.lock().expect("an answer") = answer.to_owned();
    }

    fn refresh(&self, replay: bool) -> Result<Value, Error> {
        let request = RefreshRequest { sources: vec![self.source.clone()], replay, ..RefreshRequest::default() };
        let job = self.space.engine.source_refresh(request)?.jobs.remove(0).job;
        self.space.result(&JobStarted { job })
    }
}

#[test]
fn recorded_responses_are_kept_in_landing_and_replayed_without_the_network() {
    let mut api = Api::new(r#"[{"id":"007","price":1.10},{"id":"008","price":2.50}]"#, Loading::default());
    let none = api.refresh(true).expect_err("nothing was recorded yet");
    assert_eq!(none.code, Code::NotFound, "{none}");
    api.refresh(false).expect("from the network");
    let rows = api.space.table_grid("bronze.prices");
    assert_eq!(rows[0], [Some("007".to_owned()), Some("1.10".to_owned())], "digits are kept");
    let shown =
        api.space.engine.table_show(TableVersion { table: "bronze.prices".into(), version: None }).expect("shown");
    assert_eq!((shown.origin.len(), shown.origin[0].stored.as_str()), (1, "copied"), "the recording is in landing");
    drop(api.server.take());
    assert_eq!(api.refresh(false).expect_err("nobody answers").code, Code::Unreachable);
    api.refresh(true).expect("from the recording");
    assert_eq!(api.space.table_grid("bronze.prices"), rows, "the same rows again");
}

#[test]
fn a_column_without_values_changes_no_type_and_an_empty_answer_empties_what_is_replaced() {
    let api = Api::new(r#"[{"id":1,"price":1.5,"seen":"2024-01-01"}]"#, Loading::default());
    api.refresh(false).expect("the first time");
    let types = api.space.columns("bronze.prices");
    api.says(r#"[{"id":2,"price":null,"seen":null}]"#);
    let second = api.refresh(false).expect("replaced");
    assert_eq!(api.space.columns("bronze.prices"), types, "{second}");
    api.says("[]");
    let empty = api.refresh(false).expect("there is nothing any more");
    assert_eq!((empty["deleted"].clone(), empty["records"].clone()), (json!(1), json!(0)), "{empty}");
    assert_eq!(api.space.columns("bronze.prices"), types, "the columns stay");
    assert!(api.space.table_grid("bronze.prices").is_empty());
}

#[test]
fn what_is_no_data_fails_with_a_hint_and_leaves_the_table() {
    let api = Api::new(r#"[{"id":1}]"#, Loading::default());
    api.refresh(false).expect("the first time");
    for answer in ["<!doctype html><title>Sign in</title>", "{\"error\": \"expired\"", "not json at all"] {
        api.says(answer);
        let error = api.refresh(false).expect_err(answer);
        assert!(error.hint.is_some(), "{answer}: {error}");
        assert_eq!(api.space.table_grid("bronze.prices").len(), 1, "{answer}: the table is as it was");
    }
    let info = api.space.engine.source_list(Nothing {}).expect("a list").remove(0);
    assert_eq!((info.state.as_str(), info.replayable), ("failed", true));
}

#[test]
fn a_file_that_is_overwritten_is_merged_and_with_append_only_told() {
    let space = Space::new();
    let write = |text: &str| space.file("customers.csv", text);
    let folder = write("id,city\n1,Oslo\n2,Rome\n").parent().expect("a folder").display().to_string();
    let doc =
        ConnectionDoc { id: None, name: "drop".into(), kind: "folder".into(), settings: json!({"folder": folder}) };
    let connection = space.engine.connection_save(doc).expect("saved").id;
    let source = |name: &str, loading: Loading| SourceDoc {
        name: name.into(),
        connection: connection.clone(),
        selection: json!({"paths": ["customers.csv"]}),
        table: format!("bronze.{name}"),
        loading,
        ..SourceDoc::default()
    };
    let merged = merge(|loading| loading.deletes = Deletes::Remove);
    let appended = Loading { mode: LoadMode::Append, ..Loading::default() };
    let ids = [("merged", merged), ("appended", appended)]
        .map(|(name, loading)| space.engine.source_save(source(name, loading)).expect("saved").id);
    let refresh = || {
        for id in &ids {
            let request = RefreshRequest { sources: vec![id.clone()], ..RefreshRequest::default() };
            let job = space.engine.source_refresh(request).expect("started").jobs.remove(0).job;
            space.result(&JobStarted { job }).expect("refreshed");
        }
    };
    refresh();
    write("id,city\n2,Roma\n3,Bern\n4,Wien\n");
    refresh();
    let rows = |table: &str| space.sql(&format!("select id, city from bronze.{table} order by id")).expect("rows");
    assert_eq!(rows("merged"), [[json!(2), json!("Roma")], [json!(3), json!("Bern")], [json!(4), json!("Wien")]]);
    assert_eq!(rows("appended"), [[json!(1), json!("Oslo")], [json!(2), json!("Rome")]], "no row comes twice");
    refresh();
    assert_eq!(rows("merged").len(), 3, "nothing new, nothing gone");
}
