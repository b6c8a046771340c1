//! Files made by SQLite itself, read as the program reads them; examples are data.

use std::path::{Path, PathBuf};
use std::time::Instant;

use polars::prelude::*;
use pulse_core::{Code, Progress};
use rusqlite::Connection as Writer;
use serde_json::{Value, json};

use crate::connector::{Browse, Check, Content, Fetched, Task};
use crate::connectors::{connect, from_url};
use crate::{Connection, Listing};

/// A database in a folder of its own.
struct File {
    folder: tempfile::TempDir,
    path: PathBuf,
}

impl File {
    fn new(sql: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("data ä?#%.sqlite");
        Writer::open(&path).expect("a database").execute_batch(sql).expect("the SQL runs");
        Self { folder, path }
    }

    fn run(&self, sql: &str) {
        Writer::open(&self.path).expect("a database").execute_batch(sql).expect("the SQL runs");
    }

    fn connection(&self) -> Box<dyn Connection> {
        connect("sqlite", &json!({ "path": self.path })).expect("a connection")
    }

    fn read(&self, selection: Value) -> Result<Done, pulse_core::Error> {
        self.read_with(selection, None, None)
    }

    fn read_with(
        &self,
        selection: Value,
        state: Option<&Value>,
        limit: Option<u64>,
    ) -> Result<Done, pulse_core::Error> {
        let scratch = tempfile::tempdir().expect("a folder");
        let progress = Progress::new();
        let (scratch_path, downloads) = (scratch.path(), self.folder.path());
        let task = Task { progress: &progress, scratch: scratch_path, downloads, limit, state, replay: &[], merges: false };
        let fetched = self.connection().read(&selection, &task)?;
        Ok(Done::of(fetched))
    }
}

/// What was read, with its rows.
struct Done {
    frame: DataFrame,
    fetched: Fetched,
}

impl Done {
    fn of(fetched: Fetched) -> Self {
        let Content::Typed { files, columns, schema, rows, .. } = &fetched.content else { panic!("typed rows") };
        let frame = match files.as_slice() {
            [] => DataFrame::empty_with_schema(schema),
            [file] => ParquetReader::new(std::fs::File::open(file).expect("a file")).finish().expect("Parquet"),
            more => panic!("{more:?}"),
        };
        assert_eq!(frame.height() as u64, *rows, "the rows that were announced");
        assert_eq!(**frame.schema(), *schema, "the columns that were announced");
        let planned: Vec<_> = columns.iter().map(|column| column.name.clone()).collect();
        let done = Self { frame, fetched };
        assert_eq!(done.names(), planned);
        done
    }

    /// The cells with `|` between them and `/` between rows; `∅` for a missing value.
    fn shown(&self) -> String {
        let cell = |value: AnyValue<'_>| match value {
            AnyValue::Null => "∅".to_owned(),
            AnyValue::StringOwned(text) => text.to_string(),
            AnyValue::String(text) => text.to_owned(),
            AnyValue::BinaryOwned(bytes) => format!("{bytes:02x?}"),
            AnyValue::Binary(bytes) => format!("{bytes:02x?}"),
            AnyValue::Float64(number) => format!("{number:?}"),
            other => other.to_string(),
        };
        let row =
            |at| self.frame.columns().iter().map(|c| cell(c.get(at).expect("a cell"))).collect::<Vec<_>>().join("|");
        (0..self.frame.height()).map(row).collect::<Vec<_>>().join("/")
    }

    fn names(&self) -> Vec<&str> {
        self.frame.columns().iter().map(|column| column.name().as_str()).collect()
    }

    /// Word and reason of every column.
    fn types(&self) -> String {
        let Content::Typed { columns, .. } = &self.fetched.content else { panic!("typed rows") };
        columns.iter().map(|column| column.why.clone()).collect::<Vec<_>>().join("\n")
    }

    fn ledger(&self) -> Vec<String> {
        let Content::Typed { ledger, .. } = &self.fetched.content else { panic!("typed rows") };
        ledger.iter().map(|e| format!("{:?} {:?} {:?}", e.row, e.column, e.value)).collect()
    }
}

fn table(name: &str) -> Value {
    json!({ "table": name })
}

#[test]
fn values_come_back_as_they_are_stored_in_the_type_that_all_of_them_prove() {
    // Declaration, values, what is read, and why.
    let examples = [
        (
            "INTEGER",
            "(9223372036854775807),(-9223372036854775808),(NULL)",
            "9223372036854775807/-9223372036854775808/∅",
            "integer: all 2 values stored as INTEGER",
        ),
        ("REAL", "(0.1),(1e300),(5)", "0.1/1e300/5.0", "number: all 3 values stored as REAL"),
        ("TEXT", "('007'),(''),('a' || char(0) || 'b'),(7)", "007//a\0b/7", "text: all 4 values stored as TEXT"),
        ("VARCHAR(10)", "('2024-01-02')", "2024-01-02", "text: the only value stored as TEXT"),
        ("BLOB", "(x'00ff'),(x'')", "[00, ff]/[]", "binary: all 2 values stored as BLOB"),
        (
            "",
            "(7),('007'),(2.0),(x'0aff'),(NULL)",
            r"7/007/2.0/\x0aff/∅",
            "text: the column holds values of several kinds: 1 INTEGER, 1 REAL, 1 TEXT, 1 BLOB, written as \\x and hexadecimal digits",
        ),
        (
            "NUMERIC",
            "(1),(1.5)",
            "1.0/1.5",
            "number: all 2 values stored as REAL or as INTEGER that a float holds exactly",
        ),
        ("", "(1),(2.0)", "1/2.0", "text: the column holds values of several kinds: 1 INTEGER, 1 REAL"),
        (
            "NUMERIC",
            "(9007199254740993),(1.5)",
            "9007199254740993/1.5",
            "text: the column holds values of several kinds: 1 INTEGER, 1 REAL",
        ),
        (
            "DECIMAL(10,2)",
            "(1),(-12.5),(0.07),('12.30')",
            "1.00/-12.50/0.07/12.30",
            "decimal: declared DECIMAL(10,2), which fits all 4 values",
        ),
        ("DECIMAL(4,2)", "(1.125)", "1.125", "number: the only value stored as REAL"),
        ("DECIMAL(4,2)", "(100)", "100", "integer: the only value stored as INTEGER"),
        (
            "BOOLEAN",
            "(1),(0),(NULL)",
            "true/false/∅",
            "boolean: declared BOOLEAN, which fits all 2 values, stored as 0 and 1",
        ),
        ("BOOLEAN", "(2)", "2", "integer: the only value stored as INTEGER"),
        ("BOOLEAN", "('true'),('false')", "true/false", "boolean: declared BOOLEAN, which fits all 2 values"),
        ("DATE", "('2024-02-29'),(NULL)", "2024-02-29/∅", "date: declared DATE, which fits the only value"),
        (
            "DATE",
            "('2024-02-30')",
            "2024-02-30",
            "text: declared DATE, but 1 value is a date or time in another form, such as `2024-02-30` in row 1",
        ),
        ("DATE", "('')", "", "text: declared DATE, but 1 value is a quoted empty text, first in row 1"),
        (
            "DATETIME",
            "('2024-02-29 10:11:12.5'),('1969-12-31 23:59:59.9')",
            "2024-02-29 10:11:12.500/1969-12-31 23:59:59.900",
            "timestamp: declared DATETIME, which fits all 2 values",
        ),
        ("TIMESTAMP", "(1700000000)", "1700000000", "integer: the only value stored as INTEGER"),
        (
            "DATE",
            "('2024-02-29'),(5)",
            "2024-02-29/5",
            "text: the column holds values of several kinds: 1 INTEGER, 1 TEXT",
        ),
        ("REAL", "(9e999),(-9e999)", "inf/-inf", "number: all 2 values stored as REAL"),
    ];
    for (declared, values, expected, why) in examples {
        let file = File::new(&format!("CREATE TABLE t(x {declared}); INSERT INTO t VALUES {values};"));
        let done = file.read(table("t")).expect("a read");
        assert_eq!((done.shown().as_str(), done.types().as_str()), (expected, why), "{declared} {values}");
    }
}

#[test]
fn a_table_without_values_is_typed_as_it_was_declared() {
    let sql = "CREATE TABLE t(i INT, r REAL, t TEXT, b BLOB, d DATE, at TIMESTAMP, m DECIMAL(12,2), f BOOL, x);";
    let file = File::new(sql);
    let words = |done: &Done| {
        let Content::Typed { columns, .. } = &done.fetched.content else { panic!("typed rows") };
        columns.iter().map(|c| c.type_word.clone()).collect::<Vec<_>>().join(" ")
    };
    let expected = "integer number text binary date timestamp decimal boolean text";
    assert_eq!(words(&file.read(table("t")).expect("a read")), expected);
    file.run("INSERT INTO t(x) VALUES (NULL), (NULL)");
    let done = file.read(table("t")).expect("a read");
    assert_eq!((words(&done).as_str(), done.frame.height()), (expected, 2));
}

#[test]
fn text_that_is_not_utf8_is_in_the_ledger() {
    let file = File::new("CREATE TABLE t(x TEXT); INSERT INTO t VALUES ('a'), (CAST(x'41ff42' AS TEXT));");
    let done = file.read(table("t")).expect("a read");
    assert_eq!(done.shown(), "a/∅");
    assert_eq!(done.ledger(), [r#"Some(1) Some("x") Some("A\\xFFB")"#]);
    assert_eq!(done.fetched.warnings, ["1 texts are not UTF-8; they are in the ledger and missing in the rows."]);
}

#[test]
fn every_kind_of_table_is_listed_and_read() {
    let file = File::new(
        "CREATE TABLE plain(id INTEGER PRIMARY KEY, name TEXT NOT NULL, up TEXT AS (upper(name)));
         INSERT INTO plain(name) VALUES ('a'), ('b');
         CREATE TABLE pair(b INT, a INT, PRIMARY KEY (a, b)) WITHOUT ROWID;
         CREATE TABLE hard(x INT) STRICT;
         CREATE TABLE \"odd \"\"name\"\"; --\"(\"a \"\"b\"\"\" INT, \"select\" INT, \"\" INT);
         INSERT INTO \"odd \"\"name\"\"; --\" VALUES (1, 2, 3);
         CREATE VIEW seen AS SELECT name, id * 2 AS twice FROM plain;
         CREATE VIEW broken AS SELECT * FROM gone;
         CREATE VIRTUAL TABLE words USING fts5(body);
         INSERT INTO words VALUES ('some words');",
    );
    let listing = browse(&file, "");
    let shown: Vec<String> = listing
        .entries
        .iter()
        .map(|e| {
            let columns: Vec<_> =
                e.columns.iter().map(|c| format!("{}{}", c.name, if c.key { "*" } else { "" })).collect();
            format!("{} {} {:?} {}", e.kind, e.name, e.rows, columns.join(","))
        })
        .collect();
    assert_eq!(
        shown,
        [
            "view broken None ",
            "table hard Some(0) x",
            "table odd \"name\"; -- Some(1) a \"b\",select,",
            "table pair Some(0) b*,a*",
            "table plain Some(2) id*,name,up",
            "view seen None name,twice",
            "virtual table words None body",
        ]
    );
    assert!(listing.entries[0].selection.is_none() && listing.entries[0].summary.contains("gone"));
    let read = |at: usize| file.read(listing.entries[at].selection.clone().expect("a selection")).expect("a read");
    let odd = read(2);
    assert_eq!((odd.shown().as_str(), odd.names()), ("1|2|3", vec!["a \"b\"", "select", "column_3"]));
    assert_eq!(read(3).fetched.key, ["a", "b"]);
    let plain = read(4);
    assert_eq!((plain.shown().as_str(), &plain.fetched.key[..]), ("1|a|A/2|b|B", &["id".to_owned()][..]));
    assert!(plain.fetched.snapshot && plain.fetched.state.is_none());
    assert_eq!(read(5).shown(), "a|2/b|4");
    assert_eq!(read(6).shown(), "some words");
    assert_eq!(browse(&file, "PLA").entries.len(), 1);
    let gone = file.read(table("broken")).err().expect("an error");
    assert!(gone.message.contains("no such table: main.gone"), "{gone}");
}

fn browse(file: &File, search: &str) -> Listing {
    let request = Browse { search: search.to_owned(), ..Browse::default() };
    file.connection().browse(&request, &Progress::new()).expect("a listing")
}

#[test]
fn columns_filters_and_queries_are_read() {
    let file = File::new(
        "CREATE TABLE t(id INTEGER PRIMARY KEY, day DATE, n INT);
         INSERT INTO t VALUES (1, '2024-01-01', 5), (2, '2024-01-02', 6), (3, '2024-01-03', 7);",
    );
    let read = |selection| file.read(selection).expect("a read");
    let some = read(json!({ "table": "T", "columns": ["N", "day"], "filter": "n > 5 OR id = 1 -- a comment" }));
    assert_eq!((some.shown().as_str(), some.fetched.key.len()), ("5|2024-01-01/6|2024-01-02/7|2024-01-03", 0));
    let query = json!({ "from": "query", "query": "SELECT day, sum(n) AS n, n, day FROM t GROUP BY day; -- why" });
    let done = read(query);
    assert_eq!(done.shown(), "2024-01-01|5|5|2024-01-01/2024-01-02|6|6|2024-01-02/2024-01-03|7|7|2024-01-03");
    assert!(done.types().starts_with("date: declared DATE"), "a query's columns keep their declared type");
    assert_eq!(file.read_with(table("t"), None, Some(2)).expect("a preview").frame.height(), 2);
    // A query that gives other values every time is read once.
    let random = "WITH RECURSIVE r(i, x) AS (SELECT 1, random() UNION ALL SELECT i + 1, random() FROM r LIMIT 1000) \
                  SELECT CASE abs(x) % 2 WHEN 0 THEN x ELSE 'text' END AS x FROM r";
    assert_eq!(read(json!({ "from": "query", "query": random })).frame.height(), 1000);
}

#[test]
fn nothing_can_be_written_or_attached() {
    let file = File::new("CREATE TABLE t(x INT); INSERT INTO t VALUES (1);");
    let other = file.folder.path().join("other.db").display().to_string();
    let before = std::fs::read(&file.path).expect("bytes");
    for query in [
        "DELETE FROM t",
        "DROP TABLE t",
        "SELECT 1; DROP TABLE t",
        "INSERT INTO t VALUES (2) RETURNING x",
        &format!("ATTACH '{other}' AS o"),
        &format!("VACUUM INTO '{other}'"),
        "PRAGMA writable_schema = ON",
        "SELECT load_extension('x')",
        "SELECT * FROM t WHERE x = ?",
    ] {
        let error = file.read(json!({ "from": "query", "query": query })).err().expect(query);
        assert_eq!((error.code, error.field.as_deref()), (Code::InvalidInput, Some("query")), "{query}: {error}");
    }
    for filter in ["1) ; DROP TABLE t; --", "x = ?", "nothing = 1", "x ="] {
        let error = file.read(json!({ "table": "t", "filter": filter })).err().expect(filter);
        assert_eq!((error.code, error.field.as_deref()), (Code::InvalidInput, Some("filter")), "{filter}: {error}");
    }
    assert_eq!(std::fs::read(&file.path).expect("bytes"), before);
    assert!(!Path::new(&other).exists());
    let names = |selection| file.read(selection).err().expect("an error");
    assert!(names(table("gone")).hint.expect("a hint").contains("`t`"));
    assert_eq!(names(json!({ "table": "t", "columns": ["y"] })).field.as_deref(), Some("columns"));
    assert_eq!(names(json!({ "table": "t", "cursor": "y" })).field.as_deref(), Some("cursor"));
}

#[test]
fn a_refresh_reads_only_what_is_new() {
    let file = File::new("CREATE TABLE t(at TEXT, n); INSERT INTO t VALUES ('b', 1), ('a', 2), (NULL, 3);");
    // A column, rows added later, and what a second read brings.
    let examples = [
        ("rowid", "('c', 4)", "c|4"),
        ("at", "('d', 5), ('A', 6)", "d|5"),
        ("n", "('e', 7.5)", "e|7.5"),
        ("n", "('f', 'text')", "f|text"),
        ("n", "('g', x'00'), ('h', x'ff')", "g|[00]/h|[ff]"),
        ("n", "('i', x'ff01')", "i|[ff, 01]"),
    ];
    for (cursor, rows, expected) in examples {
        let selection = || json!({ "table": "t", "cursor": cursor });
        let first = file.read(selection()).expect("a first read");
        assert!(!first.fetched.snapshot);
        let state = first.fetched.state.expect("a state");
        let nothing = file.read_with(selection(), Some(&state), None).expect("a read without news");
        assert_eq!((nothing.frame.height(), nothing.fetched.state.as_ref()), (0, Some(&state)), "{cursor} {rows}");
        file.run(&format!("INSERT INTO t VALUES {rows}"));
        let news = file.connection().news(&selection(), Some(&state), &Progress::new()).expect("news").expect("known");
        let second = file.read_with(selection(), Some(&state), None).expect("a second read");
        assert_eq!(second.shown(), expected, "{cursor} {rows}");
        assert!(news.available, "{news:?}");
        let third = file.read_with(selection(), second.fetched.state.as_ref(), None).expect("a third read");
        assert_eq!(third.frame.height(), 0, "{cursor} {rows}");
    }
    let missing = file.read(json!({ "table": "t", "cursor": "at" })).expect("a read");
    assert_eq!(missing.fetched.warnings.len(), 1, "rows without a value are named: {:?}", missing.fetched.warnings);
    let filtered = json!({ "table": "t", "cursor": "rowid", "filter": "n = 1", "columns": ["at"] });
    assert_eq!(file.read_with(filtered, Some(&json!({ "cursor": 0 })), None).expect("a read").shown(), "b");
}

#[test]
fn what_is_no_database_is_said_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let good =
        File::new("CREATE TABLE t(x TEXT); INSERT INTO t SELECT hex(randomblob(2000)) FROM pragma_function_list;");
    let bytes = std::fs::read(&good.path).expect("bytes");
    let mut torn = bytes.clone();
    torn[5000..9000].fill(7);
    let encrypted: Vec<u8> = bytes.iter().map(|byte| byte ^ 0x5a).collect();
    let examples: [(&str, &[u8], Code); 5] = [
        ("empty", b"", Code::InvalidInput),
        ("text", b"id,name\n1,a\n", Code::InvalidInput),
        ("encrypted", &encrypted, Code::InvalidInput),
        ("torn", &torn, Code::Damaged),
        ("cut", &bytes[..bytes.len() / 2], Code::Damaged),
    ];
    for (name, bytes, code) in examples {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("a file");
        let connection = connect("sqlite", &json!({ "path": path })).expect("a connection");
        let mut check = Check { progress: &Progress::new(), steps: Vec::new() };
        let error = connection.check(&mut check).expect_err(name);
        assert_eq!(error.code, code, "{name}: {error}");
        assert!(error.hint.is_some() && check.steps.last().expect("steps").error.is_some());
    }
    for path in [folder.path().join("gone"), folder.path().to_owned()] {
        let connection = connect("sqlite", &json!({ "path": path })).expect("a connection");
        let error = connection.browse(&Browse::default(), &Progress::new()).expect_err("an error");
        assert!(matches!(error.code, Code::NotFound | Code::InvalidInput) && error.hint.is_some(), "{error}");
    }
    let mut check = Check { progress: &Progress::new(), steps: Vec::new() };
    good.connection().check(&mut check).expect("a good file passes");
    let steps: Vec<_> = check.steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(steps, ["Find the file", "Open", "Read", "Look for damage"]);
}

#[test]
fn other_programs_go_on_writing() {
    let file = File::new("PRAGMA journal_mode = WAL; CREATE TABLE t(x INT); INSERT INTO t VALUES (1);");
    let names = || {
        let mut names: Vec<_> = std::fs::read_dir(file.folder.path())
            .expect("a folder")
            .map(|e| e.expect("an entry").file_name())
            .collect();
        names.sort();
        names
    };
    assert_eq!(names().len(), 1, "the writer closed the database");
    assert_eq!(file.read(table("t")).expect("a read").shown(), "1");
    assert_eq!(names().len(), 1, "reading leaves nothing behind");
    let writer = Writer::open(&file.path).expect("a database");
    writer.execute_batch("BEGIN IMMEDIATE; INSERT INTO t VALUES (2);").expect("an open transaction");
    assert_eq!(file.read(table("t")).expect("a read beside a writer").shown(), "1");
    writer.execute_batch("COMMIT").expect("a commit");
    assert_eq!(file.read(table("t")).expect("a read of the log").shown(), "1/2");
    drop(writer);
    // Without a write-ahead log, a writer that is about to commit locks readers out for a moment.
    let file = File::new("CREATE TABLE t(x INT); INSERT INTO t VALUES (1);");
    let writer = Writer::open(&file.path).expect("a database");
    writer.execute_batch("BEGIN EXCLUSIVE; INSERT INTO t VALUES (2);").expect("a locked database");
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| file.read(table("t")).expect("a read that waited").shown());
        std::thread::sleep(std::time::Duration::from_millis(600));
        writer.execute_batch("COMMIT").expect("a commit");
        assert_eq!(reading.join().expect("no panic"), "1/2");
    });
    writer.execute_batch("BEGIN EXCLUSIVE").expect("a locked database");
    let error = file.read(table("t")).err().expect("an error");
    assert_eq!(error.code, Code::Conflict, "{error}");
}

#[test]
fn a_cancel_ends_a_long_query() {
    let file = File::new("CREATE TABLE t(x INT);");
    let endless = "WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r) SELECT max(i) FROM r";
    let progress = Progress::new();
    let scratch = tempfile::tempdir().expect("a folder");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(std::time::Duration::from_millis(300));
            progress.cancel();
        });
        let (folder, progress) = (scratch.path(), &progress);
        let task = Task { progress, scratch: folder, downloads: folder, limit: None, state: None, replay: &[], merges: false };
        let began = Instant::now();
        let error =
            file.connection().read(&json!({ "from": "query", "query": endless }), &task).err().expect("an error");
        assert_eq!(error.code, Code::Cancelled);
        assert!(began.elapsed().as_secs_f64() < 1.3, "the cancel took effect after {:?}", began.elapsed());
    });
}

#[test]
fn a_connection_string_names_the_file() {
    let read = |text: &str| from_url(text).expect("settings");
    assert_eq!(read("sqlite:///home/me/my%20data.db"), ("sqlite", json!({ "path": "/home/me/my data.db" })));
    assert_eq!(read("sqlite:///C:/data.db"), ("sqlite", json!({ "path": "C:/data.db" })));
    assert!(from_url("sqlite://host/data.db").is_err());
}
