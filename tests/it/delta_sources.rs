//! Delta tables that Python's `deltalake` writes, read from a folder, from an S3 stand-in and from a plain web server.

use std::process::{Command, Stdio};

use pulse_connect::Content;
use pulse_core::Code;
use pulse_tests::services::moto::Moto;
use pulse_tests::services::{Process, free_port, skipped};
use pulse_tests::{python, python_program};
use serde_json::{Value, json};

use crate::object_stores::Source;

/// Writes a partitioned table with many versions, a checkpoint, and all types that the package writes, to `table` with
/// `options`; then prints what it reads itself.
const WRITE: &str = r#"
import datetime as dt, decimal, json, sys
import pyarrow as pa, deltalake
from deltalake import DeltaTable, write_deltalake
def part(version):
    n = range(version * 3, version * 3 + 3)
    return pa.table({
        "n": pa.array(n, pa.int64()), "city": pa.array(["a b", "ä%/c", None]),
        "price": pa.array([decimal.Decimal(f"{i}.25") for i in n], pa.decimal128(18, 2)),
        "at": pa.array([dt.datetime(2024, 2, 29, 12, 0, 0, i, tzinfo=dt.timezone.utc) for i in n], pa.timestamp("us", "UTC")),
        "day": pa.array([dt.date(1969, 12, 31)] * 3), "tags": pa.array([["x", None], [], None], pa.list_(pa.string())),
        "st": pa.array([{"x": 1.5, "y": None}, None, {"x": None, "y": "z"}], pa.struct([("x", pa.float64()), ("y", pa.string())])),
        "raw": pa.array([b"\x00\xff", None, b""], pa.binary()), "small": pa.array([1, None, -1], pa.int16()),
    })
for version in range(23):
    write_deltalake(table, part(version), mode="append", partition_by=["city"], storage_options=options)
    if version == 12: DeltaTable(table, storage_options=options).create_checkpoint()
DeltaTable(table, storage_options=options).delete("n >= 60 and n < 63")
"#;

/// The values of two columns, row by row in the order of `n`.
fn rows(fetched: &pulse_connect::Fetched) -> Vec<(i64, String)> {
    let Content::Typed { files, schema, rows, .. } = &fetched.content else { panic!("typed rows") };
    let mut found = Vec::new();
    for file in files {
        use polars::prelude::*;
        let frame = ParquetReader::new(std::fs::File::open(file).unwrap()).finish().unwrap();
        assert_eq!(frame.schema().as_ref(), schema, "the file has the promised types");
        let n = frame.column("n").unwrap().i64().unwrap().clone();
        for row in 0..frame.height() {
            let text = frame.columns().iter().map(|column| column.get(row).unwrap().to_string());
            found.push((n.get(row).unwrap(), text.collect::<Vec<_>>().join("|")));
        }
    }
    assert_eq!(found.len() as u64, *rows);
    found.sort();
    found
}

fn written_locally() -> (Source, Value) {
    let folder = tempfile::tempdir().unwrap().keep();
    // The writer itself misreads `%20` in the path above a table, so the table gets its name afterwards.
    let written = folder.join("written");
    python(&format!("import sys\ntable, options = sys.argv[1], None\n{WRITE}"), &[written.to_str().unwrap()]);
    std::fs::create_dir(folder.join("my tables %20")).unwrap();
    std::fs::rename(written, folder.join("my tables %20/sales#1")).unwrap();
    (Source::new("folder", json!({"folder": folder})), json!({"paths": ["my tables %20/sales#1"]}))
}

#[test]
fn a_partitioned_table_with_many_versions_reads_as_its_writer_reads_it() {
    let (source, selection) = written_locally();
    let fetched = source.read(selection.clone(), None).unwrap_or_else(|error| panic!("{error}"));
    let found = rows(&fetched);
    assert_eq!(
        found.iter().map(|row| row.0).collect::<Vec<_>>(),
        (0..69).filter(|n| !(60..63).contains(n)).collect::<Vec<_>>()
    );
    assert!(found[1].1.contains("ä%/c") && found[0].1.contains("1969-12-31"), "{:?}", &found[..2]);
    assert_eq!(fetched.state.as_ref().unwrap()["version"], 23);
    assert!(fetched.origin.ends_with(", version 23"), "{}", fetched.origin);
    // Before, at and after the checkpoint.
    for version in [0_i64, 11, 12, 13, 22] {
        let mut at = selection.clone();
        at["version"] = json!(version);
        let found = rows(&source.read(at, None).unwrap_or_else(|error| panic!("{version}: {error}")));
        assert_eq!(found.len() as i64, (version + 1) * 3, "version {version}");
    }
    assert_eq!(rows(&source.read_some(selection.clone(), None, Some(5)).unwrap()).len(), 5);
    let names = ["city", "n"];
    let mut some = selection;
    some["columns"] = json!(names);
    let Content::Typed { schema, .. } = source.read(some, None).unwrap().content else { panic!("typed rows") };
    assert_eq!(schema.iter_names().map(|name| name.as_str()).collect::<Vec<_>>(), names);
}

#[test]
fn a_checkpoint_in_several_parts_stands_for_the_commits_that_are_gone() {
    let (source, selection) = written_locally();
    let table = source_folder(&source).join("my tables %20/sales#1");
    let expected = rows(&source.read(selection.clone(), None).unwrap());
    python(
        r#"
import json, os, sys, pyarrow.parquet as pq
log = os.path.join(sys.argv[1], "_delta_log")
one = os.path.join(log, f"{12:020}.checkpoint.parquet")
rows = pq.read_table(one)
cut = rows.num_rows // 2
for part, piece in ((1, rows.slice(0, cut)), (2, rows.slice(cut))):
    pq.write_table(piece, os.path.join(log, f"{12:020}.checkpoint.{part:010}.{2:010}.parquet"))
os.remove(one)
json.dump({"version": 12, "size": rows.num_rows, "parts": 2}, open(os.path.join(log, "_last_checkpoint"), "w"))
for version in range(13): os.remove(os.path.join(log, f"{version:020}.json"))
"#,
        &[table.to_str().unwrap()],
    );
    assert_eq!(rows(&source.read(selection.clone(), None).unwrap_or_else(|error| panic!("{error}"))), expected);
    let mut old = selection.clone();
    old["version"] = json!(5);
    let error = source.read(old, None).err().expect("version 5 is gone");
    assert_eq!((error.code, error.field.as_deref()), (Code::NotFound, Some("version")), "{error}");
    // One part of a checkpoint alone is no checkpoint.
    std::fs::remove_file(table.join(format!("_delta_log/{:020}.checkpoint.{:010}.{:010}.parquet", 12, 2, 2))).unwrap();
    let error = source.read(selection, None).err().expect("half a checkpoint is none");
    assert!(matches!(error.code, Code::Damaged), "{error}");
}

fn source_folder(source: &Source) -> std::path::PathBuf {
    source.settings()["folder"].as_str().unwrap().into()
}

#[test]
fn a_table_in_a_bucket_refreshes_by_what_was_added() {
    if skipped() {
        return;
    }
    let moto = Moto::new();
    let script = format!("s3.create_bucket(Bucket='lake')\ntable = 's3://lake/deep/er/sales'\n{WRITE}");
    moto.python(&script, &[]);
    let source = Source::new("s3", moto.settings("lake"));
    let listing = source.browse(&["deep/", "deep/er/"], None);
    assert_eq!((listing.entries[0].name.as_str(), listing.entries[0].kind.as_str()), ("sales", "delta table"));
    let selection = listing.entries[0].selection.clone().unwrap();
    let first = source.read(selection.clone(), None).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(rows(&first).len(), 66);
    let append = r#"
import pyarrow as pa
from deltalake import DeltaTable, write_deltalake
table = "s3://lake/deep/er/sales"
write_deltalake(table, pa.table({"n": pa.array([100, 101], pa.int64()), "city": ["new", "new"]}), mode="append",
                schema_mode="merge", storage_options=options)
"#;
    moto.python(append, &[]);
    let more = source.read(selection.clone(), first.state.as_ref()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(rows(&more).iter().map(|row| row.0).collect::<Vec<_>>(), [100, 101]);
    assert!(!more.snapshot);
    moto.python(
        r#"
from deltalake import DeltaTable
DeltaTable("s3://lake/deep/er/sales", storage_options=options).optimize.compact()
"#,
        &[],
    );
    let same = source.read(selection.clone(), more.state.as_ref()).unwrap();
    assert_eq!((rows(&same).len(), same.snapshot), (0, false), "rearranged files bring no row");
    moto.python(
        r#"
from deltalake import DeltaTable
DeltaTable("s3://lake/deep/er/sales", storage_options=options).delete("n = 100")
"#,
        &[],
    );
    let error = source.read(selection.clone(), same.state.as_ref()).err().expect("deleted rows would stay");
    assert_eq!(error.code, Code::Conflict, "{error}");
    let mut everything = selection.clone();
    everything["changed"] = json!("everything");
    let all = source.read(everything, same.state.as_ref()).unwrap();
    assert_eq!((rows(&all).len(), all.snapshot), (67, true));
    assert!(!all.warnings.is_empty(), "that everything was read is said");
    moto.python(
        r#"
keys = [c["Key"] for c in s3.list_objects_v2(Bucket="lake", Prefix="deep/er/sales/city=new")["Contents"]]
for key in keys: s3.delete_object(Bucket="lake", Key=key)
"#,
        &[],
    );
    let error = source.read(selection, None).err().expect("a file that is gone is noticed");
    assert_eq!(error.code, Code::Damaged, "{error}");
    assert!(error.message.contains("city=new"), "{error}");
}

#[test]
fn a_table_on_a_web_server_is_found_by_asking_for_its_log() {
    if skipped() {
        return;
    }
    let (local, selection) = written_locally();
    let expected = rows(&local.read(selection, None).unwrap());
    let port = free_port();
    let mut command = Command::new(python_program("python"));
    command.args(["-m", "http.server", "--bind", "127.0.0.1", &port.to_string()]).current_dir(source_folder(&local));
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let _server = Process::start(command, port);
    let base = format!("http://127.0.0.1:{port}/my%20tables%20%2520/");
    let source = Source::new("web", json!({"base_url": base, "allow_private": true}));
    let fetched = source.read(json!({"paths": ["sales%231/"]}), None).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(rows(&fetched), expected);
    assert_eq!(rows(&source.read(json!({"paths": ["sales%231"], "version": 3}), None).unwrap()).len(), 12);
    let error = source.read(json!({"paths": ["nothing/"]}), None).err().expect("no table");
    assert_eq!(error.code, Code::NotFound, "{error}");
    let refused = Source::new("web", json!({"base_url": base}));
    assert_eq!(refused.read(json!({"paths": ["sales%231/"]}), None).err().unwrap().code, Code::PermissionDenied);
}
