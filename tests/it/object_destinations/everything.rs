//! The whole workspace sent at once, and kept in sync.

use super::*;
use pulse_core::Code;
use pulse_rpc::Commands;
use pulse_rpc::types::{Nothing, SyncDoc, SyncMode as Mode, SyncStart, TableRequest};
use pulse_tests::Space;
use pulse_tests::services::moto::Moto;
use pulse_tests::services::proxy::{Break, Proxy};
use pulse_tests::services::skipped;

/// A workspace that sends everything to a bucket behind a proxy.
struct Everything {
    space: Space,
    moto: Moto,
    proxy: Proxy,
}

impl Everything {
    fn new(before: &str) -> Self {
        let moto = Moto::with_bucket("lake");
        let proxy = Proxy::start(moto.port());
        let mut settings = moto.settings("lake");
        settings["endpoint"] = json!(format!("http://127.0.0.1:{}", proxy.port()));
        let space = Space::new();
        space.connection("lake", "s3", &settings);
        space.import_text("orders.csv", "id,item\n1,tea\n2,rice\n", "bronze.orders");
        space.import_text("cities.csv", "name\nOslo\n", "bronze.cities");
        let doc = SyncDoc {
            name: "all".into(),
            connection: "lake".into(),
            mode: Mode::Replace,
            everything: true,
            rest: json!({"path": before, "format": "delta"}),
            ..SyncDoc::default()
        };
        space.engine.sync_save(doc).unwrap();
        Self { space, moto, proxy }
    }

    fn run(&self) -> pulse_core::Result<Value> {
        let started = self.space.engine.sync_start(SyncStart { id: "all".into(), anew: false })?;
        self.space.result(&started)
    }

    fn runs(&self) -> Value {
        self.run().unwrap_or_else(|error| panic!("{error}"))
    }

    /// The rows of each Delta table in the bucket, as Python's `deltalake` reads them.
    fn there(&self) -> Value {
        let script = r#"
from deltalake import DeltaTable
logs = s3.list_objects_v2(Bucket="lake")["Contents"]
names = sorted({each["Key"].split("/_delta_log/")[0] for each in logs if "/_delta_log/" in each["Key"]})
print(json.dumps({name: sorted(map(str, DeltaTable(f"s3://lake/{name}", storage_options=options).to_pyarrow_table().to_pydict().values())) for name in names}))
"#;
        serde_json::from_str(&self.moto.python(script, &[])).unwrap()
    }
}

#[test]
fn a_workspace_is_sent_as_delta_and_followed() {
    if skipped() {
        return;
    }
    let all = Everything::new("");
    let result = all.runs();
    assert_eq!((&result["tables"], &result["matched"], &result["vanished"]), (&json!(2), &json!(true), &json!([])));
    let (cities, orders) = (json!(["['Oslo']"]), json!(["['tea', 'rice']", "[1, 2]"]));
    assert_eq!(all.there(), json!({"bronze_cities": cities, "bronze_orders": orders}));

    // A table that is added follows, one that changed is replaced.
    all.space.import_text("towns.csv", "name\nRome\n", "bronze.towns");
    all.space.apply("bronze.orders", &[("drop", json!({"columns": ["id"]}))]).unwrap();
    let result = all.runs();
    assert_eq!(result["tables"], 4, "{result}");
    let there = all.there();
    assert_eq!(there["silver_orders"], json!(["['tea', 'rice']"]), "{there}");
    assert_eq!(there["bronze_towns"], json!(["['Rome']"]), "{there}");

    // One that is removed is told once, and what was sent of it stays.
    all.space.engine.table_remove(TableRequest { table: "bronze.towns".into() }).unwrap();
    let result = all.runs();
    let told = result["vanished"].to_string();
    assert!(told.contains("bronze.towns") && told.contains("bronze_towns"), "{result}");
    assert_eq!(all.there()["bronze_towns"], json!(["['Rome']"]));
    assert_eq!(all.runs()["vanished"], json!([]));
    assert_eq!(all.space.engine.sync_list(Nothing {}).unwrap()[0].state, "done");
}

#[test]
fn a_workspace_is_sent_into_a_folder_of_a_bucket() {
    if skipped() {
        return;
    }
    let all = Everything::new("team/lake/");
    assert_eq!(all.runs()["matched"], true);
    let names: Vec<String> = all.there().as_object().unwrap().keys().cloned().collect();
    assert_eq!(names, ["team/lake/bronze_cities", "team/lake/bronze_orders"]);
}

#[test]
fn a_table_that_is_removed_in_the_middle_does_not_hold_the_others_up() {
    if skipped() {
        return;
    }
    let all = Everything::new("");
    all.runs();
    all.proxy.break_after(0, Break::Cut);
    assert_eq!(all.run().unwrap_err().code, Code::Unreachable);
    all.proxy.mend();
    let unfinished = all.space.engine.sync_list(Nothing {}).unwrap()[0].last[0].origin.clone();
    let table = unfinished.split('@').next().unwrap().to_owned();
    all.space.engine.table_remove(TableRequest { table: table.clone() }).unwrap();
    let result = all.runs();
    assert_eq!(result["tables"], 1, "{result}");
    // What changes from then on is sent.
    let (left, name) =
        if table == "bronze.orders" { ("bronze.cities", "bronze_cities") } else { ("bronze.orders", "bronze_orders") };
    let path = all.space.file("more.csv", "name\nBonn\n");
    let mode = pulse_rpc::types::ImportMode::Replace;
    all.space.import_with(&path, left, pulse_rpc::types::ReadOptions::default(), mode).unwrap();
    all.runs();
    assert_eq!(all.there()[name], json!(["['Bonn']"]));
}
