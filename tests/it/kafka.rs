//! Kafka topics, read from a server of another make into tables.

mod broker;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use polars::prelude::{DataType, NamedFrom, Series, TimeUnit};
use pulse_connect::{Browse, Check, Connection, Content, Fetched, Task, connect};
use pulse_core::{Code, Error, Progress};
use pulse_rpc::Commands;
use pulse_rpc::types::*;
use pulse_tests::services::noida::Noida;
use pulse_tests::services::skipped;
use pulse_tests::{Space, assert_helpful, make_topic};
use rdkafka::ClientConfig;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use serde_json::{Value, json};

/// A server with topics to write to.
struct Cluster {
    server: Noida,
    producer: BaseProducer,
}

impl Cluster {
    fn start(topics: &[(&str, i32)]) -> Self {
        let server = Noida::start(&["kafka"]);
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", server.address("kafka"));
        topics.iter().for_each(|(name, count)| make_topic(&server.address("kafka"), name, *count, &[]));
        Self { producer: config.create().expect("a producer"), server }
    }

    /// Writes messages of partition, key, value and milliseconds since 1970.
    fn send<'a>(&self, topic: &str, messages: impl IntoIterator<Item = (i32, Option<&'a str>, Option<String>, i64)>) {
        for (partition, key, value, at) in messages {
            let headers = OwnedHeaders::new().insert(Header { key: "from", value: Some("a test") });
            let mut record = BaseRecord::<str, str>::to(topic).partition(partition).timestamp(at).headers(headers);
            record.key = key;
            record.payload = value.as_deref();
            while let Err((cause, rejected)) = self.producer.send(record) {
                assert!(cause.to_string().contains("Queue full"), "{cause}");
                self.producer.poll(Duration::from_millis(20));
                record = rejected;
            }
        }
        self.producer.flush(Duration::from_secs(60)).expect("the messages are written");
    }

    fn settings(&self) -> Value {
        json!({"brokers": self.server.address("kafka"), "tls": false, "timeout_seconds": 4})
    }

    fn connection(&self) -> Box<dyn Connection> {
        connect("kafka", &self.settings()).expect("a connection")
    }

    fn read(&self, selection: &Value, folder: &Path, progress: &Progress) -> Result<Fetched, Error> {
        let task =
            Task { progress, scratch: folder, downloads: folder, limit: None, state: None, replay: &[], merges: false };
        self.connection().read(selection, &task)
    }

    /// The lines that a selection reads.
    fn lines(&self, selection: &Value) -> Vec<Value> {
        let folder = tempfile::tempdir().expect("a folder");
        let fetched = self.read(selection, folder.path(), &Progress::new());
        let fetched = fetched.unwrap_or_else(|error| panic!("{selection}: {error}"));
        let Content::Files { inputs, .. } = fetched.content else { panic!("files") };
        let text = inputs.first().map(|input| std::fs::read_to_string(&input.path).expect("a file"));
        text.unwrap_or_default().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }
}

/// The milliseconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a clock");
    i64::try_from(since.as_millis()).expect("a number")
}

/// An instant as one writes it into the form.
fn text(millis: i64) -> String {
    let time = Series::new("at".into(), [millis]).cast(&DataType::Datetime(TimeUnit::Milliseconds, None));
    let text = time.and_then(|time| time.cast(&DataType::String)).expect("an instant");
    text.str().expect("text").get(0).expect("a value").to_owned()
}

fn numbers(lines: &[Value]) -> BTreeSet<i64> {
    let numbers: BTreeSet<i64> = lines.iter().map(|line| line["n"].as_i64().expect("a number")).collect();
    assert_eq!(numbers.len(), lines.len(), "no message came twice");
    numbers
}

#[test]
fn a_topic_becomes_a_table_that_grows_with_it() {
    if skipped() {
        return;
    }
    let cluster = Cluster::start(&[("orders", 2)]);
    let order = |n: i64| Some(format!(r#"{{"n":{n},"price":{n}.50,"tags":["a"]}}"#));
    let at = |seconds: i64| now() + seconds * 1000;
    let first = [(0, Some("a"), order(1), at(1)), (1, Some("b"), order(2), at(2)), (0, Some("c"), None, at(3))];
    cluster.send("orders", first);
    let mut check = Check { progress: &Progress::new(), steps: Vec::new() };
    cluster.connection().check(&mut check).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(check.steps.last().expect("steps").detail, "1 brokers, 1 topics");

    let space = Space::new();
    let doc = ConnectionDoc { id: None, name: "stream".into(), kind: "kafka".into(), settings: cluster.settings() };
    let connection = space.engine.connection_save(doc).expect("saved").id;
    let source = SourceDoc {
        name: "orders".into(),
        connection,
        selection: json!({"topic": "orders"}),
        table: "bronze.orders".into(),
        loading: Loading { mode: LoadMode::Append, ..Loading::default() },
        ..SourceDoc::default()
    };
    let id = space.engine.source_save(source).expect("saved").id;
    let refresh = || {
        let request = RefreshRequest { sources: vec![id.clone()], ..RefreshRequest::default() };
        let job = space.engine.source_refresh(request)?.jobs.remove(0).job;
        space.result(&JobStarted { job })
    };
    let added = |result: Value| result["added"].as_u64().expect("a count");
    assert_eq!(added(refresh().expect("a first refresh")), 3);
    let types = space.columns("bronze.orders");
    for (name, word) in [("n", "integer"), ("price", "decimal"), ("_deleted", "boolean"), ("_timestamp", "timestamp")] {
        assert!(types.iter().any(|(n, w)| n == name && w.starts_with(word)), "{name} is {word}: {types:?}");
    }
    assert_eq!(added(refresh().expect("a refresh without news")), 0);
    cluster.send("orders", [(1, Some("b"), order(4), at(4)), (1, Some("b"), Some("broken".into()), at(5))]);
    let result = refresh().expect("a refresh with news");
    assert_eq!((added(result.clone()), result["rejected"].as_u64()), (1, Some(1)), "{result}");
    let rows =
        space.sql("SELECT n, price::text, _key, _deleted, _partition, _offset FROM bronze.orders ORDER BY _timestamp");
    assert_eq!(
        json!(rows.expect("rows")),
        json!([
            [1, "1.50", "a", false, 0, 0],
            [2, "2.50", "b", false, 1, 0],
            [null, null, "c", true, 0, 1],
            [4, "4.50", "b", false, 1, 1]
        ])
    );
    assert!(space.ledger("bronze.orders")[0].iter().any(|cell| cell.to_string().contains("broken")));
}

#[test]
fn times_and_ends_choose_the_messages() {
    if skipped() {
        return;
    }
    let cluster = Cluster::start(&[("t", 2)]);
    // Every hour of the last day; older messages are deleted.
    let first = now() / 3_600_000 * 3_600_000 - 24 * 3_600_000;
    let at = |n: i64| first + n * 3_600_000;
    cluster.send("t", (0..20).map(|n| ((n % 2) as i32, None, Some(format!(r#"{{"n":{n}}}"#)), at(n))));
    let read = |selection: Value| numbers(&cluster.lines(&selection));
    assert_eq!(read(json!({"topic": "t"})), (0..20).collect());
    assert_eq!(read(json!({"topic": "t", "from": "timestamp", "timestamp": text(at(15))})), (15..20).collect());
    let between = json!({"topic": "t", "from": "timestamp", "timestamp": text(at(5) + 1),
        "to": "timestamp", "to_timestamp": text(at(9))});
    assert_eq!(read(between), (6..9).collect());
    assert!(read(json!({"topic": "t", "from": "timestamp", "timestamp": text(at(20))})).is_empty());
    assert_eq!(read(json!({"topic": "t", "from": "last", "last": 2})), (16..20).collect());
    let offsets = json!([{"partition": 0, "offset": 8}, {"partition": 1, "offset": 10}]);
    assert_eq!(read(json!({"topic": "t", "from": "offsets", "offsets": offsets})), BTreeSet::from([16, 18]));
    let folder = tempfile::tempdir().expect("a folder");
    for (selection, code, field) in [
        (json!({"topic": "gone"}), Code::NotFound, "topic"),
        (json!({"topic": "t", "from": "timestamp", "timestamp": "soon"}), Code::InvalidInput, "timestamp"),
        (
            json!({"topic": "t", "from": "offsets", "offsets": [{"partition": 0, "offset": 11}]}),
            Code::InvalidInput,
            "offsets",
        ),
        (
            json!({"topic": "t", "from": "offsets", "offsets": [{"partition": 7, "offset": 0}]}),
            Code::InvalidInput,
            "offsets",
        ),
    ] {
        let Err(error) = cluster.read(&selection, folder.path(), &Progress::new()) else { panic!("an error") };
        assert_eq!((error.code, error.field.as_deref()), (code, Some(field)), "{selection}: {error}");
        assert_helpful(&error, &selection.to_string());
    }
}

#[test]
fn messages_that_were_deleted_before_they_were_read_are_missed_aloud() {
    if skipped() {
        return;
    }
    let cluster = Cluster::start(&[("t", 1)]);
    // Older than the topic keeps messages.
    cluster.send("t", (0..5).map(|n| (0, None, Some(format!(r#"{{"n":{n}}}"#)), 1_000_000_000_000)));
    let (folder, progress, began) = (tempfile::tempdir().expect("a folder"), Progress::new(), Instant::now());
    let held = || cluster.connection().browse(&Browse::default(), &progress).expect("topics").entries[0].rows;
    while held() != Some(0) {
        assert!(began.elapsed() < Duration::from_secs(30), "the server deletes old messages");
        std::thread::sleep(Duration::from_millis(100));
    }
    cluster.send("t", [(0, None, Some(r#"{"n":5}"#.into()), now())]);
    let state = json!({"partitions": {"0": 2}});
    let path = folder.path();
    let task = Task {
        progress: &progress,
        scratch: path,
        downloads: path,
        limit: None,
        state: Some(&state),
        replay: &[],
        merges: false,
    };
    let Err(error) = cluster.connection().read(&json!({"topic": "t"}), &task) else { panic!("an error") };
    assert!(error.message.contains("The messages 2 to 4 of partition 0"), "{error}");
    assert_helpful(&error, "deleted messages");
    assert_eq!(numbers(&cluster.lines(&json!({"topic": "t"}))), BTreeSet::from([5]));
}

#[test]
fn many_messages_are_read_once_while_more_are_written() {
    if skipped() {
        return;
    }
    let cluster = Cluster::start(&[("t", 3)]);
    let message = |n: i64| ((n % 3) as i32, None, Some(format!(r#"{{"n":{n}}}"#)), now());
    cluster.send("t", (0..100_000).map(message));
    let folder = tempfile::tempdir().expect("a folder");
    let progress = Progress::new();
    let fetched = std::thread::scope(|scope| {
        let reading = scope.spawn(|| cluster.read(&json!({"topic": "t"}), folder.path(), &progress));
        while progress.counts().rows == 0 && !reading.is_finished() {
            std::thread::sleep(Duration::from_millis(5));
        }
        cluster.send("t", (100_000..100_500).map(message));
        reading.join().expect("no panic").unwrap_or_else(|error| panic!("{error}"))
    });
    let Content::Files { inputs, .. } = &fetched.content else { panic!("files") };
    let text = std::fs::read_to_string(&inputs[0].path).expect("a file");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(numbers(&lines), (0..100_000).collect());
    let next = fetched.state.expect("a state");
    assert_eq!(next["partitions"], json!({"0": 33_334, "1": 33_333, "2": 33_333}));
    let task = Task {
        progress: &Progress::new(),
        scratch: folder.path(),
        downloads: folder.path(),
        limit: None,
        state: Some(&next),
        replay: &[],
        merges: false,
    };
    let rest = cluster.connection().read(&json!({"topic": "t"}), &task).expect("the rest");
    let Content::Files { inputs, .. } = &rest.content else { panic!("files") };
    assert_eq!(std::fs::read_to_string(&inputs[0].path).expect("a file").lines().count(), 500);
}

#[test]
fn every_compression_is_read() {
    if skipped() {
        return;
    }
    let cluster = Cluster::start(&[("t", 1)]);
    let words = "the same words again and again ".repeat(20);
    for (number, codec) in ["none", "gzip", "snappy", "lz4", "zstd"].into_iter().enumerate() {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", cluster.server.address("kafka")).set("compression.type", codec);
        config.set("linger.ms", "100");
        let producer: BaseProducer = config.create().expect("a producer");
        for n in number * 100..(number + 1) * 100 {
            let value = json!({"n": n, "codec": codec, "words": words}).to_string();
            let record = BaseRecord::<str, str>::to("t").partition(0).payload(&value);
            producer.send(record).map_err(|(cause, _)| cause).expect("a message is queued");
        }
        producer.flush(Duration::from_secs(30)).expect("the messages are written");
    }
    let lines = cluster.lines(&json!({"topic": "t"}));
    assert_eq!(numbers(&lines), (0..500).collect());
    assert!(lines.iter().all(|line| line["words"] == words.as_str()));
}

#[test]
fn a_server_that_sends_a_whole_partition_at_once_is_read() {
    if skipped() {
        return;
    }
    // This server does so whatever is asked for; 100 MB is where the client's library gives up by itself.
    let mut cluster = Cluster::start(&[("t", 1)]);
    let long = "x".repeat(100_000);
    cluster.send("t", (0..1200).map(|n| (0, None, Some(format!(r#"{{"n":{n},"x":"{long}"}}"#)), now())));
    let folder = tempfile::tempdir().expect("a folder");
    let progress = Progress::new();
    let mut settings = cluster.settings();
    // Putting together such an answer may take it a while.
    settings["timeout_seconds"] = json!(60);
    let whole = settings.clone();
    let path = folder.path();
    let read = |settings: &Value, progress: &Progress| {
        let task =
            Task { progress, scratch: path, downloads: path, limit: None, state: None, replay: &[], merges: false };
        connect("kafka", settings).expect("a connection").read(&json!({"topic": "t"}), &task).map(drop)
    };
    read(&whole, &progress).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(progress.counts().rows, 1200);
    settings["properties"] = json!([{"name": "receive.message.max.bytes", "value": "60000000"}]);
    let error = read(&settings, &progress);
    let Err(error) = error else { panic!("an error") };
    assert_eq!((error.code, error.field.as_deref()), (Code::LimitExceeded, Some("properties")), "{error}");
    assert!(error.message.contains("120 MB"), "{error}");
    assert_helpful(&error, "an answer that is too large");
    // Killed in the middle of its answer, or behind it.
    let result = std::thread::scope(|scope| {
        let reading = scope.spawn(|| read(&whole, &Progress::new()));
        std::thread::sleep(Duration::from_millis(500));
        cluster.server.kill();
        reading.join().expect("no panic")
    });
    if let Err(error) = result {
        assert_eq!(error.code, Code::Unreachable, "{error}");
    }
}
