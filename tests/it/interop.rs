//! The Python packages `deltalake` and `duckdb` read our tables with the same rows and types.

use polars::prelude::*;
use pulse_rpc::Commands;
use pulse_rpc::types::*;
use pulse_tests::{Space, python_json};
use serde_json::{Value, json};

/// Prints, for a table's folder and version, the columns with their types and the rows as canonical text, once as
/// `deltalake` reads them and once as `duckdb` reads the files of that version.
const READ: &str = r#"
import datetime, decimal, json, sys
import deltalake, duckdb
table = deltalake.DeltaTable(sys.argv[1], version=None if sys.argv[2] == "newest" else int(sys.argv[2]))

def text(value):
    if value is None: return None
    if isinstance(value, bool): return "true" if value else "false"
    if isinstance(value, datetime.datetime):
        zone = "Z" if value.tzinfo else ""
        return value.replace(tzinfo=None).isoformat() + zone
    if isinstance(value, datetime.date): return value.isoformat()
    if isinstance(value, float): return repr(value)
    if isinstance(value, decimal.Decimal): return format(value, "f")
    if isinstance(value, bytes): return value.hex()
    if isinstance(value, (list, dict)): return json.dumps(value, separators=(",", ":"))
    return str(value)

arrow = table.to_pyarrow_table()
names = [field.name for field in table.schema().fields]
types = [field.type.type for field in table.schema().fields]
columns = [column.to_pylist() for column in arrow.columns]
first = [[text(column[at]) for column in columns] for at in range(arrow.num_rows)]
files = table.file_uris()
second, found = [], []
if files:
    duck = duckdb.connect()
    duck.execute("SET TimeZone = 'UTC'")
    relation = duck.read_parquet(files, union_by_name=True)
    found = [str(t) for t in relation.types]
    # Through Arrow, because DuckDB's own conversion of times with a zone needs one more package.
    asked = relation.to_arrow_table()
    lists = [column.to_pylist() for column in asked.columns]
    second = [[text(column[at]) for column in lists] for at in range(asked.num_rows)]
print(json.dumps({"names": names, "arrow_names": arrow.column_names, "types": types, "duckdb_types": found,
                  "deltalake": first, "duckdb": second, "version": table.version()}))
"#;

/// Compares a table at a version with what Python reads, rows as sets because only we promise an order.
fn agrees(space: &Space, table: &str, version: Option<u64>, what: &str) {
    let folder = space.engine.root().join("lake").join(table.replace('.', "/"));
    let wanted = version.map_or("newest".to_owned(), |version| version.to_string());
    let read = python_json(READ, &[folder.to_str().unwrap(), &wanted]);
    let shown = space.engine.table_show(TableVersion { table: table.into(), version }).unwrap();
    let ours: Vec<(&str, &str)> = shown.columns.iter().map(|c| (c.name.as_str(), c.type_word.as_str())).collect();
    let names: Vec<&str> = ours.iter().map(|(name, _)| *name).collect();
    assert_eq!(json!(names), read["names"], "{what}: the names in the schema");
    assert_eq!(read["arrow_names"], read["names"], "{what}: the names of the columns read");
    assert_eq!(read["version"], shown.info.version, "{what}: the version");
    for (at, (name, word)) in ours.iter().enumerate() {
        let theirs = read["types"][at].as_str().unwrap();
        assert_eq!(word_of(theirs), *word, "{what}: `{name}` is {theirs} for deltalake");
        // Without a file, DuckDB has nothing to tell a type from.
        if let Some(theirs) = read["duckdb_types"][at].as_str() {
            assert_eq!(word_of(theirs), *word, "{what}: `{name}` is {theirs} for DuckDB");
        }
    }
    let rows = canonical(space.grid(RowSource::Table { table: table.into(), version }), &ours);
    assert_eq!(rows.len() as u64, shown.info.rows, "{what}: all rows are compared");
    for peer in ["deltalake", "duckdb"] {
        let theirs: Vec<Vec<Option<String>>> = serde_json::from_value(read[peer].clone()).unwrap();
        assert_eq!(canonical(theirs, &ours), rows, "{what}: rows of {peer}");
    }
}

/// Our word for a type of the Delta protocol or of DuckDB.
fn word_of(theirs: &str) -> String {
    let word = match theirs {
        "string" | "VARCHAR" => "text",
        "long" | "integer" | "short" | "byte" | "BIGINT" | "INTEGER" | "SMALLINT" | "TINYINT" => "integer",
        "double" | "float" | "DOUBLE" | "FLOAT" => "number",
        "timestamp_ntz" | "TIMESTAMP" | "TIMESTAMP WITH TIME ZONE" => "timestamp",
        other => other,
    };
    word.to_lowercase().replace(", ", ",")
}

/// Rows in one order and with one spelling for equal values: fractions of seconds without zeros at the end, floats as
/// their shortest text.
fn canonical(mut rows: Vec<Vec<Option<String>>>, columns: &[(&str, &str)]) -> Vec<Vec<Option<String>>> {
    for row in &mut rows {
        for (value, (_, word)) in row.iter_mut().zip(columns) {
            *value = value.take().map(|text| match *word {
                "number" => text.parse::<f64>().map_or(text.clone(), |number| format!("{number:?}")),
                "timestamp" => {
                    let zone = if text.ends_with('Z') { "Z" } else { "" };
                    let bare = text.trim_end_matches('Z');
                    let bare = if bare.contains('.') { bare.trim_end_matches('0').trim_end_matches('.') } else { bare };
                    format!("{bare}{zone}")
                }
                _ => text,
            });
        }
    }
    rows.sort();
    rows
}

/// Every type that our tables hold, with missing and extreme values, under names that need quoting everywhere.
fn every_type() -> DataFrame {
    let mut frame = df!(
        "Area Code (M49)" => [Some("004"), Some(""), None, Some("é \u{1f35a} \"x\"")],
        "whole, number" => [Some(i64::MAX), Some(i64::MIN), None, Some(0)],
        "int 32" => [Some(1i32), None, Some(i32::MIN), Some(i32::MAX)],
        "int 16" => [Some(1i16), None, Some(i16::MIN), Some(i16::MAX)],
        "int 8" => [Some(1i8), None, Some(i8::MIN), Some(i8::MAX)],
        "unsigned" => [Some(0u64), None, Some(u64::MAX), Some(1)],
        "a.b" => [Some(0.1f64), None, Some(1e300), Some(-2.5e-300)],
        "single" => [Some(0.5f32), None, Some(-1.25), Some(3.0)],
        "yes?" => [Some(true), None, Some(false), Some(true)],
        "Value (%)" => [Some("1.10"), None, Some("-99999999.99"), Some("0.00")],
        "long money" => [Some("123456789012345678901234567890.12345678"), None, Some("0.00000001"), Some("-1.00000000")],
        "day" => [Some(0i32), None, Some(-141_427), Some(2_932_896)],
        "at" => [Some(1_704_164_645_120_000i64), None, Some(-1), Some(253_402_300_799_999_999)],
        "at UTC" => [Some(1_704_164_645_000_000i64), None, Some(-1), Some(0)],
    )
    .unwrap();
    let casts = [
        ("Value (%)", DataType::Decimal(10, 2)),
        ("long money", DataType::Decimal(38, 8)),
        ("day", DataType::Date),
        ("at", DataType::Datetime(TimeUnit::Microseconds, None)),
        ("at UTC", DataType::Datetime(TimeUnit::Microseconds, Some(TimeZone::UTC))),
    ];
    for (name, dtype) in casts {
        frame.apply(name, |column| column.strict_cast(&dtype).unwrap()).unwrap();
    }
    frame
}

fn import(space: &Space, frame: &mut DataFrame, table: &str, mode: ImportMode) {
    let path = space.path("frame.parquet");
    ParquetWriter::new(std::fs::File::create(&path).unwrap()).finish(frame).unwrap();
    let imported = space.import_with(&path, table, ReadOptions::default(), mode);
    imported.unwrap_or_else(|error| panic!("{table} is imported: {error}"));
}

#[test]
fn every_type_reads_the_same_after_every_kind_of_write() {
    let space = Space::new();
    let mut frame = every_type();
    let table = "bronze.types";
    import(&space, &mut frame, table, ImportMode::Create);
    agrees(&space, table, None, "after create");
    import(&space, &mut frame.slice(1, 2), table, ImportMode::Append);
    agrees(&space, table, None, "after append");
    assert_eq!(space.rows(table).len(), 6, "four rows and two more");
    let mut fewer = frame.select(["Area Code (M49)", "a.b", "day"]).unwrap();
    import(&space, &mut fewer, table, ImportMode::Append);
    agrees(&space, table, None, "after an append without some columns");
    import(&space, &mut fewer, table, ImportMode::Replace);
    agrees(&space, table, None, "after replace with other columns");
    space.engine.table_restore(RestoreRequest { table: table.into(), version: 1 }).unwrap();
    agrees(&space, table, None, "after restore");
    for version in 0..=4 {
        agrees(&space, table, Some(version), &format!("version {version}"));
    }
}

#[test]
fn imported_and_cleaned_text_reads_the_same() {
    let space = Space::new();
    let text = "Area Code (M49),Value (%),day,at,flag,n,x\n\
                004,\"1,200.50\",2024-02-29,2024-01-02 03:04:05.5,true,-7,0.25\n\
                008,n/a,,,,,\n\
                \"\",<2.5,1969-12-31,1969-12-31 23:59:59,false,9223372036854775807,1e-7\n";
    space.import_text("area.csv", text, "bronze.area");
    agrees(&space, "bronze.area", None, "a CSV import");
    let steps = [
        (
            "parse_number",
            json!({ "columns": ["Value (%)"], "thousands_mark": "comma", "result": "decimal", "scale": 2 }),
        ),
        ("rename", json!({ "column": "x", "to": "the \"x\", [quoted]" })),
        ("add_column", json!({ "name": "Summe (größer)", "expression": "n * 2.5", "replace": false })),
    ];
    // The product `n * 2.5` of the largest whole number needs a float, which both sides must show alike.
    let applied = space.apply("bronze.area", &steps).unwrap_or_else(|error| panic!("the recipe applies: {error}"));
    assert_eq!(applied["ledger"], 2, "{applied}");
    agrees(&space, "silver.area", None, "a recipe's result");
}

#[test]
fn an_empty_table_and_a_wide_one_read_the_same() {
    let space = Space::new();
    space.import_text("empty.csv", "a,b (x)\n", "bronze.empty");
    agrees(&space, "bronze.empty", None, "a table without rows");
    let names: Vec<String> = (0..300).map(|at| format!("column {at} (%)")).collect();
    let line = |row: usize| (0..300).map(|at| (row * at).to_string()).collect::<Vec<_>>().join(",");
    let text = format!("{}\n{}\n{}\n", names.join(","), line(1), line(2));
    space.import_text("wide.csv", text, "bronze.wide");
    agrees(&space, "bronze.wide", None, "a table of 300 columns");
}

#[test]
fn what_python_writes_we_read() {
    let space = Space::new();
    space.import_text("ours.csv", "id,word\n1,a\n2,b\n", "bronze.shared");
    let folder = space.engine.root().join("lake/bronze/shared");
    let script = "import deltalake, pyarrow, sys; \
                  deltalake.write_deltalake(sys.argv[1], pyarrow.table({'id': [3], 'word': ['c']}), mode='append'); print('1')";
    python_json(script, &[folder.to_str().unwrap()]);
    assert_eq!(
        json!(space.sql("SELECT id, word FROM bronze.shared ORDER BY id").unwrap()),
        json!([[1, "a"], [2, "b"], [3, "c"]])
    );
    agrees(&space, "bronze.shared", None, "after another program's append");
    let history = space.engine.table_history(TableRequest { table: "bronze.shared".into() }).unwrap();
    assert_eq!(history[0].operation, "WRITE", "the history says what the other program did: {:?}", history[0]);
    let more = space.file("more.csv", "id,word\n4,d\n");
    space.import_with(&more, "bronze.shared", ReadOptions::default(), ImportMode::Append).unwrap();
    agrees(&space, "bronze.shared", None, "after our append on top");
    let sums: Value = json!(space.sql("SELECT sum(id), count(*) FROM bronze.shared").unwrap());
    assert_eq!(sums, json!([[10, 4]]));
}
