//! Lossless typing and the account of records, from the file through import to SQL and export.

use std::io::Write;
use std::path::{Path, PathBuf};

use polars::prelude::*;
use pulse_rpc::Commands;
use pulse_rpc::types::*;
use pulse_tests::{Numbers, Space};
use serde_json::{Value, json};

/// Values of a column, the type they must get, and the same values as SQL answers them.
type Column = (&'static [&'static str], &'static str, fn() -> Value);

const COLUMNS: &[Column] = &[
    (&["007", "123"], "text", || json!(["007", "123"])),
    (&["00501", "10001"], "text", || json!(["00501", "10001"])),
    (&["0", "-1", "9223372036854775807"], "integer", || json!([0, -1, 9_223_372_036_854_775_807_i64])),
    (&["1", "9223372036854775808"], "text", || json!(["1", "9223372036854775808"])),
    (&["NA", "ZA", "NaN", "null"], "text", || json!(["NA", "ZA", "NaN", "null"])),
    (&["1.5", "1e400"], "text", || json!(["1.5", "1e400"])),
    (&["1.10", "1.1"], "text", || json!(["1.10", "1.1"])),
    (&["1.10", "-2.25"], "decimal(18,2)", || json!(["1.10", "-2.25"])),
    (&["0.1", "0.25"], "number", || json!([0.1, 0.25])),
    (&["1.25", "-0.0"], "text", || json!(["1.25", "-0.0"])),
    (&["+1", "2"], "text", || json!(["+1", "2"])),
    (&["\"1,234\"", "5"], "text", || json!(["1,234", "5"])),
    (&["01/02/2024", "13/02/2024"], "text", || json!(["01/02/2024", "13/02/2024"])),
    (&["2024-02-29", "1899-12-31"], "date", || json!(["2024-02-29", "1899-12-31"])),
    (&["2023-02-29", "2024-01-01"], "text", || json!(["2023-02-29", "2024-01-01"])),
    (&["2024-01-02 03:04:05", "1969-12-31 23:59:59"], "timestamp", || {
        json!(["2024-01-02T03:04:05", "1969-12-31T23:59:59"])
    }),
    (&["yes", "no"], "text", || json!(["yes", "no"])),
    (&["true", "false"], "boolean", || json!([true, false])),
    (&["TRUE", "false"], "text", || json!(["TRUE", "false"])),
    (&["0", "1"], "integer", || json!([0, 1])),
    (&["", "x"], "text", || json!([null, "x"])),
    (&["\"\"", "x", ""], "text", || json!(["", "x", null])),
    (&["1", "", "3"], "integer", || json!([1, null, 3])),
    (&["Côte d’Ivoire", "\u{1f35a} 米", "e\u{301}"], "text", || {
        json!(["Côte d’Ivoire", "\u{1f35a} 米", "e\u{301}"])
    }),
    (&[" padded ", "\ttab"], "text", || json!([" padded ", "\ttab"])),
    (&["\"a,b\"", "\"say \"\"hi\"\"\""], "text", || json!(["a,b", "say \"hi\""])),
    (&["=1+1", "@x"], "text", || json!(["=1+1", "@x"])),
];

#[test]
fn a_column_is_typed_only_if_every_text_comes_back() {
    let space = Space::new();
    // All columns in one table would need equal lengths, so each is a table of its own beside a row number.
    for (at, (values, word, expected)) in COLUMNS.iter().enumerate() {
        let lines: Vec<String> = values.iter().enumerate().map(|(row, value)| format!("r{row},{value}\n")).collect();
        let text = format!("row,v\n{}", lines.concat());
        let table = format!("bronze.case{at}");
        let imported = space.import_text(&format!("case{at}.csv"), &text, &table);
        assert_eq!(imported["records"], values.len(), "{values:?}: {imported}");
        assert_eq!((&imported["rows"], &imported["rejected"]), (&json!(values.len()), &json!(0)), "{values:?}");

        let word_found = space.columns(&table).remove(1).1;
        let word_family = |word: &str| word.split('(').next().unwrap().to_owned();
        assert_eq!(word_family(&word_found), word_family(word), "{values:?} became {word_found}");
        let answers = space.sql(&format!("SELECT v FROM {table} ORDER BY row")).unwrap();
        let answers: Vec<Value> = answers.into_iter().map(|mut row| row.remove(0)).collect();
        assert_eq!(json!(answers), expected(), "{values:?} as SQL answers them");
        let exported = String::from_utf8(space.export(&table, ExportFormat::Csv)).unwrap();
        assert_eq!(exported, text, "{values:?} are exported as they came");
        let reason = why(&space, &table);
        assert!(reason.len() > 10, "the reason for the type is shown: {reason}");
    }
}

fn why(space: &Space, table: &str) -> String {
    let shown = space.engine.table_show(TableVersion { table: table.into(), version: None }).unwrap();
    shown.commit["columns"][1]["why"].as_str().unwrap_or_else(|| panic!("a reason: {}", shown.commit)).to_owned()
}

/// Name, bytes, records, rows, and the lines of the records in the ledger.
type File = (&'static str, &'static [u8], u64, u64, &'static [u64]);

const FILES: &[File] = &[
    ("three_lines.csv", b"c0\nv0\na;b", 2, 2, &[]),
    ("short.csv", b"a,b,c\n1,2,3\n4,5\n6,7,8\n", 3, 2, &[3]),
    ("long.csv", b"a,b\n1,2\n3,4,5\n6,7\n", 3, 2, &[3]),
    ("preamble.csv", b"Prices of maize\nSource: none\n\ncode,price\n007,1.5\n008,2.5\n", 2, 2, &[]),
    ("footer.csv", b"a,b,c\n1,2,3\n4,5,6\nTotal: 2 rows\n", 3, 2, &[4]),
    ("header_only.csv", b"a,b\n", 0, 0, &[]),
    ("blank_lines.csv", b"a,b\n\n1,2\n\n3,4\n\n", 2, 2, &[]),
    ("quoted_newline.csv", b"a,b\n1,\"x\ny\"\n2\n", 2, 1, &[4]),
    ("bad.ndjson", b"{\"a\":1}\n{bad}\n[1]\n{\"a\":2}\n", 4, 2, &[2, 3]),
    ("cut.json", b"[{\"a\":1},\n{\"a\":2},\n{\"a\":", 3, 2, &[3]),
];

#[test]
fn every_record_is_a_row_or_in_the_ledger() {
    let space = Space::new();
    for (name, bytes, records, rows, lines) in FILES {
        let table = format!("bronze.{}", name.split('.').next().unwrap());
        let imported = space.import_text(name, bytes, &table);
        account(&imported, *records, *rows, name);
        let ledger = space.ledger(&table);
        let found: Vec<u64> =
            ledger.iter().filter(|row| row[0] == "record").filter_map(|row| row[2].as_u64()).collect();
        assert_eq!(found, *lines, "{name}: lines in the ledger: {ledger:?}");
        assert!(ledger.iter().all(|row| row[7].as_str().is_some_and(|reason| reason.len() > 10)), "{name}: {ledger:?}");
        assert_eq!(imported["ledger"], ledger.len(), "{name}: the count of the ledger is its length");
        assert_eq!(space.rows(&table).len() as u64, *rows, "{name}: the table has the rows it says");
    }
}

fn account(imported: &Value, records: u64, rows: u64, what: &str) {
    let number = |member: &str| imported[member].as_u64().unwrap_or_else(|| panic!("{what} has {member}: {imported}"));
    assert_eq!((number("records"), number("rows")), (records, rows), "{what}: {imported}");
    assert_eq!(number("records"), number("rows") + number("rejected"), "{what}: the account holds: {imported}");
}

#[test]
fn a_file_that_widens_at_row_1001_loses_nothing() {
    let space = Space::new();
    let mut text = String::from("a,b\n");
    (0..1_000).for_each(|at| text.push_str(&format!("{at},x\n")));
    (1_000..3_000).for_each(|at| text.push_str(&format!("{at},x,y\n")));
    let imported = space.import_text("widens.csv", &text, "bronze.widens");
    account(&imported, 3_000, 1_000, "widens.csv");
    let ledger = space.ledger("bronze.widens");
    assert_eq!(ledger.len(), 2_000, "every other record is in the ledger");
    assert_eq!((&ledger[0][2], &ledger[0][5]), (&json!(1_002), &json!("1000,x,y")), "with its line and its text");
    assert_eq!(ledger[1_999][5], "2999,x,y", "up to the last one");
    let all = space.sql("SELECT count(*), sum(a) FROM bronze.widens").unwrap();
    assert_eq!(all, [[json!(1_000), json!(499_500)]].map(Vec::from).to_vec(), "what was read is right");
}

#[test]
fn ragged_files_of_any_kind_are_accounted_for() {
    let space = Space::new();
    let mut numbers = Numbers::new(7);
    for round in 0..12 {
        let (delimiter, width) = ([",", ";", "\t", "|"][round % 4], 2 + numbers.below(4));
        let mut text = (0..width).map(|at| format!("name{at}")).collect::<Vec<_>>().join(delimiter) + "\n";
        let mut regular = 0;
        for at in 0..200 {
            let fields = if numbers.below(10) == 0 { 1 + numbers.below(7) } else { width };
            regular += u64::from(fields == width);
            let field = |field| format!("{at}v{field}");
            text.push_str(&((0..fields).map(field).collect::<Vec<_>>().join(delimiter) + "\n"));
        }
        let table = format!("bronze.ragged{round}");
        let imported = space.import_text(&format!("ragged{round}.csv"), &text, &table);
        account(&imported, 200, regular, &format!("round {round} of width {width}"));
    }
}

#[test]
fn encodings_are_found_and_undone() {
    let space = Space::new();
    let text = "name;city\nJosé;Genève\nZoë;Malmö\nÀngela;Besançon\n";
    let wide = |swap: bool| {
        let mut bytes = vec![];
        for unit in "\u{feff}".encode_utf16().chain(text.encode_utf16()) {
            bytes.extend(if swap { unit.to_be_bytes() } else { unit.to_le_bytes() });
        }
        bytes
    };
    let latin: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    let cases = [
        ("utf8", text.as_bytes().to_vec()),
        ("marked", [b"\xef\xbb\xbf".as_slice(), text.as_bytes()].concat()),
        ("latin1", latin),
        ("utf16le", wide(false)),
        ("utf16be", wide(true)),
    ];
    for (name, bytes) in cases {
        let table = format!("bronze.{name}");
        space.import_text(&format!("{name}.csv"), bytes, &table);
        assert_eq!(space.columns(&table)[0].0, "name", "{name}: no mark sticks to the first name");
        let exported = String::from_utf8(space.export(&table, ExportFormat::Csv)).unwrap();
        assert_eq!(exported, text.replace(';', ","), "{name}");
    }
}

fn gzip(path: PathBuf, bytes: &[u8]) -> PathBuf {
    let script = "import gzip,sys; gzip.open(sys.argv[1],'wb').write(sys.stdin.buffer.read())";
    piped(script, &path, bytes);
    path
}

/// Makes an archive with Python's own library, so that reader and writer are not the same code.
fn piped(script: &str, path: &Path, bytes: &[u8]) {
    let mut child = std::process::Command::new("python3")
        .args(["-c", script])
        .arg(path)
        .stdin(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    assert!(child.wait().unwrap().success(), "Python makes the archive");
}

#[test]
fn packed_files_are_read_like_plain_ones() {
    let space = Space::new();
    let csv = b"code,price\n007,1.5\n008,2.5\n";
    let packed = gzip(space.path("prices.csv.gz"), csv);
    account(&space.import(&packed, "bronze.gz").unwrap(), 2, 2, "gzip");

    let zip = space.path("two.zip");
    let script = "import zipfile,sys\nwith zipfile.ZipFile(sys.argv[1],'w',zipfile.ZIP_DEFLATED) as z:\n \
                  z.writestr('a/prices.csv', sys.stdin.buffer.read())\n z.writestr('more.ndjson', '{\"code\":\"009\"}\\n')\n \
                  z.writestr('readme.bin', bytes(range(256)))\n z.mkdir('empty')";
    piped(script, &zip, csv);
    let found = space.engine.import_inspect(InspectRequest { paths: vec![zip.display().to_string()] }).unwrap();
    let names: Vec<_> = found.files[0].members.iter().filter(|m| m.refused.is_none()).map(|m| m.name.clone()).collect();
    assert_eq!(names, ["a/prices.csv", "more.ndjson"], "members that can be read: {:?}", found.files);
    let refused: Vec<_> = found.files[0].members.iter().filter_map(|member| member.refused.clone()).collect();
    assert!(refused.iter().all(|reason| reason.len() > 10), "the others say why not: {refused:?}");

    let files: Vec<ImportFile> =
        names.iter().map(|name| ImportFile { path: zip.display().to_string(), member: Some(name.clone()) }).collect();
    let request = |files: &[ImportFile], table: &str| ImportRequest {
        files: files.to_vec(),
        options: ReadOptions::default(),
        table: table.into(),
        mode: ImportMode::Create,
    };
    account(&space.import_files(request(&files[..1], "bronze.member")).unwrap(), 2, 2, "one member");
    assert_eq!(space.rows("bronze.member"), space.rows("bronze.gz"), "the packing makes no difference");
    account(&space.import_files(request(&files, "bronze.members")).unwrap(), 3, 3, "both members");
    let rows = space.sql("SELECT code, price, source_file FROM bronze.members ORDER BY code").unwrap();
    assert_eq!(rows[2], [json!("009"), Value::Null, json!("two.zip!more.ndjson")], "a member names itself");
    let error = space.import(&zip, "bronze.nothing").unwrap_err();
    assert!(error.to_string().contains("a/prices.csv"), "with several members one must be chosen: {error}");
}

#[test]
fn several_files_and_a_folder_become_one_table() {
    let space = Space::new();
    std::fs::create_dir_all(space.path("folder/deeper")).unwrap();
    space.file("folder/2023.csv", "code,price\n007,1.5\n008,2.5\n");
    space.file("folder/2024.csv", "price;code;note\n3.5;009;new\nx\n");
    space.file("folder/notes.bin", [0_u8; 64]);
    let found = space.engine.import_inspect(InspectRequest { paths: vec![space.path("folder").display().to_string()] });
    let found = found.unwrap();
    let files: Vec<ImportFile> = found
        .files
        .iter()
        .filter(|file| file.problem.is_none())
        .map(|file| ImportFile { path: file.path.clone(), member: None })
        .collect();
    assert_eq!(files.len(), 2, "the folder's two readable files: {:?}", found.files);
    let options = ReadOptions::default();
    let request = ImportRequest { files, options, table: "bronze.years".into(), mode: ImportMode::Create };
    account(&space.import_files(request).unwrap(), 4, 3, "two files");
    let names: Vec<String> = space.columns("bronze.years").into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["code", "price", "note", "source_file"], "matched by name");
    let rows = space.sql("SELECT source_file, count(*) FROM bronze.years GROUP BY 1 ORDER BY 1").unwrap();
    assert_eq!(json!(rows), json!([["2023.csv", 2], ["2024.csv", 1]]), "every row says where it came from");
    assert_eq!(space.ledger("bronze.years")[0][1], "2024.csv", "and so does the ledger");
    let shown = space.engine.table_show(TableVersion { table: "bronze.years".into(), version: None }).unwrap();
    assert_eq!(shown.origin.len(), 2, "both files are the origin: {:?}", shown.origin);
}

#[test]
fn landing_keeps_the_exact_bytes() {
    let space = Space::new();
    let bytes = b"a,b\r\n1,\xff\r\n\r\n";
    space.import_text("raw.csv", bytes, "bronze.raw");
    let shown = space.engine.table_show(TableVersion { table: "bronze.raw".into(), version: None }).unwrap();
    let origin = &shown.origin[0];
    assert_eq!((origin.name.as_str(), origin.bytes, origin.stored.as_str()), ("raw.csv", 12, "copied"), "{origin:?}");
    let landed = space.engine.root().join("landing").join(&origin.sha256[..2]).join(&origin.sha256);
    assert_eq!(std::fs::read(&landed).unwrap(), bytes, "under their hash");
    let script = "import hashlib,sys; print(hashlib.sha256(open(sys.argv[1],'rb').read()).hexdigest(),end='')";
    assert_eq!(pulse_tests::python(script, &[landed.to_str().unwrap()]), origin.sha256, "which is SHA-256");
}

#[test]
fn nested_json_becomes_a_table() {
    let space = Space::new();
    let text = r#"{"meta":{"unit":"kg"},"data":{"rows":[
        {"code":"007","price":1.10,"where":{"lat":1.5,"tags":["a","b"]}},
        {"code":"008","price":2.25,"extra":true}
    ]}}"#;
    let imported = space.import_text("nested.json", text, "bronze.nested");
    account(&imported, 2, 2, "nested.json");
    let rows = space.sql("SELECT code, price, \"where\", extra FROM bronze.nested ORDER BY code").unwrap();
    let expected = json!([["007", "1.10", r#"{"lat":1.5,"tags":["a","b"]}"#, null], ["008", "2.25", null, true]]);
    assert_eq!(json!(rows), expected, "nested values are kept as JSON text");
}

#[test]
fn parquet_keeps_its_types() {
    let space = Space::new();
    let mut frame = df!(
        "whole" => [Some(1i64), None, Some(i64::MIN)],
        "small" => [1i8, -128, 127],
        "big" => [0u64, 1, u64::MAX],
        "number" => [Some(0.1f64), Some(-0.0), None],
        "word" => [Some("007"), Some(""), None],
        "flag" => [Some(true), Some(false), None],
        "day" => [0i32, -1, 19_782],
        "at" => [0i64, -1, 1_704_164_645_120_000],
        "money" => ["1.10", "-2.25", "0.00"],
    )
    .unwrap();
    frame.apply("day", |column| column.cast(&DataType::Date).unwrap()).unwrap();
    frame.apply("at", |column| column.cast(&DataType::Datetime(TimeUnit::Microseconds, None)).unwrap()).unwrap();
    frame.apply("money", |column| column.cast(&DataType::Decimal(10, 2)).unwrap()).unwrap();
    let path = space.path("types.parquet");
    ParquetWriter::new(std::fs::File::create(&path).unwrap()).finish(&mut frame).unwrap();
    account(&space.import(&path, "bronze.types").unwrap(), 3, 3, "types.parquet");
    let words: Vec<String> = space.columns("bronze.types").into_iter().map(|(_, word)| word).collect();
    assert_eq!(
        words,
        ["integer", "integer", "decimal(20,0)", "number", "text", "boolean", "date", "timestamp", "decimal(10,2)"]
    );
    let expected = json!([
        [1, 1, 0, 0.1, "007", true, "1970-01-01", "1970-01-01T00:00:00", "1.10"],
        [null, -128, 1, -0.0, "", false, "1969-12-31", "1969-12-31T23:59:59.999999", "-2.25"],
        [i64::MIN, 127, "18446744073709551615", null, null, null, "2024-02-29", "2024-01-02T03:04:05.120", "0.00"],
    ]);
    assert_eq!(json!(space.sql("SELECT * FROM bronze.types").unwrap()), expected, "every value as it was");
}

#[test]
fn a_preview_says_what_the_import_will_do_and_obeys_every_choice() {
    let space = Space::new();
    let path = space.file("codes.csv", "code;price\n007;1,5\n008;2,5\n");
    let preview = |options: ReadOptions| {
        let files = vec![ImportFile { path: path.display().to_string(), member: None }];
        space.engine.import_preview(ImportPreviewRequest { files, options }).unwrap()
    };
    let plain = preview(ReadOptions::default());
    assert!(plain.complete && (plain.records, plain.rows, plain.rejected) == (2, 2, 0), "{plain:?}");
    for key in ["format", "encoding", "delimiter", "quote", "header", "skip_lines"] {
        let setting = plain.settings.iter().find(|setting| setting.key == key);
        assert!(setting.is_some_and(|setting| setting.why.len() > 10), "{key} is shown with its reason: {plain:?}");
    }
    assert!(plain.columns.iter().all(|column| !column.overridden && column.why.len() > 10), "{:?}", plain.columns);
    let types = [("code".to_owned(), "integer".to_owned())].into();
    let chosen = ReadOptions { types, delimiter: Some(";".into()), ..ReadOptions::default() };
    let shown = preview(chosen.clone());
    assert!(shown.columns[0].overridden && shown.columns[0].type_word == "integer", "{:?}", shown.columns);
    space.import_with(&path, "bronze.codes", chosen, ImportMode::Create).unwrap();
    let page = space.grid(RowSource::Import { id: shown.id });
    assert_eq!(page, space.table_grid("bronze.codes"), "the import becomes what the preview showed");
    assert_eq!(page[0], [Some("7".to_owned()), Some("1,5".to_owned())], "the choice wins");
    let flat = ReadOptions { header: Some(false), delimiter: Some(",".into()), ..ReadOptions::default() };
    let flat = preview(ReadOptions { skip_lines: Some(0), ..flat });
    assert_eq!((flat.records, flat.rows), (3, 2), "without a header its line is a record, here of one field");
}
