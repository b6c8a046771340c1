//! Where a source stands is part of the commit that holds its rows.

use std::io;
use std::sync::{Arc, Mutex};

use super::*;
use crate::{Merge, SourceState};

fn at(state: i64, sequence: Option<u64>) -> SourceState {
    SourceState { id: "s".into(), state: json!({"after": state}), sequence }
}

fn from(frame: DataFrame, mode: Mode, source: SourceState) -> Write {
    Write { source: Some(source), ..write(frame, mode) }
}

fn by_n() -> Mode {
    Mode::Merge(Merge {
        key: vec!["n".into()],
        newest_by: None,
        deletes: crate::Deletes::Keep,
        snapshot: false,
        deleted: None,
        history: false,
        at_ms: 0,
    })
}

fn state(lake: &Lake) -> Option<(Value, u64)> {
    let state = lake.source_state(&name("bronze.t"), "s").expect("readable")?;
    Some((state.state["after"].clone(), state.sequence.expect("always there")))
}

#[test]
fn the_state_comes_and_goes_with_its_version() {
    let (_folder, lake) = lake();
    let table = name("bronze.t");
    let go = |write| lake.write(&table, write, &Progress::new());
    assert_eq!(state(&lake), None, "no table yet");
    go(from(numbers(0..3), Mode::Append, at(3, None))).expect("v0");
    assert_eq!(state(&lake), Some((json!(3), 1)));
    go(write(numbers(9..10), Mode::Append)).expect("v1, by hand");
    assert_eq!(state(&lake), Some((json!(3), 1)), "other writes carry it");
    go(from(numbers(3..5), Mode::Append, at(5, Some(2)))).expect("v2");
    assert_eq!(state(&lake), Some((json!(5), 2)));
    lake.restore(&table, 0).expect("v3");
    assert_eq!(state(&lake), Some((json!(3), 3)), "the restored state counts, under a new number");
    let late = go(from(numbers(5..6), Mode::Append, at(6, Some(3)))).expect_err("began before the restore");
    assert_eq!(late.code, Code::Conflict, "{late}");
    go(from(numbers(3..6), Mode::Append, at(6, Some(4)))).expect("v4");
    go(write(numbers(0..1), Mode::Replace)).expect("v5, its rows are gone");
    assert_eq!(state(&lake), Some((Value::Null, 5)), "it begins again");
    let other = SourceState { id: "other".into(), ..at(1, None) };
    go(from(numbers(0..1), Mode::Replace, other)).expect("v6");
    assert_eq!(state(&lake), Some((Value::Null, 6)), "it is still known");
    let log = fs::read_to_string(lake.home(&table).join("_delta_log/00000000000000000004.json")).expect("a commit");
    assert!(log.contains(r#""txn":{"appId":"s","version":4,"#), "other programs see it: {log}");
}

#[test]
fn the_same_read_is_never_written_twice() {
    for mode in [Mode::Append, by_n()] {
        let (_folder, lake) = lake();
        let go = |sequence| {
            lake.write(&name("bronze.t"), from(numbers(0..5), mode.clone(), at(5, Some(sequence))), &Progress::new())
        };
        let done: Vec<_> = std::thread::scope(|scope| {
            let writers: Vec<_> = (0..4).map(|_| scope.spawn(|| go(1))).collect();
            writers.into_iter().map(|writer| writer.join().expect("joined")).collect()
        });
        assert_eq!(done.iter().filter(|done| done.is_ok()).count(), 1, "{mode:?}: {done:?}");
        assert!(done.iter().flat_map(|done| done.as_ref().err()).all(|e| e.code == Code::Conflict), "{done:?}");
        assert_eq!(read(&lake, "bronze.t", None).expect("readable").height(), 5);
        assert_eq!(state(&lake), Some((json!(5), 1)));
    }
}

#[test]
fn a_read_that_brings_nothing_moves_the_state_alone_or_makes_no_version() {
    for mode in [Mode::Append, by_n()] {
        let (_folder, lake) = lake();
        let go = |rows, state| {
            let done = lake.write(&name("bronze.t"), from(rows, mode.clone(), at(state, None)), &Progress::new());
            let done = done.expect("written");
            (done.version, done.files, done.changed_anything)
        };
        assert_eq!(go(numbers(0..3), 3), (0, 1, true));
        assert_eq!(go(numbers([]), 3), (0, 0, false), "{mode:?}: nothing new, and it stands where it stood");
        assert_eq!(go(numbers([]), 4), (1, 0, true), "{mode:?}: it moved on");
        assert_eq!(state(&lake), Some((json!(4), 2)));
        assert_eq!(read(&lake, "bronze.t", None).expect("readable"), numbers(0..3));
    }
}

#[test]
fn merges_at_once_lose_nothing() {
    let (_folder, lake) = lake();
    put(&lake, "bronze.t", numbers([-1]), Mode::Create).expect("created");
    std::thread::scope(|scope| {
        for writer in 0..2_i64 {
            let lake = &lake;
            scope.spawn(move || {
                for round in 0..5 {
                    let rows = numbers([writer * 100 + round, 1_000 + round]);
                    lake.write(&name("bronze.t"), write(rows, by_n()), &Progress::new()).expect("merged");
                }
            });
        }
    });
    let mut found: Vec<_> =
        read(&lake, "bronze.t", None).expect("readable")["n"].i64().expect("numbers").iter().flatten().collect();
    found.sort_unstable();
    let expected: Vec<i64> = [-1].into_iter().chain(0..5).chain(100..105).chain(1_000..1_005).collect();
    assert_eq!(found, expected);
}

/// Every durable step of a merge and of an append is made to fail in turn; what is read afterwards by a new process is
/// the old rows with the old state, or the new ones with the new.
#[test]
fn a_crash_between_any_two_steps_leaves_rows_and_state_of_one_version() {
    for (mode, widen) in [(Mode::Append, false), (by_n(), false), (by_n(), true)] {
        for failing in 0.. {
            let folder = tempfile::tempdir().expect("a folder");
            let root = folder.path().join("lake");
            let healthy = Lake::open(&root).expect("a lake");
            let first = df!("n" => [1_i64, 2], "v" => [1_i64, 2]).expect("a frame");
            healthy
                .write(&name("bronze.t"), from(first.clone(), Mode::Create, at(2, None)), &Progress::new())
                .expect("v0");
            let reached = Arc::new(Mutex::new(0));
            let count = Arc::clone(&reached);
            // As if the process had been killed: from this step on nothing reaches the disk, not even the cleaning up
            // is relied on.
            let disk = Disk::watched(move |_, _| {
                let mut count = count.lock().expect("a count");
                *count += 1;
                if *count > failing { Err(io::ErrorKind::Other.into()) } else { Ok(()) }
            });
            let lake = Lake::open_on(&root, disk).expect("a lake");
            let second = if widen {
                df!("n" => [2_i64, 3], "v" => ["x", "y"]).expect("a frame")
            } else {
                df!("n" => [2_i64, 3], "v" => [20_i64, 30]).expect("a frame")
            };
            let write = Write { widen, ledger: Some(ledger(&["a"])), ..from(second, mode.clone(), at(3, Some(2))) };
            let outcome = lake.write(&name("bronze.t"), write, &Progress::new());
            let reopened = Lake::open(&root).expect("a lake");
            let rows = read(&reopened, "bronze.t", None).expect("readable");
            let is_new = state(&reopened) == Some((json!(3), 2));
            let what = format!("{mode:?}, widen {widen}, step {failing}: {rows} {outcome:?}");
            assert!(is_new || state(&reopened) == Some((json!(2), 1)), "{what}");
            assert_eq!(!rows.equals_missing(&first), is_new, "{what}");
            assert!(outcome.is_err() || is_new, "what was reported as written is there: {what}");
            assert!(reopened.verify(&name("bronze.t")).expect("verified").is_empty(), "{what}");
            if outcome.is_ok() {
                assert!(failing >= 6, "{what}: too few steps were tried");
                break;
            }
        }
    }
}
