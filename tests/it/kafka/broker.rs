//! What only some clusters do: TLS, a sign-in, transactions, compaction, deletion, and answers that are broken.

use pulse_core::{Code, Error};
use pulse_tests::services::kafka::{Batch, Broker, Fault, Kind, Log, Mechanism, Security};
use pulse_tests::services::skipped;
use pulse_tests::{Connected, assert_helpful};
use serde_json::{Value, json};

const PASSWORD: &str = "hunter22-is-secret";
const OPEN: Security = Security { tls: false, user: None };

/// The settings for a broker with some of them changed.
fn settings(broker: &Broker, changes: &Value) -> Value {
    let mut settings = json!({"brokers": broker.address(), "tls": false, "timeout_seconds": 5});
    for (name, value) in changes.as_object().expect("an object") {
        settings[name] = value.clone();
    }
    settings
}

fn connected(broker: &Broker, changes: &Value) -> Connected {
    Connected::open("kafka", &settings(broker, changes))
}

/// A broker whose topic `t` has these partitions.
fn holding(partitions: Vec<Log>) -> Broker {
    let broker = Broker::start(OPEN);
    broker.hold("t", partitions);
    broker
}

/// The numbers that a selection reads, in order, and what is remembered.
fn read(broker: &Broker, selection: &Value, state: Option<&Value>) -> Result<(Vec<i64>, Value), Error> {
    let got = connected(broker, &json!({})).read_on(selection, state)?;
    let number = |line: &String| serde_json::from_str::<Value>(line).expect("JSON")["n"].as_i64().expect("a number");
    let mut numbers: Vec<i64> = got.lines.iter().map(number).collect();
    numbers.sort_unstable();
    Ok((numbers, got.fetched.state.expect("a state")["partitions"].clone()))
}

fn all(broker: &Broker) -> (Vec<i64>, Value) {
    read(broker, &json!({"topic": "t"}), None).unwrap_or_else(|error| panic!("{error}"))
}

fn failure(broker: &Broker) -> Error {
    let Err(error) = read(broker, &json!({"topic": "t"}), None) else { panic!("an error") };
    assert_helpful(&error, "a topic that cannot be read");
    error
}

fn plain(first: i64, last: i64) -> Batch {
    Batch::of(Kind::Plain, first, last)
}

#[test]
fn tls_is_verified_unless_that_is_switched_off() {
    if skipped() {
        return;
    }
    let broker = Broker::start(Security { tls: true, user: None });
    broker.hold("t", vec![Log::of(vec![plain(0, 9)])]);
    let ca = json!(broker.authority());
    for (changes, said) in [
        (json!({"tls": true, "ca_file": ca}), "as nobody, over TLS"),
        (json!({"tls": true, "verify_tls": false}), "as nobody, over TLS, not verified"),
    ] {
        let connected = connected(&broker, &changes);
        let (steps, error) = connected.check();
        assert!(error.is_none(), "{changes}: {error:?}");
        assert_eq!((steps[2].name.as_str(), steps[2].detail.as_str()), ("Sign in", said));
        let got = connected.read(&json!({"topic": "t"})).unwrap_or_else(|error| panic!("{changes}: {error}"));
        assert_eq!(got.rows(), 10);
    }
    let elsewhere = broker.address().replace("localhost", "127.0.0.1");
    let open = holding(vec![Log::of(vec![plain(0, 0)])]);
    for (changes, field) in [
        (json!({"tls": true}), "ca_file"),
        (json!({"tls": true, "ca_file": broker.stranger()}), "ca_file"),
        (json!({"tls": true, "ca_file": ca, "brokers": elsewhere}), "ca_file"),
        (json!({"tls": false}), "tls"),
        (json!({"tls": true, "ca_file": ca, "brokers": open.address()}), "tls"),
    ] {
        let connected = connected(&broker, &changes);
        let (steps, error) = connected.check();
        let error = error.unwrap_or_else(|| panic!("{changes} passed"));
        assert_eq!(steps.last().expect("a step").name, "Sign in", "{changes}");
        assert_eq!((error.code, error.field.as_deref()), (Code::Unreachable, Some(field)), "{changes}: {error}");
        assert_helpful(&error, &changes.to_string());
        let read = connected.read(&json!({"topic": "t"})).err().expect("an error");
        assert_eq!((read.code, read.field.as_deref()), (Code::Unreachable, Some(field)), "{changes}: {read}");
    }
}

#[test]
fn who_signs_in_wrongly_is_told_so() {
    if skipped() {
        return;
    }
    let ways = [
        (Mechanism::Plain, "plain", true),
        (Mechanism::ScramSha256, "scram_sha_256", false),
        (Mechanism::ScramSha512, "scram_sha_512", true),
    ];
    for (mechanism, name, tls) in ways {
        let broker = Broker::start(Security { tls, user: Some((mechanism, "anna", PASSWORD)) });
        broker.hold("t", vec![Log::of(vec![plain(0, 9)])]);
        let right = json!({"sign_in": name, "username": "anna", "password": PASSWORD, "tls": tls,
                           "ca_file": if tls { json!(broker.authority()) } else { json!("") }});
        let changed = |name: &str, value: &str| {
            let mut settings = right.clone();
            settings[name] = json!(value);
            settings
        };
        let connected_as_anna = connected(&broker, &right);
        let (steps, error) = connected_as_anna.check();
        assert!(error.is_none(), "{name}: {error:?}");
        assert!(steps[2].detail.starts_with("as anna, "), "{name}: {}", steps[2].detail);
        assert_eq!(connected_as_anna.read(&json!({"topic": "t"})).expect("rows").rows(), 10);
        let other = if name == "plain" { "scram_sha_256" } else { "plain" };
        for (changes, code, field) in [
            (changed("password", "wrong-one-too"), Code::PermissionDenied, "password"),
            (changed("password", ""), Code::InvalidInput, "password"),
            (changed("username", "otto"), Code::PermissionDenied, "password"),
            (changed("sign_in", other), Code::PermissionDenied, "password"),
            (changed("sign_in", "none"), Code::Unreachable, "tls"),
        ] {
            let (_, error) = connected(&broker, &changes).check();
            let error = error.unwrap_or_else(|| panic!("{changes} passed"));
            let shown = format!("{error} {:?}", error.hint);
            assert!(!shown.contains(PASSWORD) && !shown.contains("wrong-one-too"), "{shown}");
            assert_eq!((error.code, error.field.as_deref()), (code, Some(field)), "{name} {changes}: {error}");
            assert_helpful(&error, &changes.to_string());
        }
    }
}

/// Two transactions of each of two producers, interleaved; what producer 7 did first and producer 8 did last is void.
fn transactions() -> Log {
    let mut log = Log::of(vec![
        plain(0, 1),
        Batch::of(Kind::Transaction(7), 2, 4),
        Batch::of(Kind::Transaction(8), 5, 6),
        Batch::of(Kind::Transaction(7), 7, 7),
        Batch::mark(Kind::Abort(7), 8),
        plain(9, 9),
        Batch::mark(Kind::Commit(8), 10),
        Batch::of(Kind::Transaction(7), 11, 12),
        Batch::of(Kind::Transaction(8), 13, 14),
        Batch::mark(Kind::Commit(7), 15),
        Batch::mark(Kind::Abort(8), 16),
    ]);
    log.aborted = vec![(7, 2, 8), (8, 13, 16)];
    log
}

#[test]
fn aborted_transactions_leave_no_rows() {
    if skipped() {
        return;
    }
    let committed = vec![0, 1, 5, 6, 9, 11, 12];
    let broker = holding(vec![transactions()]);
    let connected = connected(&broker, &json!({}));
    let got = connected.read(&json!({"topic": "t"})).expect("rows");
    assert_eq!(got.rows(), committed.len());
    let log = connected.progress.counts();
    assert_eq!(log.rows, committed.len() as u64);
    assert_eq!(all(&broker), (committed.clone(), json!({"0": 17})));
    // In pieces: between the messages of a transaction, and in the middle of void ones.
    let (mut state, mut numbers) = (json!({"partitions": {"0": 0}}), Vec::new());
    let limited = json!({"topic": "t", "max_messages": 2});
    for expected in [2, 2, 2, 1, 0] {
        let (some, next) = read(&broker, &limited, Some(&state)).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(some.len(), expected, "{numbers:?} {next}");
        numbers.extend(some);
        state = json!({"partitions": next});
    }
    assert_eq!((numbers, state), (committed, json!({"partitions": {"0": 17}})));
    let void = json!({"topic": "t", "from": "offsets", "offsets": [{"partition": 0, "offset": 3}],
        "to": "offsets", "to_offsets": [{"partition": 0, "offset": 5}]});
    assert_eq!(read(&broker, &void, None).expect("nothing"), (vec![], json!({"0": 5})));
}

#[test]
fn a_transaction_that_is_open_is_read_when_it_is_settled() {
    if skipped() {
        return;
    }
    let mut log = transactions();
    log.batches.extend([plain(17, 17), Batch::of(Kind::Transaction(7), 18, 19), plain(20, 21)]);
    (log.end, log.stable) = (22, 18);
    let broker = holding(vec![log.clone()]);
    let (numbers, next) = all(&broker);
    assert_eq!((numbers.last(), &next), (Some(&17), &json!({"0": 18})));
    let state = json!({"partitions": next});
    let more = |state: &Value| read(&broker, &json!({"topic": "t"}), Some(state)).expect("rows");
    assert_eq!(more(&state), (vec![], json!({"0": 18})));
    log.batches.push(Batch::mark(Kind::Commit(7), 22));
    (log.end, log.stable) = (23, 23);
    broker.hold("t", vec![log]);
    assert_eq!(more(&state), (vec![18, 19, 20, 21], json!({"0": 23})));
}

#[test]
fn compacted_messages_are_no_reason_to_wait() {
    if skipped() {
        return;
    }
    let left = |first, last, left: &[i64]| Batch::compacted(Kind::Plain, first, last, left);
    // Gaps before, in and between batches; batches of which nothing is left, in the middle and at the end, where brokers
    // keep the empty batch; a mark alone at the end.
    let gaps = Log::of(vec![
        left(3, 9, &[4, 8]),
        left(20, 29, &[]),
        left(35, 39, &[35, 36]),
        left(50, 59, &[51]),
        left(60, 69, &[]),
    ]);
    let mut marked = Log::of(vec![left(0, 4, &[1]), Batch::mark(Kind::Commit(7), 9)]);
    marked.start = 1;
    let nothing = Log { start: 30, end: 30, stable: 30, ..Log::default() };
    let void = Log::of(vec![left(0, 9, &[])]);
    let broker = holding(vec![gaps, marked, nothing, void]);
    let (numbers, next) = all(&broker);
    assert_eq!((numbers, next), (vec![1, 4, 8, 35, 36, 51], json!({"0": 70, "1": 10, "2": 30, "3": 10})));
    let place = |offset: i64| json!([{"partition": 0, "offset": offset}]);
    let rest: Vec<Value> = (1..4)
        .map(|partition| json!({"partition": partition, "offset": if partition == 2 { 30 } else { 1 }}))
        .collect();
    for (from, to, expected) in
        [(5, 8, vec![]), (5, 9, vec![8]), (10, 34, vec![]), (10, 36, vec![35]), (37, 50, vec![]), (52, 70, vec![])]
    {
        let mut ends = rest.clone();
        ends.extend(place(to).as_array().cloned().unwrap_or_default());
        let selection =
            json!({"topic": "t", "from": "offsets", "offsets": place(from), "to": "offsets", "to_offsets": ends});
        let (numbers, next) = read(&broker, &selection, None).unwrap_or_else(|error| panic!("{from} to {to}: {error}"));
        assert_eq!((numbers, &next["0"]), (expected, &json!(to)), "{from} to {to}");
    }
}

#[test]
fn an_offset_that_is_gone_is_named() {
    if skipped() {
        return;
    }
    let mut log = Log::of(vec![plain(0, 9), plain(10, 19)]);
    log.start = 10;
    let broker = holding(vec![log]);
    assert_eq!(all(&broker).0, (10..20).collect::<Vec<_>>());
    for (offset, code) in [(0, Code::InvalidInput), (9, Code::InvalidInput), (21, Code::InvalidInput)] {
        let selection = json!({"topic": "t", "from": "offsets", "offsets": [{"partition": 0, "offset": offset}]});
        let Err(error) = read(&broker, &selection, None) else { panic!("an error") };
        assert_eq!((error.code, error.field.as_deref()), (code, Some("offsets")), "{error}");
        assert!(error.message.contains("it holds 10 to 19"), "{error}");
        assert_helpful(&error, "an offset");
    }
    // Deleted between the look at the topic and the read.
    broker.fail(Fault::Expire(15));
    let error = failure(&broker);
    assert_eq!(error.code, Code::NotFound, "{error}");
    assert!(error.message.contains("deleted while they were read"), "{error}");
}

#[test]
fn what_breaks_on_the_way_is_not_taken_for_damage() {
    if skipped() {
        return;
    }
    let log = |partition: i64| {
        Log::of((0..20).map(|n| plain(partition * 100 + n * 5, partition * 100 + n * 5 + 4)).collect())
    };
    let mut logs: Vec<Log> = (0..3).map(log).collect();
    for (log, start) in logs.iter_mut().zip([0, 100, 200]) {
        log.start = start;
    }
    let broker = holding(logs);
    let whole = ((0..300).collect::<Vec<i64>>(), json!({"0": 100, "1": 200, "2": 300}));
    for fault in [Fault::Flip(1, 1), Fault::Tear(1), Fault::Tear(3), Fault::Flip(0, 2), Fault::Flip(2, 1)] {
        broker.fail(fault);
        assert_eq!(all(&broker), whole, "{fault:?}");
    }
    broker.fail(Fault::Flip(1, u32::MAX));
    let error = failure(&broker);
    assert_eq!(error.code, Code::Damaged, "{error}");
    assert!(error.message.contains("Partition 1 of `t` cannot be read at offset 1"), "{error}");
    broker.fail(Fault::Tear(u32::MAX));
    assert_eq!(failure(&broker).code, Code::Unreachable);
}
