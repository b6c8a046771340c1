//! Merging by key: what is refused, which files are written again, and finished files that are taken over.

use super::*;
use crate::{Changes, Deleted, Deletes, Merge, Rows};

fn by(key: &str) -> Merge {
    Merge {
        key: vec![key.into()],
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

fn people() -> DataFrame {
    df!("id" => [1_i64, 2, 3], "name" => [Some("Ann"), None, Some("Cy")], "x" => [0.5, f64::NAN, 1.5]).expect("a frame")
}

fn paths(lake: &Lake) -> Vec<String> {
    let snapshot = lake.snapshot(&name("bronze.t"), None).expect("a snapshot");
    snapshot.files.iter().map(|path| path.file_name().expect("a name").to_string_lossy().into_owned()).collect()
}

#[test]
fn only_files_with_touched_rows_are_written_again_and_rows_keep_their_place() {
    let (_folder, lake) = lake();
    for part in [0..3, 3..6, 6..9] {
        let rows = numbers(part).lazy().with_columns([(col("n") * lit(10)).alias("v")]).collect().expect("rows");
        put(&lake, "bronze.t", rows, Mode::Append).expect("appended");
    }
    let before = paths(&lake);
    let news = df!("n" => [11_i64, 4, 7, 10, 5], "v" => [0_i64, -1, 70, 0, 50]).expect("a frame");
    let done = merge(&lake, news.clone(), by("n")).expect("merged");
    let expected = Changes { added: 2, changed: 1, deleted: 0, unchanged: 2, superseded: 0 };
    assert_eq!((done.version, done.files, done.changes, done.rows), (3, 2, expected, 5));
    let after = paths(&lake);
    assert_eq!((&after[0], &after[2], after.len()), (&before[0], &before[2], 4), "untouched files stay");
    assert_eq!(
        (&after[1][..24], after[1] == before[1]),
        (&before[1][..24], false),
        "the copy stands where the file stood"
    );
    let expected = df!(
        "n" => [0_i64, 1, 2, 3, 4, 5, 6, 7, 8, 11, 10], "v" => [0_i64, 10, 20, 30, -1, 50, 60, 70, 80, 0, 0]
    );
    assert_eq!(read(&lake, "bronze.t", None).expect("readable"), expected.expect("a frame"));
    let again = merge(&lake, news, by("n")).expect("merged");
    assert_eq!((again.version, again.files, again.changed_anything, again.changes.unchanged), (3, 0, false, 5));
    assert_eq!(paths(&lake), after);
    let history = lake.history(&name("bronze.t")).expect("history");
    assert_eq!(history[0].changes, Some(done.changes), "the history knows what happened");
    assert_eq!(history[0].rows, Some(11));
    let left: Vec<_> = files_under(&lake.root).into_iter().filter(|path| path.contains("_staging")).collect();
    assert_eq!(left, [""; 0], "what was staged is gone");
}

#[test]
fn what_cannot_be_merged_is_refused_with_nothing_written() {
    let (_folder, lake) = lake();
    let empty = df!("id" => [Option::<i64>::None]).expect("a frame");
    merge(&lake, empty, by("id")).expect_err("no key");
    assert!(!lake.home(&name("bronze.t")).exists(), "a failed first merge leaves no folder");
    merge(&lake, people(), by("id")).expect("created");
    let rows = |ids: &[Option<i64>]| df!("id" => ids, "name" => vec!["x"; ids.len()]).expect("a frame");
    let reserved = |column: &str| df!("id" => [1_i64], column => ["x"]).expect("a frame");
    let history = Merge { history: true, ..by("id") };
    let marking = Merge { deletes: Deletes::Mark, ..by("id") };
    let deleted = Deleted { column: "is_deleted".into(), value: None };
    let cases = [
        ("2 of the rows that came have no value in the key (id): row 2, 3", rows(&[Some(1), None, None]), by("id")),
        ("no column `key`", rows(&[Some(1)]), by("key")),
        ("needs a key", rows(&[Some(1)]), Merge { key: Vec::new(), ..by("id") }),
        ("no column `t`", rows(&[Some(1)]), Merge { newest_by: Some("t".into()), ..by("id") }),
        ("no column `is_deleted`", rows(&[Some(1)]), Merge { deleted: Some(deleted), ..by("id") }),
        ("`_valid_from`, a name", reserved("_valid_from"), history.clone()),
        ("`_current`, a name", reserved("_current"), history),
        ("`_deleted_at`, a name", reserved("_deleted_at"), marking),
        ("`name` is i64", df!("id" => [1_i64], "name" => [1_i64]).expect("a frame"), by("id")),
    ];
    let before = files_under(&lake.root);
    for (part, frame, how) in cases {
        let error = merge(&lake, frame, how).expect_err(part);
        assert_eq!((error.code, error.message.contains(part)), (Code::InvalidInput, true), "{part}: {error}");
        assert!(error.hint.is_some(), "{error}");
    }
    assert_eq!(files_under(&lake.root), before, "nothing is left behind");
    put(&lake, "bronze.t", rows(&[Some(2), Some(9)]), Mode::Append).expect("the key is not unique now");
    let error = merge(&lake, rows(&[Some(2)]), by("id")).expect_err("which one?");
    assert!(error.message.contains("Rows 2 and 4 of bronze.t have the same key (id)"), "{error}");
    merge(&lake, rows(&[Some(9)]), by("id")).expect("other keys can be merged");
}

#[test]
fn missing_and_nan_are_equal_to_themselves() {
    let (_folder, lake) = lake();
    merge(&lake, people(), by("id")).expect("created");
    let done = merge(&lake, people(), by("id")).expect("merged");
    assert_eq!((done.changed_anything, done.changes.unchanged), (false, 3));
    let mut nested = people();
    let lists = Series::new(
        "list".into(),
        [Series::new("".into(), [1_i64]), Series::new("".into(), [2_i64]), Series::new("".into(), [0_i64; 0])],
    );
    let pairs =
        df!("a" => [1_i64, 2, 3], "b" => [Some("x"), None, Some("z")]).expect("a frame").into_struct("pair".into());
    nested.with_column(lists.into_column()).expect("a list");
    nested.with_column(pairs.into_series().into_column()).expect("a struct");
    let done = merge(&lake, nested.clone(), by("id")).expect("merged");
    assert_eq!(done.changes.changed, 3, "lists and structs are compared too");
    assert!(!merge(&lake, nested, by("id")).expect("merged").changed_anything);
}

#[test]
fn a_key_of_several_columns_of_any_name_and_type() {
    let (_folder, lake) = lake();
    let day = |days: [i32; 3]| Series::new("".into(), days).cast(&DataType::Date).expect("dates");
    let rows =
        |days: [i32; 3], v: [&str; 3]| df!("*" => ["a", "a", "b"], "^x$" => day(days), "v" => v).expect("a frame");
    let how = Merge { key: vec!["*".into(), "^x$".into()], ..by("") };
    merge(&lake, rows([1, 2, 1], ["p", "q", "r"]), how.clone()).expect("created");
    let done = merge(&lake, rows([1, 3, 1], ["p", "new", "changed"]), how).expect("merged");
    let expected = Changes { added: 1, changed: 1, deleted: 0, unchanged: 1, superseded: 0 };
    assert_eq!(done.changes, expected);
    assert_eq!(
        read(&lake, "bronze.t", None).expect("readable")["v"].str().expect("text").iter().flatten().collect::<Vec<_>>(),
        ["p", "q", "changed", "new"]
    );
}

#[test]
fn a_deletion_is_what_the_column_says() {
    type Case = (&'static str, Column, Option<&'static str>, [bool; 3]);
    let cases: [Case; 4] = [
        ("true", Column::new("d".into(), [Some(true), Some(false), None]), None, [true, false, false]),
        ("any value", Column::new("d".into(), [Some("2024-01-01"), Some(""), None]), None, [true, true, false]),
        ("a text", Column::new("d".into(), ["D", "U", "d"]), Some("D"), [true, false, false]),
        ("a number", Column::new("d".into(), [7_i64, 8, 9]), Some("8"), [false, true, false]),
    ];
    for (what, marks, value, expected) in cases {
        let (_folder, lake) = lake();
        let ids = Column::new("id".into(), [1_i64, 2, 3]);
        merge(&lake, DataFrame::new(3, vec![ids.clone()]).expect("a frame"), by("id")).expect("created");
        let deleted = Some(Deleted { column: "d".into(), value: value.map(str::to_owned) });
        let how = Merge { deletes: Deletes::Remove, deleted, ..by("id") };
        merge(&lake, DataFrame::new(3, vec![ids, marks]).expect("a frame"), how).expect("merged");
        let left: Vec<_> =
            read(&lake, "bronze.t", None).expect("readable")["id"].i64().expect("ids").iter().flatten().collect();
        let expected: Vec<i64> = (1..).zip(expected).filter(|(_, gone)| !gone).map(|(id, _)| id).collect();
        assert_eq!(left, expected, "{what}");
    }
}

#[test]
fn history_begins_where_a_table_had_none_and_never_goes_back_in_time() {
    let (_folder, lake) = lake();
    merge(&lake, people(), by("id")).expect("created");
    let how = |at_ms| Merge { history: true, deletes: Deletes::Remove, snapshot: true, at_ms, ..by("id") };
    let two = df!("id" => [1_i64, 2], "name" => [Some("Anna"), None], "x" => [0.5, f64::NAN]).expect("a frame");
    let done = merge(&lake, two, how(2_000)).expect("merged");
    assert_eq!((done.changes.changed, done.changes.deleted, done.changes.unchanged), (1, 1, 1));
    let back = df!("id" => [1_i64, 3], "name" => ["Anna", "Cy"], "x" => [0.5, 1.5]).expect("a frame");
    merge(&lake, back, how(1_000)).expect("merged by a clock that was set back");
    let found = read(&lake, "bronze.t", None).expect("readable");
    let times = found.lazy().select([
        col("id"),
        col("name"),
        col("_valid_from").dt().timestamp(TimeUnit::Milliseconds),
        col("_valid_to").dt().timestamp(TimeUnit::Milliseconds),
        col("_current"),
    ]);
    let expected = df!(
        "id" => [1_i64, 2, 3, 1, 3], "name" => [Some("Ann"), None, Some("Cy"), Some("Anna"), Some("Cy")],
        "_valid_from" => [None, None, None, Some(2_000_i64), Some(2_000)],
        "_valid_to" => [Some(2_000_i64), Some(2_000), Some(2_000), None, None],
        "_current" => [false, false, false, true, true],
    );
    let times = times.collect().expect("times");
    assert!(times.equals_missing(&expected.expect("a frame")), "{times}");
    let error = merge(&lake, people(), by("id")).expect_err("would break the history");
    assert!(error.message.contains("keeps the history"), "{error}");
}

#[test]
fn a_cancelled_merge_leaves_nothing() {
    let (_folder, lake) = lake();
    merge(&lake, people(), by("id")).expect("created");
    let before = files_under(&lake.root);
    let progress = Progress::new();
    let stop = progress.clone();
    let slow = people().lazy().map(
        move |rows: DataFrame| {
            stop.cancel();
            std::thread::sleep(Duration::from_secs(3));
            Ok(rows)
        },
        AllowedOptimizations::default(),
        None,
        Some("slow"),
    );
    let began = Instant::now();
    let slow = Write { rows: slow.into(), ..write(numbers([]), Mode::Merge(by("id"))) };
    let error = lake.write(&name("bronze.t"), slow, &progress).expect_err("cancelled");
    assert_eq!(error.code, Code::Cancelled);
    assert!(began.elapsed() < Duration::from_millis(2_500), "{:?}", began.elapsed());
    let deadline = Instant::now() + Duration::from_secs(60);
    while files_under(&lake.root) != before && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(files_under(&lake.root), before);
}

fn finished(folder: &Path, frames: &mut [DataFrame]) -> Vec<std::path::PathBuf> {
    let write = |(at, frame): (usize, &mut DataFrame)| {
        let path = folder.join(format!("{at}.parquet"));
        ParquetWriter::new(fs::File::create(&path).expect("a file")).finish(frame).expect("written");
        path
    };
    frames.iter_mut().enumerate().map(write).collect()
}

#[test]
fn finished_files_are_taken_over_where_they_fit_and_read_where_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let modified = |path: &Path| fs::metadata(path).expect("a file").modified().expect("a time");
    let cases: [(&str, Mode, DataFrame, bool); 5] = [
        ("into a new table", Mode::Create, numbers(3..6), true),
        ("the table's columns", Mode::Append, numbers(3..6), true),
        ("all rows", Mode::Replace, numbers(3..6), true),
        ("a narrower type", Mode::Append, df!("n" => [3_i32, 4, 5]).expect("a frame"), false),
        ("a type Delta has not", Mode::Create, df!("n" => [3_u32, 4, 5]).expect("a frame"), false),
    ];
    for (what, mode, frame, taken) in cases {
        let (_lake_folder, lake) = lake();
        let (empty, all) = (mode == Mode::Create, mode == Mode::Append);
        if !empty {
            put(&lake, "bronze.t", numbers(0..3), Mode::Create).expect("created");
        }
        let schema = frame.schema().as_ref().clone();
        let files = finished(folder.path(), &mut [frame.slice(0, 2), frame.slice(2, 1)]);
        let times: Vec<_> = files.iter().map(|path| modified(path)).collect();
        let progress = Progress::new();
        let write = Write { rows: Rows::Files { files, schema }, expected_rows: Some(3), ..write(numbers([]), mode) };
        let done = lake.write(&name("bronze.t"), write, &progress).expect(what);
        assert_eq!((done.rows, progress.counts().rows), (3, 3), "{what}");
        let start = if all { 0 } else { 3 };
        assert_eq!(read(&lake, "bronze.t", None).expect("readable"), numbers(start..6), "{what}");
        let snapshot = lake.snapshot(&name("bronze.t"), None).expect("a snapshot");
        let own: Vec<_> = snapshot.files.iter().rev().take(2).rev().map(|path| modified(path)).collect();
        assert_eq!(own == times, taken, "{what}: the same files");
        let log = lake.home(&name("bronze.t")).join(format!("_delta_log/{:020}.json", done.version));
        assert!(
            fs::read_to_string(log).expect("a commit").contains(r#"\"maxValues\":{\"n\":5}"#),
            "{what}: statistics"
        );
    }
}

#[test]
fn finished_files_can_be_merged_and_survive_a_refusal() {
    let (folder, lake) = lake();
    let schema = people().schema().as_ref().clone();
    let files = finished(folder.path(), &mut [people()]);
    let rows = || Rows::Files { files: files.clone(), schema: schema.clone() };
    let go = |mode| lake.write(&name("bronze.t"), Write { rows: rows(), ..write(numbers([]), mode) }, &Progress::new());
    go(Mode::Merge(by("id"))).expect("created");
    assert_eq!(go(Mode::Create).expect_err("exists").code, Code::AlreadyExists);
    assert!(files[0].exists(), "what was refused is still there");
    assert_eq!(go(Mode::Merge(by("id"))).expect("merged").changes.unchanged, 3);
    let empty = Rows::Files { files: Vec::new(), schema: schema.clone() };
    let gone = Merge { snapshot: true, deletes: Deletes::Remove, ..by("id") };
    let done =
        lake.write(&name("bronze.t"), Write { rows: empty, ..write(numbers([]), Mode::Merge(gone)) }, &Progress::new());
    assert_eq!(done.expect("merged").changes.deleted, 3);
    assert_eq!(read(&lake, "bronze.t", None).expect("readable").height(), 0);
}
