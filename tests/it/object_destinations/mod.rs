//! Tables sent to folders and to stand-ins for S3, Google's storage and Azure, read by Python's `deltalake` and by DuckDB.

mod datasets;
mod delta;
mod everything;
mod faults;
mod interrupted;
mod killed;
mod registered;
mod stores;
mod targets;

use std::collections::BTreeMap;
use std::path::Path;

use polars::prelude::*;
use pulse_connect::{
    Fate, Outgoing, OutgoingColumn, Outlet, Preflight, Ranges, Rows, Severity, SyncMode, Verification, Written,
    connect_to_write,
};
use pulse_core::Progress;
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
    /// What the last attempt counted.
    progress: Progress,
}

impl Sending {
    fn new(kind: &str, settings: &Value, target: Value) -> Self {
        let outlet = connect_to_write(kind, settings).unwrap_or_else(|error| panic!("{error}"));
        let folder = tempfile::tempdir().unwrap();
        let (sync, run) = ("sync/prices".into(), "run 1".into());
        Self {
            outlet,
            target,
            mode: SyncMode::Replace,
            sync,
            sequence: 1,
            run,
            folder,
            last_seen: None,
            progress: Progress::new(),
        }
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
        self.outlet.write(&self.target, &self.outgoing(frame, journal), journal, &self.progress)
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
