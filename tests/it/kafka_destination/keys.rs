//! What a check finds before anything is sent: keys that name no row, and topics that do not fit; and who writes already.

use pulse_core::Error;
use pulse_rpc::Commands;
use pulse_rpc::types::{JobStarted, SyncDoc, SyncFrom, SyncPart, SyncStart};
use pulse_tests::{Space, make_topic};

use super::*;

#[test]
fn keys_that_name_no_row_stop_before_a_topic_is_made() {
    if skipped() {
        return;
    }
    let server = server();
    let rows = df!("id" => [Some(1i64), Some(2), None, Some(1), Some(2)], "n" => [0i64, 1, 2, 3, 4]).expect("a frame");
    for mode in [SyncMode::Upsert, SyncMode::Mirror, SyncMode::Incremental] {
        let mut sync = sync(&server, "keyed", mode, &["id"], rows.clone());
        let stops: Vec<_> = sync.findings().into_iter().filter(|f| f.severity == Severity::Stops).collect();
        let found: Vec<_> = stops.iter().map(|stop| (stop.column.as_str(), stop.rows, &stop.examples[..])).collect();
        let (missing, repeated) = ([(2, "null".to_owned())], [(3, "1".to_owned()), (4, "2".to_owned())]);
        assert_eq!(found, [("id", 1, &missing[..]), ("id", 4, &repeated[..])], "{mode:?}");
        assert!(stops.iter().all(|stop| stop.hint.len() > 10), "{mode:?}: {stops:?}");
        sync.outgoing.key.push("n".into());
        assert_eq!(sync.said(Severity::Stops).len(), 1, "{mode:?}: together they differ, but one has no value");
        sync.outgoing.key = vec!["gone".into()];
        assert!(sync.said(Severity::Stops)[0].contains("`gone` is not among the columns"), "{mode:?}");
        sync.outgoing.key.clear();
        assert!(sync.said(Severity::Stops).join(" ").contains("no key columns are chosen"), "{mode:?}");
    }
    let known = consumer(&server.address("kafka")).fetch_metadata(None, Duration::from_secs(10)).expect("an answer");
    assert!(known.topics().iter().all(|topic| topic.name() != "keyed"), "a check makes no topic");

    // Messages that are only appended may have the same key, or none.
    let sync = sync(&server, "log", SyncMode::Append, &["id"], rows);
    assert_eq!(sync.said(Severity::Stops), [""; 0]);
    sync.done();
    let mut keys: Vec<_> = messages(&server, "log").into_iter().map(|message| message.key).collect();
    keys.sort();
    let key = |text: &str| Some(text.to_owned());
    assert_eq!(keys, [None, key("1"), key("1"), key("2"), key("2")]);
}

#[test]
fn a_topic_that_is_there_must_fit() {
    if skipped() {
        return;
    }
    let server = server();
    make_topic(&server.address("kafka"), "compacted", 1, &[("cleanup.policy", "compact")]);
    make_topic(&server.address("kafka"), "kept", 1, &[("cleanup.policy", "delete")]);
    let said = |topic: &str, mode, key: &[&str]| {
        let sync = sync(&server, topic, mode, key, orders(0..10));
        (sync.said(Severity::Stops).join(" "), sync.said(Severity::Notes).join(" "))
    };
    let (stops, _) = said("compacted", SyncMode::Append, &[]);
    assert!(stops.contains("is compacted, which needs a key for each message"), "{stops}");
    for (topic, mode, key, note) in [
        ("compacted", SyncMode::Append, &["id"][..], ""),
        ("compacted", SyncMode::Upsert, &["id"], ""),
        ("kept", SyncMode::Append, &[], ""),
        ("kept", SyncMode::Upsert, &["id"], "keeps older messages with the same key"),
    ] {
        let (stops, notes) = said(topic, mode, key);
        assert_eq!(stops, "", "{topic} {mode:?}");
        assert!(notes.contains(note) && notes.is_empty() == note.is_empty(), "{topic} {mode:?}: {notes}");
    }
}

#[test]
fn two_syncs_to_one_topic_do_not_run_at_once() {
    if skipped() {
        return;
    }
    let server = server();
    let space = Space::new();
    space.connection("there", "kafka", &settings(&server));
    // The same cluster through another connection has the same topics.
    let mut also = settings(&server);
    also["brokers"] = format!(" {} ", server.address("kafka")).into();
    space.connection("also", "kafka", &also);
    space.import_text("orders.csv", "n,item\n1,tea\n2,rice\n", "bronze.orders");
    let save = |name: &str, connection: &str, topic: &str| {
        let from = SyncFrom::Table { table: "bronze.orders".into(), version: None };
        let target = json!({"topic": topic});
        let part = SyncPart { from, target, columns: Vec::new(), key: Vec::new(), edits: BTreeMap::new() };
        let doc = SyncDoc { name: name.into(), connection: connection.into(), parts: vec![part], ..SyncDoc::default() };
        let doc = SyncDoc { mode: pulse_rpc::types::SyncMode::Append, ..doc };
        space.engine.sync_save(doc).unwrap_or_else(|error| panic!("{error}"));
    };
    save("nightly", "there", "orders");
    save("weekly", "also", "orders ");
    save("other", "also", "others");
    let start = |name: &str| space.engine.sync_start(SyncStart { id: name.into(), anew: false });
    let must = |started: Result<JobStarted, Error>| {
        let result = started.and_then(|started| space.result(&started));
        assert_eq!(result.unwrap_or_else(|error| panic!("{error}"))["matched"], true);
    };
    // Nothing answers, so that the first one waits in the middle.
    server.sleep();
    let first = start("nightly");
    let error = start("weekly").expect_err("refused");
    let again = start("nightly").expect_err("refused as well");
    let apart = start("other");
    server.wake();
    assert_eq!((error.code, again.code), (Code::Conflict, Code::Conflict), "{error} {again}");
    assert!(error.message.contains("nightly"), "the first is named: {error}");
    assert_helpful(&error, "a second sync");
    must(first);
    must(apart);
    must(start("weekly"));
    let runs: BTreeSet<_> = messages(&server, "orders").iter().map(|m| m.headers["pulse-run"].clone()).collect();
    assert_eq!((messages(&server, "orders").len(), runs.len()), (4, 2), "each wrote its rows");
}
