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

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use polars::prelude::*;
use pulse_connect::{Fate, Ranges, Rows, Severity, SyncMode, Written};
use pulse_core::{Code, Error};
use pulse_tests::services::http::{Answer, Asked, HttpServer};
use pulse_tests::services::noida::Noida;
use pulse_tests::services::osmem::Osmem;
use pulse_tests::services::proxy::{Break, Proxy};
use pulse_tests::services::skipped;
use pulse_tests::services::tls::Tls;
use pulse_tests::{
    Connected, Killed, Memory, Numbers, Sending, Space, assert_helpful, kill_sync, pulse_command, pulse_json,
};
use serde_json::{Value, json};

/// The first run of a sync to an index of a cluster that needs nothing but its address.
fn begin(address: &str, index: &str, mode: SyncMode, key: &[&str], frame: DataFrame) -> Sending {
    begin_with(&json!({"address": format!("http://{address}")}), index, mode, key, frame)
}

fn begin_with(settings: &Value, index: &str, mode: SyncMode, key: &[&str], frame: DataFrame) -> Sending {
    Sending::new(("elasticsearch", settings), json!({"index": index}), mode, key, frame)
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
