//! Syncs as a user runs them, to a real PostgreSQL: modes, history, receipts in SQL, and what a crash leaves.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

use pulse_core::{Code, Error};
use pulse_rpc::Commands;
use pulse_rpc::types::*;
use pulse_tests::services::postgres::Database;
use pulse_tests::services::signal;
use pulse_tests::{Killed, Numbers, Space, assert_helpful, error_of, kill_sync, pulse_command, pulse_json};
use serde_json::{Value, json};

/// A workspace with a table and a connection to an empty database.
struct Shop {
    space: Space,
    database: Database,
}

const ORDERS: &str = "id,item,price\n1,tea,3.10\n2,rice,5.00\n3,salt,1.25\n";

impl Shop {
    fn new() -> Self {
        let (space, database) = (Space::new(), Database::new());
        // A JSON text or number is the same in TOML.
        let settings = database.settings();
        let members = settings.as_object().expect("settings").iter().map(|(name, value)| format!("{name} = {value}\n"));
        let text = format!("[warehouse]\nkind = \"postgres\"\n{}", members.collect::<String>());
        std::fs::write(space.engine.root().join("connections.toml"), text).expect("a file");
        space.import_text("orders.csv", ORDERS, "bronze.orders");
        Self { space, database }
    }

    fn doc(&self, mode: SyncMode) -> SyncDoc {
        SyncDoc {
            name: "orders".into(),
            connection: "warehouse".into(),
            mode,
            parts: vec![part("bronze.orders", "orders")],
            ..SyncDoc::default()
        }
    }

    fn save(&self, doc: SyncDoc) -> SyncInfo {
        self.space.engine.sync_save(doc).expect("saved")
    }

    fn start(&self, id: &str) -> Result<Value, Error> {
        let started = self.space.engine.sync_start(SyncStart { id: id.into(), anew: false })?;
        self.space.result(&started)
    }

    fn run(&self, id: &str) -> SyncRunInfo {
        self.start(id).unwrap_or_else(|error| panic!("{id}: {error}"));
        self.latest(id)
    }

    fn latest(&self, id: &str) -> SyncRunInfo {
        self.space.engine.sync_runs(SyncId { id: id.into() }).expect("runs").remove(0)
    }

    fn target(&self) -> String {
        self.database.sql("select id, item, price from orders order by id")
    }

    /// Replaces the table's rows.
    fn table(&self, text: &str) {
        let path = self.space.file("next.csv", text);
        self.space.import_with(&path, "bronze.orders", ReadOptions::default(), ImportMode::Replace).expect("imported");
    }
}

fn part(table: &str, target: &str) -> SyncPart {
    SyncPart {
        from: SyncFrom::Table { table: table.into(), version: None },
        target: json!({"table": target}),
        columns: Vec::new(),
        key: vec!["id".into()],
        edits: BTreeMap::new(),
    }
}

#[test]
fn a_table_is_checked_sent_compared_and_every_row_has_a_receipt() {
    let shop = Shop::new();
    let doc = shop.doc(SyncMode::Replace);
    let request = PreflightRequest { doc: doc.clone(), ticket: "t".into() };
    let checked = shop.space.engine.sync_preflight(request).expect("checked").remove(0);
    assert!(checked.ready && checked.problem.is_none(), "{checked:?}");
    assert_eq!(checked.rows, 3);
    assert!(checked.statements.iter().any(|statement| statement.text.contains("CREATE TABLE")), "{checked:?}");
    assert_eq!(shop.database.sql("select count(*) from pg_tables where schemaname = 'public'"), "0", "nothing changed");
    let sync = shop.save(doc);
    assert_eq!(sync.state, "new");
    let run = shop.run("orders");
    assert_eq!(shop.target(), "1|tea|3.10\n2|rice|5.00\n3|salt|1.25");
    assert_eq!((run.delivered, run.rejected, run.pending, run.total), (3, 0, 0, 3));
    let verified = run.verification.expect("compared");
    assert!(verified.matched && verified.comparisons.len() > 1, "{verified:?}");
    assert_eq!(shop.space.engine.sync_list(Nothing {}).expect("a list")[0].state, "done");
    let receipts = shop.space.sql("select origin, target, fate, rows from receipts.warehouse").expect("receipts");
    assert_eq!(receipts, [[json!("bronze.orders@0"), json!("orders"), json!("delivered"), json!(3)]]);
}

#[test]
fn only_what_changed_is_sent_after_the_first_time() {
    let shop = Shop::new();
    shop.save(shop.doc(SyncMode::Incremental));
    assert_eq!(shop.run("orders").delivered, 3);
    assert_eq!(shop.run("orders").total, 0, "nothing changed");
    shop.table("id,item,price\n1,tea,3.10\n3,salt,9.99\n4,oil,7.00\n");
    let run = shop.run("orders");
    assert_eq!((run.total, run.delivered, run.rows, run.deleted), (3, 3, 2, 1), "{run:?}");
    assert_eq!(shop.target(), "1|tea|3.10\n3|salt|9.99\n4|oil|7.00");
    shop.space.engine.table_restore(RestoreRequest { table: "bronze.orders".into(), version: 0 }).expect("restored");
    shop.run("orders");
    assert_eq!(shop.target(), "1|tea|3.10\n2|rice|5.00\n3|salt|1.25");
    shop.space.engine.table_remove(TableRequest { table: "bronze.orders".into() }).expect("removed");
    shop.space.import_text("again.csv", "id,item,price\n7,nut,1.00\n", "bronze.orders");
    shop.run("orders");
    assert_eq!(shop.target(), "7|nut|1.00", "a table that was made anew is not taken for the one before");
}

#[test]
fn upsert_keeps_and_mirror_deletes_what_is_not_sent() {
    let shop = Shop::new();
    shop.save(shop.doc(SyncMode::Upsert));
    shop.run("orders");
    shop.table("id,item,price\n3,salt,9.99\n4,oil,7.00\n");
    shop.run("orders");
    assert_eq!(shop.target(), "1|tea|3.10\n2|rice|5.00\n3|salt|9.99\n4|oil|7.00");
    let id = shop.space.engine.sync_list(Nothing {}).expect("a list")[0].id.clone();
    shop.save(SyncDoc { id: Some(id), ..shop.doc(SyncMode::Mirror) });
    shop.run("orders");
    assert_eq!(shop.target(), "3|salt|9.99\n4|oil|7.00");
}

#[test]
fn columns_are_renamed_left_out_and_typed_as_chosen_and_a_query_is_sent() {
    let shop = Shop::new();
    let choice = |column: &str, name: &str, type_word: &str, skip| SyncColumn {
        column: column.into(),
        name: name.into(),
        type_word: type_word.into(),
        skip,
    };
    let from = SyncFrom::Sql { name: "dear".into(), sql: "select * from bronze.orders where price > 2".into() };
    let columns = vec![choice("item", "Was ist \"das\"?", "", false), choice("price", "", "numeric(20,4)", false)];
    let doc = SyncDoc {
        parts: vec![SyncPart { from, columns, key: Vec::new(), ..part("", "dear") }],
        ..shop.doc(SyncMode::Replace)
    };
    shop.save(doc.clone());
    assert_eq!(shop.run("orders").delivered, 2);
    assert_eq!(shop.database.sql("select * from dear order by id"), "1|tea|3.1000\n2|rice|5.0000");
    let names = "select string_agg(column_name, ',' order by ordinal_position) from information_schema.columns \
                 where table_name = 'dear'";
    assert_eq!(shop.database.sql(names), "id,Was ist \"das\"?,price");
    let twice = vec![choice("item", "id", "", false)];
    let parts = vec![SyncPart { columns: twice, ..doc.parts[0].clone() }];
    let checked =
        shop.space.engine.sync_preflight(PreflightRequest { doc: SyncDoc { parts, ..doc }, ticket: "t".into() });
    assert!(checked.expect("checked")[0].problem.as_ref().is_some_and(|p| p.message.contains("Two columns")));
}

#[test]
fn keys_that_name_no_row_stop_before_a_byte_is_sent() {
    let shop = Shop::new();
    shop.table("id,item,price\n1,tea,3.10\n1,rice,5.00\n,salt,1.25\n");
    let doc = shop.doc(SyncMode::Upsert);
    let checked = shop.space.engine.sync_preflight(PreflightRequest { doc: doc.clone(), ticket: "t".into() });
    let checked = checked.expect("checked").remove(0);
    let found: Vec<_> = checked.findings.iter().map(|finding| (finding.severity.as_str(), finding.rows)).collect();
    assert!(!checked.ready && found.contains(&("stops", 1)) && found.contains(&("stops", 2)), "{checked:?}");
    let repeated = checked.findings.iter().find(|finding| finding.rows == 2).expect("the repeated key");
    assert_eq!(repeated.examples[0].value, "1");
    shop.save(doc);
    let error = shop.start("orders").expect_err("stopped");
    assert!(error.message.contains("key") && error.hint.is_some(), "{error}");
    assert_eq!(shop.space.engine.sync_list(Nothing {}).expect("a list")[0].state, "failed");
    shop.table(ORDERS);
    assert_eq!(shop.run("orders").delivered, 3, "mended data are sent anew");
}

#[test]
fn everything_goes_to_tables_of_their_names_and_a_used_connection_stays() {
    let shop = Shop::new();
    shop.space.import_text("cities.csv", "name\nOslo\n", "bronze.cities");
    let doc = SyncDoc { parts: Vec::new(), everything: true, ..shop.doc(SyncMode::Replace) };
    shop.save(doc);
    shop.start("orders").expect("sent");
    assert_eq!(shop.database.sql("select count(*) from bronze_orders"), "3");
    assert_eq!(shop.database.sql("select name from bronze_cities"), "Oslo");
    let used = &shop.space.engine.connection_list(Nothing {}).expect("a list")[0].used_by;
    assert_eq!(used, &["orders"]);
}

#[test]
fn what_makes_no_sense_is_refused_when_it_is_saved() {
    let shop = Shop::new();
    let save = |doc| shop.space.engine.sync_save(doc).expect_err("refused");
    let good = shop.doc(SyncMode::Replace);
    let sql = SyncFrom::Sql { name: "q".into(), sql: "select 1".into() };
    let cases = [
        (save(SyncDoc { name: " ".into(), ..good.clone() }), "name"),
        (save(SyncDoc { parts: Vec::new(), ..good.clone() }), "parts"),
        (save(SyncDoc { parts: vec![good.parts[0].clone(), good.parts[0].clone()], ..good.clone() }), "parts"),
        (save(SyncDoc { connection: "nothing".into(), ..good.clone() }), "connection"),
        (
            save(SyncDoc {
                mode: SyncMode::Incremental,
                parts: vec![SyncPart { from: sql, ..good.parts[0].clone() }],
                ..good.clone()
            }),
            "mode",
        ),
    ];
    for (error, field) in cases {
        assert_eq!(error.field.as_deref(), Some(field), "{error}");
    }
    shop.save(good.clone());
    assert_eq!(save(good).code, Code::AlreadyExists);
}

#[test]
fn two_syncs_to_one_target_do_not_run_at_once() {
    let shop = Shop::new();
    // Somebody holds the table, so that the first sync waits at its end.
    let parts = vec![SyncPart { key: Vec::new(), ..part("bronze.orders", "orders") }];
    shop.save(SyncDoc { parts: parts.clone(), ..shop.doc(SyncMode::Replace) });
    shop.run("orders");
    shop.save(SyncDoc { name: "other".into(), parts, ..shop.doc(SyncMode::Append) });
    let name = shop.database.name.clone();
    let holder = std::thread::scope(|scope| {
        let held = scope.spawn(|| {
            let sql = "begin; lock table orders in access exclusive mode; select pg_sleep(6); commit";
            shop.database.server.try_psql(&name, sql)
        });
        std::thread::sleep(Duration::from_millis(1000));
        let first = shop.space.engine.sync_start(SyncStart { id: "orders".into(), anew: false }).expect("started");
        std::thread::sleep(Duration::from_millis(300));
        let second = shop.space.engine.sync_start(SyncStart { id: "other".into(), anew: false });
        let error = second.expect_err("refused");
        assert_eq!(error.code, Code::Conflict, "{error}");
        assert!(error.message.contains("orders"), "the first is named: {error}");
        shop.space.result(&first).expect("the first is done in the end");
        held.join()
    });
    holder.expect("joined").expect("slept");
    assert_eq!(shop.run("other").delivered, 3, "afterwards it may");
}

#[test]
fn thousands_of_refused_rows_are_all_told_and_the_others_are_there() {
    let shop = Shop::new();
    shop.save(shop.doc(SyncMode::Append));
    let rows = |from: i64| (from..from + 6_000).map(|n| format!("{n},item,1.25\n")).collect::<String>();
    shop.table(&format!("id,item,price\n{}", rows(0)));
    assert_eq!(shop.run("orders").delivered, 6_000);
    shop.table(&format!("id,item,price\n{}", rows(3_000)));
    let run = shop.run("orders");
    assert_eq!((run.delivered, run.rejected, run.pending), (3_000, 3_000, 0), "{run:?}");
    assert_eq!(shop.database.sql("select count(*), max(id) from orders"), "9000|8999");
    let told = "select count(*) from receipts.warehouse where fate = 'rejected' and reason like '%duplicate%'";
    assert_eq!(shop.space.sql(told).expect("receipts"), [[json!(3_000)]]);
}

#[test]
fn rejected_rows_are_sent_again_after_a_fix() {
    let shop = Shop::new();
    shop.database.sql("create table orders (id bigint primary key, item varchar(3), price numeric)");
    shop.save(shop.doc(SyncMode::Upsert));
    let run = shop.run("orders");
    assert_eq!((run.delivered, run.rejected, run.pending), (1, 2, 0), "{run:?}");
    let rejected = shop.space.engine.sync_rejected(SyncRunId { run: run.run.clone() }).expect("the rows");
    assert_eq!(rejected.iter().map(|row| row.row).collect::<Vec<_>>(), [1, 2]);
    assert!(rejected[0].reason.contains("longer than the 3 characters"), "{rejected:?}");
    shop.database.sql("alter table orders alter item type text");
    let started = shop.space.engine.sync_retry(SyncRunId { run: run.run }).expect("started");
    shop.space.result(&started).expect("sent again");
    let run = shop.latest("orders");
    assert_eq!((run.delivered, run.rejected, run.pending), (3, 0, 0), "{run:?}");
    assert!(run.verification.is_some_and(|verification| verification.matched));
    assert_eq!(shop.target(), "1|tea|3.10\n2|rice|5.00\n3|salt|1.25");
}

#[test]
fn a_killed_sync_goes_on_and_the_target_is_as_if_nothing_had_been() {
    let shop = Shop::new();
    let rows: String = (0..40_000).map(|n| format!("{n},item {n},{}.25\n", n % 900)).collect();
    shop.table(&format!("id,item,price\n{rows}"));
    for (name, mode) in [("whole", SyncMode::Replace), ("more", SyncMode::Append), ("keyed", SyncMode::Mirror)] {
        // A table that has a primary key would refuse rows that are appended again.
        let key = if mode == SyncMode::Append { Vec::new() } else { vec!["id".into()] };
        let parts = vec![SyncPart { key, ..part("bronze.orders", name) }];
        shop.save(SyncDoc { name: name.into(), parts, ..shop.doc(mode) });
    }
    let Shop { space, database } = shop;
    let (root, guard) = space.close();
    let mut numbers = Numbers::new(11);
    let mut killed_in_all = 0;
    for name in ["whole", "more", "keyed"] {
        let Killed { killed, finished, done } = kill_sync(&root, name, 17, &mut numbers);
        killed_in_all += killed;
        let counted = database.sql(&format!("select count(*), count(distinct id), sum(price) from {name}"));
        let times = if name == "more" { done } else { 1 };
        let sum: i64 = (0..40_000).map(|n| (n % 900) * 100 + 25).sum();
        let sum = sum * times as i64;
        let expected = format!("{}|40000|{}.{:02}", 40_000 * times, sum / 100, sum % 100);
        assert_eq!(counted, expected, "{name}: {killed} killed, {finished} finished, {done} done");
    }
    assert!(killed_in_all >= 25, "most were killed in the middle: {killed_in_all}");
    drop(guard);
}

#[test]
fn a_machine_that_slept_finds_its_connections_gone_and_goes_on() {
    let shop = Shop::new();
    let count = 600_000u64;
    let rows: String = (0..count).map(|n| format!("{n},item {n},{}.25\n", n % 900)).collect();
    shop.table(&format!("id,item,price\n{rows}"));
    for (name, mode) in [("whole", SyncMode::Replace), ("more", SyncMode::Append), ("keyed", SyncMode::Mirror)] {
        let parts = vec![part("bronze.orders", name)];
        shop.save(SyncDoc { name: name.into(), parts, ..shop.doc(mode) });
    }
    shop.database.sql("create table more (id bigint primary key, item text, price numeric); create table keyed (like more including all)");
    let Shop { space, database } = shop;
    let (root, guard) = space.close();
    let ours = "from pg_stat_activity where application_name like 'Cloud Pulse %' and datname = current_database()";
    let copied =
        "select coalesce(max(tuples_processed), 0) from pg_stat_progress_copy where datname = current_database()";
    for name in ["whole", "more", "keyed"] {
        let mut command = pulse_command(&root, &["--json", "sync", name]);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("pulse starts");
        while database.sql(copied).parse::<u64>().expect("a number") < 1_000 {
            assert!(
                child.try_wait().expect("asked").is_none(),
                "{name} is over before its rows were seen on their way"
            );
        }
        signal("STOP", &[child.id()]);
        database.sql(&format!("select pg_terminate_backend(pid) {ours}"));
        while database.sql(&format!("select count(*) {ours}")) != "0" {
            std::thread::sleep(Duration::from_millis(20));
        }
        signal("CONT", &[child.id()]);
        let output = child.wait_with_output().expect("it ends");
        let error = error_of(&output, name);
        assert_eq!(error.code, Code::Unreachable, "{name}: {error}");
        assert_helpful(&error, name);
        let (code, document) = pulse_json(&root, &["sync", name]);
        assert_eq!(code, 0, "{name}: {document}");
        let run = &document["runs"][0];
        assert_eq!((&run["delivered"], &run["pending"]), (&json!(count), &json!(0)), "{name}: {run}");
        assert_eq!(run["verification"]["matched"], json!(true), "{name}: {run}");
        let sum = (0..count).map(|n| (n % 900) * 100 + 25).sum::<u64>();
        let counted = database.sql(&format!("select count(*), count(distinct id), sum(price) from {name}"));
        assert_eq!(counted, format!("{count}|{count}|{}.{:02}", sum / 100, sum % 100), "{name}");
    }
    drop(guard);
}

#[test]
fn what_others_changed_in_the_target_is_told_before_it_is_overwritten() {
    let shop = Shop::new();
    let sync = shop.save(shop.doc(SyncMode::Mirror));
    shop.run("orders");
    let told = || {
        let doc = SyncDoc { id: Some(sync.id.clone()), ..shop.doc(SyncMode::Mirror) };
        let checked = shop.space.engine.sync_preflight(PreflightRequest { doc, ticket: "t".into() }).expect("checked");
        let changed = checked[0].findings.iter().filter(|finding| finding.text.contains("Others changed"));
        changed.map(|finding| (finding.text.clone(), finding.hint.clone())).collect::<Vec<_>>()
    };
    assert_eq!(told(), [], "nobody changed anything");
    shop.database.sql("update orders set item = 'mine' where id = 2; insert into orders values (9, 'new', 1)");
    let found = told();
    assert!(found[0].0.contains("had 3 rows and has 4 now, of which 2 were added or changed"), "{found:?}");
    assert!(found[0].1.contains("will be overwritten"), "{found:?}");
    let started = shop.space.engine.sync_start(SyncStart { id: "orders".into(), anew: false }).expect("started");
    shop.space.result(&started).expect("sent");
    let log = shop.space.engine.job_show(JobId { id: started.job }).expect("the job").log.join(" ");
    assert!(log.contains("Others changed public.orders since the last sync"), "{log}");
    assert_eq!(shop.target(), "1|tea|3.10\n2|rice|5.00\n3|salt|1.25");
    assert_eq!(told(), [], "what the sync wrote is known");
}
