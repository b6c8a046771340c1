//! Delimited text in every state.

use super::{file, read_csv, read_paths, read_with};
use crate::{ReadOptions, preview};

/// Name, text, names of the columns, rows, ledger entries as line and value.
type Case = (&'static str, &'static [u8], &'static str, &'static str, &'static [&'static str]);

const FILES: &[Case] = &[
    ("one column", b"c0\nv0\na;b", "c0", "v0/a;b", &[]),
    ("no final newline", b"a,b\n1,2\n3,4", "a|b", "1|2/3|4", &[]),
    ("CRLF", b"a,b\r\n1,2\r\n3,\"4\"\r\n", "a|b", "1|2/3|4", &[]),
    ("mixed line ends", b"a,b\r\n1,2\n3,4\r\n", "a|b", "1|2/3|4", &[]),
    ("CR only", b"a,b\r1,2\r3,4\r", "a|b", "1|2/3|4", &[]),
    ("quoted newline", b"a,b\n1,\"x\ny\"\n2,z\n", "a|b", "1|x\ny/2|z", &[]),
    ("quoted CRLF", b"a,b\r\n1,\"x\r\ny\"\r\n2,z\r\n", "a|b", "1|x\r\ny/2|z", &[]),
    ("doubled quotes", b"a,b\n1,\"say \"\"hi\"\"\"\n2,\"\"\"\"\n", "a|b", "1|say \"hi\"/2|\"", &[]),
    ("empty is not missing", b"a,b\nx,\"\"\ny,\n", "a|b", "x|/y|\u{2205}", &[]),
    ("quote inside a field", b"a,b\n1,5\" pipe\n2,z\n", "a|b", "1|5\" pipe/2|z", &[]),
    ("text after a quote", b"a,b\n1,\"x\"y\n2,\"z,\"\n", "a|b", "2|z,", &["2: 1,\"x\"y"]),
    ("a quote that stays open", b"a,b\n\"0,\",z\n2,z\n1,\"x\n3,w\n", "a|b", "0,|z/2|z/3|w", &["4: 1,\"x"]),
    ("only stray quotes", b"a,b\n1,\"x\"y\n2,z\n", "a|b", "1|\"x\"y/2|z", &[]),
    ("too few fields", b"a,b,c\n1,2,3\n4,5\n6,7,8\n", "a|b|c", "1|2|3/6|7|8", &["3: 4,5"]),
    ("too many fields", b"a,b\n1,2\n3,4,5\n6,7\n", "a|b", "1|2/6|7", &["3: 3,4,5"]),
    ("blank lines", b"a,b\n\n1,2\n\n\n3,4\n\n", "a|b", "1|2/3|4", &[]),
    ("one column with missing", b"a\n1\n\n3\n", "a", "1/\u{2205}/3", &[]),
    ("only missing", b"a,b\n,\n,\n", "a|b", "\u{2205}|\u{2205}/\u{2205}|\u{2205}", &[]),
    ("zero byte", b"a,b\n1,x\0y\n2,z\n", "a|b", "2|z", &["2: 1,x\\x00y"]),
    ("semicolon", b"a;b\n1;2,5\n3;4,5\n", "a|b", "1|2,5/3|4,5", &[]),
    ("tabulator", b"a\tb\n1\tx y\n3\tz\n", "a|b", "1|x y/3|z", &[]),
    ("bar", b"a|b\n1|x\n3|z\n", "a|b", "1|x/3|z", &[]),
    ("single quotes", b"a,b\n'x,1',2\n'y,2',3\n", "a|b", "x,1|2/y,2|3", &[]),
    ("no header", b"1,x\n2,y\n3,z\n", "column_1|column_2", "1|x/2|y/3|z", &[]),
    ("years as names", b"country,2019,2020\nKenya,5,6\nTogo,7,8\n", "country|2019|2020", "Kenya|5|6/Togo|7|8", &[]),
    ("header only", b"a,b,c\n", "a|b|c", "", &[]),
    ("repeated names", b"a,a,,A\n1,2,3,4\n", "a|a_2|column_3|A_3", "1|2|3|4", &[]),
    ("byte order mark", b"\xef\xbb\xbfa,b\n1,2\n", "a|b", "1|2", &[]),
    ("byte order mark, no header", b"\xef\xbb\xbf1,2\n3,4\n", "column_1|column_2", "1|2/3|4", &[]),
    ("short header", b"x,y\n1,2,3\n4,5,6\n7,8,9\n", "x|y|column_3", "1|2|3/4|5|6/7|8|9", &[]),
    ("preamble", b"Prices\nSource: FAO\n\na,b,c\n1,2,3\n4,5,6\n", "a|b|c", "1|2|3/4|5|6", &[]),
    ("footer", b"a,b,c\n1,2,3\n4,5,6\nTotal: 2 rows\n", "a|b|c", "1|2|3/4|5|6", &["4: Total: 2 rows"]),
    ("spaces kept", b"a,b\n x , y\n z ,w\n", "a|b", " x | y/ z |w", &[]),
    ("lone CR in a field", b"a,b\nx\ry,1\nz,2\n", "a|b", "x\ry|1/z|2", &[]),
    ("CR before the delimiter", b"a,b\nx\r,1\nz,2\n", "a|b", "x\r|1/z|2", &[]),
    ("a mark at the first value", b"a,b\n\xef\xbb\xbfx,1\nz,2\n", "a|b", "\u{feff}x|1/z|2", &[]),
    (
        "broken UTF-8",
        b"a,b\n\xc3\xa4\xc3\xb6,1\nx\xff,2\n\xc3\xbc,3\n",
        "a|b",
        "\u{e4}\u{f6}|1/\u{fc}|3",
        &["3: x\\xFF,2"],
    ),
    ("latin-1", b"a,b\nCaf\xe9,1\nna\xefve,2\n", "a|b", "Caf\u{e9}|1/na\u{ef}ve|2", &[]),
    ("UTF-16 LE", b"\xff\xfea\0,\0b\0\n\x001\0,\0\xe9\0\n\0", "a|b", "1|\u{e9}", &[]),
    ("UTF-16 BE", b"\xfe\xff\0a\0,\0b\0\n\x001\0,\0\xe9\0\n", "a|b", "1|\u{e9}", &[]),
    ("broken UTF-16", b"\xff\xfea\0,\0b\0\n\x001\0,\0\0\xd8\n\x002\0,\x003\0\n\0", "a|b", "2|3", &["2: 1,\\x00\\xD8"]),
];

#[test]
fn every_record_is_a_row_or_in_the_ledger() {
    for (what, bytes, names, rows, ledger) in FILES {
        let done = read_with("table.csv", bytes, &ReadOptions::default());
        let shown: Vec<String> = done
            .rows()
            .iter()
            .map(|r| r.iter().map(|c| c.trim_end_matches(".0").to_owned()).collect::<Vec<_>>().join("|"))
            .collect();
        assert_eq!(done.names(), *names, "{what}");
        assert_eq!(shown.join("/"), *rows, "{what}");
        let entries = done.ledger();
        assert_eq!(entries.len(), ledger.len(), "{what}: {entries:?}");
        for (entry, start) in entries.iter().zip(*ledger) {
            assert!(entry.starts_with(&format!("{start}: ")), "{what}: {entry}");
        }
    }
}

#[test]
fn a_file_that_widens_late_is_accounted_for() {
    let mut text = String::from("a,b\n");
    (0..1000).for_each(|i| text.push_str(&format!("{i},x\n")));
    (0..2000).for_each(|i| text.push_str(&format!("{i},x,y\n")));
    let done = read_csv(&text);
    assert_eq!((done.read.records, done.read.rows, done.read.rejected), (3000, 1000, 2000), "nothing is lost");
    assert_eq!(done.ledger()[0], "1002: 0,x,y: The record has 3 fields, more than 2.", "line, text and reason");
}

#[test]
fn many_blocks_agree_with_the_lines() {
    let mut text = String::from("id,name,note\n");
    for i in 0..400_000 {
        text.push_str(&format!("{i},\"n\n{i}\",{}\n", if i == 399_999 { "007" } else { "7" }));
    }
    let done = read_csv(&text);
    assert_eq!(done.read.rows, 400_000, "blocks are cut between records");
    assert_eq!(done.types(), "integer|text|text", "the last value counts");
    assert!(done.read.columns[2].why.contains("`007` on line 800000"), "{}", done.read.columns[2].why);
    assert_eq!(done.read.files[0].sha256.len(), 64, "the hash comes with it");
    let (_folder, path) = file("x", text.as_bytes());
    let source = crate::source::Source::open(
        &crate::Input::from(path),
        0,
        std::path::Path::new("/"),
        None,
        &pulse_core::Progress::new(),
    );
    let alone = source.and_then(|s| s.sha256(&pulse_core::Progress::new())).expect("a hash");
    assert_eq!(done.read.files[0].sha256, alone, "hashing in the scan gives the file's hash");
}

#[test]
fn choices_can_be_overridden() {
    let options = |change: &dyn Fn(&mut ReadOptions)| {
        let mut options = ReadOptions::default();
        change(&mut options);
        options
    };
    type Override<'a> = (&'a str, &'a [u8], ReadOptions, &'a str, &'a str);
    let cases: Vec<Override<'_>> = vec![
        ("header", b"a,b\n1,2\n", options(&|o| o.header = Some(false)), "column_1|column_2", "a|b/1|2"),
        ("delimiter", b"a;b,c\n1;2,3\n", options(&|o| o.delimiter = Some(",".into())), "a;b|c", "1;2|3"),
        ("tabulator", b"a\tb\n1\t2\n", options(&|o| o.delimiter = Some("\\t".into())), "a|b", "1|2"),
        ("no quote", b"a,b\n\"1,2\n", options(&|o| o.quote = Some(String::new())), "a|b", "\"1|2"),
        ("skip lines", b"1,2\na,b\n3,4\n", options(&|o| o.skip_lines = Some(1)), "a|b", "3|4"),
        ("encoding", b"a,b\n\xa4,2\n", options(&|o| o.encoding = Some("iso-8859-15".into())), "a|b", "\u{20ac}|2"),
        ("source column", b"a,b\n1,2\n", options(&|o| o.source_column = Some(true)), "a|b|source_file", "1|2|t.csv"),
    ];
    for (what, bytes, options, names, rows) in cases {
        let done = read_with("t.csv", bytes, &options);
        assert_eq!((done.names().as_str(), done.shown().as_str()), (names, rows), "{what}");
    }
}

#[test]
fn options_that_make_no_sense_are_errors_at_their_field() {
    let (_folder, path) = file("t.csv", b"a,b\n1,2\n");
    let base = ReadOptions::default;
    let cases = [
        ("delimiter", ReadOptions { delimiter: Some("ab".into()), ..base() }),
        ("delimiter", ReadOptions { delimiter: Some("é".into()), ..base() }),
        ("quote", ReadOptions { quote: Some("''".into()), ..base() }),
        ("quote", ReadOptions { quote: Some(",".into()), delimiter: Some(",".into()), ..base() }),
        ("encoding", ReadOptions { encoding: Some("klingon".into()), ..base() }),
        ("format", ReadOptions { format: Some("xls".into()), ..base() }),
    ];
    for (field, options) in cases {
        let error = read_paths(&[&path], &options).err().expect("an error");
        assert_eq!(error.field.as_deref(), Some(field), "{error}");
        assert!(error.hint.is_some(), "{error}");
    }
}

#[test]
fn several_files_become_one_table() {
    let (_a, first) = file("a.csv", b"id,name\n1,x\n2,y\n");
    let (_b, second) = file("b.csv", b"name;id;extra\nz;007;1.5\nbad\n");
    let done = read_paths(&[&first, &second], &ReadOptions::default()).expect("a read");
    assert_eq!(done.names(), "id|name|extra|source_file", "columns are matched by name");
    assert_eq!(done.shown(), "1|x|∅|a.csv/2|y|∅|a.csv/007|z|1.5|b.csv", "in the order of the files");
    assert_eq!(done.types(), "text|text|decimal", "a type must fit all files");
    assert_eq!(done.read.files.iter().map(|f| f.records).collect::<Vec<_>>(), [2, 2], "records per file");
    let (_c, same) = file("a.csv", b"id,name\n3,q\n");
    let done = read_paths(&[&first, &same], &ReadOptions::default()).expect("a read");
    let sources: std::collections::HashSet<String> = done.rows().iter().map(|row| row[2].clone()).collect();
    assert_eq!(sources.len(), 2, "files of one name are told apart: {sources:?}");
}

#[test]
fn a_preview_of_a_big_file_estimates_and_shows_the_first_rows() {
    let mut text = String::from("id,note\n");
    (0..600_000).for_each(|i| text.push_str(&format!("{i},\"some text, here\"\n")));
    let (folder, path) = file("big.csv", text.as_bytes());
    let input = crate::Input::from(path);
    let shown =
        preview(&[input], &ReadOptions::default(), folder.path(), 50, &pulse_core::Progress::new()).expect("a preview");
    assert!(!shown.complete, "only the first part was read");
    assert_eq!((shown.frame.height(), shown.rejected), (50, 0), "the cut record at the end is no fault of the file");
    assert!((550_000..650_000).contains(&shown.records), "{} is near the truth", shown.records);
}

#[test]
fn a_preview_that_cuts_a_quoted_record_rejects_nothing() {
    let mut text = String::from("id,note\n");
    (0..9_000).for_each(|i| text.push_str(&format!("{i},\"{}\"\n", "line, more\n".repeat(80))));
    let (folder, path) = file("lines.csv", text.as_bytes());
    let inputs = [crate::Input::from(path)];
    let progress = pulse_core::Progress::new();
    let shown = preview(&inputs, &ReadOptions::default(), folder.path(), 5, &progress).expect("a preview");
    assert_eq!((shown.complete, shown.rejected), (false, 0), "{:?}", shown.ledger);
}

#[test]
fn cancelling_stops_a_read() {
    let (folder, path) = file("a.csv", b"a,b\n1,2\n");
    let progress = pulse_core::Progress::new();
    progress.cancel();
    let result = crate::read(&[crate::Input::from(path)], &ReadOptions::default(), folder.path(), &progress);
    assert_eq!(result.err().map(|e| e.code), Some(pulse_core::Code::Cancelled), "a cancelled job ends as such");
}
