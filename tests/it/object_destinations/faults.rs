//! What can go wrong on the way, and that a run goes on afterwards.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use super::*;
use pulse_core::{Code, Error};
use pulse_rpc::Commands;
use pulse_rpc::types::{SyncDoc, SyncFrom, SyncPart, SyncStart};
use pulse_tests::services::azurite::Azurite;
use pulse_tests::services::front::passed_on;
use pulse_tests::services::http::{Answer, Asked, HttpServer};
use pulse_tests::services::moto::Moto;
use pulse_tests::services::proxy::{Break, Proxy};
use pulse_tests::services::skipped;
use pulse_tests::services::tls::Tls;
use pulse_tests::{Space, assert_helpful};

/// Rows for several files of one megabyte.
fn many() -> DataFrame {
    numbers(0, 300_000)
}

/// Sends until something ends it; `then` happens once a first file is there.
fn ended(sending: &Sending, frame: &DataFrame, journal: &Memory, then: impl FnOnce()) -> Error {
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| sending.try_send(frame, journal).expect_err("it is ended"));
        while sending.progress.counts().rows < 50_000 && !writer.is_finished() {
            std::thread::sleep(Duration::from_millis(1));
        }
        then();
        writer.join().unwrap()
    })
}

/// Goes on, and finds every row there.
fn goes_on(sending: &mut Sending, frame: &DataFrame, journal: &Memory) -> Written {
    sending.progress = Progress::new();
    let written = sending.try_send(frame, journal).unwrap_or_else(|error| panic!("it goes on: {error}"));
    assert_eq!(journal.rows(Fate::Delivered), Ranges::all(frame.height() as u64));
    let verified = sending.verify(frame, &written);
    assert!(verified.matched() && verified.comparisons.len() > 2, "{verified:#?}");
    written
}

#[test]
fn a_server_that_is_killed_and_started_again_gets_the_rest() {
    if skipped() {
        return;
    }
    let mut azurite = Azurite::new();
    azurite.container("data");
    // It writes its list of blobs every five seconds.
    std::thread::sleep(Duration::from_secs(6));
    let mut moto = Moto::with_bucket("data");
    for format in ["delta", "parquet"] {
        let target = json!({"path": format, "format": format, "file_megabytes": 1});
        let (frame, journal) = (many(), Memory::default());
        let mut sending = Sending::new("azure", &azurite.settings("data"), target.clone());
        let error = ended(&sending, &frame, &journal, || azurite.kill());
        assert_eq!(error.code, Code::Unreachable, "{error}");
        assert_helpful(&error, "a killed server");
        azurite.restart();
        goes_on(&mut sending, &frame, &journal);

        // This one has forgotten what it took when it comes back.
        let journal = Memory::default();
        let mut sending = Sending::new("s3", &moto.settings("data"), target);
        let error = ended(&sending, &frame, &journal, || moto.kill());
        assert_eq!(error.code, Code::Unreachable, "{error}");
        moto.restart();
        let error = sending.try_send(&frame, &journal).expect_err("the bucket is gone");
        assert!(error.code == Code::NotFound && error.field.as_deref() == Some("bucket"), "{error}");
        moto.bucket("data");
        goes_on(&mut sending, &frame, &journal);
    }
}

type Given = fn() -> Answer;

fn xml(status: u16, code: &str, message: &str) -> Answer {
    let text = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>{message}</Message></Error>");
    Answer::of("application/xml", text).with_status(status)
}

#[test]
fn a_right_that_is_revoked_and_a_store_that_is_full_end_a_run_that_goes_on_later() {
    if skipped() {
        return;
    }
    let (moto, azurite) = (Moto::with_bucket("data"), Azurite::new());
    azurite.container("data");
    let cases: [(&str, &str, Given, Code, &str); 5] = [
        ("s3", "delta", || xml(403, "AccessDenied", "Access Denied"), Code::PermissionDenied, "refuses access"),
        ("s3", "parquet", || xml(507, "XMinioStorageFull", "Storage reached its minimum"), Code::DiskFull, "no space"),
        ("s3", "csv", || xml(403, "QuotaExceeded", "The quota is used up"), Code::DiskFull, "no space left"),
        ("azure", "delta", || xml(403, "AuthorizationPermissionMismatch", "Not so"), Code::PermissionDenied, "Azure"),
        ("azure", "parquet", || xml(507, "InsufficientStorage", "The account is full"), Code::DiskFull, "no space"),
    ];
    for (kind, format, given, code, words) in cases {
        // How many requests that write are allowed before it happens.
        for allowed in [0, 3, 5] {
            let left = Arc::new(AtomicUsize::new(allowed));
            let (port, mut settings) = match kind {
                "s3" => (moto.port(), moto.settings("data")),
                _ => (azurite.port(), azurite.settings("data")),
            };
            let counter = Arc::clone(&left);
            let front = HttpServer::before(port, move |asked| {
                let is_allowed =
                    asked.method != "PUT" || counter.fetch_update(SeqCst, SeqCst, |n| n.checked_sub(1)).is_ok();
                (!is_allowed).then(given)
            });
            let before = settings["endpoint"].as_str().unwrap().to_owned();
            settings["endpoint"] = json!(before.replace(&port.to_string(), &front.address().port().to_string()));
            let target = json!({"path": format!("{kind}/{format}/{allowed}"), "format": format, "file_megabytes": 1});
            let mut sending = Sending::new(kind, &settings, target);
            let (frame, journal) = (many(), Memory::default());
            let error = sending.try_send(&frame, &journal).expect_err("it is refused");
            assert_eq!(error.code, code, "{kind} {format}: {error}");
            assert!(error.message.contains(words), "{error}");
            assert_helpful(&error, "a refusal");
            assert_eq!(journal.receipts(), [], "nothing is said to be there");
            left.store(usize::MAX, SeqCst);
            goes_on(&mut sending, &frame, &journal);
            let is_data = |asked: &Asked| asked.method == "PUT" && asked.path.contains("/part-");
            let mut put: Vec<String> = front.asked().into_iter().filter(is_data).map(|asked| asked.path).collect();
            let all = put.len();
            put.sort();
            put.dedup();
            let retried = all - put.len();
            // What the store took is not sent again; what it refused is, a few times where it seems to be ill.
            assert!(put.len() >= 3 && retried <= 5, "{kind} {format} {allowed}: {all} puts of {} files", put.len());
        }
    }
}

#[test]
fn a_commit_whose_answer_is_lost_is_made_once() {
    if skipped() {
        return;
    }
    let moto = Moto::with_bucket("data");
    let port = moto.port();
    for format in ["delta", "parquet"] {
        let loses = Arc::new(AtomicBool::new(false));
        let lost = Arc::clone(&loses);
        let front = HttpServer::before(port, move |asked| {
            let is_commit = asked.path.contains("/_delta_log/0") || asked.path.ends_with("/manifest.json");
            (asked.method == "PUT" && is_commit && lost.swap(false, SeqCst)).then(|| {
                assert!(passed_on(port, asked).is_good(), "the store takes it");
                Answer::status(500).reset()
            })
        });
        let mut settings = moto.settings("data");
        settings["endpoint"] = json!(front.url(""));
        let target = json!({"path": format, "format": format});
        let mut sending = Sending::new("s3", &settings, target);
        for at in 0..3 {
            loses.store(true, SeqCst);
            let (frame, journal) = (numbers(at * 10, 10), Memory::default());
            let first = sending.try_send(&frame, &journal);
            assert!(!loses.load(SeqCst), "{format}: an answer was lost");
            if let Err(error) = first {
                assert_eq!(error.code, Code::Unreachable, "{error}");
            }
            goes_on(&mut sending, &frame, &journal);
            sending.next(SyncMode::Append);
        }
        let script = match format {
            "delta" => {
                "from deltalake import DeltaTable\nt = DeltaTable('s3://data/delta', storage_options=options)\nprint(json.dumps([t.version(), len(t.to_pyarrow_table())]))"
            }
            _ => {
                "m = json.loads(s3.get_object(Bucket='data', Key='parquet/_cloud_pulse/manifest.json')['Body'].read())\nprint(json.dumps([len(m['files']) - 1, m['rows']]))"
            }
        };
        let counted: Value = serde_json::from_str(&moto.python(script, &[])).unwrap();
        assert_eq!(counted, json!([2, 30]), "{format}: three commits, each row once");
    }
}

#[test]
fn a_checkpoint_that_cannot_be_put_is_a_warning() {
    if skipped() {
        return;
    }
    let moto = Moto::with_bucket("data");
    let front = HttpServer::before(moto.port(), |asked| {
        let is_checkpoint = asked.method == "PUT" && asked.path.contains(".checkpoint.");
        is_checkpoint.then(|| xml(403, "AccessDenied", "Access Denied"))
    });
    let mut settings = moto.settings("data");
    settings["endpoint"] = json!(front.url(""));
    let mut sending = Sending::new("s3", &settings, json!({"path": "t"}));
    for at in 0..10 {
        assert_eq!(sending.send(&numbers(at, 1)).warnings, [""; 0]);
        sending.next(SyncMode::Append);
    }
    let warnings = sending.send(&numbers(10, 1)).warnings;
    assert!(warnings[0].contains("no checkpoint") && warnings[0].contains("refuses access"), "{warnings:?}");
    sending.next(SyncMode::Append);
    sending.send(&numbers(11, 1));
    let script = "from deltalake import DeltaTable\nprint(len(DeltaTable('s3://data/t', storage_options=options).to_pyarrow_table()))";
    assert_eq!(moto.python(script, &[]).trim(), "12");
}

#[test]
fn a_slow_network_is_waited_for() {
    if skipped() {
        return;
    }
    let moto = Moto::with_bucket("data");
    let proxy = Proxy::start(moto.port());
    let mut settings = moto.settings("data");
    settings["endpoint"] = json!(format!("http://127.0.0.1:{}", proxy.port()));
    let frame = many();
    for format in ["delta", "csv"] {
        let mut sending = Sending::new("s3", &settings, json!({"path": format, "format": format, "file_megabytes": 1}));
        std::thread::scope(|scope| {
            let (sending, frame) = (&mut sending, &frame);
            let writer = scope.spawn(move || sending.send(frame));
            let mut stalls = 0;
            while !writer.is_finished() {
                // The server's answers come in drops of some hundred bytes.
                proxy.break_after(700, Break::Stall);
                std::thread::sleep(Duration::from_millis(120));
                proxy.mend();
                std::thread::sleep(Duration::from_millis(5));
                stalls += 1;
            }
            writer.join().unwrap();
            assert!(stalls > 10, "{format}: {stalls}");
        });
    }
}

#[test]
fn a_wrong_certificate_ends_it_before_a_row_is_sent() {
    if skipped() {
        return;
    }
    let moto = Moto::with_bucket("data");
    let tls = Tls::before(moto.port());
    let mut settings = moto.settings("data");
    settings["endpoint"] = json!(format!("https://localhost:{}", tls.port()));
    settings["allow_http"] = json!(false);
    let frame = numbers(0, 10);
    let sending = Sending::new("s3", &settings, json!({"path": "t"}));
    let outgoing = sending.outgoing(&frame, &Memory::default());
    let told = sending.outlet.preflight(&sending.target, &outgoing, &Progress::new()).unwrap_err();
    let error = sending.try_send(&frame, &Memory::default()).unwrap_err();
    for error in [told, error] {
        assert_eq!((error.code, error.field.as_deref()), (Code::Unreachable, Some("verify_tls")), "{error}");
        assert!(error.message.contains("no trusted TLS connection"), "{error}");
        assert_helpful(&error, "a wrong certificate");
    }
    let count = "print(s3.list_objects_v2(Bucket='data')['KeyCount'])";
    assert_eq!(moto.python(count, &[]).trim(), "0", "nothing was sent");
    settings["verify_tls"] = json!(false);
    Sending::new("s3", &settings, json!({"path": "t"})).send(&frame);
}

#[test]
fn two_syncs_to_one_target_do_not_run_at_once() {
    if skipped() {
        return;
    }
    let moto = Moto::with_bucket("data");
    let (holds, seen) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicBool::new(false)));
    let (held, told) = (Arc::clone(&holds), Arc::clone(&seen));
    let front = HttpServer::before(moto.port(), move |asked| {
        if asked.method == "PUT" && asked.path.contains("/part-") {
            told.store(true, SeqCst);
            while held.load(SeqCst) {
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        None
    });
    let mut settings = moto.settings("data");
    settings["endpoint"] = json!(front.url(""));
    let space = Space::new();
    space.connection("there", "s3", &settings);
    // The same bucket through another connection is the same target.
    space.connection("also", "s3", &moto.settings("data"));
    space.import_text("orders.csv", "n,item\n1,tea\n2,rice\n", "bronze.orders");
    let save = |name: &str, connection: &str, path: &str| {
        let from = SyncFrom::Table { table: "bronze.orders".into(), version: None };
        let target = json!({"path": path});
        let part = SyncPart { from, target, columns: Vec::new(), key: Vec::new(), edits: BTreeMap::new() };
        let doc = SyncDoc { name: name.into(), connection: connection.into(), parts: vec![part], ..SyncDoc::default() };
        space.engine.sync_save(doc).unwrap_or_else(|error| panic!("{error}"));
    };
    save("nightly", "there", "lake/orders");
    save("weekly", "also", "lake/orders/");
    save("other", "also", "lake/others");
    let start = |name: &str| space.engine.sync_start(SyncStart { id: name.into(), anew: false });
    let first = start("nightly").unwrap_or_else(|error| panic!("{error}"));
    let began = Instant::now();
    while !seen.load(SeqCst) {
        assert!(began.elapsed() < Duration::from_secs(30), "the first begins");
        std::thread::sleep(Duration::from_millis(10));
    }
    let error = start("weekly").expect_err("refused");
    assert_eq!(error.code, Code::Conflict, "{error}");
    assert!(error.message.contains("nightly"), "the first is named: {error}");
    assert_eq!(start("nightly").expect_err("it runs").code, Code::Conflict);
    let apart = start("other").and_then(|started| space.result(&started));
    holds.store(false, SeqCst);
    apart.unwrap_or_else(|error| panic!("another target is free: {error}"));
    space.result(&first).unwrap_or_else(|error| panic!("{error}"));
    let second = start("weekly").and_then(|started| space.result(&started));
    assert_eq!(second.unwrap_or_else(|error| panic!("{error}"))["matched"], true);
}
