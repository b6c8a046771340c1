//! Delta tables: types, what others write to them, checkpoints.

use super::*;
use pulse_core::Code;

#[test]
fn a_delta_table_in_a_folder_holds_every_type() {
    let place = tempfile::tempdir().unwrap();
    for by in [json!([]), json!(["city", "day"])] {
        let path = format!("lake/types {}", by.as_array().unwrap().len());
        let target = json!({"path": path, "partition_by": by, "file_megabytes": 1});
        let mut sending = Sending::new("folder", &json!({"folder": place.path()}), target);
        let first = all_types(0, 400);
        assert!(sending.check(&first).target.contains("not there yet"));
        let written = sending.send(&first);
        assert_eq!((written.rows, written.deleted), (first.height() as u64, 0));
        let found = read_delta(&place.path().join(&path));
        assert_eq!(found["deltalake"], expected(&first));
        assert_eq!(found["duckdb"], found["deltalake"]);
        let is_split = !by.as_array().unwrap().is_empty();
        assert_eq!(found["files"].as_u64().unwrap() > 2, is_split, "{}", found["files"]);

        let more = all_types(100_000, 50);
        sending.next(SyncMode::Append);
        sending.send(&more);
        let found = read_delta(&place.path().join(&path));
        assert_eq!(found["deltalake"], expected(&all_of(&[&first, &more])));
        assert_eq!(found["duckdb"], found["deltalake"]);

        sending.next(SyncMode::Replace);
        let written = sending.send(&more);
        assert_eq!((written.rows, written.deleted), (50, first.height() as u64 + 50));
        let found = read_delta(&place.path().join(&path));
        assert_eq!((&found["deltalake"], &found["version"]), (&expected(&more), &json!(2)));
        assert!(place.path().join(&path).join("_cloud_pulse/register.sql").exists());
        let left: Vec<_> = std::fs::read_dir(place.path().join(&path).join("_cloud_pulse")).unwrap().collect();
        assert_eq!(left.len(), 1, "the note of the run is removed");
    }
}

const CHANGE: &str = r#"
import pyarrow as pa, sys, json
from deltalake import write_deltalake, DeltaTable
write_deltalake(sys.argv[1], pa.table({"n": pa.array([-1], pa.int64()), "t": ["theirs"]}), mode="append")
print(json.dumps(DeltaTable(sys.argv[1]).version()))
"#;

#[test]
fn what_others_write_is_noticed_and_kept() {
    let place = tempfile::tempdir().unwrap();
    let table = place.path().join("t");
    let at = table.to_str().unwrap();
    let mut sending = Sending::new("folder", &json!({"folder": place.path()}), json!({"path": "t"}));
    sending.send(&numbers(0, 10));
    assert!(!sending.notes(&numbers(0, 10)).contains("Someone else"));
    assert_eq!(python_json(CHANGE, &[at]), json!(1));
    sending.next(SyncMode::Append);
    assert!(sending.notes(&numbers(0, 10)).contains("version 0 after the last sync and is at 1 now"));
    sending.send(&numbers(10, 10));
    sending.next(SyncMode::Replace);
    python_json(CHANGE, &[at]);
    let written = sending.send(&numbers(0, 3));
    assert_eq!(written.deleted, 22);
    let script = "import sys, json\nfrom deltalake import DeltaTable\nprint(json.dumps([len(DeltaTable(sys.argv[1], version=v).to_pyarrow_table()) for v in range(5)]))";
    assert_eq!(python_json(script, &[at]), json!([10, 11, 21, 22, 3]), "earlier versions stay readable");

    // Another schema: replaced with a note, appended where it fits.
    let other = df!("n" => [1i32], "more" => ["x"]).unwrap();
    sending.next(SyncMode::Append);
    assert!(sending.notes(&other).contains("new columns: more"));
    sending.send(&other);
    let wrong = df!("n" => ["text"]).unwrap();
    sending.next(SyncMode::Append);
    assert!(sending.stops(&wrong)[0].contains("string here and long in the table"));
    assert_eq!(sending.try_send(&wrong, &Memory::default()).unwrap_err().code, Code::Unsupported);
    sending.next(SyncMode::Replace);
    assert!(sending.notes(&wrong).contains("other columns"));
    sending.send(&wrong);
    let features = r#"
import sys, json, pyarrow as pa
from deltalake import DeltaTable, write_deltalake
write_deltalake(sys.argv[1], pa.table({"n": [1]}), configuration={"delta.appendOnly": "true"})
DeltaTable(sys.argv[1]).alter.add_constraint({"positive": "n > 0"})
print("null")
"#;
    python_json(features, &[place.path().join("u").to_str().unwrap()]);
    sending.target = json!({"path": "u"});
    let stops = sending.stops(&df!("n" => [1i64]).unwrap()).join("\n");
    assert!(stops.contains("constraint `positive`") && stops.contains("appendOnly"), "{stops}");
}

/// What the peers find of a table whose commits up to `sys.argv[2]` are gone, so that only the checkpoint knows of them.
const FROM_CHECKPOINT: &str = r#"
import sys, os, json, glob, duckdb
from deltalake import DeltaTable
folder, upto = sys.argv[1], int(sys.argv[2])
log = folder + "/_delta_log"
hint = json.load(open(log + "/_last_checkpoint"))
for version in range(upto + 1): os.remove(f"{log}/{version:020}.json")
table = DeltaTable(folder)
numbers = sorted(table.to_pyarrow_table()["n"].to_pylist())
# DuckDB reads the checkpoint itself: the files that it lists are those of the table.
checkpoint = glob.glob(f"{log}/{upto:020}.checkpoint.parquet")
added, removed, apps, metas = duckdb.sql(f"select count(add.path), count(remove.path), count(txn.appId), count(metaData.id) from read_parquet({checkpoint})").fetchall()[0]
print(json.dumps({"version": table.version(), "numbers": numbers, "hint": hint["version"], "added": added,
    "removed": removed, "apps": apps, "metas": metas, "files": len(table.file_uris())}))
"#;

#[test]
fn every_tenth_commit_has_a_checkpoint_that_other_readers_begin_with() {
    let place = tempfile::tempdir().unwrap();
    let target = json!({"path": "t", "partition_by": ["t"]});
    let mut sending = Sending::new("folder", &json!({"folder": place.path()}), target);
    let folder = place.path().join("t");
    let checkpoints = || {
        let all = std::fs::read_dir(folder.join("_delta_log")).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<String> = all.map(|name| name.to_string_lossy().into_owned()).collect();
        names.retain(|name| name.contains("checkpoint"));
        names.sort();
        names
    };
    sending.send(&numbers(0, 5));
    sending.next(SyncMode::Replace);
    for at in 1..=10 {
        assert_eq!(checkpoints(), [""; 0], "version {at}");
        sending.send(&numbers(at * 10, 3));
        sending.next(SyncMode::Append);
    }
    assert_eq!(checkpoints(), ["00000000000000000010.checkpoint.parquet", "_last_checkpoint"]);
    // Two more commits on it, which the peers and we ourselves read as before.
    sending.send(&numbers(200, 3));
    sending.next(SyncMode::Append);
    sending.send(&numbers(300, 3));
    let expected: Vec<i64> = (1..=10).chain([20, 30]).flat_map(|at| (at * 10)..(at * 10 + 3)).collect();
    let found = python_json(FROM_CHECKPOINT, &[folder.to_str().unwrap(), "10"]);
    assert_eq!((&found["version"], &found["numbers"]), (&json!(12), &json!(expected)), "{found}");
    assert_eq!((&found["hint"], &found["apps"], &found["metas"]), (&json!(10), &json!(1), &json!(1)), "{found}");
    assert_eq!(found["added"].as_u64().unwrap() + 6, found["files"].as_u64().unwrap(), "{found}");
    assert!(found["removed"].as_u64().unwrap() > 0, "what was replaced is still known: {found}");
    // The commits that said what our sync had done are gone; the checkpoint says it.
    let again = sending.try_send(&numbers(300, 3), &Memory::default()).unwrap();
    assert_eq!(again.bytes, 0, "it is known to be done");
    sending.next(SyncMode::Replace);
    assert_eq!(sending.send(&numbers(0, 4)).deleted, 36);
    assert_eq!(read_delta(&folder)["version"], 13);
}
