//! Versions: damaged commits are named, every sound version stays readable, and any can be restored.

use std::path::{Path, PathBuf};

use pulse_core::Code;
use pulse_rpc::Commands;
use pulse_rpc::types::*;
use pulse_tests::*;
use serde_json::json;

/// A workspace whose `bronze.torn` has three versions, the newest of which is then damaged.
fn damage_newest(bytes: impl Fn(Vec<u8>) -> Vec<u8>) -> Space {
    let space = Space::new();
    space.import_text("good.csv", "id\n1\n", "bronze.good");
    let first = space.file("torn.csv", "id\n1\n2\n");
    space.import(&first, "bronze.torn").unwrap();
    for _ in 0..2 {
        space.import_with(&first, "bronze.torn", ReadOptions::default(), ImportMode::Append).unwrap();
    }
    let commit = newest_commit(&space);
    std::fs::write(&commit, bytes(std::fs::read(&commit).unwrap())).unwrap();
    space.reopen()
}

fn newest_commit(space: &Space) -> PathBuf {
    space.engine.root().join("lake/bronze/torn/_delta_log/00000000000000000002.json")
}

#[test]
fn a_damaged_newest_commit_is_named_and_hides_nothing_else() {
    type Damage = fn(Vec<u8>) -> Vec<u8>;
    let damages: [(&str, Damage); 4] = [
        ("empty", |_| Vec::new()),
        ("torn", |bytes| bytes[..bytes.len() / 2].to_vec()),
        ("cut after its first line", |bytes| bytes.split(|b| *b == b'\n').next().unwrap().to_vec()),
        ("filled with zeros", |bytes| vec![0; bytes.len()]),
    ];
    for (what, damage) in damages {
        let space = damage_newest(damage);
        let show = |version| space.engine.table_show(TableVersion { table: "bronze.torn".into(), version });
        for error in [show(None).unwrap_err(), space.sql("SELECT count(*) FROM bronze.torn").unwrap_err()] {
            assert_eq!(error.code, Code::Damaged, "{what}: never fewer rows in silence: {error:?}");
            assert!(error.message.contains("00000000000000000002.json"), "{what}: names the file: {error}");
            assert_helpful(&error, what);
        }
        let listed = space.engine.tables(Nothing {}).unwrap();
        let problem = |name: &str| listed.iter().find(|table| table.name == name).unwrap().problem.clone();
        assert_eq!(problem("torn").map(|problem| problem.code).as_deref(), Some("damaged"), "{what}: the list says so");
        assert!(problem("good").is_none(), "{what}: the other table is well");
        assert_eq!(space.sql("SELECT count(*) FROM bronze.good").unwrap()[0][0], 1, "{what}: and can be asked");
        assert_eq!(show(Some(1)).unwrap().info.rows, 4, "{what}: the version before can be read");
        let sql = "SELECT count(*) FROM bronze.torn@1";
        assert_eq!(space.sql(sql).map(|rows| rows[0][0].clone()), Ok(json!(4)), "{what}: by SQL too");
        let more = space.file("more.csv", "id\n9\n");
        let append = space.import_with(&more, "bronze.torn", ReadOptions::default(), ImportMode::Append).unwrap_err();
        assert_eq!(append.code, Code::Damaged, "{what}: nothing is written on top: {append:?}");
    }
}

#[test]
fn a_missing_data_file_is_named() {
    let space = damage_newest(|bytes| bytes);
    let data = files_below(&space.engine.root().join("lake/bronze/torn")).into_keys();
    let file = data.filter(|path| path.extension().is_some_and(|e| e == "parquet")).max().unwrap();
    std::fs::remove_file(&file).unwrap();
    let error = space.sql("SELECT count(*) FROM bronze.torn").unwrap_err();
    assert_eq!(error.code, Code::Damaged, "{error:?}");
    assert!(error.to_string().contains(&*file.file_name().unwrap().to_string_lossy()), "it is named: {error}");
}

#[test]
fn every_version_stays_readable_and_any_can_be_restored() {
    let space = Space::new();
    let one = space.file("one.csv", "id,word\n1,a\n2,b\n");
    let two = space.file("two.csv", "id,word\n3,c\nx\n");
    space.import(&one, "bronze.x").unwrap();
    space.import_with(&two, "bronze.x", ReadOptions::default(), ImportMode::Append).unwrap();
    space.import_with(&two, "bronze.x", ReadOptions::default(), ImportMode::Replace).unwrap();
    space.apply("bronze.x", &[("change_case", json!({ "columns": ["word"], "case": "upper" }))]).unwrap();
    let count = |sql: &str| space.sql(sql).unwrap()[0][0].clone();
    for (version, rows) in [(0, 2), (1, 3), (2, 1)] {
        assert_eq!(count(&format!("SELECT count(*) FROM bronze.x@{version}")), rows, "version {version}");
        let source = RowSource::Table { table: "bronze.x".into(), version: Some(version) };
        assert_eq!(space.grid(source).len(), rows, "version {version} in the grid");
    }
    assert_eq!(count("SELECT count(*) FROM bronze.x@0 a JOIN bronze.x@1 b USING (id)"), 2, "versions side by side");
    assert_eq!(count("SELECT word FROM silver.x@0"), "C", "silver tables have versions too");

    let restored = space.engine.table_restore(RestoreRequest { table: "bronze.x".into(), version: 1 }).unwrap();
    assert_eq!((restored.version, restored.rows, restored.ledger_entries), (3, 3, 1), "{restored:?}");
    let history = space.engine.table_history(TableRequest { table: "bronze.x".into() }).unwrap();
    let operations: Vec<_> = history.iter().map(|v| (v.version, v.operation.as_str(), v.rows)).collect();
    let expected = [(3, "restore", Some(3)), (2, "import", Some(1)), (1, "import", Some(3)), (0, "import", Some(2))];
    assert_eq!(operations, expected, "newest first");
    let space = space.reopen();
    assert_eq!(space.sql("SELECT sum(id) FROM bronze.x").unwrap()[0][0], 6, "a restart changes nothing");
}

#[test]
fn a_removed_table_lies_in_the_trash() {
    let space = Space::new();
    space.import_text("gone.csv", "id\n1\n", "bronze.gone");
    let removed = space.engine.table_remove(TableRequest { table: "bronze.gone".into() }).unwrap();
    assert!(Path::new(&removed.moved_to).join("_delta_log").is_dir(), "whole: {removed:?}");
    assert!(space.engine.tables(Nothing {}).unwrap().is_empty(), "it is listed no more");
    let path = space.path("gone.csv");
    assert_eq!(space.import(&path, "bronze.gone").unwrap()["version"], 0, "its name is free");
}
