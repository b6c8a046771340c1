//! Runs that are interrupted, and what they leave.

use std::process::Stdio;
use std::time::{Duration, Instant};

use super::*;
use pulse_core::Code;
use pulse_tests::services::Process;
use pulse_tests::services::moto::Moto;
use pulse_tests::services::proxy::{Break, Proxy};
use pulse_tests::services::skipped;
use pulse_tests::services::small_disk::SmallDisk;
use pulse_tests::{Numbers, Space, assert_helpful, done_runs, error_of, one_document, pulse_command, pulse_json};

use super::killed::{COUNT, ROWS, workspace};

/// Fails at every note and goes on, until it is through; how often it failed.
fn with_failures(sending: &Sending, frame: &DataFrame) -> i64 {
    let journal = Memory::default();
    for failures in 0..100 {
        journal.fail_after(1);
        match sending.try_send(frame, &journal) {
            Ok(written) => {
                journal.fail_after(i64::MAX);
                assert_eq!(journal.rows(Fate::Delivered), Ranges::all(frame.height() as u64));
                let verified = sending.verify(frame, &written);
                assert!(verified.matched(), "{verified:#?}");
                return failures;
            }
            Err(error) => assert!(error.message.contains("the test says so"), "{error}"),
        }
    }
    panic!("it never comes to an end");
}

#[test]
fn an_interrupted_run_goes_on_and_commits_once() {
    let place = tempfile::tempdir().unwrap();
    for format in ["delta", "parquet", "csv"] {
        let target = json!({"path": format, "format": format, "file_megabytes": 1});
        let mut sending = Sending::new("folder", &json!({"folder": place.path()}), target);
        let frame = numbers(0, 400_000);
        let failures = with_failures(&sending, &frame);
        assert!(failures >= 3, "{format}: {failures}");
        let names = |ending: &str| {
            let all = std::fs::read_dir(place.path().join(format)).unwrap();
            all.filter(|entry| entry.as_ref().unwrap().file_name().to_str().unwrap().ends_with(ending)).count()
        };
        let files = names(if format == "csv" { ".csv" } else { ".parquet" });
        // The same run again: it is known to be done.
        let again = sending.try_send(&frame, &Memory::default()).unwrap();
        assert_eq!(again.bytes, 0, "{format}: nothing is put twice");
        if format == "delta" {
            let commits = std::fs::read_dir(place.path().join("delta/_delta_log")).unwrap().count();
            assert_eq!(commits, 1, "one commit");
            assert_eq!(read_delta(&place.path().join("delta"))["files"], json!(files));
        }
        // A run that is given up leaves nothing behind.
        sending.next(SyncMode::Append);
        let journal = Memory::default();
        journal.fail_after(1);
        sending.try_send(&frame, &journal).unwrap_err();
        assert!(names("") > files + 1, "{format}: it had put something");
        sending.next(SyncMode::Append);
        sending.send(&numbers(400_000, 10));
        let ending = if format == "csv" { ".csv" } else { ".parquet" };
        assert_eq!(names(ending), files + 1, "{format}: what was given up is gone");
        // An earlier run that comes back after a later one is told so.
        sending.sequence = 1;
        let journal = Memory::default();
        let late = sending.try_send(&frame, &journal).unwrap();
        assert_eq!((late.rows, journal.rows(Fate::Superseded).count()), (0, 400_000), "{format}");
    }
}

#[test]
fn a_connection_that_is_cut_is_gone_on_with() {
    if skipped() {
        return;
    }
    let moto = Moto::with_bucket("data");
    let proxy = Proxy::start(moto.port());
    let mut settings = moto.settings("data");
    settings["endpoint"] = json!(format!("http://127.0.0.1:{}", proxy.port()));
    let frame = numbers(0, 200_000);
    for format in ["delta", "parquet"] {
        let target = json!({"path": format, "format": format, "file_megabytes": 1});
        let sending = Sending::new("s3", &settings, target);
        let journal = Memory::default();
        let mut cuts = 0;
        for bytes in (0..30u64).map(|at| 400 + at * 900) {
            proxy.break_after(bytes, Break::Cut);
            match sending.try_send(&frame, &journal) {
                Ok(_) => break,
                Err(error) => assert_eq!(error.code, Code::Unreachable, "{error}"),
            }
            proxy.mend();
            cuts += 1;
        }
        proxy.mend();
        let written = sending.try_send(&frame, &journal).unwrap_or_else(|error| panic!("{error}"));
        assert!(cuts >= 2, "{format}: {cuts}");
        let verified = sending.verify(&frame, &written);
        assert!(verified.matched(), "{verified:#?}");
    }
}

/// The machine sleeps while the network goes away, at instants all over a run.
#[test]
fn a_machine_that_falls_asleep_goes_on_when_it_wakes() {
    if skipped() {
        return;
    }
    let moto = Moto::with_bucket("data");
    let proxy = Proxy::start(moto.port());
    let mut settings = moto.settings("data");
    settings["endpoint"] = json!(format!("http://127.0.0.1:{}", proxy.port()));
    let space = Space::new();
    space.connection("there", "s3", &settings);
    let rows: String = (0..120_000).map(|n| format!("{n},item {n}\n")).collect();
    space.import_text("orders.csv", format!("n,item\n{rows}"), "bronze.orders");
    let (root, guard) = space.close();
    let save = ["sync", "orders", "--to", "there", "--table", "bronze.orders", "--mode", "append"];
    assert_eq!(pulse_json(&root, &[&save[..], &["--set", "file_megabytes=1"]].concat()).0, 0);
    let began = Instant::now();
    assert_eq!(pulse_json(&root, &["sync", "orders"]).0, 0);
    let whole = u64::try_from(began.elapsed().as_millis()).unwrap();
    let (mut failed, mut instants) = (0, Numbers::new(41));
    for _ in 0..6 {
        let mut command = pulse_command(&root, &["sync", "orders"]);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("pulse starts");
        let mut child = Process::running(child);
        std::thread::sleep(Duration::from_millis(whole / 4 + instants.below(whole / 2)));
        child.sleep();
        proxy.break_after(0, Break::Cut);
        std::thread::sleep(Duration::from_secs(2));
        proxy.mend();
        child.wake();
        failed += usize::from(!child.succeeds());
    }
    let (code, document) = pulse_json(&root, &["sync", "orders"]);
    assert_eq!((code, &document["result"]["matched"]), (0, &json!(true)), "{document}");
    let done = done_runs(&root, "orders");
    let count = "from deltalake import DeltaTable\nt = DeltaTable('s3://data/orders', storage_options=options).to_pyarrow_table()\nprint(json.dumps([len(t), len(set(t['n'].to_pylist()))]))";
    let counted: Value = serde_json::from_str(&moto.python(count, &[])).unwrap();
    assert_eq!(counted, json!([120_000 * done, 120_000]), "{failed} of 6 failed and were gone on with");
    drop(guard);
}

#[test]
fn what_a_killed_process_was_writing_is_tidied_away() {
    let place = tempfile::tempdir().unwrap();
    let mut sending = Sending::new("folder", &json!({"folder": place.path()}), json!({"path": "t"}));
    sending.send(&numbers(0, 10));
    let leave = |name: &str, old: bool| {
        let path = place.path().join("t").join(name);
        std::fs::write(&path, "half").unwrap();
        if old {
            let then = std::time::SystemTime::now() - Duration::from_secs(2 * 86_400);
            std::fs::File::options().write(true).open(&path).unwrap().set_modified(then).unwrap();
        }
        path
    };
    let old = leave("_delta_log/.00000000000000000001.json.5cbf0f5e-9e0a-4f0c-8a3e-0a8a1c1f3b52.tmp", true);
    let young = leave("_cloud_pulse/.register.sql.6cbf0f5e-9e0a-4f0c-8a3e-0a8a1c1f3b52.tmp", false);
    let mine = leave("_delta_log/.notes.tmp", true);
    sending.next(SyncMode::Append);
    sending.send(&numbers(10, 10));
    assert!(!old.exists(), "what no one writes any more is gone");
    assert!(young.exists() && mine.exists(), "what may be in use, or is not ours, stays");
}

/// A disk that is full at more and more distant places of a run.
#[test]
fn a_full_disk_is_told_and_with_room_again_the_run_goes_on() {
    let place = tempfile::tempdir().unwrap();
    let (root, guard) = workspace("folder", &json!({"folder": place.path()}));
    let disk = SmallDisk::below(place.path());
    for format in ["delta", "parquet"] {
        let folder = place.path().join(format);
        let set = format!("format={format}");
        let save = ["sync", format, "--to", "there", "--table", "bronze.orders", "--set", &set, "--set"];
        let save = [&save[..], &["file_megabytes=1", "--target", format]].concat();
        assert_eq!(pulse_json(&root, &save).0, 0, "{format} is saved and run once");
        let sync = || {
            let mut command = pulse_command(&root, &["--json", "sync", format]);
            disk.apply(&mut command);
            command.output().expect("pulse starts")
        };
        // What readers begin with: the commits of a table, the manifest of a dataset.
        let visible = || {
            let all = pulse_tests::files_below(&folder).into_iter();
            let named = |path: &std::path::Path| {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                name == "manifest.json" || path.parent().unwrap().ends_with("_delta_log") && !name.starts_with('.')
            };
            all.filter(|(path, _)| named(path)).collect::<Vec<_>>()
        };
        let before = visible();
        let (mut bytes, mut refused) = (0, 0);
        loop {
            disk.fill_after(bytes);
            let output = sync();
            if output.status.success() {
                break;
            }
            let error = error_of(&output, "a sync to a full disk");
            assert_eq!(error.code, Code::DiskFull, "{format} after {bytes} bytes: {error}");
            assert_helpful(&error, "a full disk");
            assert_eq!(visible(), before, "{format} after {bytes} bytes: readers see no change");
            refused += 1;
            bytes = bytes * 3 / 2 + 200;
        }
        disk.free();
        assert!(refused >= 5, "{format}: {refused}");
        assert_eq!(one_document(&sync(), "a sync with room")["result"]["matched"], true);
        let found = python_json(COUNT, &[folder.to_str().unwrap()]);
        let sum: usize = (0..ROWS).map(|n| (n % 900) * 100 + 25).sum();
        let counted = json!([ROWS, ROWS, format!("{}.{:02}", sum / 100, sum % 100)]);
        assert_eq!((&found["one"], &found["two"], &found["stray"]), (&counted, &counted, &json!([])), "{format}");
    }
    drop(guard);
}
