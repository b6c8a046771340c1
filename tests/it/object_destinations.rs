//! Tables sent to folders and to stand-ins for S3 and Azure, read by Python's `deltalake` and by DuckDB.

use std::collections::BTreeMap;
use std::path::Path;

use polars::prelude::*;
use pulse_connect::{
    Fate, Outgoing, OutgoingColumn, Outlet, Preflight, Ranges, Rows, Severity, SyncMode, Verification, Written,
    connect_to_write,
};
use pulse_core::{Code, Progress};
use pulse_tests::services::azurite::{ACCOUNT, Azurite, KEY};
use pulse_tests::services::moto::Moto;
use pulse_tests::services::proxy::{Break, Proxy};
use pulse_tests::services::skipped;
use pulse_tests::{Memory, python_json};
use serde_json::{Value, json};

/// A target and what is sent to it.
struct Sending {
    outlet: Box<dyn Outlet>,
    target: Value,
    mode: SyncMode,
    sync: String,
    sequence: u64,
    run: String,
    folder: tempfile::TempDir,
    last_seen: Option<Value>,
}

impl Sending {
    fn new(kind: &str, settings: &Value, target: Value) -> Self {
        let outlet = connect_to_write(kind, settings).unwrap_or_else(|error| panic!("{error}"));
        let folder = tempfile::tempdir().unwrap();
        let (sync, run) = ("sync/prices".into(), "run 1".into());
        Self { outlet, target, mode: SyncMode::Replace, sync, sequence: 1, run, folder, last_seen: None }
    }

    /// The next run.
    fn next(&mut self, mode: SyncMode) {
        self.mode = mode;
        self.sequence += 1;
        self.run = format!("run {}", self.sequence);
    }

    fn outgoing(&self, frame: &DataFrame, journal: &Memory) -> Outgoing {
        let column = |column: &Column| OutgoingColumn {
            name: column.name().to_string(),
            source: column.name().to_string(),
            dtype: column.dtype().clone(),
            type_word: String::new(),
            description: format!("what {} is", column.name()),
        };
        let count = frame.height() as u64;
        Outgoing {
            sync: self.sync.clone(),
            run: self.run.clone(),
            sequence: self.sequence,
            origin: format!("silver.prices@{}", self.sequence),
            mode: self.mode,
            key: Vec::new(),
            columns: frame.columns().iter().map(column).collect(),
            rows: Rows::new(frame.clone().lazy(), count),
            deleted: None,
            todo: journal.todo(count),
            position: journal.position(),
            last_seen: self.last_seen.clone(),
            edits: BTreeMap::new(),
            folder: self.folder.path().join("run"),
        }
    }

    fn check(&self, frame: &DataFrame) -> Preflight {
        let outgoing = self.outgoing(frame, &Memory::default());
        self.outlet.preflight(&self.target, &outgoing, &Progress::new()).unwrap_or_else(|error| panic!("{error}"))
    }

    fn stops(&self, frame: &DataFrame) -> Vec<String> {
        let found = self.check(frame).findings;
        found.into_iter().filter(|f| f.severity == Severity::Stops).map(|f| f.text).collect()
    }

    fn notes(&self, frame: &DataFrame) -> String {
        self.check(frame).findings.into_iter().map(|f| f.text).collect::<Vec<_>>().join("\n")
    }

    fn try_send(&self, frame: &DataFrame, journal: &Memory) -> pulse_core::Result<Written> {
        self.outlet.write(&self.target, &self.outgoing(frame, journal), journal, &Progress::new())
    }

    /// Checks, sends and verifies.
    fn send(&mut self, frame: &DataFrame) -> Written {
        assert_eq!(self.stops(frame), [""; 0], "nothing stops it");
        let journal = Memory::default();
        let written = self.try_send(frame, &journal).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(journal.rows(Fate::Delivered), Ranges::all(frame.height() as u64));
        let verified = self.verify(frame, &written);
        assert!(verified.matched() && verified.comparisons.len() > 2, "{verified:#?}");
        self.last_seen = Some(written.seen.clone());
        written
    }

    fn verify(&self, frame: &DataFrame, written: &Written) -> Verification {
        let outgoing = self.outgoing(frame, &Memory::default());
        let verified = self.outlet.verify(&self.target, &outgoing, written, &Progress::new());
        verified.unwrap_or_else(|error| panic!("{error}"))
    }
}

/// Every type, with what is hard in each; `n` is the row's number and more.
fn all_types(start: i64, count: i64) -> DataFrame {
    let n: Vec<i64> = (start..start + count).collect();
    let texts: Vec<Option<String>> = n
        .iter()
        .map(|n| match n % 5 {
            0 => None,
            1 => Some(String::new()),
            2 => Some(format!("a \"quoted\", line\r\nand {}", "ä𝄞".repeat(40))),
            3 => Some("plain".into()),
            _ => Some(format!("' % \\ = {n}")),
        })
        .collect();
    let some = |n: i64, of: i64| n % of != 0;
    let micros: Vec<Option<i64>> = n.iter().map(|n| some(*n, 7).then_some(n * 86_399_999_999 - 1)).collect();
    let base = df!(
        "n" => &n,
        "small" => n.iter().map(|n| some(*n, 3).then_some((n % 100) as i32)).collect::<Vec<_>>(),
        "share" => n.iter().map(|n| some(*n, 11).then_some(*n as f64 / 7.0)).collect::<Vec<_>>(),
        "good" => n.iter().map(|n| some(*n, 4).then_some(n % 2 == 0)).collect::<Vec<_>>(),
        "note" => texts,
        "city" => n.iter().map(|n| ["a b", "ä%/c", "x=y", "d"][(n % 4) as usize]).collect::<Vec<_>>(),
        "raw" => n.iter().map(|n| some(*n, 2).then(|| vec![0u8, 255, (n % 256) as u8])).collect::<Vec<_>>(),
        "micros" => micros,
        "cents" => n.iter().map(|n| some(*n, 6).then_some(n * 12_345_678_901)).collect::<Vec<_>>(),
    )
    .unwrap();
    let utc = DataType::Datetime(TimeUnit::Microseconds, Some(TimeZone::UTC));
    base.lazy()
        .with_columns([
            col("small").cast(DataType::Int8),
            col("micros").cast(DataType::Datetime(TimeUnit::Microseconds, None)).alias("at"),
            col("micros").cast(utc).alias("at_utc"),
            col("micros").floor_div(lit(86_400_000_000i64)).cast(DataType::Int32).cast(DataType::Date).alias("day"),
            col("cents").cast(DataType::Decimal(38, 0)).cast(DataType::Decimal(30, 5)).alias("price"),
            concat_list([col("n"), col("cents")]).unwrap().alias("tags"),
            as_struct(vec![col("n").alias("x"), col("note").alias("y")]).alias("st"),
        ])
        .drop(cols(["micros", "cents"]))
        .collect()
        .unwrap()
}

fn numbers(start: i64, count: i64) -> DataFrame {
    df!("n" => (start..start + count).collect::<Vec<_>>(), "t" => (0..count).map(|n| format!("row {n}")).collect::<Vec<_>>())
        .unwrap()
}

/// Reads a table with both peers; `sys.argv[1]` is the table, `options` and `secret` say how to reach it. Prints the rows
/// sorted by `n`, twice, as JSON.
const READ: &str = r#"
import duckdb, json, base64, datetime as dt, decimal
from deltalake import DeltaTable
def plain(value):
    if isinstance(value, dt.datetime):
        if value.tzinfo: value = value.astimezone(dt.timezone.utc).replace(tzinfo=None)
        return value.isoformat(timespec="microseconds")
    if isinstance(value, (dt.date, decimal.Decimal)): return str(value)
    if isinstance(value, (bytes, bytearray)): return base64.b64encode(bytes(value)).decode()
    if isinstance(value, list): return [plain(v) for v in value]
    if isinstance(value, dict): return {k: plain(v) for k, v in value.items()}
    return value
def rows(table):
    names = sorted(table.column_names)
    found = [[plain(row[name]) for name in names] for row in table.to_pylist()]
    return sorted(found, key=lambda row: row[names.index("n")])
table = sys.argv[1]
peer = DeltaTable(table, storage_options=options)
con = duckdb.connect()
con.execute("set TimeZone='UTC'")
"#;

/// What the peers read of a Delta table in a folder.
const LOCAL: &str = r#"
one = rows(peer.to_pyarrow_table())
# DuckDB's reader of Delta tables is an extension that would have to be fetched; it reads the files themselves, which hold
# all columns but those that the log keeps.
from urllib.parse import unquote
by = peer.metadata().partition_columns
uris = [unquote(uri).removeprefix("file://") for uri in peer.file_uris()]
two = one if by else rows(con.execute("select * from read_parquet(?)", [uris]).to_arrow_table())
print(json.dumps({"deltalake": one, "duckdb": two, "version": peer.version(), "files": len(peer.file_uris())}))
"#;

fn read_delta(folder: &Path) -> Value {
    let script = format!("import sys\noptions = None\n{READ}{LOCAL}");
    python_json(&script, &[folder.to_str().unwrap()])
}

/// The rows as the peers print them.
fn expected(frame: &DataFrame) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("expected.parquet");
    ParquetWriter::new(std::fs::File::create(&path).unwrap()).finish(&mut frame.clone()).unwrap();
    let script = READ.replace("peer = DeltaTable(table, storage_options=options)\n", "");
    let script = format!(
        "import sys\noptions = None\n{script}\nimport pyarrow.parquet as pq\nprint(json.dumps(rows(pq.read_table(table))))"
    );
    python_json(&script, &[path.to_str().unwrap()])
}

fn all_of(parts: &[&DataFrame]) -> DataFrame {
    let mut whole = parts[0].clone();
    for part in &parts[1..] {
        whole.vstack_mut(part).unwrap();
    }
    whole
}

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

/// Fails at every note and goes on, until it is through; how often it failed.
fn with_failures(sending: &Sending, frame: &DataFrame) -> i64 {
    let journal = Memory::default();
    for failures in 0..100 {
        journal.fail_after(1);
        match sending.try_send(frame, &journal) {
            Ok(written) => {
                journal.fail_after(i64::MAX);
                assert_eq!(journal.rows(Fate::Delivered), Ranges::all(frame.height() as u64));
                let verified = sending.verify(frame, &written);
                assert!(verified.matched(), "{verified:#?}");
                return failures;
            }
            Err(error) => assert!(error.message.contains("the test says so"), "{error}"),
        }
    }
    panic!("it never comes to an end");
}

#[test]
fn an_interrupted_run_goes_on_and_commits_once() {
    let place = tempfile::tempdir().unwrap();
    for format in ["delta", "parquet", "csv"] {
        let target = json!({"path": format, "format": format, "file_megabytes": 1});
        let mut sending = Sending::new("folder", &json!({"folder": place.path()}), target);
        let frame = numbers(0, 400_000);
        let failures = with_failures(&sending, &frame);
        assert!(failures >= 3, "{format}: {failures}");
        let names = |ending: &str| {
            let all = std::fs::read_dir(place.path().join(format)).unwrap();
            all.filter(|entry| entry.as_ref().unwrap().file_name().to_str().unwrap().ends_with(ending)).count()
        };
        let files = names(if format == "csv" { ".csv" } else { ".parquet" });
        // The same run again: it is known to be done.
        let again = sending.try_send(&frame, &Memory::default()).unwrap();
        assert_eq!(again.bytes, 0, "{format}: nothing is put twice");
        if format == "delta" {
            let commits = std::fs::read_dir(place.path().join("delta/_delta_log")).unwrap().count();
            assert_eq!(commits, 1, "one commit");
            assert_eq!(read_delta(&place.path().join("delta"))["files"], json!(files));
        }
        // A run that is given up leaves nothing behind.
        sending.next(SyncMode::Append);
        let journal = Memory::default();
        journal.fail_after(1);
        sending.try_send(&frame, &journal).unwrap_err();
        assert!(names("") > files + 1, "{format}: it had put something");
        sending.next(SyncMode::Append);
        sending.send(&numbers(400_000, 10));
        let ending = if format == "csv" { ".csv" } else { ".parquet" };
        assert_eq!(names(ending), files + 1, "{format}: what was given up is gone");
        // An earlier run that comes back after a later one is told so.
        sending.sequence = 1;
        let journal = Memory::default();
        let late = sending.try_send(&frame, &journal).unwrap();
        assert_eq!((late.rows, journal.rows(Fate::Superseded).count()), (0, 400_000), "{format}");
    }
}

#[test]
fn datasets_are_read_as_they_were_sent() {
    let place = tempfile::tempdir().unwrap();
    let frame = all_types(0, 500);
    for (format, by) in
        [("parquet", json!([])), ("parquet", json!(["city", "small"])), ("csv", json!([])), ("csv", json!(["city"]))]
    {
        let path = format!("{format}-{}", by.as_array().unwrap().len());
        let target = json!({"path": path, "format": format, "partition_by": by});
        let mut sending = Sending::new("folder", &json!({"folder": place.path()}), target);
        sending.send(&all_types(7, 5));
        sending.next(SyncMode::Replace);
        let written = sending.send(&frame);
        assert_eq!((written.rows, written.deleted), (500, 5));
        let register = std::fs::read_to_string(place.path().join(&path).join("_cloud_pulse/register.sql")).unwrap();
        let duckdb = register.split("-- DuckDB\n").nth(1).unwrap();
        let script = READ.replace("peer = DeltaTable(table, storage_options=options)\n", "");
        let script = format!(
            "import sys\noptions = None\n{script}\ncon.execute(sys.argv[2])\nprint(json.dumps(rows(con.execute('select * from \"' + sys.argv[3] + '\"').to_arrow_table())))"
        );
        let found = python_json(&script, &["", duckdb, &path]);
        let found = found.as_array().unwrap();
        assert_eq!(found.len(), 500, "{path}");
        let wanted = if format == "csv" { frame.drop_many(["raw", "tags", "st"]) } else { frame.clone() };
        let wanted = expected(&wanted);
        let mut names: Vec<&str> = frame.columns().iter().map(|c| c.name().as_str()).collect();
        names.sort_unstable();
        let kept: Vec<usize> = names
            .iter()
            .enumerate()
            .filter(|(_, n)| format != "csv" || !["raw", "tags", "st"].contains(*n))
            .map(|(at, _)| at)
            .collect();
        for (row, wanted) in found.iter().zip(wanted.as_array().unwrap()) {
            let row: Vec<&Value> = kept.iter().map(|at| &row[*at]).collect();
            assert_eq!(row, wanted.as_array().unwrap().iter().collect::<Vec<_>>(), "{path}");
        }
        // Files that no sync put are not touched, and stop a replacement.
        std::fs::write(place.path().join(&path).join("mine.txt"), "x").unwrap();
        assert!(sending.stops(&frame)[0].contains("mine.txt"));
        sending.next(SyncMode::Append);
        assert_eq!(sending.stops(&frame), [""; 0]);
        sending.target["partition_by"] = json!(["day"]);
        assert!(!sending.stops(&frame).is_empty(), "other partitions do not fit");
        sending.target["format"] = json!("delta");
        assert!(!sending.stops(&frame).is_empty(), "a Delta table does not go over a dataset");
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

#[test]
fn what_a_target_cannot_hold_is_told_before() {
    let place = tempfile::tempdir().unwrap();
    let mut sending = Sending::new("folder", &json!({"folder": place.path()}), json!({"path": "t"}));
    let frame = df!("n" => [1.0, f64::NAN], "t" => ["", "x"], "u" => [1i64, 2]).unwrap();
    for (target, named) in [
        (json!({"path": ""}), "lacks a folder"),
        (json!({"path": "../t"}), "leads elsewhere"),
        (json!({"path": "t", "partition_by": ["n"]}), "NaN cannot split"),
        (json!({"path": "t", "partition_by": ["t"]}), "empty text"),
        (json!({"path": "t", "partition_by": ["v"]}), "not among the columns"),
        (json!({"path": "t", "partition_by": ["n", "t", "u"]}), "No column is left"),
    ] {
        sending.target = target;
        assert!(sending.stops(&frame).join("\n").contains(named), "{named}: {:?}", sending.stops(&frame));
    }
    sending.target = json!({"path": "t"});
    assert!(sending.stops(&df!("a" => [1i64], "A" => [1i64]).unwrap())[0].contains("capitals"));
    sending.target = json!({"path": "t", "format": "csv"});
    assert!(sending.stops(&df!("a" => [Some(1i64), None]).unwrap())[0].contains("empty line"));
    assert!(std::fs::read_dir(place.path()).unwrap().next().is_none(), "a preflight writes nothing");
}

/// Two runs in S3, one of which loses the race for its commit.
#[test]
fn a_bucket_keeps_writers_apart() {
    if skipped() {
        return;
    }
    let moto = Moto::new();
    moto.python("s3.create_bucket(Bucket='data')", &[]);
    let target = json!({"path": "lake/prices", "partition_by": ["city"]});
    let mut sending = Sending::new("s3", &moto.settings("data"), target);
    let first = all_types(0, 300);
    sending.send(&first);
    let read = format!("{READ}one = rows(peer.to_pyarrow_table())\nprint(json.dumps(one))")
        .replace("sys.argv[1]", "'s3://data/lake/prices'");
    let rows = |moto: &Moto| -> Value { serde_json::from_str(&moto.python(&read, &[])).unwrap() };
    assert_eq!(rows(&moto), expected(&first));
    // Others commit again and again while eight runs append.
    let others = std::thread::scope(|scope| {
        let others = scope.spawn(|| {
            let script = r#"
import deltalake, pyarrow as pa
table = deltalake.DeltaTable("s3://data/lake/prices", storage_options=options)
one = table.to_pyarrow_table().slice(0, 1)
for at in range(10):
    deltalake.write_deltalake("s3://data/lake/prices", one.set_column(one.schema.get_field_index("n"), "n", pa.array([-1 - at], pa.int64())), mode="append", partition_by=["city"], storage_options=options)
print(10)
"#;
            moto.python(script, &[])
        });
        for at in 0..8 {
            let mut own = Sending::new("s3", &moto.settings("data"), sending.target.clone());
            own.sync = format!("sync {at}");
            own.mode = SyncMode::Append;
            own.try_send(&all_types(1000 + at * 10, 10), &Memory::default()).unwrap_or_else(|error| panic!("{error}"));
        }
        others.join().unwrap()
    });
    assert_eq!(others.trim(), "10");
    assert_eq!(rows(&moto).as_array().unwrap().len(), 300 + 10 + 80);
    sending.next(SyncMode::Replace);
    let written = sending.send(&first);
    assert_eq!(written.deleted, 390);
    assert_eq!(rows(&moto), expected(&first));
    // A dataset's manifest is kept by the same means.
    for format in ["parquet", "csv"] {
        let mut files = Sending::new(
            "s3",
            &moto.settings("data"),
            json!({"path": format!("files {format}"), "format": format, "partition_by": ["city"]}),
        );
        files.send(&first);
        files.next(SyncMode::Append);
        files.send(&first);
        files.next(SyncMode::Replace);
        assert_eq!(files.send(&first).deleted, 600);
    }
}

#[test]
fn a_container_of_azure_is_written_likewise() {
    if skipped() {
        return;
    }
    let azurite = Azurite::new();
    let make = r#"
import sys, hmac, hashlib, base64, email.utils, urllib.request
account, key, endpoint = sys.argv[1:4]
date = email.utils.formatdate(usegmt=True)
text = f"PUT\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:{date}\nx-ms-version:2021-08-06\n/{account}/{account}/data\nrestype:container"
sign = base64.b64encode(hmac.new(base64.b64decode(key), text.encode(), hashlib.sha256).digest()).decode()
urllib.request.urlopen(urllib.request.Request(endpoint + "/data?restype=container", method="PUT", headers={
    "x-ms-date": date, "x-ms-version": "2021-08-06", "Authorization": f"SharedKey {account}:{sign}", "Content-Length": "0"}))
print("null")
"#;
    python_json(make, &[ACCOUNT, KEY, &azurite.endpoint()]);
    let frame = all_types(0, 300);
    for format in ["delta", "parquet", "csv"] {
        let target = json!({"path": format!("lake/{format}"), "format": format, "partition_by": ["city"]});
        let mut sending = Sending::new("azure", &azurite.settings("data"), target);
        sending.send(&frame);
        sending.next(SyncMode::Append);
        sending.send(&frame);
        sending.next(SyncMode::Replace);
        assert_eq!(sending.send(&frame).deleted, 600, "{format}");
    }
}

#[test]
fn a_connection_that_is_cut_is_gone_on_with() {
    if skipped() {
        return;
    }
    let moto = Moto::new();
    moto.python("s3.create_bucket(Bucket='data')", &[]);
    let proxy = Proxy::start(moto.port());
    let mut settings = moto.settings("data");
    settings["endpoint"] = json!(format!("http://127.0.0.1:{}", proxy.port()));
    let frame = numbers(0, 200_000);
    for format in ["delta", "parquet"] {
        let target = json!({"path": format, "format": format, "file_megabytes": 1});
        let sending = Sending::new("s3", &settings, target);
        let journal = Memory::default();
        let mut cuts = 0;
        for bytes in (0..30u64).map(|at| 400 + at * 900) {
            proxy.break_after(bytes, Break::Cut);
            match sending.try_send(&frame, &journal) {
                Ok(_) => break,
                Err(error) => assert_eq!(error.code, Code::Unreachable, "{error}"),
            }
            proxy.mend();
            cuts += 1;
        }
        proxy.mend();
        let written = sending.try_send(&frame, &journal).unwrap_or_else(|error| panic!("{error}"));
        assert!(cuts >= 2, "{format}: {cuts}");
        let verified = sending.verify(&frame, &written);
        assert!(verified.matched(), "{verified:#?}");
    }
}
