//! Behaviour at the crate's boundary.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use polars::prelude::*;
use pulse_core::{Code, Progress, Result, TableName};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use crate::disk::{Disk, Step};
use crate::{Committed, Lake, Mode, Write};

mod evolution;
mod merging;
mod model;
mod pruning;
mod sources;

fn name(text: &str) -> TableName {
    text.parse().expect("a table name")
}

fn lake() -> (TempDir, Lake) {
    let folder = tempfile::tempdir().expect("a folder");
    let lake = Lake::open(&folder.path().join("my lake [1] ü%20#")).expect("a lake");
    (folder, lake)
}

fn write(frame: DataFrame, mode: Mode) -> Write {
    Write {
        rows: frame.lazy().into(),
        mode,
        ledger: None,
        operation: "import".into(),
        info: Map::new(),
        expected_version: None,
        expected_rows: None,
        source: None,
        widen: false,
    }
}

fn put(lake: &Lake, table: &str, frame: DataFrame, mode: Mode) -> Result<Committed> {
    lake.write(&name(table), write(frame, mode), &Progress::new())
}

fn read(lake: &Lake, table: &str, version: Option<u64>) -> Result<DataFrame> {
    let snapshot = lake.snapshot(&name(table), version)?;
    let frame = lake.scan(&snapshot)?.collect().expect("a readable table");
    assert_eq!(frame.height() as u64, snapshot.rows, "the snapshot counts its rows");
    Ok(frame)
}

fn numbers(values: impl IntoIterator<Item = i64>) -> DataFrame {
    df!("n" => values.into_iter().collect::<Vec<_>>()).expect("a frame")
}

fn ledger(reasons: &[&str]) -> DataFrame {
    df!("reason" => reasons).expect("a ledger")
}

fn files_under(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files_under(&path));
        } else {
            found.push(path.to_string_lossy().into_owned());
        }
    }
    found.sort();
    found
}

#[test]
fn a_table_is_created_extended_replaced_and_every_version_stays_readable() {
    let (_folder, lake) = lake();
    assert_eq!(lake.tables().expect("tables"), [], "a new lake is empty");
    let info: Map<_, _> = [("source".to_owned(), json!("a.csv"))].into_iter().collect();
    let first = Write { info: info.clone(), ..write(numbers(0..3), Mode::Create) };
    let committed = lake.write(&name("bronze.t"), first, &Progress::new()).expect("created");
    assert_eq!((committed.version, committed.rows, committed.files), (0, 3, 1));
    assert_eq!(put(&lake, "bronze.t", numbers(3..5), Mode::Append).expect("appended").version, 1);
    assert_eq!(put(&lake, "bronze.t", numbers(9..10), Mode::Replace).expect("replaced").version, 2);
    for (version, expected) in [(0, numbers(0..3)), (1, numbers(0..5)), (2, numbers(9..10))] {
        assert_eq!(read(&lake, "bronze.t", Some(version)).expect("readable"), expected, "version {version}");
    }
    assert_eq!(lake.tables().expect("tables"), [name("bronze.t")]);
    assert_eq!(lake.snapshot(&name("bronze.t"), Some(0)).expect("a snapshot").info, info, "the notes come back");
    let history = lake.history(&name("bronze.t")).expect("history");
    let rows: Vec<_> = history.iter().map(|v| (v.version, v.rows, v.operation.as_str())).collect();
    assert_eq!(rows, [(2, Some(1), "import"), (1, Some(5), "import"), (0, Some(3), "import")], "newest first");
    assert!(history.windows(2).all(|pair| pair[0].at_ms >= pair[1].at_ms), "times are in order");
    let again = put(&lake, "bronze.t", numbers(0..1), Mode::Create).expect_err("exists");
    assert_eq!(again.code, Code::AlreadyExists);
    assert_eq!(read(&lake, "bronze.t", Some(7)).expect_err("no such version").code, Code::NotFound);
    assert_eq!(read(&lake, "silver.t", None).expect_err("no such table").code, Code::NotFound);
}

#[test]
fn restore_brings_back_rows_columns_and_ledger_and_loses_nothing() {
    let (_folder, lake) = lake();
    let table = name("silver.t");
    let with_ledger = |frame, mode, reasons: &[&str]| Write { ledger: Some(ledger(reasons)), ..write(frame, mode) };
    let progress = Progress::new();
    lake.write(&table, with_ledger(numbers(0..3), Mode::Create, &["a", "b"]), &progress).expect("v0");
    lake.write(&table, with_ledger(numbers(3..4), Mode::Append, &["c"]), &progress).expect("v1");
    let other = df!("x" => ["text"]).expect("a frame");
    lake.write(&table, with_ledger(other.clone(), Mode::Replace, &["d"]), &progress).expect("v2");
    let entries = |version| {
        let snapshot = lake.snapshot(&table, Some(version)).expect("a snapshot");
        assert!(snapshot.ledger.iter().all(|path| path.is_file()), "ledger files exist");
        (snapshot.ledger.len(), snapshot.ledger_entries)
    };
    assert_eq!([entries(0), entries(1), entries(2)], [(1, 2), (2, 3), (1, 1)], "append extends, replace starts afresh");
    let restored = lake.restore(&table, 1).expect("restored");
    assert_eq!((restored.version, restored.rows, restored.ledger_entries), (3, 4, 3));
    assert_eq!(entries(3), (2, 3), "the ledger came back");
    assert_eq!(read(&lake, "silver.t", None).expect("readable"), numbers(0..4), "columns and order came back");
    assert_eq!(read(&lake, "silver.t", Some(2)).expect("readable"), other, "the versions between stay");
    assert!(lake.restore(&table, 3).is_err(), "the newest version needs no restoring");
    assert_eq!(lake.restore(&table, 9).expect_err("no such version").code, Code::NotFound);
    assert_eq!(lake.verify(&table).expect("verified"), []);
}

#[test]
fn every_type_survives_or_is_widened_without_loss() {
    let (_folder, lake) = lake();
    let micros = DataType::Datetime(TimeUnit::Microseconds, None);
    let text = |values: [Option<&str>; 2]| Series::new("".into(), values);
    let day = text([Some("2024-02-29"), None]).cast(&DataType::Date).expect("dates");
    let local = Series::new("".into(), [Some(-1_i64), None]).cast(&micros).expect("times");
    let utc = DataType::Datetime(TimeUnit::Milliseconds, Some(TimeZone::UTC));
    let utc = Series::new("".into(), [Some(1_700_000_000_123_i64), None]).cast(&utc).expect("times");
    let decimal = text([Some("123456789012345678.90"), None]).cast(&DataType::Decimal(38, 2)).expect("decimals");
    let nested = df!("a" => [1_i32, 2], "b c" => ["x", "y"]).expect("a frame").into_struct("".into()).into_series();
    let frame = df!(
        "i8" => [Some(i8::MIN), None], "i16" => [Some(i16::MAX), None], "i32" => [Some(i32::MIN), None],
        "i64" => [Some(i64::MAX), None], "u8" => [Some(u8::MAX), None], "u32" => [Some(u32::MAX), None],
        "u64" => [Some(u64::MAX), None], "f32" => [Some(f32::MIN_POSITIVE), None], "f64" => [Some(f64::NAN), None],
        "flag" => [Some(true), None], "text" => [Some("Ünï,\"\n"), None], "bytes" => [Some(&b"\x00\xff"[..]), None],
        "day" => day, "local" => local, "utc" => utc, "decimal" => decimal, "nested" => nested,
        "list" => [Series::new("".into(), [1_i64, 2]), Series::new("".into(), [0_i64; 0])],
        "time" => Series::new("".into(), [Some(3_723_500_000_000_i64), None]).cast(&DataType::Time).expect("times"),
        "nothing" => Series::new_null("".into(), 2),
    )
    .expect("a frame");
    put(&lake, "bronze.types", frame.clone(), Mode::Create).expect("written");
    let snapshot = lake.snapshot(&name("bronze.types"), None).expect("a snapshot");
    let types: Vec<_> = snapshot.schema.iter().map(|f| format!("{} {}", f.r#type, f.sql_type)).collect();
    assert_eq!(
        types,
        [
            "byte TINYINT",
            "short SMALLINT",
            "integer INTEGER",
            "long BIGINT",
            "short SMALLINT",
            "long BIGINT",
            "decimal(20,0) DECIMAL(20,0)",
            "float FLOAT",
            "double DOUBLE",
            "boolean BOOLEAN",
            "string VARCHAR",
            "binary BLOB",
            "date DATE",
            "timestamp_ntz TIMESTAMP",
            "timestamp TIMESTAMP WITH TIME ZONE",
            "decimal(38,2) DECIMAL(38,2)",
            "struct<a:integer,b c:string> STRUCT(\"a\" INTEGER, \"b c\" VARCHAR)",
            "array<long> BIGINT[]",
            "string VARCHAR",
            "string VARCHAR",
        ]
    );
    let back = read(&lake, "bronze.types", None).expect("readable");
    for column in ["i8", "i64", "f32", "flag", "text", "bytes", "day", "local", "decimal", "nested", "list"] {
        let (before, after) = (frame.column(column).expect("before"), back.column(column).expect("after"));
        assert!(before.equals_missing(after), "{column}: {before:?} became {after:?}");
    }
    let first = |column: &str| back.column(column).expect("a column").get(0).expect("a value").to_string();
    assert_eq!(first("u64"), u64::MAX.to_string(), "the largest number survives");
    assert_eq!(first("time"), "\"01:02:03.500\"", "a time of day becomes text");
}

#[test]
fn any_header_is_a_column_name_except_two_that_differ_in_case_only() {
    let (_folder, lake) = lake();
    let names = ["Area Code (M49)", "a,b;c", "{x}=\ty", "\"q\"", "naïve…", "a.b", "1", " "];
    let columns = names.iter().map(|n| Column::new((*n).into(), [1_i64, 2])).collect();
    let frame = DataFrame::new(2, columns).expect("a frame");
    put(&lake, "bronze.names", frame.clone(), Mode::Create).expect("written");
    assert_eq!(read(&lake, "bronze.names", None).expect("readable"), frame);
    let twins = df!("Year" => [1], "year" => [2]).expect("a frame");
    let error = put(&lake, "bronze.twins", twins, Mode::Create).expect_err("must fail");
    assert_eq!((error.code, error.message.contains("`Year` and `year`")), (Code::InvalidInput, true), "{error}");
}

#[test]
fn an_append_never_changes_a_value_silently() {
    let (_folder, lake) = lake();
    let base = df!("n" => [1_i64], "d" => [1.5_f64], "t" => ["x"]).expect("a frame");
    put(&lake, "silver.t", base, Mode::Create).expect("created");
    let cases = [
        ("float into integer", df!("n" => [1.5_f64]).expect("a frame"), Some("`n` is f64")),
        ("text into integer", df!("n" => ["7"]).expect("a frame"), Some("`n` is str")),
        ("integer into text", df!("t" => [7_i64]).expect("a frame"), Some("`t` is i64")),
        ("long into double", df!("d" => [i64::MAX]).expect("a frame"), Some("`d` is i64")),
        ("nothing in common", df!("z" => [1_i64]).expect("a frame"), Some("no column in common")),
        ("another case", df!("n" => [1_i64], "T" => ["x"]).expect("a frame"), Some("`T`")),
        ("smaller integer", df!("n" => [7_i16]).expect("a frame"), None),
        ("new column", df!("n" => [8_i64], "new" => [true]).expect("a frame"), None),
    ];
    for (case, frame, expected) in cases {
        match (put(&lake, "silver.t", frame, Mode::Append), expected) {
            (Err(error), Some(part)) => assert!(error.message.contains(part), "{case}: {error}"),
            (Ok(_), None) => {}
            (result, _) => panic!("{case}: {result:?}"),
        }
    }
    let all = read(&lake, "silver.t", None).expect("readable");
    let expected = df!(
        "n" => [1_i64, 7, 8], "d" => [Some(1.5_f64), None, None], "t" => [Some("x"), None, None],
        "new" => [None, None, Some(true)]
    )
    .expect("a frame");
    assert!(all.equals_missing(&expected), "{all}");
}

#[test]
fn times_finer_than_a_microsecond_are_refused_and_coarser_ones_kept() {
    let (_folder, lake) = lake();
    let nanos = |value: i64| {
        let times = Series::new("t".into(), [Some(value), None]).cast(&DataType::Datetime(TimeUnit::Nanoseconds, None));
        DataFrame::new(2, vec![times.expect("times").into()]).expect("a frame")
    };
    let error = put(&lake, "bronze.n", nanos(1_001), Mode::Create).expect_err("must fail");
    assert!(error.message.contains("`t`"), "{error}");
    assert_eq!(lake.tables().expect("tables"), [], "nothing is left");
    put(&lake, "bronze.n", nanos(1_000), Mode::Create).expect("a whole microsecond fits");
}

#[test]
fn an_empty_table_keeps_its_columns() {
    let (_folder, lake) = lake();
    let committed = put(&lake, "gold.e", numbers([]), Mode::Create).expect("created");
    assert_eq!((committed.rows, committed.files), (0, 0));
    assert_eq!(read(&lake, "gold.e", None).expect("readable"), numbers([]));
    put(&lake, "gold.e", numbers([1]), Mode::Append).expect("appended");
    assert_eq!(read(&lake, "gold.e", None).expect("readable"), numbers([1]));
}

#[test]
fn a_damaged_log_is_an_error_that_names_the_file_never_fewer_rows() {
    let whole = |commit: &str| commit.to_owned();
    type Damage = fn(&str) -> String;
    let cases: [(&str, Damage, u64); 5] = [
        ("empty", |_| String::new(), 1),
        ("cut in a line", |commit| commit[..commit.len() - 10].to_owned(), 1),
        ("cut between lines", |commit| commit[..commit.rfind('\n').expect("two lines")].to_owned(), 1),
        ("zero bytes", |commit| "\0".repeat(commit.len()), 1),
        ("an older one is empty", |_| String::new(), 0),
    ];
    for (case, damage, version) in cases {
        let (_folder, lake) = lake();
        put(&lake, "bronze.t", numbers(0..3), Mode::Create).expect("created");
        put(&lake, "bronze.t", numbers(3..5), Mode::Append).expect("appended");
        let path = lake.home(&name("bronze.t")).join(format!("_delta_log/{version:020}.json"));
        let commit = fs::read_to_string(&path).expect("a commit");
        fs::write(&path, damage(&commit)).expect("damaged");
        let error = read(&lake, "bronze.t", None).expect_err(case);
        assert_eq!(error.code, Code::Damaged, "{case}");
        assert!(error.message.contains(&path.display().to_string()) && error.hint.is_some(), "{case}: {error}");
        assert!(put(&lake, "bronze.t", numbers(7..8), Mode::Append).is_err(), "{case}: no write on a damaged log");
        assert_eq!(lake.verify(&name("bronze.t")).expect("verified").len(), 1, "{case}");
        if version == 1 {
            assert_eq!(read(&lake, "bronze.t", Some(0)).expect("older versions").height(), 3, "{case}");
        }
        fs::write(&path, whole(&commit)).expect("repaired");
        assert_eq!(read(&lake, "bronze.t", None).expect("repaired").height(), 5, "{case}");
    }
}

#[test]
fn a_missing_or_shortened_data_file_is_damage() {
    let (_folder, lake) = lake();
    put(&lake, "bronze.t", numbers(0..300), Mode::Create).expect("created");
    let file = lake.snapshot(&name("bronze.t"), None).expect("a snapshot").files[0].clone();
    let bytes = fs::read(&file).expect("bytes");
    fs::write(&file, &bytes[..bytes.len() - 1]).expect("shortened");
    assert_eq!(lake.snapshot(&name("bronze.t"), None).expect_err("shortened").code, Code::Damaged);
    fs::remove_file(&file).expect("removed");
    let problems = lake.verify(&name("bronze.t")).expect("verified");
    assert_eq!(problems.iter().map(|p| &p.path).collect::<Vec<_>>(), [&file]);
}

#[test]
fn writers_at_once_lose_nothing_and_ledgers_add_up() {
    let (_folder, lake) = lake();
    put(&lake, "bronze.t", numbers([-1]), Mode::Create).expect("created");
    std::thread::scope(|scope| {
        for writer in 0..3_i64 {
            let lake = &lake;
            scope.spawn(move || {
                for round in 0..20 {
                    let rows = numbers([writer * 100 + round]);
                    let write = Write { ledger: Some(ledger(&["x"])), ..write(rows, Mode::Append) };
                    lake.write(&name("bronze.t"), write, &Progress::new()).expect("appended");
                }
            });
        }
    });
    let snapshot = lake.snapshot(&name("bronze.t"), None).expect("a snapshot");
    assert_eq!((snapshot.version, snapshot.rows), (60, 61));
    assert_eq!((snapshot.ledger.len(), snapshot.ledger_entries), (60, 60), "no ledger file is lost either");
    let mut found: Vec<_> =
        read(&lake, "bronze.t", None).expect("readable")["n"].i64().expect("numbers").into_no_null_iter().collect();
    found.sort_unstable();
    let expected: Vec<_> = std::iter::once(-1).chain((0..3).flat_map(|w| (0..20).map(move |r| w * 100 + r))).collect();
    assert_eq!(found, expected);
}

#[test]
fn a_version_that_moved_is_a_conflict() {
    let (_folder, lake) = lake();
    let expecting = |version, mode| {
        let write = Write { expected_version: Some(version), ..write(numbers([1]), mode) };
        lake.write(&name("silver.t"), write, &Progress::new())
    };
    assert_eq!(expecting(Some(0), Mode::Replace).expect_err("no table yet").code, Code::Conflict);
    expecting(None, Mode::Replace).expect("created as expected");
    assert_eq!(expecting(None, Mode::Replace).expect_err("exists now").code, Code::Conflict);
    expecting(Some(0), Mode::Replace).expect("replaced as expected");
    assert_eq!(expecting(Some(0), Mode::Append).expect_err("moved").code, Code::Conflict);
    assert_eq!(lake.snapshot(&name("silver.t"), None).expect("a snapshot").version, 1);
}

/// A lake whose disk records every durable operation, with names shortened to their kind.
fn recorded() -> (TempDir, Lake, Arc<Mutex<Vec<String>>>) {
    let folder = tempfile::tempdir().expect("a folder");
    let record = Arc::new(Mutex::new(Vec::new()));
    let (root, steps) = (folder.path().join("lake"), Arc::clone(&record));
    let base = root.clone();
    let disk = Disk::watched(move |step, path| {
        let path = path.strip_prefix(&base).unwrap_or(path).to_string_lossy().into_owned();
        let kind = match path.rsplit('/').next().unwrap_or_default() {
            file if file.starts_with("part-") => "data",
            file if file.starts_with("_commit_") => "entry",
            _ if path.contains("_ledger/") => "ledger",
            _ => &path,
        };
        steps.lock().expect("a record").push(format!("{step:?} {kind}"));
        Ok(())
    });
    (folder, Lake::open_on(&root, disk).expect("a lake"), record)
}

#[test]
fn everything_is_on_the_disk_before_success_is_reported_in_the_right_order() {
    let (_folder, lake, record) = recorded();
    let table = name("bronze.t");
    let first = Write { ledger: Some(ledger(&["x"])), ..write(numbers(0..9), Mode::Create) };
    lake.write(&table, first, &Progress::new()).expect("created");
    let steps = std::mem::take(&mut *record.lock().expect("a record"));
    let expected = [
        "SyncFolder ",
        "SyncFolder bronze",
        "SyncFile data",
        "SyncFolder bronze/t",
        "SyncFile ledger",
        "SyncFolder bronze/t/_ledger",
        "SyncFolder bronze/t",
        "SyncFolder bronze/t",
        "SyncFile entry",
        "Publish bronze/t/_delta_log/00000000000000000000.json",
        "SyncFolder bronze/t/_delta_log",
    ];
    assert_eq!(steps, expected, "files, then their folders, then the entry, then its folder");
    lake.write(&table, write(numbers(0..9), Mode::Append), &Progress::new()).expect("appended");
    let expected = [
        "SyncFile data",
        "SyncFolder bronze/t",
        "SyncFile entry",
        "Publish bronze/t/_delta_log/00000000000000000001.json",
        "SyncFolder bronze/t/_delta_log",
    ];
    assert_eq!(*record.lock().expect("a record"), expected);
}

#[test]
fn a_disk_that_fails_at_any_step_leaves_the_old_version_and_no_file() {
    for failing in 0..9 {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().join("lake");
        let healthy = Lake::open(&root).expect("a lake");
        for existing in [false, true] {
            if existing {
                put(&healthy, "bronze.t", numbers(0..3), Mode::Create).expect("created");
            }
            let before = files_under(&root);
            let count = Arc::new(Mutex::new(0));
            let disk = Disk::watched(move |step, _| {
                let mut count = count.lock().expect("a count");
                *count += 1;
                // A folder that cannot be synced after the entry is visible is another case: the version is there.
                match *count - 1 == failing && step != Step::SyncFolder {
                    true => Err(io::ErrorKind::StorageFull.into()),
                    false => Ok(()),
                }
            });
            let lake = Lake::open_on(&root, disk).expect("a lake");
            let append = Write { ledger: Some(ledger(&["x"])), ..write(numbers(3..5), Mode::Append) };
            match lake.write(&name("bronze.t"), append, &Progress::new()) {
                Err(error) => {
                    assert_eq!(error.code, Code::DiskFull, "step {failing}: {error}");
                    assert_eq!(files_under(&root), before, "step {failing}: nothing is left behind");
                    assert_eq!(healthy.tables().expect("tables").len(), usize::from(existing), "step {failing}");
                }
                Ok(_) => {
                    let rows = read(&healthy, "bronze.t", None).expect("readable").height();
                    assert_eq!(rows, if existing { 5 } else { 2 }, "step {failing} was not reached or not a write");
                    if !existing {
                        healthy.remove_table(&name("bronze.t")).expect("removed");
                        fs::remove_dir_all(root.join(".trash")).expect("emptied");
                    }
                }
            }
        }
    }
}

#[test]
fn what_a_killed_writer_left_is_invisible_and_swept() {
    let (_folder, lake) = lake();
    put(&lake, "bronze.t", numbers(0..3), Mode::Create).expect("created");
    let home = lake.home(&name("bronze.t"));
    let file = lake.snapshot(&name("bronze.t"), None).expect("a snapshot").files[0].clone();
    // A writer that is killed before its commit leaves data files, a ledger and perhaps a temporary commit.
    fs::copy(&file, home.join(crate::files::file_name(1_700_000_000_000, 0))).expect("a data file");
    fs::create_dir_all(home.join("_ledger")).expect("a folder");
    fs::copy(&file, home.join("_ledger/left.parquet")).expect("a ledger");
    fs::write(home.join("_delta_log/_commit_1.json.tmp"), "{").expect("a temporary commit");
    fs::write(home.join("notes.txt"), "mine").expect("a foreign file");
    let unborn = home.with_file_name("unborn");
    fs::create_dir_all(&unborn).expect("a folder");
    fs::copy(&file, unborn.join(crate::files::file_name(1_700_000_000_000, 0))).expect("a data file");
    assert_eq!(read(&lake, "bronze.t", None).expect("readable"), numbers(0..3), "the old version is intact");
    assert_eq!(lake.tables().expect("tables"), [name("bronze.t")]);
    assert_eq!(lake.sweep().expect("swept"), 0, "files younger than the lake may belong to a write in progress");
    std::thread::sleep(Duration::from_millis(20));
    let later = Lake::open(&lake.root).expect("reopened");
    assert_eq!(later.sweep().expect("swept"), 4, "data, ledger, temporary commit and the unborn table's data");
    assert!(!unborn.exists() && home.join("notes.txt").exists(), "foreign files stay");
    assert_eq!(read(&later, "bronze.t", None).expect("readable"), numbers(0..3));
}

#[test]
fn a_cancel_takes_effect_within_a_second_even_in_a_step_that_cannot_stop_and_leaves_nothing() {
    let (_folder, lake) = lake();
    let long = numbers(0..30_000).lazy().cross_join(numbers(0..30_000).lazy(), Some("_r".into()));
    let ended = Arc::new(AtomicBool::new(false));
    let end = Arc::clone(&ended);
    let deaf = move |rows: DataFrame| {
        std::thread::sleep(Duration::from_secs(5));
        end.store(true, Ordering::Relaxed);
        Ok(rows)
    };
    let deaf = numbers(0..3).lazy().map(deaf, AllowedOptimizations::default(), None, Some("deaf"));
    for (case, frame) in [("a stream", long), ("a step that gathers all rows", deaf)] {
        let progress = Progress::new();
        let stop = progress.clone();
        let canceller = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(150));
            stop.cancel();
            Instant::now()
        });
        let write = Write { rows: frame.into(), ..write(numbers([]), Mode::Create) };
        let error = lake.write(&name("silver.big"), write, &progress).expect_err(case);
        let waited = canceller.join().expect("joined").elapsed();
        assert_eq!(error.code, Code::Cancelled, "{case}");
        // Far more than it takes, but less than the step that cannot stop: nobody waited for that.
        assert!(waited < Duration::from_secs(4), "{case} took {waited:?} to stop");
        let deadline = Instant::now() + Duration::from_secs(60);
        while !files_under(&lake.root).is_empty() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(50));
        }
        assert_eq!(files_under(&lake.root), [""; 0], "{case} leaves no file");
        assert_eq!(lake.tables().expect("tables"), [], "{case} leaves no table");
    }
    let deadline = Instant::now() + Duration::from_secs(60);
    let tidy = || ended.load(Ordering::Relaxed) && !lake.home(&name("silver.big")).exists();
    while !tidy() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(tidy(), "what ends later cleans up behind itself");
}

#[test]
fn a_cancelled_stream_that_notices_late_removes_its_folder_too() {
    let (_folder, lake) = lake();
    let calls = AtomicUsize::new(0);
    let slow = move |rows: DataFrame| {
        // The first rows reach a file; those after them keep the stream longer than a cancel waits for it.
        if calls.fetch_add(1, Ordering::Relaxed) > 0 {
            std::thread::sleep(Duration::from_secs(2));
        }
        Ok(rows)
    };
    let frame =
        numbers(0..400_000).lazy().map(slow, AllowedOptimizations::STREAMING, None, Some("slow to notice a cancel"));
    let progress = Progress::new();
    let stop = progress.clone();
    let canceller = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(300));
        stop.cancel();
    });
    let write = Write { rows: frame.into(), ..write(numbers([]), Mode::Create) };
    assert_eq!(lake.write(&name("silver.late"), write, &progress).expect_err("cancelled").code, Code::Cancelled);
    canceller.join().expect("joined");
    let deadline = Instant::now() + Duration::from_secs(60);
    while lake.home(&name("silver.late")).exists() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(!lake.home(&name("silver.late")).exists(), "the folder of the table that never was is gone");
}

#[test]
fn a_frame_that_fails_leaves_nothing() {
    let (_folder, lake) = lake();
    let bad = df!("t" => ["1", "x"]).expect("a frame").lazy().select([col("t").strict_cast(DataType::Int64)]);
    let error =
        lake.write(&name("silver.t"), Write { rows: bad.into(), ..write(numbers([]), Mode::Create) }, &Progress::new());
    assert_eq!(error.expect_err("must fail").code, Code::InvalidInput);
    assert_eq!(files_under(&lake.root), [""; 0]);
    assert!(!lake.home(&name("silver.t")).exists(), "a failed create leaves no folder");
}

#[test]
fn a_removed_table_lies_in_the_trash() {
    let (_folder, lake) = lake();
    put(&lake, "bronze.t", numbers(0..3), Mode::Create).expect("created");
    let place = lake.remove_table(&name("bronze.t")).expect("removed");
    assert!(place.join("_delta_log").is_dir() && lake.tables().expect("tables").is_empty());
    put(&lake, "bronze.t", numbers(0..1), Mode::Create).expect("the name is free again");
    assert_eq!(lake.remove_table(&name("gold.t")).expect_err("no such table").code, Code::NotFound);
}

#[test]
fn commits_carry_statistics_that_readers_can_skip_by() {
    let (_folder, lake) = lake();
    let day = Series::new("".into(), ["2024-01-02", "2023-12-31"]).cast(&DataType::Date).expect("dates");
    let time =
        Series::new("".into(), [1_500_i64, -1]).cast(&DataType::Datetime(TimeUnit::Microseconds, None)).expect("times");
    let frame = df!(
        "n" => [Some(3_i64), None], "t" => ["b", "a"], "x" => [f64::NAN, 1.0], "day" => day, "time" => time,
        "long" => ["y".repeat(500), "z".into()],
    );
    put(&lake, "bronze.s", frame.expect("a frame"), Mode::Create).expect("written");
    let log = lake.home(&name("bronze.s")).join("_delta_log/00000000000000000000.json");
    let log = fs::read_to_string(log).expect("a commit");
    let add = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).find(|a| a["add"].is_object());
    let stats: Value =
        serde_json::from_str(add.expect("an add")["add"]["stats"].as_str().expect("stats")).expect("JSON");
    assert_eq!(stats["numRecords"], 2);
    assert_eq!(stats["nullCount"]["n"], 1);
    let (min, max) = (&stats["minValues"], &stats["maxValues"]);
    assert_eq!((&min["n"], &max["n"], &min["t"], &max["t"]), (&json!(3), &json!(3), &json!("a"), &json!("b")));
    assert_eq!((&min["day"], &max["day"]), (&json!("2023-12-31"), &json!("2024-01-02")));
    assert_eq!((&min["time"], &max["time"]), (&json!("1969-12-31 23:59:59.999"), &json!("1970-01-01 00:00:00.002")));
    assert!(min["long"].is_null() || max["long"].as_str().is_some_and(|text| text == "z"), "long texts are not bounds");
}
