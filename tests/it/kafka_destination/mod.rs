//! Kafka as a destination: against a server of another make, and read back by the client's library as others would.

mod faults;
mod formats;
mod keys;
mod killed;
mod network;
mod refusals;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use polars::prelude::*;
use pulse_connect::{Fate, Severity, SyncMode};
use pulse_core::Code;
use pulse_tests::services::noida::Noida;
use pulse_tests::services::skipped;
use pulse_tests::{Seen, Sending, assert_helpful, consumer, write_messages};
use rdkafka::ClientConfig;
use rdkafka::consumer::Consumer;
use serde_json::{Value, json};

fn server() -> Noida {
    Noida::start(&["kafka"])
}

fn settings(server: &Noida) -> Value {
    json!({"brokers": server.address("kafka"), "tls": false, "timeout_seconds": 10})
}

fn sync(server: &Noida, topic: &str, mode: SyncMode, key: &[&str], frame: DataFrame) -> Sending {
    Sending::new(("kafka", &settings(server)), json!({"topic": topic}), mode, key, frame)
}

/// Every committed message of a topic, partition by partition.
fn messages(server: &Noida, topic: &str) -> Vec<Seen> {
    pulse_tests::messages(&server.address("kafka"), topic)
}

/// What a reader who takes the newest message of each key holds.
fn newest(server: &Noida, topic: &str) -> BTreeMap<String, Value> {
    pulse_tests::newest(&server.address("kafka"), topic)
}

/// Somebody else writes a message.
fn write(server: &Noida, topic: &str, key: &str) {
    write_messages(&server.address("kafka"), topic, [(key.to_owned(), Some("{}".to_owned()))]);
}

fn orders(numbers: std::ops::Range<i64>) -> DataFrame {
    let numbers: Vec<i64> = numbers.collect();
    df!(
        "id" => numbers.clone(),
        "item" => numbers.iter().map(|n| (n % 5 > 0).then(|| format!("item {n} \"é\""))).collect::<Vec<_>>(),
        "weight" => numbers.iter().map(|n| *n as f64 / 8.0).collect::<Vec<_>>(),
    )
    .expect("a frame")
}

#[test]
fn each_row_is_a_message_that_names_it() {
    if skipped() {
        return;
    }
    let server = server();
    let sync = sync(&server, "orders", SyncMode::Append, &["id"], orders(0..5000));
    let look = sync.outlet.preflight(&sync.target, &sync.outgoing, &sync.progress).expect("a look");
    assert!(look.target.contains("there is no topic `orders`; it is made"), "{}", look.target);
    assert!(look.findings.is_empty(), "{:?}", look.findings);
    assert_eq!(
        look.columns.iter().map(|column| column.type_word.as_str()).collect::<Vec<_>>(),
        ["number", "string", "number"]
    );
    assert_eq!(look.statements[1].text, "key: 0\nvalue: {\"id\":0,\"item\":null,\"weight\":0.0}");
    let written = sync.done();
    assert_eq!((written.rows, written.deleted), (5000, 0));

    let found = messages(&server, "orders");
    assert_eq!(found.len(), 5000);
    assert_eq!(found.iter().filter_map(Seen::row).collect::<BTreeSet<_>>().len(), 5000);
    let one = found.iter().find(|message| message.row() == Some(7)).expect("row 7");
    assert_eq!(one.json(), json!({"id": 7, "item": "item 7 \"é\"", "weight": 0.875}));
    let headers = ["pulse-run", "pulse-table", "pulse-version"].map(|name| one.headers[name].as_str());
    assert_eq!(headers, ["run-1", "silver.orders", "1"]);
    // As Java's clients: the murmur2 hash of the key, without its sign, modulo the partitions.
    for message in &found {
        let key = message.key.as_deref().expect("a key");
        assert_eq!(message.partition, (murmur2(key.as_bytes()) & 0x7fff_ffff) as i32 % 3, "{key}");
    }

    // The same rows once more are more messages, and the others are left alone.
    sync.next(2, SyncMode::Append, orders(0..10)).done();
    assert_eq!(messages(&server, "orders").len(), 5010);
}

/// The hash by which Kafka's clients in Java choose a partition.
fn murmur2(bytes: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    let mut hash = 0x9747_b28c ^ bytes.len() as u32;
    let mut chunks = bytes.chunks_exact(4);
    for chunk in &mut chunks {
        let mut k = u32::from_le_bytes(chunk.try_into().expect("four bytes")).wrapping_mul(M);
        k = (k ^ (k >> 24)).wrapping_mul(M);
        hash = hash.wrapping_mul(M) ^ k;
    }
    let rest = chunks.remainder();
    if !rest.is_empty() {
        rest.iter().enumerate().for_each(|(at, byte)| hash ^= u32::from(*byte) << (8 * at));
        hash = hash.wrapping_mul(M);
    }
    hash = (hash ^ (hash >> 13)).wrapping_mul(M);
    hash ^ (hash >> 15)
}

#[test]
fn a_topic_holds_the_newest_row_of_each_key() {
    if skipped() {
        return;
    }
    let server = server();
    let sync = sync(&server, "state", SyncMode::Upsert, &["id"], orders(0..1000));
    sync.done();
    assert_eq!(newest(&server, "state").len(), 1000);
    // Others put a key there, which a mirror deletes; what vanished here is deleted too.
    write(&server, "state", "foreign");
    let sync = sync.next(2, SyncMode::Mirror, orders(500..1500));
    let notes = sync.said(Severity::Notes);
    assert!(notes.iter().any(|note| note.contains("not among the rows are deleted")), "{notes:?}");
    let written = sync.done();
    assert_eq!((written.rows, written.deleted), (1000, 501));
    let held = newest(&server, "state");
    assert_eq!(held.len(), 1000);
    assert!(held.contains_key("1499") && !held.contains_key("499") && !held.contains_key("foreign"));

    // Only what changed; what was sent last is known, and what others wrote since is told.
    let mut sync =
        sync.next(3, SyncMode::Incremental, orders(1499..1510)).deleting(df!("id" => [500i64, 501]).unwrap());
    sync.outgoing.last_seen = Some(written.seen);
    assert!(sync.said(Severity::Notes).iter().all(|note| !note.contains("Others wrote")), "{:?}", sync.findings());
    let written = sync.done();
    assert_eq!((written.rows, written.deleted), (11, 2));
    let held = newest(&server, "state");
    assert_eq!((held.len(), held.contains_key("500"), held.contains_key("1509")), (1008, false, true));

    write(&server, "state", "again");
    let mut sync = sync.next(4, SyncMode::Upsert, orders(0..1));
    sync.outgoing.last_seen = Some(written.seen);
    assert!(
        sync.said(Severity::Notes).iter().any(|note| note.contains("Others wrote about 1 messages")),
        "drift is told"
    );
}

#[test]
fn a_topic_is_made_as_wanted_or_its_absence_explained() {
    if skipped() {
        return;
    }
    let server = server();
    let mut absent = sync(&server, "absent", SyncMode::Append, &[], orders(0..10));
    absent.target["create"] = false.into();
    assert!(absent.said(Severity::Stops)[0].contains("There is no topic `absent`"));
    let error = absent.attempt().expect_err("nothing to write to");
    assert_eq!((error.code, error.field.as_deref()), (Code::NotFound, Some("topic")));
    assert_helpful(&error, "a topic that is not there");

    let mut made = sync(&server, "made", SyncMode::Append, &[], orders(0..10));
    let wanted = json!({"partitions": 5, "replication_factor": 1, "config": {"cleanup.policy": "compact"}});
    made.outgoing.edits.insert("topic".into(), wanted.to_string());
    assert!(made.said(Severity::Stops)[0].contains("no key is chosen"), "a compacted topic needs a key");
    made.outgoing.key = vec!["id".into()];
    assert!(made.said(Severity::Stops).is_empty(), "{:?}", made.findings());
    made.done();
    let metadata =
        consumer(&server.address("kafka")).fetch_metadata(Some("made"), Duration::from_secs(10)).expect("the topic");
    assert_eq!(metadata.topics()[0].partitions().len(), 5);

    made.outgoing.edits.insert("topic".into(), json!({"partition": 5}).to_string());
    assert!(made.said(Severity::Stops)[0].contains("unknown field"), "{:?}", made.findings());
    let replaced = made.next(2, SyncMode::Replace, orders(0..1));
    assert_eq!(replaced.attempt().expect_err("a topic only grows").code, Code::Unsupported);
}

#[test]
fn rows_that_are_too_big_are_rejected_and_taken_after_a_fix() {
    if skipped() {
        return;
    }
    let server = server();
    let texts = ["small".to_owned(), "x".repeat(60_000), "fits".to_owned(), "y".repeat(70_000)];
    let rows = df!("id" => [0i64, 1, 2, 3], "text" => texts).expect("a frame");
    for (topic, transactional) in [("plain", false), ("transactions", true)] {
        let mut sync = sync(&server, topic, SyncMode::Append, &["id"], rows.clone());
        sync.target["transactional"] = transactional.into();
        let small = json!({"partitions": 1, "replication_factor": 1, "config": {"max.message.bytes": "50000"}});
        sync.outgoing.edits.insert("topic".into(), small.to_string());
        let written = sync.write();
        assert_eq!(written.rows, 2, "{topic}");
        let rejected = sync.journal.rejected();
        assert_eq!(rejected.iter().map(|(rows, _)| rows.start).collect::<Vec<_>>(), [1, 3], "{topic}");
        assert!(rejected[0].1.contains("too large"), "{rejected:?}");
        let verification = sync.verify(&written);
        assert!(verification.matched() && verification.note.contains("2 rows"), "{verification:?}");
        let rejects = sync.findings().into_iter().find(|finding| finding.severity == Severity::Rejects);
        assert_eq!(rejects.expect("the next preflight knows the topic").rows, 2);
        assert_eq!(messages(&server, topic).len(), 2);
    }
}
