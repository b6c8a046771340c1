//! Columns that come, change and go.

use super::*;
use crate::{ColumnChange, ColumnKind, Deletes, Merge};

fn by_id() -> Mode {
    Mode::Merge(Merge {
        key: vec!["id".into()],
        newest_by: None,
        deletes: Deletes::Keep,
        snapshot: false,
        deleted: None,
        history: false,
        at_ms: 0,
    })
}

fn of(column: &str, values: Series) -> DataFrame {
    let ids: Vec<i64> = (0..values.len() as i64).collect();
    df!("id" => ids, column => values).expect("a frame")
}

fn later(frame: DataFrame) -> DataFrame {
    frame.lazy().with_columns([col("id") + lit(100)]).collect().expect("a frame")
}

fn texts(lake: &Lake, column: &str) -> (String, Vec<String>) {
    let frame = read(lake, "bronze.t", None).expect("readable");
    let column = frame.column(column).expect("a column");
    let texts = column.cast(&DataType::String).expect("texts");
    let values = texts.str().expect("texts").iter().map(|text| text.unwrap_or("null").to_owned());
    (column.dtype().to_string(), values.collect())
}

fn series<const N: usize, T: 'static>(values: [T; N]) -> Series
where
    Series: NamedFrom<[T; N], [T]>,
{
    Series::new("".into(), values)
}

/// A table's values, those that come, the type of both, all values in it, and whether it is text.
type Case = (&'static str, Series, Series, &'static str, &'static [&'static str]);

fn cases() -> Vec<Case> {
    let date = || series([19_782_i32]).cast(&DataType::Date).expect("dates");
    let time = |zone| {
        series([1_709_211_600_000_001_i64]).cast(&DataType::Datetime(TimeUnit::Microseconds, zone)).expect("times")
    };
    let decimal = |text: &str, p, s| Series::new("".into(), [text]).cast(&DataType::Decimal(p, s)).expect("decimals");
    vec![
        ("a wider integer", series([7_i32]), series([i64::MAX]), "i64", &["7", "9223372036854775807"]),
        ("a wider float", series([0.5_f32]), series([0.1_f64]), "f64", &["0.5", "0.1"]),
        (
            "an integer and a decimal",
            series([i64::MIN]),
            decimal("0.25", 4, 2),
            "decimal[21,2]",
            &["-9223372036854775808.00", "0.25"],
        ),
        ("two decimals", decimal("1.5", 3, 1), decimal("12.25", 4, 2), "decimal[4,2]", &["1.50", "12.25"]),
        ("a table of exact integers", series([1_i64 << 53]), series([0.5_f64]), "f64", &["9007199254740992.0", "0.5"]),
        ("exact integers that come", series([0.5_f64]), series([1_i64 << 53]), "f64", &["0.5", "9007199254740992.0"]),
        (
            "a table of inexact integers",
            series([(1_i64 << 53) + 1]),
            series([0.5_f64]),
            "str",
            &["9007199254740993", "0.5"],
        ),
        ("inexact integers that come", series([0.5_f64]), series([i64::MAX]), "str", &["0.5", "9223372036854775807"]),
        ("an integer and a text", series([7_i64]), series(["x7"]), "str", &["7", "x7"]),
        ("a text and an integer", series(["x7"]), series([7_i64]), "str", &["x7", "7"]),
        ("a whole float and a text", series([2.0_f64]), series([""]), "str", &["2", ""]),
        ("a float and a text", series([0.1 + 0.2]), series(["n/a"]), "str", &["0.30000000000000004", "n/a"]),
        ("a boolean and a text", series([true]), series(["?"]), "str", &["true", "?"]),
        ("a date and a text", date(), series(["soon"]), "str", &["2024-02-29", "soon"]),
        ("a date and a time", date(), time(None), "str", &["2024-02-29", "2024-02-29T13:00:00.000001"]),
        (
            "a time and one with a zone",
            time(None),
            time(Some(TimeZone::UTC)),
            "str",
            &["2024-02-29T13:00:00.000001", "2024-02-29T13:00:00.000001Z"],
        ),
        ("a decimal and a text", decimal("1.50", 4, 2), series(["x"]), "str", &["1.50", "x"]),
        ("a narrower integer", series([7_i64]), series([8_i16]), "i64", &["7", "8"]),
        ("nothing yet", series([7_i64]), Series::new_null("".into(), 1), "i64", &["7", "null"]),
    ]
}

#[test]
fn types_widen_only_where_nothing_is_lost_and_only_if_asked() {
    for (what, before, came, dtype, values) in cases() {
        for mode in [Mode::Append, by_id()] {
            let (_folder, lake) = lake();
            put(&lake, "bronze.t", of("v", before.clone()), Mode::Create).expect("created");
            let news = later(of("v", came.clone()));
            let announced = lake.compare(&name("bronze.t"), news.schema().as_ref()).expect("compared");
            let go = |widen| {
                let write = Write { widen, ..write(news.clone(), mode.clone()) };
                lake.write(&name("bronze.t"), write, &Progress::new())
            };
            let easy = announced.is_empty();
            match go(false) {
                Ok(_) if easy => lake.restore(&name("bronze.t"), 0).map(|_| ()).expect("taken back"),
                Err(error) if !easy => assert!(error.message.contains("do not fit"), "{what}: {error}"),
                result => panic!("{what}: {announced:?} and {result:?}"),
            }
            let done = go(true).expect(what);
            let (found, all) = texts(&lake, "v");
            assert_eq!(
                (found.as_str(), all.iter().map(String::as_str).collect::<Vec<_>>()),
                (dtype, values.to_vec()),
                "{what}, {mode:?}"
            );
            // Whether integers that come are exact is only known once they are there.
            if what != "inexact integers that come" {
                assert_eq!(done.columns, announced, "{what}");
            }
            let text = done.columns.iter().any(|change| matches!(change.kind, ColumnKind::Type { to_text: true, .. }));
            assert_eq!(text, dtype == "str", "{what}");
            assert_eq!(done.changes.added, 1, "{what}");
            assert!(lake.verify(&name("bronze.t")).expect("verified").is_empty(), "{what}");
        }
    }
}

#[test]
fn a_type_without_text_is_refused_even_if_asked() {
    let (_folder, lake) = lake();
    put(&lake, "bronze.t", of("v", series([7_i64])), Mode::Create).expect("created");
    let lists = of("v", Series::new("".into(), [Series::new("".into(), [1_i64])]));
    let announced = lake.compare(&name("bronze.t"), lists.schema().as_ref()).expect("compared");
    let refused =
        ColumnKind::Type { from: "long".into(), came: "array<long>".into(), to: None, lossless: false, to_text: false };
    assert_eq!(announced, [ColumnChange { column: "v".into(), kind: refused }]);
    let error = lake.write(&name("bronze.t"), Write { widen: true, ..write(lists, Mode::Append) }, &Progress::new());
    assert!(error.expect_err("must fail").message.contains("`v` is list[i64]"));
}

#[test]
fn new_columns_are_never_ignored_and_gone_ones_keep_what_was_there() {
    let (_folder, lake) = lake();
    let go = |frame: DataFrame| lake.write(&name("bronze.t"), write(frame, by_id()), &Progress::new()).expect("merged");
    go(df!("id" => [1_i64, 2], "old" => ["a", "b"], "both" => [1_i64, 2]).expect("a frame"));
    let second =
        df!("id" => [1_i64, 2, 3], "both" => [1_i64, 20, 30], "new" => [None, None, Some(true)]).expect("a frame");
    let announced = lake.compare(&name("bronze.t"), second.schema().as_ref()).expect("compared");
    let gone = ColumnChange { column: "old".into(), kind: ColumnKind::Gone { r#type: "string".into() } };
    let new = ColumnChange { column: "new".into(), kind: ColumnKind::New { r#type: "boolean".into() } };
    assert_eq!(announced, [gone, new]);
    let done = go(second.clone());
    assert_eq!(done.columns, announced);
    assert_eq!((done.changes.added, done.changes.changed, done.changes.unchanged), (1, 1, 1), "gone is not different");
    let expected = df!(
        "id" => [1_i64, 2, 3], "old" => [Some("a"), Some("b"), None], "both" => [1_i64, 20, 30],
        "new" => [None, None, Some(true)],
    );
    let found = read(&lake, "bronze.t", None).expect("readable");
    assert!(found.equals_missing(&expected.expect("a frame")), "{found}");
    assert!(!go(second).changed_anything);
    let alone = df!("id" => [1_i64], "more" => [Option::<i64>::None]).expect("a frame");
    let done = go(alone);
    assert_eq!(
        (done.version, done.files, done.changed_anything),
        (2, 0, true),
        "a new column without a value is a change"
    );
}

#[test]
fn statistics_of_rewritten_files_are_those_of_their_new_types() {
    let (_folder, lake) = lake();
    put(&lake, "bronze.t", of("v", series([7_i64, 10])), Mode::Create).expect("created");
    let text = Write { widen: true, ..write(later(of("v", series(["a"]))), Mode::Append) };
    lake.write(&name("bronze.t"), text, &Progress::new()).expect("appended");
    let log = fs::read_to_string(lake.home(&name("bronze.t")).join("_delta_log/00000000000000000001.json"))
        .expect("a commit");
    assert!(log.contains(r#"\"minValues\":{\"id\":0,\"v\":\"10\"},\"maxValues\":{\"id\":1,\"v\":\"7\"}"#), "{log}");
    assert_eq!(texts(&lake, "v").1, ["7", "10", "a"], "rows keep their place");
    let old = lake.snapshot(&name("bronze.t"), Some(0)).expect("a snapshot");
    assert_eq!(old.schema[1].r#type, "long", "older versions keep their types");
}
