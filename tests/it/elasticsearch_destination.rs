//! Elasticsearch and OpenSearch as a destination: against a server that answers as Elasticsearch 8, and against one made
//! up here for the answers that it cannot give.

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
use pulse_tests::services::proxy::{Break, Proxy};
use pulse_tests::services::skipped;
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
        let settings = json!({"address": format!("http://{address}")});
        let outlet = connect_to_write("elasticsearch", &settings).expect("it can be written to");
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

/// Asks the real server.
fn ask(server: &Noida, method: &str, path: &str, body: &str) -> Value {
    use std::io::{Read, Write};
    let address = server.address("elasticsearch");
    let mut stream = std::net::TcpStream::connect(&address).unwrap();
    let length = body.len();
    let head = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n");
    stream.write_all(format!("{head}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).unwrap_or_default()
}

fn count(server: &Noida, index: &str) -> u64 {
    ask(server, "POST", &format!("/{index}/_refresh"), "");
    ask(server, "GET", &format!("/{index}/_count"), "")["count"].as_u64().expect("a count")
}

/// The indices behind a name.
fn behind(server: &Noida, name: &str) -> Vec<String> {
    let told = ask(server, "GET", &format!("/{name}"), "");
    let names = told.as_object().into_iter().flatten().map(|(name, _)| name.clone());
    if told.get("error").is_some() { Vec::new() } else { names.collect() }
}

fn document(server: &Noida, index: &str, id: &str) -> Value {
    ask(server, "GET", &format!("/{index}/_doc/{id}"), "")["_source"].clone()
}

#[test]
fn a_replaced_index_is_whole_and_takes_the_name_at_once() {
    if skipped() {
        return;
    }
    let server = server();
    let sync = Sync::new(&server.address("elasticsearch"), "orders", SyncMode::Replace, &["number"], orders(0..5000));
    assert!(sync.said(Severity::Stops).is_empty(), "{:?}", sync.findings());
    let written = sync.done();
    assert_eq!(written.rows, 5000);
    let first = behind(&server, "orders");
    assert!(first.len() == 1 && first[0].starts_with("orders-000001-"), "{first:?}");
    let mapping = ask(&server, "GET", "/orders/_mapping", "")[&first[0]]["mappings"]["properties"].clone();
    let types: Vec<&str> = ["number", "code", "weight", "paid", "at", "day", "price", "wide", "customer", "location"]
        .map(|name| mapping[name]["type"].as_str().unwrap_or("object"))
        .to_vec();
    let expected =
        ["long", "text", "double", "boolean", "date", "date", "scaled_float", "keyword", "object", "geo_point"];
    assert_eq!(types, expected);
    assert_eq!(mapping["code"]["fields"]["keyword"]["type"], "keyword");
    let one = document(&server, &first[0], "7");
    assert_eq!(one["price"], 0.49);
    assert_eq!(one["at"], "2023-11-14T22:13:27.000007Z");
    assert_eq!(one["location"], json!({"lat": 7.0, "lon": 7.0}));

    // Others see the alias with their own name beside it; both go over to the new index.
    let alias = json!({"actions": [{"add": {"index": first[0], "alias": "mine"}}]});
    ask(&server, "POST", "/_aliases", &alias.to_string());
    let sync = sync.next(2, SyncMode::Replace, orders(100..300));
    sync.done();
    let second = behind(&server, "orders");
    assert!(second.len() == 1 && second != first, "{second:?}");
    assert_eq!((count(&server, "orders"), count(&server, "mine")), (200, 200));
    assert!(behind(&server, &first[0]).is_empty(), "the old index is gone");
}

#[test]
fn an_index_of_the_same_name_is_only_replaced_when_allowed() {
    if skipped() {
        return;
    }
    let server = server();
    ask(&server, "PUT", "/orders/_doc/x?refresh=true", r#"{"a": 1}"#);
    let mut sync = Sync::new(&server.address("elasticsearch"), "orders", SyncMode::Replace, &["number"], orders(0..50));
    assert!(sync.said(Severity::Stops)[0].contains("is an index"));
    let error = sync.attempt().unwrap_err();
    assert_eq!(error.code, Code::AlreadyExists);
    assert_helpful(&error, "an index in the way");
    assert_eq!(count(&server, "orders"), 1, "nothing was changed");
    sync.target["replace_index"] = true.into();
    assert!(sync.said(Severity::Stops).is_empty());
    sync.done();
    assert_eq!(count(&server, "orders"), 50);
}

#[test]
fn rows_are_put_and_deleted_by_key() {
    if skipped() {
        return;
    }
    let server = server();
    let address = server.address("elasticsearch");
    let sync = Sync::new(&address, "orders", SyncMode::Upsert, &["number"], orders(0..1000));
    sync.done();
    // Known rows are replaced, others stay.
    let sync = sync.next(2, SyncMode::Upsert, orders(900..1100));
    sync.done();
    assert_eq!(count(&server, "orders"), 1100);
    // What vanished is deleted, also what others put there.
    let index = behind(&server, "orders")[0].clone();
    ask(&server, "PUT", &format!("/{index}/_doc/foreign"), r#"{"number": 5}"#);
    let sync = sync.next(3, SyncMode::Mirror, orders(500..700));
    let written = sync.done();
    assert_eq!((written.rows, written.deleted), (200, 901));
    assert_eq!(count(&server, "orders"), 200);
    // Only what changed.
    let gone = df!("number" => [500i64, 501, 9999]).unwrap();
    let sync = sync.next(4, SyncMode::Incremental, orders(699..710)).deleting(gone);
    let written = sync.done();
    assert_eq!((written.rows, written.deleted), (11, 3));
    assert_eq!(count(&server, "orders"), 200 - 2 + 10);
    // An older run that comes late changes nothing.
    let late = sync.next(2, SyncMode::Upsert, orders(600..610));
    late.write();
    assert_eq!(late.journal.rows(Fate::Superseded).count(), 10);
    let receipt = &late.journal.receipts()[0];
    assert!(receipt.reason.contains("current version [3]"), "{receipt:?}");
}

#[test]
fn appended_rows_are_there_once_however_often_they_are_sent() {
    if skipped() {
        return;
    }
    let server = server();
    let address = server.address("elasticsearch");
    let mut sync = Sync::new(&address, "log", SyncMode::Append, &[], orders(0..300));
    sync.done();
    // The receipts are lost, the documents are not.
    sync.journal = Memory::default();
    sync.resume().expect("it goes on");
    assert_eq!(sync.journal.rows(Fate::Delivered).count(), 300);
    assert_eq!(count(&server, "log"), 300);
    let sync = sync.next(2, SyncMode::Append, orders(0..300));
    sync.done();
    assert_eq!(count(&server, "log"), 600);
}

#[test]
fn refused_rows_have_their_reason_and_are_taken_after_a_fix() {
    if skipped() {
        return;
    }
    let server = server();
    let address = server.address("elasticsearch");
    let frame = df!("k" => ["a", "b", "c", "d"], "v" => ["1", "x", "3", "y"]).unwrap();
    let mut sync = Sync::new(&address, "t", SyncMode::Replace, &["k"], frame);
    let mapping = json!({"mappings": {"properties": {"k": {"type": "keyword"}, "v": {"type": "long"}}}});
    sync.outgoing.edits.insert("mapping".into(), mapping.to_string());
    let rejects = sync.findings().into_iter().find(|finding| finding.severity == Severity::Rejects).expect("a finding");
    assert_eq!((rejects.rows, rejects.column.as_str()), (2, "v"));
    assert_eq!(rejects.examples, [(1, "x".to_owned()), (3, "y".to_owned())]);
    let written = sync.write();
    assert_eq!(written.rows, 2);
    let receipts = sync.journal.receipts();
    let refused: Vec<_> = receipts.iter().filter(|receipt| receipt.fate == Fate::Rejected).collect();
    assert_eq!(refused.iter().map(|receipt| receipt.rows.clone()).collect::<Vec<_>>(), [1..2, 3..4]);
    assert!(refused[0].reason.contains("failed to parse field [v]"), "{refused:?}");
    assert_eq!(refused[0].row, r#"{"k":"b","v":"x"}"#);
    let verification = sync.verify(&written);
    assert!(verification.matched() && verification.note.contains("2 rows"), "{verification:?}");

    // "Retry these" after the mapping was widened by hand.
    let index = behind(&server, "t")[0].clone();
    ask(&server, "DELETE", &format!("/{index}"), "");
    assert_eq!(sync.resume().unwrap_err().code, Code::Damaged, "an index that is gone has no receipts");
    let mut sync = sync.next(2, SyncMode::Upsert, df!("k" => ["a", "b"], "v" => ["1", "x"]).unwrap());
    sync.write();
    assert_eq!(sync.journal.rows(Fate::Rejected).count(), 1);
    sync.outgoing.edits.clear();
    let index = behind(&server, "t")[0].clone();
    ask(&server, "PUT", &format!("/{index}/_mapping"), r#"{"properties": {"w": {"type": "keyword"}}}"#);
    sync.outgoing.rows = Rows::new(df!("k" => ["a", "b"], "v" => ["1", "2"]).unwrap().lazy(), 2);
    sync.outgoing.position = sync.journal.position();
    sync.outgoing.todo = sync.journal.rows(Fate::Rejected);
    let written = sync.write();
    assert!(sync.journal.rows(Fate::Rejected).is_empty());
    assert!(sync.verify(&written).matched());
}

#[test]
fn a_preflight_finds_what_would_fail() {
    if skipped() {
        return;
    }
    let server = server();
    let address = server.address("elasticsearch");
    let mapping = json!({"mappings": {"properties": {"number": {"type": "boolean"}, "code": {"type": "nested"}}}});
    ask(&server, "PUT", "/there", &mapping.to_string());
    let sync = Sync::new(&address, "there", SyncMode::Upsert, &["number"], orders(0..10));
    let stops: Vec<String> =
        sync.findings().into_iter().filter(|f| f.severity == Severity::Stops).map(|f| f.column).collect();
    assert_eq!(stops, ["number", "code"]);
    let bad =
        df!("k" => [1i64, 2, 2], "f" => [1.0, f64::NAN, 2.0], "lat" => [1.0, 91.0, 0.0], "lon" => [0.0, 0.0, 0.0]);
    let sync = Sync::new(&address, "new", SyncMode::Upsert, &["k"], bad.unwrap());
    let found = sync.findings();
    let columns: Vec<(Severity, &str, u64)> = found.iter().map(|f| (f.severity, f.column.as_str(), f.rows)).collect();
    assert!(columns.contains(&(Severity::Stops, "k", 2)), "{found:?}");
    assert!(columns.contains(&(Severity::Rejects, "f", 1)), "{found:?}");
    assert!(columns.contains(&(Severity::Rejects, "lat", 1)), "{found:?}");
    assert!(behind(&server, "new").is_empty(), "nothing was made");
    let mut sync = Sync::new(&address, "Upper", SyncMode::Replace, &[], orders(0..1));
    assert!(sync.said(Severity::Stops)[0].contains("upper case"));
    sync.target = json!({"index": "new"});
    sync.outgoing.edits.insert("mapping".into(), "{".into());
    assert!(sync.said(Severity::Stops)[0].contains("no JSON"));
    let names = df!("_id" => [1i64], "a" => [1i64], "a.b" => [1i64]).unwrap();
    let sync = Sync::new(&address, "new", SyncMode::Replace, &[], names);
    assert_eq!(sync.said(Severity::Stops).len(), 2);
    let preflight = sync.outlet.preflight(&sync.target, &sync.outgoing, &sync.progress).unwrap();
    assert_eq!(preflight.statements[0].id, "mapping");
    assert!(preflight.statements[0].editable && preflight.target.contains("Nothing is called `new`"), "{preflight:?}");
}

#[test]
fn what_others_changed_is_noticed_before_and_after() {
    if skipped() {
        return;
    }
    let server = server();
    let sync = Sync::new(&server.address("elasticsearch"), "orders", SyncMode::Upsert, &["number"], orders(0..20));
    let written = sync.done();
    let index = behind(&server, "orders")[0].clone();
    let mut sync = sync.next(2, SyncMode::Upsert, orders(0..20));
    sync.outgoing.last_seen = Some(written.seen);
    assert!(!sync.said(Severity::Notes).iter().any(|text| text.contains("Others")));
    ask(&server, "PUT", &format!("/{index}/_doc/3?refresh=true"), r#"{"number": 4}"#);
    assert!(sync.said(Severity::Notes).iter().any(|text| text.contains("Others wrote to")), "{:?}", sync.findings());
    ask(&server, "DELETE", &format!("/{index}/_doc/5?refresh=true"), "");
    assert!(sync.said(Severity::Notes).iter().any(|text| text.contains("it held 20 documents and holds 19")));
    let written = sync.done();
    // A document that others changed has a newer version, which the rules of the cluster keep; that is said.
    assert_eq!(sync.journal.rows(Fate::Superseded), Ranges::of([3..4]));
    ask(&server, "PUT", &format!("/{index}/_doc/7?refresh=true"), r#"{"number": 4}"#);
    let verification = sync.verify(&written);
    assert!(!verification.matched());
    assert_eq!(verification.differing, ["7"]);
}

#[test]
fn many_rows_are_compared_by_measures() {
    if skipped() {
        return;
    }
    let server = server();
    let chosen = ["number", "price", "paid", "code", "customer"].map(col);
    let frame = orders(0..101_000).lazy().select(chosen).collect().unwrap();
    let sync = Sync::new(&server.address("elasticsearch"), "orders", SyncMode::Replace, &["number"], frame);
    let written = sync.done();
    let verification = sync.verify(&written);
    let names: Vec<&str> = verification.comparisons.iter().map(|comparison| comparison.name.as_str()).collect();
    for name in ["Rows", "number, sum", "price, sum", "price, greatest", "paid, true", "code, values"] {
        assert!(names.contains(&name), "{name}: {names:?}");
    }
    assert!(verification.note.contains("`customer`"), "{}", verification.note);
    let index = behind(&server, "orders")[0].clone();
    ask(&server, "PUT", &format!("/{index}/_doc/77777?refresh=true"), r#"{"number": 77778, "price": 0.01}"#);
    let verification = sync.verify(&written);
    assert!(!verification.matched(), "one value of 101,000 rows is noticed");
}

#[test]
fn a_write_that_ends_at_any_note_is_whole_after_going_on() {
    if skipped() {
        return;
    }
    let server = server();
    let address = server.address("elasticsearch");
    for mode in [SyncMode::Replace, SyncMode::Append, SyncMode::Mirror] {
        for notes in 0..8 {
            let name = format!("{mode:?}-{notes}").to_lowercase();
            let mut sync = Sync::new(&address, &name, mode, &["number"], wide(4000));
            sync.target["requests"] = 2.into();
            sync.journal.fail_after(notes);
            let failed = sync.attempt().is_err();
            sync.journal.fail_after(i64::MAX);
            if mode == SyncMode::Replace && failed && sync.journal.position().is_none() {
                assert!(behind(&server, &name).is_empty(), "nothing half done is seen");
            }
            let written = sync.resume().unwrap_or_else(|error| panic!("{name} goes on: {error}"));
            assert_eq!(count(&server, &name), 4000, "{name}");
            assert!(sync.journal.todo(4000).is_empty(), "{name}");
            assert_eq!(sync.journal.rows(Fate::Delivered).count(), 4000, "{name}");
            assert!(sync.verify(&written).comparisons[0].here == "4000", "{name}");
            ask(&server, "DELETE", &format!("/{}", behind(&server, &name)[0]), "");
            if !failed {
                break;
            }
        }
    }
}

#[test]
fn a_server_that_dies_keeps_what_was_confirmed() {
    if skipped() {
        return;
    }
    let mut server = server();
    let proxy = Proxy::start(server.port("elasticsearch"));
    let address = format!("127.0.0.1:{}", proxy.port());
    let mut sync = Sync::new(&address, "orders", SyncMode::Replace, &["number"], wide(12_000));
    sync.target["requests"] = 1.into();
    sync.target["request_megabytes"] = 1.into();
    let error = std::thread::scope(|scope| {
        let attempt = scope.spawn(|| sync.attempt());
        while sync.journal.receipts().is_empty() {
            std::thread::sleep(Duration::from_millis(5));
        }
        proxy.break_after(0, Break::Cut);
        attempt.join().expect("no thread failed").expect_err("the connection is cut for good")
    });
    assert_eq!(error.code, Code::Unreachable, "{error}");
    assert!(error.hint.as_deref().is_some_and(|hint| hint.contains("kept")), "{error}");
    let kept = sync.journal.rows(Fate::Delivered).count();
    assert!(kept > 0 && kept < 12_000, "{kept} rows are confirmed");
    server.restart();
    proxy.break_after(i64::MAX as u64, Break::Cut);
    proxy.mend();
    let written = sync.resume().expect("it goes on");
    assert!(written.rows < 12_000, "what was confirmed is not sent again");
    assert!(sync.verify(&written).matched());
    assert_eq!(count(&server, "orders"), 12_000);
}

/// A cluster made up for the answers that the real one does not give. `fault` may answer a bulk request, given its number.
fn made_up(fault: impl Fn(usize, &Asked) -> Option<Answer> + Send + std::marker::Sync + 'static) -> HttpServer {
    let (bulks, made) = (AtomicUsize::new(0), Mutex::new(None::<(String, Value)>));
    HttpServer::start(move |asked| {
        let path = asked.path.trim_start_matches('/');
        let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
        let missing =
            || Answer::json(json!({"error": {"type": "index_not_found_exception", "reason": "no such index"}}));
        match (asked.method.as_str(), path) {
            ("GET", "") => Answer::json(json!({"version": {"number": "8.1.0"}, "tagline": "You Know, for Search"})),
            ("POST", path) if path.ends_with("/_bulk") => {
                let number = bulks.fetch_add(1, SeqCst);
                fault(number, asked).unwrap_or_else(|| bulk(asked, |_, _| json!({"status": 201})))
            }
            ("PUT", path) if !path.starts_with('_') && !path.contains('/') => {
                *made.lock().unwrap() = Some((path.to_owned(), body));
                Answer::json(json!({"acknowledged": true}))
            }
            ("GET", path) if path.ends_with("/_count") => Answer::json(json!({"count": 1})),
            ("GET", path) if !path.contains('/') => match made.lock().unwrap().as_ref() {
                Some((name, body)) if path == name => {
                    let settings = json!({"index": {"uuid": "u"}});
                    Answer::json(json!({name: {"aliases": {}, "mappings": body["mappings"], "settings": settings}}))
                }
                _ => missing().with_status(404),
            },
            _ => Answer::json(json!({"acknowledged": true})),
        }
    })
}

/// An answer to a bulk request: `outcome` says what becomes of each action.
fn bulk(asked: &Asked, outcome: impl Fn(usize, &Value) -> Value) -> Answer {
    let text = asked.text();
    let actions = text.lines().filter(|line| line.contains("\"_id\":") && line.ends_with("}}"));
    let items: Vec<Value> = actions
        .enumerate()
        .map(|(at, line)| {
            let action: Value = serde_json::from_str(line).expect("an action");
            let (word, about) = action.as_object().and_then(|members| members.iter().next()).expect("one member");
            json!({word: outcome(at, about)})
        })
        .collect();
    Answer::json(json!({"errors": true, "items": items}))
}

fn keyed(rows: i64) -> DataFrame {
    df!("k" => (0..rows).collect::<Vec<i64>>(), "t" => vec!["x".repeat(100); rows as usize]).unwrap()
}

fn to(server: &HttpServer, mode: SyncMode, rows: i64) -> Sync {
    let mut sync = Sync::new(&server.address().to_string(), "a", mode, &["k"], keyed(rows));
    sync.target["requests"] = 1.into();
    sync
}

fn bulks(server: &HttpServer) -> Vec<Asked> {
    server.asked().into_iter().filter(|asked| asked.path.ends_with("/_bulk")).collect()
}

#[test]
fn only_what_the_cluster_has_no_room_for_is_sent_again() {
    let refused = json!({"status": 429, "error": {"type": "es_rejected_execution_exception", "reason": "queue full"}});
    let server = made_up(move |number, asked| {
        (number == 0).then(|| bulk(asked, |at, _| if at % 10 == 0 { refused.clone() } else { json!({"status": 201}) }))
    });
    let sync = to(&server, SyncMode::Upsert, 100);
    sync.write();
    let asked = bulks(&server);
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[1].text().lines().count(), 20, "ten documents, two lines each");
    assert!(asked[1].text().contains(r#"{"index":{"_id":"90","version":1,"version_type":"external"}}"#));
    assert!(asked.iter().all(|asked| asked.header("content-length").is_some() && asked.text().ends_with('\n')));
    assert!(asked.iter().all(|asked| asked.header("content-type") == Some("application/x-ndjson")));
    assert_eq!(sync.journal.rows(Fate::Delivered), Ranges::all(100));
}

#[test]
fn a_request_that_is_too_big_is_split() {
    let server = made_up(|_, asked| (asked.body.len() > 3000).then(|| Answer::page("too large").with_status(413)));
    let sync = to(&server, SyncMode::Upsert, 200);
    sync.write();
    assert_eq!(sync.journal.rows(Fate::Delivered), Ranges::all(200));
    let server = made_up(|_, asked| asked.text().contains(r#""_id":"7""#).then(|| Answer::status(413)));
    let sync = to(&server, SyncMode::Upsert, 20);
    sync.write();
    assert_eq!(sync.journal.rows(Fate::Rejected), Ranges::of([7..8]), "one document alone is too big");
    assert!(sync.journal.rejected()[0].1.contains("max_content_length"));
}

#[test]
fn a_lost_answer_is_repeated_and_nothing_is_twice() {
    let conflict = |version: u64| {
        let reason =
            format!("[0]: version conflict, current version [{version}] is higher or equal to the one provided [1]");
        json!({"status": 409, "error": {"type": "version_conflict_engine_exception", "reason": reason}})
    };
    let server = made_up(move |number, asked| match number {
        0 => Some(Answer::status(503)),
        1 => Some(Answer::status(200).reset()),
        2 => Some(bulk(asked, |at, _| conflict(if at == 0 { 9 } else { 1 }))),
        _ => None,
    });
    let sync = to(&server, SyncMode::Upsert, 50);
    let written = sync.write();
    assert_eq!(written.rows, 49);
    assert_eq!(sync.journal.rows(Fate::Superseded), Ranges::of([0..1]), "a newer version is there");
    assert_eq!(sync.journal.rows(Fate::Delivered), Ranges::of([1..50]), "these came with the request before");
    assert_eq!(written.seen["left_out"], json!([[0, 1]]));
}

#[test]
fn faults_end_the_write_with_a_next_step() {
    let item =
        |status: u16, kind: &str, reason: &str| json!({"status": status, "error": {"type": kind, "reason": reason}});
    let all = |what: Value| move |asked: &Asked| bulk(asked, |_, _| what.clone());
    type Given = Box<dyn Fn(&Asked) -> Answer + Send + std::marker::Sync>;
    let cases: Vec<(&str, Given, Code, &str)> = vec![
        (
            "revoked",
            Box::new(all(item(403, "security_exception", "is unauthorized"))),
            Code::PermissionDenied,
            "unauthorized",
        ),
        (
            "full",
            Box::new(all(item(429, "cluster_block_exception", "disk usage exceeded flood-stage watermark"))),
            Code::DiskFull,
            "flood-stage",
        ),
        (
            "gone",
            Box::new(all(item(404, "index_not_found_exception", "no such index [a]"))),
            Code::NotFound,
            "no such index",
        ),
        ("fewer", Box::new(|_| Answer::json(json!({"errors": false, "items": []}))), Code::Damaged, "speaks of 0"),
        ("page", Box::new(|_| Answer::page("Sign in")), Code::Damaged, "web page"),
        (
            "signed out",
            Box::new(|_| Answer::json(json!({"error": "x"})).with_status(401)),
            Code::PermissionDenied,
            "credentials",
        ),
    ];
    for (what, given, code, words) in cases {
        let server = made_up(move |number, asked| (number > 0).then(|| given(asked)));
        let sync = to(&server, SyncMode::Upsert, 30_000);
        let error = sync.attempt().expect_err(what);
        assert_eq!(error.code, code, "{what}: {error}");
        assert!(error.message.contains(words), "{what}: {error}");
        assert_helpful(&error, what);
        let kept = sync.journal.rows(Fate::Delivered).count();
        assert!(kept > 0 && kept < 30_000, "{what}: the first request is confirmed");
    }
}

#[test]
fn a_cancel_ends_a_waiting_write_within_a_second() {
    let server = made_up(|number, _| (number > 0).then(|| Answer::status(200).silent()));
    let sync = to(&server, SyncMode::Upsert, 30_000);
    let progress = sync.progress.clone();
    let canceller = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(1));
        progress.cancel();
        Instant::now()
    });
    assert_eq!(sync.attempt().unwrap_err().code, Code::Cancelled);
    assert!(canceller.join().unwrap().elapsed() < Duration::from_secs(1));
}

#[test]
fn a_data_stream_takes_new_documents_from_a_template() {
    let server = made_up(|_, asked| {
        assert!(!asked.text().contains("version_type"));
        None
    });
    let mut sync = to(&server, SyncMode::Append, 10);
    sync.target = json!({"index": "logs", "kind": "data_stream", "timestamp": "k"});
    sync.write();
    let asked = server.asked();
    let template = asked.iter().find(|asked| asked.path == "/_index_template/logs").expect("a template");
    let template: Value = serde_json::from_slice(&template.body).unwrap();
    assert_eq!((&template["index_patterns"], &template["data_stream"]), (&json!(["logs"]), &json!({})));
    assert_eq!(template["template"]["mappings"]["properties"]["@timestamp"], json!({"type": "date"}));
    let lines = bulks(&server)[0].text();
    assert!(lines.starts_with("{\"create\":{\"_id\":\"shop:run-1:0\"}}\n{\"k\":0,"), "{lines}");
    assert!(lines.contains(",\"@timestamp\":0}\n"));
    sync.outgoing.mode = SyncMode::Upsert;
    assert_eq!(sync.attempt().unwrap_err().code, Code::Unsupported);
}

#[test]
fn a_data_stream_that_went_on_elsewhere_gets_nothing_twice() {
    // The stream has an index behind it that holds the first rows, and another that takes new ones.
    let server = HttpServer::start(|asked| match (asked.method.as_str(), asked.path.as_str()) {
        ("GET", "/logs") => {
            Answer::json(json!({".ds-logs-1": {"data_stream": "logs"}, ".ds-logs-2": {"data_stream": "logs"}}))
        }
        ("POST", "/logs/_search") => {
            Answer::json(json!({"hits": {"hits": [{"_id": "shop:run-1:0"}, {"_id": "shop:run-1:2"}]}}))
        }
        ("POST", "/logs/_bulk") => bulk(asked, |_, _| json!({"status": 201})),
        ("GET", "/logs/_count") => Answer::json(json!({"count": 4})),
        _ => Answer::json(json!({})),
    });
    let mut sync = to(&server, SyncMode::Append, 4);
    sync.target = json!({"index": "logs", "kind": "data_stream", "timestamp": "k"});
    sync.outgoing.position = Some(json!({"index": "", "uuid": "", "done": false, "left_out": []}));
    sync.write();
    assert_eq!(bulks(&server)[0].text().matches("create").count(), 2, "only what is not there is sent");
    assert_eq!(sync.journal.rows(Fate::Delivered), Ranges::all(4));
}

#[test]
fn a_killed_sync_goes_on_and_the_index_is_as_if_nothing_had_been() {
    if skipped() {
        return;
    }
    let server = server();
    let space = Space::new();
    let text =
        format!("[search]\nkind = \"elasticsearch\"\naddress = \"http://{}\"\n", server.address("elasticsearch"));
    std::fs::write(space.engine.root().join("connections.toml"), text).expect("a file");
    let rows: String = (0..20_000).map(|n| format!("{n},item {n},{}.25\n", n % 900)).collect();
    space.import_text("orders.csv", format!("id,item,price\n{rows}"), "bronze.orders");
    let (root, guard) = space.close();
    let mut numbers = Numbers::new(23);
    for mode in ["replace", "append", "mirror"] {
        let save = ["sync", mode, "--to", "search", "--table", "bronze.orders", "--target", mode, "--mode", mode];
        let save = [&save[..], &["--key", "id"]].concat();
        assert_eq!(pulse_json(&root, &save).0, 0, "{mode} is saved and run once");
        let (mut killed, mut finished) = (0, 0);
        for _ in 0..17 {
            let mut child = pulse_command(&root, &["sync", mode]).spawn().expect("pulse starts");
            std::thread::sleep(Duration::from_millis(60 + numbers.below(900)));
            match child.try_wait().expect("asked") {
                Some(_) => finished += 1,
                None => killed += 1,
            }
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
        let (code, document) = pulse_json(&root, &["sync", mode]);
        assert_eq!(code, 0, "the last one succeeds: {document}");
        let (_, history) = pulse_json(&root, &["sync", mode, "--history"]);
        let done = history["runs"].as_array().expect("runs").iter().filter(|run| run["state"] == "done").count();
        let times = if mode == "append" { done as u64 } else { 1 };
        assert_eq!(count(&server, mode), 20_000 * times, "{mode}: {killed} killed, {finished} finished, {done} done");
        let sum = json!({"size": 0, "aggs": {"s": {"sum": {"field": "id"}}}});
        let sum =
            ask(&server, "POST", &format!("/{mode}/_search"), &sum.to_string())["aggregations"]["s"]["value"].clone();
        assert_eq!(sum.as_f64(), Some((19_999.0 * 20_000.0 / 2.0) * times as f64), "{mode}");
        let left = ask(&server, "GET", &format!("/{mode}-*"), "");
        assert!(left.as_object().is_some_and(|all| all.len() <= 1), "{mode}: no index is left over: {left}");
    }
    drop(guard);
}

#[test]
fn what_was_sent_is_read_back_the_same() {
    if skipped() {
        return;
    }
    let server = server();
    let address = server.address("elasticsearch");
    Sync::new(&address, "orders", SyncMode::Replace, &["number"], orders(0..500)).done();
    let got = Connected::open("elasticsearch", &json!({"address": format!("http://{address}")}))
        .read(&json!({"index": "orders"}))
        .expect("it is read");
    assert_eq!(got.rows(), 500);
    let mut prices: Vec<f64> = got.texts("price").into_iter().map(|text| text.unwrap().parse().unwrap()).collect();
    prices.sort_by(f64::total_cmp);
    assert_eq!(prices[499], 34.93);
}
