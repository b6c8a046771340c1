//! Lossless typing, value by value.

use super::{read_csv, read_with};
use crate::ReadOptions;

/// Values of one column, the type it gets, and a part of the reason.
const TYPES: &[(&[&str], &str, &str)] = &[
    (&["1", "-2", "0"], "integer", "whole numbers in all 3 values"),
    (&["9223372036854775807", "-9223372036854775808"], "integer", "whole numbers"),
    (
        &["9223372036854775808", "1"],
        "text",
        "1 value is a whole number beyond 64 bits, such as `9223372036854775808` on line 2",
    ),
    (&["1", "007", "012", "013"], "text", "3 values have leading zeros, such as `007` on line 3"),
    (&["00501", "10001"], "text", "1 value has a leading zero, such as `00501` on line 2"),
    (&["NA", "DE"], "text", "words"),
    (&["1", "NA"], "text", "1 value is a word, such as `NA` on line 3"),
    (&["1e400", "1.5"], "text", "unusual form"),
    (&["+5", "6"], "text", "1 value has a plus sign, such as `+5` on line 2"),
    (&["-0", "1"], "text", "1 value is a negative zero"),
    (&["-0.0", "1.5"], "text", "negative zero"),
    (&["1.10", "1.1"], "text", "different digits after the point"),
    (&["1.10", "2.25", "-3.00"], "decimal", "2 digits after the point in all 3 values"),
    (&["1.5", "2.25", "3"], "number", "shortest form of a 64-bit float"),
    (&["1.5", "2.0", "3.25"], "number", "shortest form"),
    (&["1.25", "2.0", "3"], "text", "no one type gives back every value"),
    (&["0.1234567890123456", "1.5"], "number", "shortest form"),
    (&["0.12345678901234567890", "1.5"], "text", "a number would lose"),
    (&["0.1000000000000000055511151231257827", "0.1000000000000000000000000000000001"], "decimal", "34 digits"),
    (&["1e-7", "2.5"], "number", "shortest form"),
    (&["1e-05", "2.5", "1e+16"], "number", "shortest form"),
    (&["0.000002715830011867641", "1", "1e+21"], "number", "shortest form"),
    (&["0.000002715830011867641", "1e-05"], "text", "no one type"),
    (&["0.00001", "0.12345"], "decimal", "5 digits"),
    (&["0.00001", "0.5"], "number", "shortest form"),
    (&["1E5", "2.5"], "text", "unusual form"),
    (&[".5", "1.5"], "text", "unusual form, such as `.5` on line 2"),
    (&["5.", "1.5"], "text", "unusual form"),
    (&["inf", "1.5"], "text", "word"),
    (&["NaN", "1.5"], "text", "word"),
    (&[" 5", "6"], "text", "spaces around a number"),
    (&["true", "false"], "boolean", "`true` or `false`"),
    (&["true", "True"], "text", "word"),
    (&["yes", "no"], "text", "words"),
    (&["2024-02-29", "1999-12-31"], "date", "days written YYYY-MM-DD"),
    (
        &["2023-02-29", "1999-12-31"],
        "text",
        "1 value is a date or time in another form, such as `2023-02-29` on line 2",
    ),
    (&["0000-01-01", "1999-12-31"], "text", "another form"),
    (&["01/02/2024", "13/02/2024"], "text", "another form"),
    (&["2024-01-02T03:04:05", "1950-12-31T23:59:59"], "timestamp", "one ISO form"),
    (&["2024-01-02 03:04:05.120", "1950-12-31 23:59:59.001"], "timestamp", "one ISO form"),
    (&["2024-01-02 03:04:05.123456"], "timestamp", "in the only value"),
    (&["2024-01-02T03:04:05Z", "2024-01-02T03:04:06Z"], "timestamp", "one ISO form"),
    (&["2024-01-02 03:04", "2024-01-02 23:59"], "timestamp", "one ISO form"),
    (&["2024-01-02T03:04:05", "2024-01-02 03:04:05"], "text", "several forms"),
    (&["2024-01-02T03:04:05", "2024-01-02"], "text", "no one type"),
    (&["2024-01-02T03:04:05.123456789"], "text", "another form"),
    (&["2024-01-02T03:04:05+02:00"], "text", "another form"),
    (&["2024-01-02T24:00:00"], "text", "another form"),
    (&["", ""], "text", "every value is missing"),
    (&["1", "", "3"], "integer", "in all 2 values"),
    (&["1", "\"\"", "3"], "text", "1 value is a quoted empty text, first on line 3"),
    (&["\"1\"", "\"2\""], "integer", "whole numbers"),
];

#[test]
fn columns_are_typed_only_if_every_text_comes_back() {
    for (values, word, why) in TYPES {
        let text = format!("id,v\n{}\n", values.iter().map(|v| format!("x,{v}")).collect::<Vec<_>>().join("\n"));
        let done = read_csv(&text);
        let column = &done.read.columns[1];
        assert_eq!(column.type_word, *word, "{values:?}: {}", column.why);
        assert!(column.why.starts_with(word) && column.why.contains(why), "{values:?}: {}", column.why);
        for (row, value) in done.rows().iter().zip(*values) {
            let value = value.trim_matches('"');
            if *word != "timestamp" && !(value.is_empty()) {
                let float = |text: &str| text.parse::<f64>().map_err(|_| text.to_owned());
                let same = row[1] == value || (*word == "number" && float(&row[1]) == float(value));
                assert!(same, "{values:?}: {value} became {}", row[1]);
            }
        }
    }
}

#[test]
fn timestamps_keep_their_instant() {
    let done = read_csv("v,w\n2024-01-02T03:04:05.120Z,1950-12-31 23:59\n");
    assert_eq!(done.frame.dtypes()[0].to_string(), "datetime[μs, UTC]", "a Z means UTC");
    assert_eq!(done.frame.dtypes()[1].to_string(), "datetime[μs]", "without a zone it is local");
    let micros = |at: usize| {
        done.frame.columns()[at].cast(&polars::prelude::DataType::Int64).expect("micros").i64().expect("i64").get(0)
    };
    assert_eq!(micros(0), Some(1_704_164_645_120_000), "to the millisecond");
    assert_eq!(micros(1), Some(-599_616_060_000_000), "before 1970");
}

/// Type asked for, values, what they become, how many go to the ledger.
const CHOSEN: &[(&str, &[&str], &str, usize)] = &[
    ("text", &["1", "2"], "1/2", 0),
    ("integer", &["007", "x", "+5", ""], "7/∅/5/∅", 1),
    ("integer", &["1", "2"], "1/2", 0),
    ("number", &["1", "2.50", "1e400", "NaN"], "1.0/2.5/∅/∅", 2),
    ("decimal", &["1", "2.50", "01.5", "1e3"], "1.00/2.50/1.50/∅", 1),
    ("boolean", &["true", "NO", "1", "maybe"], "true/false/true/∅", 1),
    ("date", &["2024-01-02", "02/01/2024"], "2024-01-02/∅", 1),
    (
        "timestamp",
        &["2024-01-02", "2024-01-02T03:04:05.5", "soon"],
        "2024-01-02 00:00:00.000000/2024-01-02 03:04:05.500000/∅",
        1,
    ),
];

#[test]
fn a_chosen_type_wins_and_misfits_become_null_and_a_ledger_entry() {
    for (word, values, expected, misfits) in CHOSEN {
        let text = format!("id,v\n{}\n", values.iter().map(|v| format!("x,{v}")).collect::<Vec<_>>().join("\n"));
        let types = [("v".to_owned(), (*word).to_owned())].into();
        let done = read_with("t.csv", text.as_bytes(), &ReadOptions { types, ..ReadOptions::default() });
        let column: Vec<String> = done.rows().iter().map(|row| row[1].clone()).collect();
        assert_eq!(column.join("/"), *expected, "{values:?} as {word}");
        assert_eq!(done.read.columns[1].type_word, *word, "the chosen type is shown");
        assert!(done.read.columns[1].overridden, "and that it was chosen");
        assert_eq!(done.read.ledger.height(), *misfits, "{values:?} as {word}: {:?}", done.ledger());
        assert_eq!(done.read.rejected, 0, "a value that does not fit does not reject its record");
    }
}

#[test]
fn an_unknown_column_or_type_is_an_error_that_names_the_right_ones() {
    let (_folder, path) = super::file("t.csv", b"a,b\n1,2\n");
    for (column, word, hint) in [("c", "text", "a, b"), ("a", "float", "text, integer")] {
        let types = [(column.to_owned(), word.to_owned())].into();
        let result = super::read_paths(&[&path], &ReadOptions { types, ..ReadOptions::default() });
        let error = result.err().expect("an error");
        assert!(error.hint.as_deref().unwrap_or_default().contains(hint), "{error}");
        assert_eq!(error.field.as_deref(), Some(&*format!("types.{column}")), "the form shows it at the column");
    }
}
