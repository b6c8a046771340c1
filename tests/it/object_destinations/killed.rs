//! Syncs that are killed at any instant: what readers find afterwards is as if nothing had been.

use std::path::{Path, PathBuf};

use super::*;
use pulse_tests::services::moto::Moto;
use pulse_tests::services::skipped;
use pulse_tests::{Killed, Numbers, Space, kill_sync, pulse_json};

pub(super) const ROWS: usize = 60_000;

/// A closed workspace with a table and the connection `there`, and what keeps its folder.
pub(super) fn workspace(kind: &str, settings: &Value) -> (PathBuf, tempfile::TempDir) {
    let space = Space::new();
    space.connection("there", kind, settings);
    let rows: String = (0..ROWS).map(|n| format!("{n},item {n},{}.25\n", n % 900)).collect();
    space.import_text("orders.csv", format!("id,item,price\n{rows}"), "bronze.orders");
    space.close()
}

/// What both readers find in a target that was copied to a folder: the versions of a Delta table may refer to files that
/// it holds no more; a reader of plain files takes every file there is.
pub(super) const COUNT: &str = r#"
import duckdb, glob, json, os, sys
from deltalake import DeltaTable
folder = sys.argv[1]
files = {os.path.basename(path) for path in glob.glob(folder + "/**/*.parquet", recursive=True)}
con = duckdb.connect()
one = None
if os.path.isdir(folder + "/_delta_log"):
    table = DeltaTable(folder)
    t = table.to_pyarrow_table()
    one = con.execute("select count(*), count(distinct id), sum(price)::varchar from t").fetchone()
    versions = [DeltaTable(folder, version=v) for v in range(table.version() + 1)]
    known = {os.path.basename(uri) for version in versions for uri in version.file_uris()}
    uris = [folder + "/" + os.path.basename(uri) for uri in table.file_uris()]
    stray = {name for name in files - known if "checkpoint" not in name}
else:
    manifest = json.load(open(folder + "/_cloud_pulse/manifest.json"))
    known = {os.path.basename(file["path"]) for file in manifest["files"]}
    uris = glob.glob(folder + "/**/*.parquet", recursive=True)
    stray = files - known
two = con.execute("select count(*), count(distinct id), sum(price)::varchar from read_parquet(?)", [uris]).fetchone()
kept = sorted(name for name in os.listdir(folder + "/_cloud_pulse") if not name.startswith("."))
print(json.dumps({"one": one or two, "two": two, "stray": sorted(stray), "kept": kept}))
"#;

/// Kills a sync of every kind and mode, 52 times in all, and compares what it left, which `copy` brings into a folder.
fn killed_at_any_instant(root: &Path, seed: u64, copy: impl Fn(&str) -> PathBuf) {
    let mut numbers = Numbers::new(seed);
    let mut killed_in_all = 0;
    for (format, mode) in [("delta", "replace"), ("delta", "append"), ("parquet", "replace"), ("parquet", "append")] {
        let name = format!("{format}-{mode}");
        let (format_set, target) = (format!("format={format}"), format!("lake/{name}"));
        let save = ["sync", &name, "--to", "there", "--table", "bronze.orders", "--target", &target, "--mode", mode];
        let save = [&save[..], &["--set", &format_set, "--set", "file_megabytes=1"]].concat();
        let (code, document) = pulse_json(root, &save);
        assert_eq!(code, 0, "{name} is saved and run once: {document}");
        let Killed { killed, finished, done } = kill_sync(root, &name, 13, &mut numbers);
        killed_in_all += killed;
        let times = if mode == "append" { done } else { 1 };
        let sum = (0..ROWS).map(|n| (n % 900) * 100 + 25).sum::<usize>() * times;
        let counted = json!([ROWS * times, ROWS, format!("{}.{:02}", sum / 100, sum % 100)]);
        let found = python_json(COUNT, &[copy(&target).to_str().unwrap()]);
        let what = format!("{name}: {killed} killed, {finished} finished, {done} done");
        assert_eq!((&found["one"], &found["two"]), (&counted, &counted), "{what}");
        assert_eq!(found["stray"], json!([]), "{what}: files that belong to nothing");
        let left = if format == "delta" { json!(["register.sql"]) } else { json!(["manifest.json", "register.sql"]) };
        assert_eq!(found["kept"], left, "{what}");
    }
    assert!(killed_in_all >= 26, "most were killed in the middle: {killed_in_all}");
}

#[test]
fn a_folder_after_syncs_that_were_killed() {
    let place = tempfile::tempdir().unwrap();
    let (root, guard) = workspace("folder", &json!({"folder": place.path()}));
    killed_at_any_instant(&root, 31, |target| place.path().join(target));
    drop(guard);
}

#[test]
fn a_bucket_after_syncs_that_were_killed() {
    if skipped() {
        return;
    }
    let moto = Moto::with_bucket("data");
    let (root, guard) = workspace("s3", &moto.settings("data"));
    let copies = tempfile::tempdir().unwrap();
    let copy = |target: &str| {
        let script = r#"
import os
for page in s3.get_paginator("list_objects_v2").paginate(Bucket="data", Prefix=sys.argv[2] + "/"):
    for each in page.get("Contents", []):
        path = os.path.join(sys.argv[3], each["Key"])
        os.makedirs(os.path.dirname(path), exist_ok=True)
        s3.download_file("data", each["Key"], path)
"#;
        moto.python(script, &[target, copies.path().to_str().unwrap()]);
        copies.path().join(target)
    };
    killed_at_any_instant(&root, 37, copy);
    drop(guard);
}
