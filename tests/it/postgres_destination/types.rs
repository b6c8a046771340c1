//! Values of every type, there and back.

use pulse_connect::{Content, SyncMode, Task, connect};
use pulse_tests::services::postgres::Database;
use pulse_tests::services::skipped;

use super::*;

/// A column of every type with its extremes.
fn every_type() -> DataFrame {
    let texts = df!(
        "n" => [1i64, 2, 3, 4],
        "yes" => [Some(true), Some(false), None, Some(true)],
        "i1" => [Some(i8::MIN), Some(i8::MAX), None, Some(0)],
        "i2" => [Some(i16::MIN), Some(i16::MAX), None, Some(0)],
        "i4" => [Some(i32::MIN), Some(i32::MAX), None, Some(0)],
        "i8" => [Some(i64::MIN), Some(i64::MAX), None, Some(0)],
        "f4" => [Some(f32::MIN), Some(f32::NAN), None, Some(0.1)],
        "f8" => [Some(f64::NEG_INFINITY), Some(f64::NAN), None, Some(-0.0)],
        "d2" => ["-0.05", "99999999.99", "0", "10000"],
        "d38" => ["-99999999999999999999999999999.999999999", "0.000000001", "12345678901234567890.5", "1"],
        "text" => [Some("a\"\\\n\t'é𝄞"), Some(""), None, Some("\u{1}")],
        "day" => [Some(-719_162i32), Some(2_932_896), None, Some(0)],
        "local" => [Some(-62_135_596_800_000_000i64), Some(253_402_300_799_999_999), None, Some(1)],
        "instant" => [Some(-62_135_596_800_000_000i64), Some(253_402_300_799_999_999), None, Some(-1)],
        "bytes" => [Some(&[0u8, 255][..]), Some(&[][..]), None, Some(&[1][..])],
    );
    let micros = |zone| DataType::Datetime(TimeUnit::Microseconds, zone);
    let frame = texts.unwrap().lazy().with_columns([
        col("d2").cast(DataType::Decimal(10, 2)),
        col("d38").cast(DataType::Decimal(38, 9)),
        col("day").cast(DataType::Date),
        col("local").cast(micros(None)),
        col("instant").cast(micros(Some(TimeZone::UTC))),
    ]);
    frame.collect().unwrap()
}

#[test]
fn every_type_arrives_as_it_was_and_comes_back() {
    if skipped() {
        return;
    }
    let database = Database::new();
    let frame = every_type();
    for mode in [SyncMode::Replace, SyncMode::Append] {
        if mode == SyncMode::Append {
            database.sql("TRUNCATE t");
        }
        let mut sync = Sync::to(&database, mode, frame.clone());
        sync.outgoing.run = format!("{mode:?}");
        let found = sync.preflight();
        let words: Vec<_> = found.columns.iter().map(|column| column.type_word.as_str()).collect();
        assert_eq!(
            words.join(", "),
            "bigint, boolean, smallint, smallint, integer, bigint, real, double precision, numeric(10,2), numeric(38,9), \
             text, date, timestamp without time zone, timestamp with time zone, bytea"
        );
        sync.done();
        let row = |n: u32| database.sql(&format!("SELECT * FROM t WHERE n = {n}"));
        assert_eq!(
            row(1),
            "1|t|-128|-32768|-2147483648|-9223372036854775808|-3.4028235e+38|-Infinity|-0.05|\
             -99999999999999999999999999999.999999999|a\"\\\n\t'é𝄞|0001-01-01|0001-01-01 00:00:00|0001-01-01 00:00:00+00|\\x00ff"
        );
        assert_eq!(
            row(2),
            "2|f|127|32767|2147483647|9223372036854775807|NaN|NaN|99999999.99|0.000000001||9999-12-31|\
             9999-12-31 23:59:59.999999|9999-12-31 23:59:59.999999+00|\\x"
        );
        assert_eq!(row(3), "3||||||||0.00|12345678901234567890.500000000|||||");
        assert_eq!(
            row(4),
            "4|t|0|0|0|0|0.1|-0|10000.00|1.000000000|\u{1}|1970-01-01|1970-01-01 00:00:00.000001|\
             1969-12-31 23:59:59.999999+00|\\x01"
        );
        let back = read_back(&database);
        for name in frame.get_column_names() {
            let (sent, read) = (frame.column(name).unwrap(), back.column(name).unwrap());
            let read = read.cast(sent.dtype()).unwrap();
            assert!(sent.equals_missing(&read), "{name}: {sent:?} {read:?}");
        }
    }
}

fn read_back(database: &Database) -> DataFrame {
    let folder = tempfile::tempdir().unwrap();
    let progress = Progress::new();
    let task = Task {
        progress: &progress,
        scratch: folder.path(),
        downloads: folder.path(),
        limit: None,
        state: None,
        replay: &[],
        merges: false,
    };
    let connection = connect("postgres", &database.settings()).unwrap();
    let fetched = connection.read(&json!({"table": "public.t", "order": "n"}), &task).unwrap();
    let Content::Typed { files, .. } = &fetched.content else { panic!("typed rows") };
    ParquetReader::new(std::fs::File::open(&files[0]).unwrap()).finish().unwrap()
}

#[test]
fn lists_become_arrays_and_other_nested_values_json() {
    if skipped() {
        return;
    }
    let database = Database::new();
    let list = |items: &[Option<&str>]| Series::new("".into(), items);
    let words = Series::new("words".into(), [Some(list(&[Some("a,\"b"), None])), None, Some(list(&[]))]);
    let numbers = Series::new(
        "numbers".into(),
        [Some(Series::new("".into(), [1i32, -2])), Some(Series::new("".into(), [3i32])), None],
    );
    let inner = df!("x" => [Some("é"), None, Some("\u{0}")], "y" => [1i64, 2, 9_007_199_254_740_993]).unwrap();
    let record = inner.into_struct("record".into()).into_series();
    let n = Series::new("n".into(), [1i64, 2, 3]);
    let frame = DataFrame::new(3, vec![n.into(), words.into(), numbers.into(), record.into()]).unwrap();
    let sync = Sync::to(&database, SyncMode::Replace, frame);
    let found = sync.preflight();
    let reject =
        found.findings.iter().find(|finding| finding.severity == Severity::Rejects).expect("a NUL within a record");
    assert_eq!((reject.column.as_str(), reject.rows, reject.examples[0].0), ("record", 1, 2));
    sync.done();
    assert_eq!(
        table(&database),
        "1|{\"a,\\\"b\",NULL}|{1,-2}|{\"x\": \"é\", \"y\": 1}\n2||{3}|{\"x\": null, \"y\": 2}"
    );
    assert_eq!(database.sql("SELECT string_agg(format_type(atttypid, -1), ' ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0"), "bigint text[] integer[] jsonb");
    assert_eq!(sync.journal.rejected()[0].0, 2..3);
}

#[test]
fn chosen_types_and_an_edited_statement_are_what_runs() {
    if skipped() {
        return;
    }
    let database = Database::new();
    let frame = df!("id" => [1i64, 2, 3], "ref" => ["8B1A9953-C461-1296-A827-ABF8C47804D7", "no", "8b1a9953-c461-1296-a827-abf8c47804d7"], "doc" => ["{\"a\": 1}", "{}", "{not json"]).unwrap();
    let mut sync = Sync::to(&database, SyncMode::Replace, frame);
    sync.outgoing.columns[1].type_word = "uuid".into();
    sync.outgoing.columns[2].type_word = "jsonb".into();
    let text = sync.preflight().statements[0].text.clone();
    assert!(text.contains("\"doc\" jsonb"), "{text}");
    let edited =
        text.replace("\"id\" bigint", "\"id\" integer CHECK (\"id\" < 100), \"made\" timestamptz DEFAULT now()");
    sync.outgoing.edits.insert("create".into(), edited);
    sync.done();
    assert_eq!(
        database.sql("SELECT id, ref, doc, made IS NOT NULL FROM t"),
        "1|8b1a9953-c461-1296-a827-abf8c47804d7|{\"a\": 1}|t"
    );
    let rejected = sync.journal.rejected();
    assert!(rejected[0].1.contains("is no UUID") && rejected[1].1.contains("invalid input syntax"), "{rejected:?}");
    sync.outgoing.run = "run-2".into();
    for (edit, part) in [
        ("CREATE TABLE other (id int)", "does not begin with"),
        ("CREATE TABLE \"public\".\"t\" (id nonsense)", "nonsense"),
    ] {
        sync.outgoing.edits.insert("create".into(), edit.into());
        assert!(sync.stops().join(" ").contains(part), "{:?}", sync.stops());
    }
    sync.outgoing.edits.clear();
    sync.outgoing.columns[0].type_word = "real".into();
    assert!(sync.stops()[0].contains("do not go into a column of the type real"), "{:?}", sync.stops());
}

#[test]
fn values_go_into_wider_columns_and_come_to_the_same() {
    if skipped() {
        return;
    }
    let database = Database::new();
    let frame = df!(
        "i1" => [i8::MIN, i8::MAX], "i4" => [i32::MIN, i32::MAX], "i8" => [i64::MIN, i64::MAX], "u4" => [u32::MIN, u32::MAX],
        "few" => [-3i32, 9], "f4" => [0.1f32, -0.0], "price" => ["12.50", "-0.01"], "day" => [0i32, 20_000],
        "code" => ["ab", "é"], "yes" => [true, false],
    )
    .unwrap();
    let frame =
        frame.lazy().with_columns([col("price").cast(DataType::Decimal(10, 2)), col("day").cast(DataType::Date)]);
    let frame = frame.collect().unwrap();
    for mode in [SyncMode::Append, SyncMode::Upsert, SyncMode::Mirror] {
        database.sql(
            "DROP TABLE IF EXISTS t, cloud_pulse_syncs; CREATE TABLE t (i1 bigint PRIMARY KEY, i4 numeric, i8 numeric(25,3), u4 bigint,
             few double precision, f4 double precision, price numeric(20,6), day timestamp, code varchar(99), yes text, more int)",
        );
        let mut sync = Sync::to(&database, mode, frame.clone());
        if mode != SyncMode::Append {
            sync = sync.key(&["i1"]);
        }
        sync.done();
        assert_eq!(
            table(&database),
            "-128|-2147483648|-9223372036854775808.000|0|-3|0.10000000149011612|12.500000|1970-01-01 00:00:00|ab|true|\n\
             127|2147483647|9223372036854775807.000|4294967295|9|-0|-0.010000|2024-10-04 00:00:00|é|false|",
            "{mode:?}"
        );
    }
}

#[test]
fn floating_numbers_are_compared_bit_by_bit() {
    if skipped() {
        return;
    }
    let database = Database::new();
    let frame = df!(
        "id" => [1i64, 2, 3, 4, 5, 6],
        "f8" => [Some(0.3f64), Some(-0.0), Some(f64::NAN), None, Some(1e300), Some(f64::NEG_INFINITY)],
        "f4" => [Some(0.3f32), Some(-0.0), Some(f32::NAN), None, Some(1e30), Some(f32::INFINITY)],
        "zeros" => [0.0f64, -0.0, 0.0, -0.0, 0.0, -0.0],
    )
    .unwrap();
    let sync = Sync::to(&database, SyncMode::Replace, frame).key(&["id"]);
    let written = sync.done();
    for (change, back, column) in [
        ("f8 = 0.30000000000000004 WHERE id = 1", "f8 = 0.3 WHERE id = 1", "f8"),
        ("f8 = 0 WHERE id = 2", "f8 = '-0' WHERE id = 2", "f8"),
        ("f4 = 0.30000004 WHERE id = 1", "f4 = 0.3 WHERE id = 1", "f4"),
        ("f4 = 0 WHERE id = 2", "f4 = '-0' WHERE id = 2", "f4"),
        ("zeros = 0 WHERE id = 6", "zeros = '-0' WHERE id = 6", "zeros"),
    ] {
        database.sql(&format!("UPDATE t SET {change}"));
        let found = sync.verify(&written);
        let wrong: Vec<_> = found.comparisons.iter().filter(|one| one.here != one.there).map(|one| &one.name).collect();
        assert_eq!(wrong, [&format!("{column}: sum of bits")], "{change}");
        assert_eq!(found.differing.len(), 1, "{change}: {found:?}");
        database.sql(&format!("UPDATE t SET {back}"));
        let found = sync.verify(&written);
        assert!(found.matched(), "{back}: {found:?}");
    }
}
