//! SQLite files that another build of SQLite writes, read into tables and compared with what it reads itself.

use pulse_core::{Code, Error};
use pulse_rpc::Commands;
use pulse_rpc::types::*;
use pulse_tests::{Space, assert_helpful, python, python_json};
use serde_json::{Value, json};

/// Writes 20,000 rows of values that are easily damaged, in a database with a write-ahead log.
const WRITE: &str = r#"
import random, sqlite3, sys
random.seed(7)
c = sqlite3.connect(sys.argv[1])
c.execute("PRAGMA journal_mode = WAL")
c.execute('CREATE TABLE "odd ""name" (id INTEGER PRIMARY KEY, i INT, r REAL, t TEXT, b BLOB, d DATE, m)')
ints = [0, -1, 2**53 + 1, 2**63 - 1, -2**63]
reals = [0.1, 1e-310, 1.7976931348623157e308, -2.5, 1e16, 123456789.123456789]
texts = ["", "007", "1e5", "ß\u0000x", "line\nend", "NULL", "🙂", "'\"", " 1 ", "2024-01-01"]
blobs = [b"", b"\x00\xff", bytes(range(256))]
def row(n):
    pick = lambda known, make: None if random.random() < .1 else random.choice(known) if random.random() < .3 else make()
    i = pick(ints, lambda: random.randint(-2**63, 2**63 - 1))
    r = pick(reals, lambda: random.uniform(-1e6, 1e6))
    t = pick(texts, lambda: "".join(chr(random.choice([65, 228, 8364, 128512])) for _ in range(random.randint(0, 9))))
    b = pick(blobs, lambda: random.randbytes(random.randint(0, 9)))
    d = "%04d-%02d-%02d" % (random.randint(1, 9999), random.randint(1, 12), random.randint(1, 28))
    return (n, i, r, t, b, d, random.choice([i, r, t, b]))
c.executemany('INSERT INTO "odd ""name" VALUES (?,?,?,?,?,?,?)', (row(n) for n in range(20000)))
c.commit()
"#;

/// The rows as texts that hold every bit: digits, shortest floats, hexadecimal digits.
const READ: &str = r#"
import json, sqlite3, sys
c = sqlite3.connect(sys.argv[1])
def mixed(v):
    return v if v is None or isinstance(v, str) else repr(v) if isinstance(v, float) else "\\x" + v.hex() if isinstance(v, bytes) else str(v)
def show(id, i, r, t, b, d, m):
    return [id, None if i is None else str(i), None if r is None else repr(r), t, None if b is None else b.hex(), d, mixed(m)]
print(json.dumps([show(*row) for row in c.execute('SELECT * FROM "odd ""name" ORDER BY id')]))
"#;

/// Reads a selection of a file into `bronze.t`.
fn import(space: &Space, path: &str, selection: Value) -> Result<Value, Error> {
    let settings = json!({"path": path});
    let doc = ConnectionDoc { id: None, name: "file".into(), kind: "sqlite".into(), settings };
    let source = SourceDoc {
        name: "rows".into(),
        connection: space.engine.connection_save(doc)?.id,
        selection,
        table: "bronze.t".into(),
        ..SourceDoc::default()
    };
    let sources = vec![space.engine.source_save(source)?.id];
    let job = space.engine.source_refresh(RefreshRequest { sources, ..RefreshRequest::default() })?.jobs.remove(0).job;
    space.result(&JobStarted { job })
}

/// Whether two texts are the same float, or the same text.
fn same(ours: &Value, theirs: &Value) -> bool {
    let float = |value: &Value| match value {
        Value::String(text) => text.parse::<f64>().ok(),
        value => value.as_f64(),
    };
    ours == theirs || float(ours).zip(float(theirs)).is_some_and(|(a, b)| a.to_bits() == b.to_bits())
}

#[test]
fn another_programs_values_come_back_bit_for_bit() {
    let space = Space::new();
    let path = space.path("data.db").display().to_string();
    python(WRITE, &[&path]);
    let result = import(&space, &path, json!({"table": "odd \"name"})).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(result["added"], 20_000, "{result}");
    let types: Vec<_> = space.columns("bronze.t").into_iter().map(|(_, word)| word).collect();
    assert_eq!(types, ["integer", "integer", "number", "text", "binary", "date", "text"]);
    let expected = python_json(READ, &[&path]);
    let mut seen = 0;
    for part in 0..4 {
        let from = part * 5_000;
        let rows = space
            .sql(&format!(
                "SELECT id, i::text, r, t, lower(hex(b)), d::text, m FROM bronze.t WHERE id BETWEEN {from} AND {} ORDER BY id",
                from + 4_999
            ))
            .expect("rows");
        for row in rows {
            let theirs = &expected[seen];
            for (at, cell) in row.iter().enumerate() {
                let exact = if at == 2 {
                    same(cell, &theirs[at])
                } else {
                    at == 6 && same(cell, &theirs[at]) || *cell == theirs[at]
                };
                assert!(exact, "row {seen}, column {at}: {cell} is {}", theirs[at]);
            }
            seen += 1;
        }
    }
    assert_eq!(seen, 20_000);
}

#[test]
fn a_file_that_is_no_database_leaves_no_table() {
    let space = Space::new();
    let text = space.file("data.db", "id,name\n1,a\n");
    let error = import(&space, &text.display().to_string(), json!({"table": "t"})).expect_err("no database");
    assert_eq!(error.code, Code::InvalidInput, "{error}");
    assert_helpful(&error, "a text file");
    assert!(space.engine.tables(Nothing {}).expect("tables").is_empty());
}
