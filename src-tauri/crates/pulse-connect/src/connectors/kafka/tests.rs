//! Topics of a cluster that the client's library plays itself, read as the program reads them.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use polars::prelude::*;
use pulse_core::{Code, Progress};
use rdkafka::ClientConfig;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer};
use serde_json::{Value, json};

use crate::connector::{Browse, Check, Content, Fetched, Task};
use crate::connectors::{connect, from_url};
use crate::{Connection, Input, ReadOptions};

/// A cluster with one broker.
struct Cluster {
    mock: MockCluster<'static, DefaultProducerContext>,
    producer: BaseProducer,
    folder: tempfile::TempDir,
    registry: String,
}

/// A message to write.
#[derive(Clone, Copy, Default)]
struct Sent<'a> {
    partition: i32,
    key: Option<&'a [u8]>,
    value: Option<&'a [u8]>,
    header: Option<(&'a str, Option<&'a [u8]>)>,
}

fn value(value: &[u8]) -> Sent<'_> {
    Sent { value: Some(value), ..Sent::default() }
}

impl Cluster {
    fn new(topic: &str, partitions: i32) -> Self {
        let mock = MockCluster::new(1).expect("a cluster");
        mock.create_topic(topic, partitions, 1).expect("a topic");
        let mut config = ClientConfig::new();
        // One batch a message, so that a small fetch brings few of them.
        config.set("bootstrap.servers", mock.bootstrap_servers()).set("batch.num.messages", "1");
        let producer = config.create().expect("a producer");
        let folder = tempfile::tempdir().expect("a folder");
        Self { mock, producer, folder, registry: String::new() }
    }

    fn send(&self, topic: &str, messages: &[Sent<'_>]) {
        for sent in messages {
            let mut record = BaseRecord::<[u8], [u8]>::to(topic).partition(sent.partition).timestamp(1_700_000_000_123);
            record.key = sent.key;
            record.payload = sent.value;
            if let Some((key, value)) = sent.header {
                record = record.headers(OwnedHeaders::new().insert(Header { key, value }));
            }
            self.producer.send(record).map_err(|(cause, _)| cause).expect("a message is queued");
        }
        self.producer.flush(Duration::from_secs(30)).expect("the messages are written");
    }

    fn settings(&self) -> Value {
        json!({ "brokers": self.mock.bootstrap_servers(), "tls": false, "registry": self.registry,
            "allow_private": true, "timeout_seconds": 4 })
    }

    fn connection(&self) -> Box<dyn Connection> {
        connect("kafka", &self.settings()).expect("a connection")
    }

    fn read(&self, selection: Value) -> Result<Done, pulse_core::Error> {
        self.read_with(selection, None, None, &Progress::new())
    }

    fn read_with(
        &self,
        selection: Value,
        state: Option<&Value>,
        limit: Option<u64>,
        progress: &Progress,
    ) -> Result<Done, pulse_core::Error> {
        let scratch = tempfile::tempdir().expect("a folder");
        let (folder, downloads) = (scratch.path(), self.folder.path());
        let task = Task { progress, scratch: folder, downloads, limit, state, replay: &[], merges: false };
        let fetched = self.connection().read(&selection, &task)?;
        let Content::Files { inputs, options } = &fetched.content else { panic!("files") };
        let read = |inputs: &[Input], options: &ReadOptions| {
            let read = crate::read(inputs, options, folder, &Progress::new()).expect("lines that can be read");
            let frame = read.frame.clone().collect().expect("a frame");
            (frame, read.ledger, read.columns.iter().map(|c| format!("{}: {}", c.name, c.type_word)).collect())
        };
        let empty = || (DataFrame::empty(), DataFrame::empty(), Vec::new());
        let (frame, ledger, types) = if inputs.is_empty() { empty() } else { read(inputs, options) };
        Ok(Done { frame, ledger, types, fetched })
    }
}

/// What was read, typed as files are.
struct Done {
    frame: DataFrame,
    ledger: DataFrame,
    types: Vec<String>,
    fetched: Fetched,
}

impl Done {
    /// The cells of these columns with `|` between them and `/` between rows; `∅` for a missing value.
    fn shown(&self, columns: &[&str]) -> String {
        let texts: Vec<StringChunked> = columns
            .iter()
            .map(|name| {
                let column = self.frame.column(name).unwrap_or_else(|_| panic!("{name} in {:?}", self.types));
                column.cast(&DataType::String).expect("text").str().expect("text").clone()
            })
            .collect();
        let row = |row| texts.iter().map(|c| c.get(row).unwrap_or("∅").to_owned()).collect::<Vec<_>>().join("|");
        (0..self.frame.height()).map(row).collect::<Vec<_>>().join("/")
    }

    fn state(&self) -> &Value {
        self.fetched.state.as_ref().expect("a state")
    }

    fn rejected(&self) -> Vec<String> {
        let values = self.ledger.column("value").expect("values").str().expect("text").clone();
        values.iter().map(|value| value.unwrap_or_default().to_owned()).collect()
    }
}

#[test]
fn json_messages_become_rows_digit_for_digit() {
    let cluster = Cluster::new("t", 1);
    let header = Some(("trace", Some(&b"abc"[..])));
    cluster.send(
        "t",
        &[
            Sent {
                key: Some(b"k1"),
                header,
                ..value(b"{\"n\": 12345678901234567890123, \"d\": 1.10,\n \"l\": [1, 2]}")
            },
            Sent { key: Some(b"k2"), value: None, ..Sent::default() },
            Sent { header: Some(("bin", Some(b"\xff"))), ..value(br#"{"d": 2.20, "new": "x"}"#) },
            value(b"{}"),
            value(br#"{"d": 3.30, "_offset": 77}"#),
            value(b"7"),
            value(b"not json"),
            value(b"{\"d\": \"\xff\"}"),
        ],
    );
    let done = cluster.read(json!({ "topic": "t" })).expect("a read");
    let own = ["_key", "_deleted", "_partition", "_offset", "_timestamp"];
    let at = "2023-11-14 22:13:20.123000+00:00";
    let expected =
        [("k1", false, 0), ("k2", true, 1), ("∅", false, 2), ("∅", false, 3), ("∅", false, 4), ("∅", false, 5)]
            .map(|(key, deleted, offset)| format!("{key}|{deleted}|0|{offset}|{at}"))
            .join("/");
    assert_eq!(done.shown(&own), expected);
    assert_eq!(
        done.shown(&["n", "d", "l", "new", "value"]),
        "12345678901234567890123|1.10|[1,2]|∅|∅/∅|∅|∅|∅|∅/∅|2.20|∅|x|∅/∅|∅|∅|∅|∅/∅|∅|∅|∅|{\"d\":3.30,\"_offset\":77}/∅|∅|∅|∅|7"
    );
    assert_eq!(
        done.shown(&["_headers"]),
        r#"[{"name":"trace","value":"abc"}]/∅/[{"name":"bin","base64":"/w=="}]/∅/∅/∅"#
    );
    assert_eq!(
        done.rejected(),
        [
            "partition 0, offset 6: the value cannot be read as json: expected ident at line 1 column 2; key: missing; headers: null; value: not json",
            r#"partition 0, offset 7: the value cannot be read as json: it is not UTF-8 text; key: missing; headers: null; value: {"d": "\xFF"}"#,
        ]
    );
    assert_eq!(done.fetched.warnings, ["2 of 8 messages cannot be read; they are in the ledger."]);
    assert_eq!(done.state(), &json!({ "partitions": { "0": 8 }, "value_format": "json", "key_format": "text" }));
    let plain = cluster.read(json!({ "topic": "t", "metadata": false, "value_format": "json" })).expect("a read");
    let names: Vec<_> = plain.types.iter().map(|name| name.split(':').next().unwrap_or_default()).collect();
    assert_eq!(names, ["n", "d", "l", "_key", "_deleted", "new", "value"]);
}

#[test]
fn other_formats_are_read_and_recognised() {
    let cluster = Cluster::new("t", 1);
    cluster.mock.create_topic("csv", 1, 1).expect("a topic");
    cluster
        .send("csv", &[value(b"1,007,\"a \"\"b\"\"\",,2024-01-02\n"), value(b"2,5,\"\",x,2024-01-03"), value(b"3,4")]);
    let names = json!(["id", "code", "text", "maybe", "day"]);
    let csv = json!({ "topic": "csv", "value_format": "csv", "csv_columns": names });
    let done = cluster.read(csv).expect("a read");
    assert_eq!(done.shown(&["id", "code", "text", "maybe", "day"]), "1|007|a \"b\"|∅|2024-01-02/2|5||x|2024-01-03");
    assert_eq!(done.types[..5], ["id: integer", "code: text", "text: text", "maybe: text", "day: date"]);
    assert!(done.rejected()[0].contains("it has 2 fields instead of 5"), "{:?}", done.rejected());
    let done = cluster.read(json!({ "topic": "csv" })).expect("a read");
    assert_eq!((done.frame.height(), done.fetched.detected[0].1.value.as_str()), (3, "text"));
    cluster
        .send("t", &[Sent { key: Some(b"\0\x01"), ..value(b"\xff\0") }, Sent { key: Some(b"\0\x02"), ..value(b"a") }]);
    let done = cluster.read(json!({ "topic": "t" })).expect("a read");
    assert_eq!(done.shown(&["_key", "value"]), "AAE=|/wA=/AAI=|YQ==");
    let text = cluster.read(json!({ "topic": "t", "value_format": "text", "key_format": "raw" })).expect("a read");
    assert_eq!((text.shown(&["value"]).as_str(), text.rejected().len()), ("a", 1));
    let no_registry = cluster.read(json!({ "topic": "t", "value_format": "avro" })).err().expect("an error");
    assert_eq!(no_registry.field.as_deref(), Some("value_format"));
}

#[test]
fn a_batch_is_exactly_what_was_asked_for() {
    let cluster = Cluster::new("t", 2);
    for partition in 0..2 {
        let texts: Vec<String> = (0..10).map(|n| format!(r#"{{"n":{}}}"#, partition * 100 + n)).collect();
        let messages: Vec<_> = texts.iter().map(|text| Sent { partition, ..value(text.as_bytes()) }).collect();
        cluster.send("t", &messages);
    }
    let sorted = |done: &Done| {
        let mut numbers: Vec<String> = done.shown(&["n"]).split('/').map(str::to_owned).collect();
        numbers.sort_by_key(|number| number.parse::<i64>().unwrap_or(-1));
        numbers.join(" ")
    };
    let read = |selection| cluster.read(selection).expect("a read");
    assert_eq!(sorted(&read(json!({ "topic": "t", "from": "last", "last": 2 }))), "8 9 108 109");
    assert_eq!(read(json!({ "topic": "t", "from": "last", "last": 1_000_000 })).frame.height(), 20);
    let offsets = json!({ "topic": "t", "from": "offsets", "offsets": [{ "partition": 0, "offset": 7 }],
        "to": "offsets", "to_offsets": [{ "partition": 1, "offset": 1 }, { "partition": 0, "offset": 9 }] });
    let done = read(offsets);
    assert_eq!(sorted(&done), "7 8 100");
    assert_eq!(done.state()["partitions"], json!({ "0": 9, "1": 1 }));
    // A limit is no end: the next read goes on behind it, and nothing is read twice or left out.
    let limited = json!({ "topic": "t", "max_messages": 6 });
    let (mut state, mut all) = (None, Vec::new());
    for expected in [6, 6, 6, 2, 0] {
        let done = cluster.read_with(limited.clone(), state.as_ref(), None, &Progress::new()).expect("a read");
        assert_eq!(done.frame.height(), expected);
        if expected > 0 {
            all.extend(done.shown(&["n"]).split('/').map(|n| n.parse::<i64>().expect("a number")));
        }
        state = done.fetched.state;
    }
    all.sort_unstable();
    assert_eq!(all, (0..10).chain(100..110).collect::<Vec<_>>());
    let preview = cluster.read_with(json!({ "topic": "t" }), None, Some(3), &Progress::new()).expect("a preview");
    assert_eq!((preview.frame.height(), preview.fetched.sample.is_some()), (3, true));
}

#[test]
fn a_refresh_goes_on_where_the_last_read_ended() {
    let cluster = Cluster::new("t", 1);
    let empty = cluster.read(json!({ "topic": "t" })).expect("a read of nothing");
    assert_eq!((empty.frame.height(), empty.state()), (0, &json!({ "partitions": { "0": 0 } })));
    cluster.send("t", &[value(br#"{"n":1}"#), value(br#"{"n":2}"#)]);
    let news = |state: &Value| cluster.connection().news(&json!({ "topic": "t" }), Some(state), &Progress::new());
    let next = |state: &Value| cluster.read_with(json!({ "topic": "t" }), Some(state), None, &Progress::new());
    let first = next(empty.state()).expect("a read");
    assert_eq!(first.shown(&["n"]), "1/2");
    assert!(!news(first.state()).expect("an answer").expect("known").available);
    // What would be text is JSON that cannot be read, because the rows that are there are JSON.
    cluster.send("t", &[value(b"words"), value(br#"{"n":3}"#)]);
    assert!(news(first.state()).expect("an answer").expect("known").text.contains("2 new"));
    let second = next(first.state()).expect("a read");
    assert_eq!((second.shown(&["n"]).as_str(), second.rejected().len()), ("3", 1));
    assert_eq!(next(second.state()).expect("a read").frame.height(), 0);
    for (offset, code) in [(9, Code::Conflict), (-1, Code::NotFound)] {
        let error = next(&json!({ "partitions": { "0": offset } })).err().expect("an error");
        assert_eq!((error.code, error.message.contains("it holds 0 to 3")), (code, true), "{error}");
    }
    let gone = next(&json!({ "partitions": { "0": 1, "5": 1 } })).err().expect("an error");
    assert_eq!(gone.code, Code::Conflict);
    let choose = json!({ "topic": "t", "from": "offsets", "offsets": [{ "partition": 0, "offset": 5 }] });
    let error = cluster.read(choose).err().expect("an error");
    assert_eq!((error.code, error.field.as_deref()), (Code::InvalidInput, Some("offsets")));
}

/// A registry that answers from a list of paths; it ends with the test.
fn registry(answers: Vec<(&'static str, Value)>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
            let path = lines.next().and_then(|line| line.split(' ').nth(1).map(str::to_owned)).unwrap_or_default();
            lines.take_while(|line| !line.is_empty()).for_each(drop);
            let found = answers.iter().find(|(known, _)| *known == path);
            let (status, body) =
                found.map_or(("404 Not Found", json!({ "error_code": 40403 })), |(_, v)| ("200 OK", v.clone()));
            let body = body.to_string();
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            let _ = (&stream).write_all((head + &body).as_bytes());
        }
    });
    address
}

#[test]
fn avro_is_decoded_by_the_registry() {
    let mut cluster = Cluster::new("t", 1);
    let price = r#"{"type":"record","name":"P","fields":[{"name":"amount","type":{"type":"bytes","logicalType":"decimal","precision":10,"scale":2}}]}"#;
    let sale = r#"{"type":"record","name":"S","fields":[{"name":"id","type":"long"},{"name":"price","type":"P"}]}"#;
    cluster.registry = registry(vec![
        ("/subjects", json!(["t-value"])),
        ("/schemas/ids/1", json!({ "schema": price })),
        ("/schemas/ids/2", json!({ "schema": sale, "references": [{ "name": "P", "subject": "p/x", "version": 1 }] })),
        ("/subjects/p%2Fx/versions/1", json!({ "schema": price, "subject": "p/x", "version": 1, "id": 1 })),
        ("/schemas/ids/3", json!({ "schema": "{}", "schemaType": "JSON" })),
        ("/schemas/ids/4", json!({ "schema": "syntax = \"proto3\";", "schemaType": "PROTOBUF" })),
        ("/schemas/ids/5", json!({ "schema": "\"string\"" })),
    ]);
    let framed = |id: u8, body: &[u8]| [&[0, 0, 0, 0, id], body].concat();
    let values = [
        framed(1, &[4, 0x04, 0xce]),
        framed(2, &[10, 2, 0x80]),
        framed(3, br#"{"amount": 7.00}"#),
        framed(4, b"x"),
        framed(9, b"x"),
        framed(1, &[4, 4]),
    ];
    let key = framed(5, b"\x04k1");
    let messages: Vec<_> = values.iter().map(|bytes| Sent { key: Some(&key), ..value(bytes) }).collect();
    cluster.send("t", &messages);
    let done = cluster.read(json!({ "topic": "t" })).expect("a read");
    assert_eq!(done.shown(&["_key", "amount", "id", "price"]), "k1|12.30|∅|∅/k1|∅|5|{\"amount\":-1.28}/k1|7.00|∅|∅");
    assert!(done.types.contains(&"amount: decimal".to_owned()), "{:?}", done.types);
    let reasons: Vec<_> =
        done.rejected().iter().map(|line| line.split("; key").next().unwrap_or_default().to_owned()).collect();
    assert_eq!(
        reasons,
        [
            "partition 0, offset 3: the value cannot be read as avro: schema 4 is of the kind PROTOBUF; Avro and JSON are decoded",
            "partition 0, offset 4: the value cannot be read as avro: the registry has no schema 9",
            "partition 0, offset 5: the value cannot be read as avro: by schema 1, it ends in the middle of a value",
        ]
    );
    assert!(done.fetched.detected.iter().all(|(_, setting)| setting.value == "avro"));
    let mut check = Check { progress: &Progress::new(), steps: Vec::new() };
    cluster.connection().check(&mut check).expect("the check passes");
    let steps: Vec<_> = check.steps.iter().map(|step| format!("{}: {}", step.name, step.detail)).collect();
    assert_eq!(
        steps[2..],
        ["Sign in: as nobody, without TLS", "Read: 1 brokers, 1 topics", "Schema registry: 1 subjects"]
    );
}

#[test]
fn topics_and_partitions_are_listed() {
    let cluster = Cluster::new("orders", 2);
    cluster.mock.create_topic("__internal", 1, 1).expect("a topic");
    cluster.mock.create_topic("events", 1, 1).expect("a topic");
    cluster.send("orders", &[value(b"a"), Sent { partition: 1, ..value(b"b") }, Sent { partition: 1, ..value(b"c") }]);
    let browse = |path: &[&str], search: &str| {
        let request =
            Browse { path: path.iter().map(ToString::to_string).collect(), search: search.into(), ..Browse::default() };
        let listing = cluster.connection().browse(&request, &Progress::new()).expect("a listing");
        listing.entries.iter().map(|e| format!("{} {:?} {:?}", e.name, e.rows, e.selection)).collect::<Vec<_>>()
    };
    assert_eq!(
        browse(&[], ""),
        [
            r#"events Some(0) Some(Object {"topic": String("events")})"#,
            r#"orders Some(3) Some(Object {"topic": String("orders")})"#
        ]
    );
    assert_eq!(browse(&[], "ORD").len(), 1);
    assert_eq!(browse(&["orders"], ""), ["Partition 0 Some(1) None", "Partition 1 Some(2) None"]);
    let error = cluster.read(json!({ "topic": "nothing" })).err().expect("an error");
    assert_eq!((error.code, error.field.as_deref()), (Code::NotFound, Some("topic")));
}

#[test]
fn what_goes_wrong_on_the_way_is_said() {
    let cluster = Cluster::new("t", 1);
    cluster.send("t", &[value(b"1")]);
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.local_addr().expect("an address").to_string()
    };
    let brokers = cluster.mock.bootstrap_servers();
    let silent = silent.local_addr().expect("an address").to_string();
    let examples = [
        (json!({ "brokers": closed, "tls": false }), "Connect", Code::Unreachable, "brokers"),
        (
            json!({ "brokers": "no-such-host.invalid:9092", "tls": false }),
            "Find the host",
            Code::Unreachable,
            "brokers",
        ),
        (json!({ "brokers": "localhost", "tls": false }), "Find the host", Code::InvalidInput, "brokers"),
        (json!({ "brokers": brokers, "tls": true }), "Sign in", Code::Unreachable, "tls"),
        (json!({ "brokers": silent, "tls": false, "timeout_seconds": 2 }), "Sign in", Code::Unreachable, ""),
        (
            json!({ "brokers": brokers, "tls": false, "sign_in": "plain", "username": "u", "password": "hunter22" }),
            "Sign in",
            Code::PermissionDenied,
            "password",
        ),
    ];
    for (settings, step, code, field) in examples {
        let mut check = Check { progress: &Progress::new(), steps: Vec::new() };
        let began = Instant::now();
        let error = connect("kafka", &settings).expect("a connection").check(&mut check).expect_err("a failure");
        let last = check.steps.last().expect("a step");
        assert_eq!((last.name.as_str(), error.code), (step, code), "{settings}: {error}");
        assert_eq!(error.field.as_deref().unwrap_or_default(), field, "{settings}: {error}");
        assert!(error.hint.is_some() && !error.to_string().contains("hunter22"), "{error}");
        assert!(began.elapsed() < Duration::from_secs(20), "{settings} took {:?}", began.elapsed());
    }
    for (name, value) in
        [("group.id", "x"), ("ssl.key.password", "x"), ("no.such.property", "x"), ("fetch.max.bytes", "many")]
    {
        let mut settings = cluster.settings();
        settings["properties"] = json!([{ "name": name, "value": value }]);
        let connection = connect("kafka", &settings).expect("a connection");
        let error = connection.browse(&Browse::default(), &Progress::new()).expect_err("an error");
        assert_eq!((error.code, error.field.as_deref()), (Code::InvalidInput, Some("properties")), "{name}: {error}");
    }
}

#[test]
fn a_cluster_that_goes_away_ends_the_read() {
    let cluster = Cluster::new("t", 1);
    cluster.send("t", &vec![value(b"{\"n\":1}"); 500]);
    cluster.mock.broker_round_trip_time(1, Duration::from_millis(200)).expect("a slow broker");
    let mut settings = cluster.settings();
    settings["properties"] = json!([{ "name": "fetch.message.max.bytes", "value": "1000" }]);
    let progress = Progress::new();
    let scratch = tempfile::tempdir().expect("a folder");
    let path = scratch.path();
    let read = || {
        let task = Task {
            progress: &progress,
            scratch: path,
            downloads: path,
            limit: None,
            state: None,
            replay: &[],
            merges: false,
        };
        connect("kafka", &settings).expect("a connection").read(&json!({ "topic": "t" }), &task)
    };
    let error = std::thread::scope(|scope| {
        let reading = scope.spawn(|| read().err());
        while progress.counts().rows == 0 {
            std::thread::sleep(Duration::from_millis(20));
        }
        cluster.mock.broker_down(1).expect("the broker stops");
        reading.join().expect("no panic")
    });
    let error = error.expect("the read fails");
    assert_eq!(error.code, Code::Unreachable, "{error}");
    assert!(error.hint.is_some() && error.message.contains("`t`"), "{error}");
}

#[test]
fn a_cancel_ends_waiting() {
    let cluster = Cluster::new("t", 1);
    cluster.send("t", &[value(b"1")]);
    cluster.mock.broker_round_trip_time(1, Duration::from_secs(20)).expect("a slow broker");
    let progress = Progress::new();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(400));
            progress.cancel();
        });
        let began = Instant::now();
        let error = cluster.read_with(json!({ "topic": "t" }), None, None, &progress).err().expect("an error");
        assert_eq!(error.code, Code::Cancelled);
        assert!(began.elapsed().as_secs_f64() < 1.4, "the cancel took effect after {:?}", began.elapsed());
    });
}

#[test]
fn a_connection_string_names_broker_and_user() {
    let read = |text: &str| from_url(text).expect("settings").1;
    assert_eq!(read("kafka://localhost"), json!({ "brokers": "localhost:9092", "tls": false }));
    assert_eq!(
        read("kafkas://me:p%40ss@host:9093?sign_in=scram_sha_512&registry=https://r:8081"),
        json!({ "brokers": "host:9093", "tls": true, "sign_in": "scram_sha_512", "username": "me", "password": "p@ss",
            "registry": "https://r:8081" })
    );
    assert!(from_url("kafka://host?nonsense=1").is_err() && from_url("kafka://").is_err());
}

#[test]
fn new_forms_start_right() {
    for (kind, needed, selected) in [
        ("kafka", json!({ "brokers": "localhost:1" }), json!({ "topic": "" })),
        ("sqlite", json!({ "path": "/nowhere" }), json!({ "table": "" })),
    ] {
        let info = crate::connectors().iter().find(|info| info.about.kind == kind).expect("registered");
        let filled = |form: &Value, given: &Value| {
            let mut values = given.clone();
            for (name, field) in form["properties"].as_object().expect("fields") {
                assert!(field["description"].is_string(), "{kind}: {name} has a help text");
                match field.get("default") {
                    Some(default) => values[name] = default.clone(),
                    None => assert!(given.get(name).is_some(), "{kind}: {name} has a default"),
                }
            }
            given.as_object().expect("an object").iter().for_each(|(name, value)| values[name] = value.clone());
            values
        };
        let connection = connect(kind, &filled(&info.settings, &needed)).expect("the defaults are settings");
        let folder = tempfile::tempdir().expect("a folder");
        let (scratch, progress) = (folder.path(), Progress::new());
        let task = Task {
            progress: &progress,
            scratch,
            downloads: scratch,
            limit: None,
            state: None,
            replay: &[],
            merges: false,
        };
        let error = connection.read(&filled(&info.selection, &selected), &task).err().expect("nothing is there");
        assert!(!error.message.contains("not understood"), "{kind}: {error}");
    }
}
