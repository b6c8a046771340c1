//! JSON, NDJSON and Parquet.

use polars::prelude::*;

use super::{file, read_paths, read_with};
use crate::{Input, ReadOptions, inspect, read};

/// Name, file name, text, names, types, rows, ledger entries' starts.
type Case =
    (&'static str, &'static str, &'static str, &'static str, &'static str, &'static str, &'static [&'static str]);

const FILES: &[Case] = &[
    ("array", "a.json", r#"[{"a":1,"b":"x"},{"b":"y","a":2}]"#, "a|b", "integer|text", "1|x/2|y", &[]),
    ("nested path", "a.json", r#"{"meta":{"n":2},"data":{"rows":[{"a":1},{"a":2}]}}"#, "a", "integer", "1/2", &[]),
    ("one object", "a.json", r#"{"a":1,"b":[1,2]}"#, "a|b", "integer|text", "1|[1,2]", &[]),
    (
        "digits are kept",
        "a.json",
        r#"[{"a":1.10,"b":9223372036854775808},{"a":1.1,"b":1}]"#,
        "a|b",
        "text|text",
        "1.10|9223372036854775808/1.1|1",
        &[],
    ),
    ("decimals", "a.json", r#"[{"a":1.10},{"a":2.20}]"#, "a", "decimal", "1.10/2.20", &[]),
    ("quoted digits are text", "a.json", r#"[{"a":"1"},{"a":"2"}]"#, "a", "text", "1/2", &[]),
    ("days in quotes", "a.json", r#"[{"a":"2024-01-02"}]"#, "a", "date", "2024-01-02", &[]),
    ("mixed", "a.json", r#"[{"a":1},{"a":"x"},{"a":true}]"#, "a", "text", "1/x/true", &[]),
    ("booleans", "a.json", r#"[{"a":true},{"a":false},{"a":null},{}]"#, "a", "boolean", "true/false/∅/∅", &[]),
    (
        "nested is compact JSON",
        "a.json",
        "[{\"a\": { \"x\" : [ 1.10, \"p q\" ] }}]",
        "a",
        "text",
        r#"{"x":[1.10,"p q"]}"#,
        &[],
    ),
    ("escapes", "a.json", r#"[{"a":"\u00e9\n\"","b":""}]"#, "a|b", "text|text", "é\n\"|", &[]),
    ("plain values", "a.json", "[1, 2, 3]", "value", "integer", "1/2/3", &[]),
    ("not an object", "a.json", "[{\"a\":1},\n2,\n{\"a\":3}]", "a", "integer", "1/3", &["2: 2"]),
    ("invalid record", "a.json", "[{\"a\":1},\n{\"a\":NaN},\n{\"a\":3}]", "a", "integer", "1/3", &["2: {\"a\":NaN}"]),
    ("cut", "a.json", "[{\"a\":1},\n{\"a\":2},\n{\"a\":", "a", "integer", "1/2", &["3: {\"a\":"]),
    ("twice the same name", "a.json", r#"[{"a":1,"a":2},{"a":3}]"#, "a", "integer", "3", &["1: "]),
    ("names that differ in case", "a.json", r#"[{"a":1,"A":2}]"#, "a|A_2", "integer|integer", "1|2", &[]),
    ("lines", "a.ndjson", "{\"a\":1}\n\n{\"a\":2}\n", "a", "integer", "1/2", &[]),
    ("bad lines", "a.jsonl", "{\"a\":1}\n{bad}\n[1]\n{\"a\":2}", "a", "integer", "1/2", &["2: {bad}", "3: [1]"]),
    ("lines named json", "a.json", "{\"a\":1}\n{\"a\":2}\n", "a", "integer", "1/2", &[]),
];

#[test]
fn every_object_is_a_row_or_in_the_ledger() {
    for (what, name, text, names, types, rows, ledger) in FILES {
        let done = read_with(name, text.as_bytes(), &ReadOptions::default());
        assert_eq!((done.names().as_str(), done.types().as_str()), (*names, *types), "{what}");
        assert_eq!(done.shown(), *rows, "{what}");
        let entries = done.ledger();
        assert_eq!(entries.len(), ledger.len(), "{what}: {entries:?}");
        for (entry, start) in entries.iter().zip(*ledger) {
            assert!(entry.starts_with(start), "{what}: {entry}");
        }
    }
}

#[test]
fn the_records_path_can_be_chosen() {
    let text = br#"{"nodes":[{"a":1},{"a":2}],"links":[{"s":1}],"x.y":{"z":[{"q":1}]}}"#;
    for (path, names) in [("links", "s"), ("nodes", "a"), ("x.y.z", "q"), ("", "nodes|links|x.y")] {
        let options = ReadOptions { records_path: Some(path.into()), ..ReadOptions::default() };
        assert_eq!(read_with("g.json", text, &options).names(), names, "records at `{path}`");
    }
    let (_folder, path) = file("g.json", text);
    let options = ReadOptions { records_path: Some("edges".into()), ..ReadOptions::default() };
    let error = read_paths(&[&path], &options).err().expect("an error");
    assert!(error.hint.as_deref().unwrap_or_default().contains("`links`"), "{error}");
}

#[test]
fn chosen_types_of_objects_send_misfits_to_the_ledger() {
    let types = [("a".to_owned(), "integer".to_owned())].into();
    let done =
        read_with("a.ndjson", b"{\"a\":\"7\"}\n{\"a\":\"x\"}\n", &ReadOptions { types, ..ReadOptions::default() });
    assert_eq!((done.shown().as_str(), done.types().as_str()), ("7/∅", "integer"), "{:?}", done.ledger());
    assert_eq!(done.ledger(), ["2: x: The value is no integer, the type you chose for the column."], "with its line");
}

fn parquet(frame: &mut DataFrame) -> (tempfile::TempDir, std::path::PathBuf) {
    let (folder, path) = file("t.parquet", b"");
    let out = std::fs::File::create(&path).expect("a file");
    ParquetWriter::new(out).finish(frame).expect("a Parquet file");
    (folder, path)
}

#[test]
fn parquet_types_are_kept_or_widened_without_loss() {
    let mut frame = df!(
        "u8" => [1u8, 255], "u64" => [1u64, u64::MAX], "i" => [1i64, -1], "f" => [1.5f64, f64::NAN], "s" => ["a", ""],
        "ns" => [1_000i64, 2_000], "fine" => [1_001i64, 2_000], "b" => [Some(true), None],
    )
    .expect("a frame");
    for name in ["ns", "fine"] {
        frame
            .apply(name, |c| c.cast(&DataType::Datetime(TimeUnit::Nanoseconds, None)).expect("a cast"))
            .expect("a column");
    }
    frame.apply("s", |c| c.clone()).expect("a column");
    let (_folder, path) = parquet(&mut frame);
    let done = read_paths(&[&path], &ReadOptions::default()).expect("a read");
    assert_eq!(done.types(), "integer|decimal|integer|number|text|timestamp|text|boolean", "{:?}", done.read.columns);
    assert_eq!(done.rows()[1][1], u64::MAX.to_string(), "the largest value survives");
    assert_eq!(done.read.records, 2, "counted by the metadata");
    let types = [("s".to_owned(), "integer".to_owned()), ("i".to_owned(), "text".to_owned())].into();
    let done = read_paths(&[&path], &ReadOptions { types, ..ReadOptions::default() }).expect("a read");
    assert_eq!(
        (done.types().split('|').nth(2), done.rows()[0][4].as_str()),
        (Some("text"), "∅"),
        "types can be chosen"
    );
    assert_eq!(done.ledger().len(), 2, "misfits are in the ledger: {:?}", done.ledger());
}

#[test]
fn damaged_parquet_is_an_error() {
    let mut frame = df!("a" => [1, 2, 3]).expect("a frame");
    let (folder, path) = parquet(&mut frame);
    let bytes = std::fs::read(&path).expect("bytes");
    std::fs::write(&path, &bytes[..bytes.len() - 9]).expect("a cut file");
    let input = Input::from(path.clone());
    let error =
        read(&[input], &ReadOptions::default(), folder.path(), &pulse_core::Progress::new()).err().expect("an error");
    assert_eq!(error.code, pulse_core::Code::Damaged, "{error}");
    std::fs::write(&path, b"no parquet").expect("a file");
    assert_eq!(inspect(&path).err().map(|e| e.code), Some(pulse_core::Code::Damaged), "a false name is found at once");
}
