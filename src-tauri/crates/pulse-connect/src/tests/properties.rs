//! Whatever is in a file: the account holds, and every text comes back.

use proptest::prelude::*;

use super::archives::gzip;
use super::{file, read_paths, read_with};
use crate::ReadOptions;

/// A cell: a value near the borders of types, or any text.
fn cell() -> impl Strategy<Value = Option<String>> {
    prop_oneof![
        2 => Just(None),
        1 => Just(Some(String::new())),
        3 => any::<i64>().prop_map(|v| Some(v.to_string())),
        3 => (any::<i32>(), 0u32..6).prop_map(|(v, s)| Some(format!("{:.*}", s as usize, f64::from(v) / 100.0))),
        2 => any::<f64>().prop_map(|v| Some(format!("{v:?}"))),
        2 => "[0-9+. -]{1,6}".prop_map(Some),
        1 => "(true|false|True|NA|007|1e400|-0|01/02/2024)".prop_map(Some),
        2 => "[0-9]{4}-[01][0-9]-[0-3][0-9](T[0-2][0-9]:[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,6})?Z?)?".prop_map(Some),
        3 => "[a-zäöü€\u{1F600},;\t\"'\n\r x]{0,8}".prop_map(Some),
    ]
}

/// A column of cells of one sort, so that types are found.
fn column(rows: usize) -> impl Strategy<Value = Vec<Option<String>>> {
    let whole = any::<i64>().prop_map(|v| Some(v.to_string())).boxed();
    let decimal = any::<i32>().prop_map(|v| Some(format!("{:.2}", f64::from(v) / 100.0))).boxed();
    let float = any::<f64>().prop_map(|v| Some(format!("{v:?}"))).boxed();
    let day = (1u32..=9999, 1u32..=12, 1u32..=28).prop_map(|(y, m, d)| Some(format!("{y:04}-{m:02}-{d:02}"))).boxed();
    let sorts = [whole, decimal, float, day, cell().boxed()];
    (0..sorts.len())
        .prop_flat_map(move |at| prop::collection::vec(prop_oneof![9 => sorts[at].clone(), 1 => Just(None)], rows))
}

fn written(columns: &[Vec<Option<String>>], line_end: &str) -> String {
    let mut text = (0..columns.len()).map(|i| format!("col{i}")).collect::<Vec<_>>().join(",") + line_end;
    for row in 0..columns[0].len() {
        let cells = columns.iter().map(|column| match &column[row] {
            None => String::new(),
            Some(cell) if cell.is_empty() || cell.contains([',', '"', '\n', '\r', '\'', ' ']) => {
                format!("\"{}\"", cell.replace('"', "\"\""))
            }
            Some(cell) => cell.clone(),
        });
        text.push_str(&cells.collect::<Vec<_>>().join(","));
        text.push_str(line_end);
    }
    text
}

/// Whether a typed cell is the cell; floats may be written in another style.
fn same(cell: &str, typed: &str, word: &str) -> bool {
    match word {
        "number" => cell == typed || cell.parse::<f64>().ok() == typed.parse().ok(),
        "timestamp" => {
            let digits = |t: &str| {
                t.trim_end_matches('Z')
                    .replace('T', " ")
                    .trim_end_matches("+00:00")
                    .trim_end_matches("UTC")
                    .trim_end()
                    .to_owned()
            };
            let (cell, typed) = (digits(cell), digits(typed));
            typed.trim_end_matches('0').trim_end_matches('.').starts_with(
                cell.trim_end_matches('0').trim_end_matches('.').trim_end_matches('0').trim_end_matches(':'),
            )
        }
        _ => cell == typed,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_cell_comes_back(columns in (1usize..5, 1usize..30).prop_flat_map(|(w, h)| prop::collection::vec(column(h), w)), crlf: bool) {
        let text = written(&columns, if crlf { "\r\n" } else { "\n" });
        let options = ReadOptions { header: Some(true), delimiter: Some(",".into()), quote: Some("\"".into()), skip_lines: Some(0), encoding: Some("utf-8".into()), ..ReadOptions::default() };
        let done = read_with("p.csv", text.as_bytes(), &options);
        prop_assert_eq!(done.read.rejected, 0, "{:?}", done.ledger());
        let blank = if columns.len() > 1 { 0 } else { columns[0].iter().filter(|c| c.is_none()).count() };
        prop_assert!(done.read.rows as usize == columns[0].len(), "rows {} of {} ({blank} blank)", done.read.rows, columns[0].len());
        for (row, cells) in done.rows().iter().enumerate() {
            for (at, typed) in cells.iter().enumerate() {
                let expected = columns[at][row].as_deref().unwrap_or("∅");
                let word = &done.read.columns[at].type_word;
                prop_assert!(same(expected, typed, word), "{expected:?} became {typed:?} as {}", done.read.columns[at].why);
            }
        }
    }

    #[test]
    fn a_bad_record_changes_no_other(columns in (2usize..4, 1usize..20).prop_flat_map(|(w, h)| prop::collection::vec(column(h), w))) {
        // The same file with a ragged record at its end goes through the tolerant reader.
        let options = ReadOptions { header: Some(true), delimiter: Some(",".into()), quote: Some("\"".into()), skip_lines: Some(0), encoding: Some("utf-8".into()), ..ReadOptions::default() };
        let text = written(&columns, "\n");
        let fast = read_with("p.csv", text.as_bytes(), &options);
        let tolerant = read_with("p.csv", format!("{text}bad\n").as_bytes(), &options);
        prop_assert_eq!(tolerant.read.rejected, 1, "the ragged record is in the ledger");
        prop_assert!(fast.frame.equals_missing(&tolerant.frame), "both paths read the same rows");
        prop_assert_eq!(&fast.read.columns, &tolerant.read.columns, "and give the same reasons");
    }

    #[test]
    fn packing_changes_nothing(columns in (1usize..4, 1usize..60).prop_flat_map(|(w, h)| prop::collection::vec(column(h), w)), bad: bool) {
        let text = written(&columns, "\n") + if bad { "1,2,3,4,5,6\n" } else { "" };
        let plain = read_with("p.csv", text.as_bytes(), &ReadOptions::default());
        let packed = read_with("p.csv.gz", &gzip(text.as_bytes()), &ReadOptions::default());
        prop_assert!(plain.frame.equals_missing(&packed.frame), "the same rows and types");
        prop_assert_eq!(&plain.read.columns, &packed.read.columns);
        prop_assert_eq!((plain.read.records, plain.ledger().len()), (packed.read.records, packed.ledger().len()));
    }

    #[test]
    fn any_bytes_are_accounted_for(bytes in prop::collection::vec(prop_oneof![8 => prop::sample::select(b"ab1,;\"'\n\r\t".to_vec()), 1 => any::<u8>()], 1..400)) {
        let (_folder, path) = file("any.csv", &bytes);
        // The account is checked inside; a refusal must say what to do.
        if let Err(error) = read_paths(&[&path], &ReadOptions::default()) {
            prop_assert!(error.hint.is_some() && error.code != pulse_core::Code::Internal, "{error:?}");
        }
    }

    #[test]
    fn any_json_is_accounted_for(text in "[\\[{]([\\[\\]{}:,\"a1. \n]|\"a\":|null|true){0,60}") {
        for name in ["any.json", "any.ndjson"] {
            let (_folder, path) = file(name, text.as_bytes());
            if let Err(error) = read_paths(&[&path], &ReadOptions::default()) {
                prop_assert!(error.hint.is_some() && error.code != pulse_core::Code::Internal, "{error:?}");
            }
        }
    }
}
