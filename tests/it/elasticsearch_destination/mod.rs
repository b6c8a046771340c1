//! Elasticsearch and OpenSearch as a destination: against servers that answer as Elasticsearch 8 and as OpenSearch 3, and
//! against one made up here for the answers that they cannot give.

mod answers;
mod checks;
mod faults;
mod made_up;
mod modes;
mod network;
mod opensearch;
mod refusals;
mod streams;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use polars::prelude::*;
use pulse_connect::{
    Fate, Finding, Outgoing, OutgoingColumn, Outlet, Ranges, Rows, Severity, SyncMode, Verification, Written,
    connect_to_write,
};
use pulse_core::{Code, Error, Progress};
use pulse_tests::services::http::{Answer, Asked, HttpServer};
use pulse_tests::services::noida::Noida;
use pulse_tests::services::osmem::Osmem;
use pulse_tests::services::proxy::{Break, Proxy};
use pulse_tests::services::skipped;
use pulse_tests::services::tls::Tls;
use pulse_tests::{Connected, Memory, Numbers, Space, assert_helpful, pulse_command, pulse_json};
use serde_json::{Value, json};

/// One sync of the tests, which keeps its receipts in memory.
struct Sync {
    outlet: Box<dyn Outlet>,
    target: Value,
    outgoing: Outgoing,
    journal: Memory,
    progress: Progress,
}

impl Sync {
    fn new(address: &str, index: &str, mode: SyncMode, key: &[&str], frame: DataFrame) -> Self {
        Self::with(&json!({"address": format!("http://{address}")}), index, mode, key, frame)
    }

    fn with(settings: &Value, index: &str, mode: SyncMode, key: &[&str], frame: DataFrame) -> Self {
        let outlet = connect_to_write("elasticsearch", settings).expect("it can be written to");
        let columns = frame.columns().iter().map(column).collect();
        let count = frame.height() as u64;
        let outgoing = Outgoing {
            sync: "shop".into(),
            run: "run-1".into(),
            sequence: 1,
            origin: "silver.orders@1".into(),
            mode,
            key: key.iter().map(|name| (*name).to_owned()).collect(),
            columns,
            rows: Rows::new(frame.lazy(), count),
            deleted: None,
            todo: Ranges::all(count),
            position: None,
            last_seen: None,
            edits: BTreeMap::new(),
            folder: PathBuf::new(),
        };
        let target = json!({"index": index});
        Self { outlet, target, outgoing, journal: Memory::default(), progress: Progress::new() }
    }

    /// The next run of the same sync.
    fn next(mut self, sequence: u64, mode: SyncMode, frame: DataFrame) -> Self {
        let count = frame.height() as u64;
        self.outgoing.run = format!("run-{sequence}");
        self.outgoing.sequence = sequence;
        self.outgoing.mode = mode;
        self.outgoing.columns = frame.columns().iter().map(column).collect();
        self.outgoing.rows = Rows::new(frame.lazy(), count);
        self.outgoing.deleted = None;
        self.outgoing.todo = Ranges::all(count);
        self.outgoing.position = None;
        self.journal = Memory::default();
        self
    }

    fn deleting(mut self, frame: DataFrame) -> Self {
        let count = frame.height() as u64;
        self.outgoing.deleted = Some(Rows::new(frame.lazy(), count));
        self.outgoing.todo = Ranges::all(self.outgoing.total());
        self
    }

    fn attempt(&self) -> Result<Written, Error> {
        self.outlet.write(&self.target, &self.outgoing, &self.journal, &self.progress)
    }

    /// Goes on where the journal says.
    fn resume(&mut self) -> Result<Written, Error> {
        self.outgoing.position = self.journal.position();
        self.outgoing.todo = self.journal.todo(self.outgoing.total());
        self.attempt()
    }

    fn write(&self) -> Written {
        self.attempt().unwrap_or_else(|error| panic!("the rows are written: {error}"))
    }

    fn verify(&self, written: &Written) -> Verification {
        self.outlet.verify(&self.target, &self.outgoing, written, &self.progress).expect("it can be compared")
    }

    /// Writes everything and fails unless the target is the same afterwards.
    fn done(&self) -> Written {
        let written = self.write();
        let verification = self.verify(&written);
        assert!(verification.matched(), "{verification:?}");
        assert!(self.journal.todo(self.outgoing.total()).is_empty(), "each row has its receipt");
        written
    }

    fn findings(&self) -> Vec<Finding> {
        self.outlet.preflight(&self.target, &self.outgoing, &self.progress).expect("it can be looked at").findings
    }

    /// The texts of the findings that are as bad as that.
    fn said(&self, severity: Severity) -> Vec<String> {
        self.findings().into_iter().filter(|finding| finding.severity == severity).map(|f| f.text).collect()
    }
}

fn column(column: &Column) -> OutgoingColumn {
    OutgoingColumn {
        name: column.name().to_string(),
        source: column.name().to_string(),
        dtype: column.dtype().clone(),
        type_word: String::new(),
        description: String::new(),
    }
}

/// Rows of every type; the numbers are the keys.
fn orders(numbers: std::ops::Range<i64>) -> DataFrame {
    let numbers: Vec<i64> = numbers.collect();
    let frame = df!(
        "number" => numbers.clone(),
        "code" => numbers.iter().map(|n| format!("{n:05} \"é\"")).collect::<Vec<_>>(),
        "note" => numbers.iter().map(|n| (n % 3 > 0).then(|| format!("note {n}"))).collect::<Vec<_>>(),
        "weight" => numbers.iter().map(|n| *n as f64 / 8.0).collect::<Vec<_>>(),
        "paid" => numbers.iter().map(|n| n % 2 == 0).collect::<Vec<_>>(),
        "cents" => numbers.iter().map(|n| n * 7).collect::<Vec<_>>(),
        "at" => numbers.iter().map(|n| 1_700_000_000_000_000 + n * 1_000_001).collect::<Vec<_>>(),
        "day" => numbers.iter().map(|n| 19_000 + (*n as i32) % 1000).collect::<Vec<_>>(),
        "lat" => numbers.iter().map(|n| (n % 90) as f64).collect::<Vec<_>>(),
        "lon" => numbers.iter().map(|n| (n % 180) as f64).collect::<Vec<_>>(),
    );
    let cents = (col("cents").cast(DataType::Decimal(17, 2)) / lit(100)).cast(DataType::Decimal(15, 2));
    let micros = DataType::Datetime(TimeUnit::Microseconds, Some(TimeZone::UTC));
    let lazy = frame.unwrap().lazy().with_columns([
        cents.alias("price"),
        col("cents").cast(DataType::Decimal(30, 0)).alias("wide"),
        col("at").cast(micros),
        col("day").cast(DataType::Date),
        as_struct(vec![col("code").alias("name"), col("number").alias("points")]).alias("customer"),
    ]);
    lazy.drop(cols(["cents"])).collect().unwrap()
}

/// Rows of which few fill a request.
fn wide(rows: usize) -> DataFrame {
    df!("number" => (0..rows as i64).collect::<Vec<_>>(), "text" => vec!["words ".repeat(200); rows]).unwrap()
}

fn server() -> Noida {
    Noida::start(&["elasticsearch"])
}

/// A real server.
trait Cluster {
    /// Its loopback address: `127.0.0.1:PORT`.
    fn at(&self) -> String;
}

impl Cluster for Noida {
    fn at(&self) -> String {
        self.address("elasticsearch")
    }
}

impl Cluster for Osmem {
    fn at(&self) -> String {
        self.address()
    }
}

/// Asks a real server.
fn ask(server: &impl Cluster, method: &str, path: &str, body: &str) -> Value {
    use std::io::{Read, Write};
    let address = server.at();
    let mut stream = std::net::TcpStream::connect(&address).unwrap();
    let length = body.len();
    let head = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n");
    stream.write_all(format!("{head}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).unwrap_or_default()
}

fn count(server: &impl Cluster, index: &str) -> u64 {
    ask(server, "POST", &format!("/{index}/_refresh"), "");
    ask(server, "GET", &format!("/{index}/_count"), "")["count"].as_u64().expect("a count")
}

/// The indices behind a name.
fn behind(server: &impl Cluster, name: &str) -> Vec<String> {
    let told = ask(server, "GET", &format!("/{name}"), "");
    let names = told.as_object().into_iter().flatten().map(|(name, _)| name.clone());
    if told.get("error").is_some() { Vec::new() } else { names.collect() }
}

fn document(server: &impl Cluster, index: &str, id: &str) -> Value {
    ask(server, "GET", &format!("/{index}/_doc/{id}"), "")["_source"].clone()
}
