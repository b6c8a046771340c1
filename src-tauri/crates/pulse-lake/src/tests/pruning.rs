//! Merges read only the files whose bounds can hold a key that comes, and miss no row by it.

use super::*;
use crate::{Changes, Deletes, Merge};

fn by(key: &[&str]) -> Merge {
    Merge {
        key: key.iter().map(|name| (*name).into()).collect(),
        newest_by: None,
        deletes: Deletes::Keep,
        snapshot: false,
        deleted: None,
        history: false,
        at_ms: 1_700_000_000_000,
    }
}

fn merge(lake: &Lake, frame: DataFrame, merge: Merge) -> Result<Committed> {
    lake.write(&name("bronze.t"), write(frame, Mode::Merge(merge)), &Progress::new())
}

/// Makes file `number` of the table unreadable without changing its size.
fn spoil(lake: &Lake, number: usize) {
    let path = lake.snapshot(&name("bronze.t"), None).expect("a snapshot").files[number].clone();
    let length = fs::metadata(&path).expect("a file").len();
    fs::write(path, vec![b'#'; usize::try_from(length).expect("small")]).expect("spoilt");
}

fn keyed(keys: Series, value: i64) -> DataFrame {
    let values = Series::new("v".into(), vec![value; keys.len()]);
    DataFrame::new(keys.len(), vec![keys.with_name("k".into()).into_column(), values.into_column()]).expect("a frame")
}

fn cast(values: &[i64], dtype: &DataType) -> Series {
    Series::new("".into(), values).cast(dtype).expect("keys")
}

/// Keys of two files, low and high ones, and whether their bounds tell them apart.
fn cases() -> Vec<(&'static str, Series, Series, bool)> {
    let micros = |zone| DataType::Datetime(TimeUnit::Microseconds, zone);
    let times = (&[-1_i64, 1_700_000_000_123_456], &[1_700_000_000_124_001_i64, 1_800_000_000_000_001]);
    let typed =
        |what, dtype: DataType, low: &[i64], high: &[i64], told| (what, cast(low, &dtype), cast(high, &dtype), told);
    let texts = |low: [String; 2], high: [String; 2]| (Series::new("".into(), low), Series::new("".into(), high));
    let short = texts(["a".into(), "m\u{e9}".into()], ["m\u{ea}".into(), "\u{1F600}".into()]);
    let long = texts(["a".repeat(500), "b".repeat(500)], ["c".repeat(500), "d".repeat(500)]);
    let decimal = |values: [&str; 2]| Series::new("".into(), values).cast(&DataType::Decimal(20, 2)).expect("decimals");
    vec![
        typed("integers", DataType::Int64, &[i64::MIN, -1], &[0, i64::MAX], true),
        typed("small integers", DataType::Int32, &[-5, 7], &[8, 90], true),
        typed("dates", DataType::Date, &[-200_000, 3], &[4, 20_000], true),
        typed("times", micros(None), times.0, times.1, true),
        typed("instants", micros(Some(TimeZone::UTC)), times.0, times.1, true),
        ("decimals", decimal(["-7.05", "12.30"]), decimal(["12.31", "9999999999999.99"]), true),
        (
            "wide decimals",
            decimal(["-99999999999999999.99", "1"]),
            decimal(["10000000000000000.01", "99999999999999999"]),
            false,
        ),
        ("texts", short.0, short.1, true),
        ("long texts, whose bounds are cut short", long.0, long.1, true),
        ("numbers", Series::new("".into(), [0.5, 1.5]), Series::new("".into(), [2.5, f64::INFINITY]), false),
    ]
}

#[test]
fn files_that_cannot_hold_a_key_are_not_read() {
    for (what, low, high, told) in cases() {
        let (_folder, lake) = lake();
        let missing = Series::full_null("".into(), 1, low.dtype());
        let mut first = keyed(low.clone(), 1);
        first.vstack_mut(&keyed(missing, 1)).expect("a row without a key");
        put(&lake, "bronze.t", first, Mode::Append).expect("appended");
        put(&lake, "bronze.t", keyed(high.clone(), 1), Mode::Append).expect("appended");
        spoil(&lake, 1);
        let done = merge(&lake, keyed(low.head(Some(1)), 1), by(&["k"]));
        assert_eq!(done.is_ok(), told, "{what}: {done:?}");
        if told {
            assert_eq!(done.expect("merged").changes.unchanged, 1, "{what}");
            // Both ends of the bounds belong to the file.
            let done = merge(&lake, keyed(low.clone(), 2), by(&["k"])).expect("merged");
            assert_eq!((done.changes.changed, done.changes.added), (2, 0), "{what}");
            merge(&lake, keyed(high.head(Some(1)), 1), by(&["k"])).expect_err("the spoilt file is needed");
        }
    }
}

#[test]
fn rows_at_the_bounds_are_found_whatever_the_type() {
    for (what, low, high, _) in cases() {
        let (_folder, lake) = lake();
        for (keys, value) in [(&low, 1), (&high, 2)] {
            put(&lake, "bronze.t", keyed(keys.clone(), value), Mode::Append).expect("appended");
        }
        let mut news = keyed(high, 7);
        news.vstack_mut(&keyed(low, 7)).expect("all keys");
        let done = merge(&lake, news, by(&["k"])).expect("merged");
        assert_eq!(done.changes, Changes { changed: 4, ..Changes::default() }, "{what}");
    }
}

#[test]
fn every_part_of_a_key_can_rule_a_file_out_and_snapshots_look_at_all() {
    let rows = |a: i64, days: [i64; 2]| {
        let days = cast(&days, &DataType::Date);
        df!("a" => [a, a], "day" => days, "v" => [1_i64, 1]).expect("a frame")
    };
    let table = || {
        let (folder, lake) = lake();
        for (a, days) in [(1, [10, 20]), (1, [21, 30]), (2, [10, 20])] {
            put(&lake, "bronze.t", rows(a, days), Mode::Append).expect("appended");
        }
        (folder, lake)
    };
    let (_folder, lake) = table();
    (1..3).for_each(|number| spoil(&lake, number));
    let done = merge(&lake, rows(1, [10, 15]), by(&["a", "day"])).expect("merged");
    assert_eq!((done.changes.unchanged, done.changes.added), (1, 1));
    let (_folder, lake) = table();
    let all = Merge { snapshot: true, deletes: Deletes::Remove, ..by(&["a", "day"]) };
    let done = merge(&lake, rows(1, [10, 20]), all).expect("merged");
    assert_eq!((done.changes.unchanged, done.changes.deleted), (2, 4));
    let (_folder, lake) = table();
    let nothing = merge(&lake, rows(9, [1, 2]).head(Some(0)), by(&["a"])).expect("merged");
    assert!(!nothing.changed_anything);
}
