//! Merged tables: the Python packages `deltalake` and `duckdb` read them with the same rows, and typed values that
//! become text have the text that tables show.

use polars::prelude::*;
use pulse_core::{Progress, TableName};
use pulse_lake::{Deletes, Lake, Merge, Mode, SourceState, Write};
use pulse_tests::python_json;
use serde_json::{Map, Value, json};

/// Prints the rows of a table's newest version sorted by id, once as `deltalake` and once as `duckdb` read them, its
/// version, and the version of the transaction of a source.
const READ: &str = r#"
import json, sys
import deltalake, duckdb
table = deltalake.DeltaTable(sys.argv[1])
names = [field.name for field in table.schema().fields]
def rows(arrow):
    columns = [arrow.column(name).cast("string").to_pylist() for name in names]
    return sorted(([column[at] for column in columns] for at in range(arrow.num_rows)), key=str)
duck = duckdb.connect()
duck.execute("SET TimeZone = 'UTC'")
found = duck.read_parquet(table.file_uris(), union_by_name=True).to_arrow_table()
print(json.dumps({"names": names, "version": table.version(), "deltalake": rows(table.to_pyarrow_table()),
                  "duckdb": rows(found), "txn": table.transaction_version("orders")}))
"#;

fn write(frame: DataFrame, mode: Mode, state: i64) -> Write {
    Write {
        rows: frame.lazy().into(),
        mode,
        ledger: None,
        operation: "refresh".into(),
        info: Map::new(),
        expected_version: None,
        expected_rows: None,
        source: Some(SourceState { id: "orders".into(), state: json!(state), sequence: None }),
        widen: true,
    }
}

#[test]
fn merged_tables_are_read_alike_by_other_programs() {
    let merge = |history, deletes| Merge {
        key: vec!["id".into()],
        newest_by: None,
        deletes,
        snapshot: true,
        deleted: None,
        history,
        at_ms: 1_700_000_000_123,
    };
    let kinds = [
        ("plain", merge(false, Deletes::Remove), 3_u64),
        ("marked", merge(false, Deletes::Mark), 4),
        ("history", merge(true, Deletes::Remove), 7),
    ];
    for (what, how, rows) in kinds {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::open(folder.path()).unwrap();
        let table: TableName = "bronze.orders".parse().unwrap();
        let batches = [
            df!("id" => [1_i64, 2, 3], "v" => [Some(10_i64), None, Some(30)]).unwrap(),
            df!("id" => [1_i64, 2, 4], "v" => [Some(11_i64), None, Some(40)], "new" => [true, false, true]).unwrap(),
            df!("id" => [1_i64, 2, 4], "v" => [Some("11"), None, Some("x")], "new" => [true, false, true]).unwrap(),
        ];
        for (state, batch) in (1..).zip(batches) {
            lake.write(&table, write(batch, Mode::Merge(how.clone()), state), &Progress::new()).unwrap();
        }
        let snapshot = lake.snapshot(&table, None).unwrap();
        assert_eq!((snapshot.version, snapshot.rows), (2, rows), "{what}");
        let read = python_json(READ, &[folder.path().join("bronze/orders").to_str().unwrap()]);
        let names: Vec<&str> = snapshot.schema.iter().map(|field| field.name.as_str()).collect();
        assert_eq!((&read["names"], &read["version"], &read["txn"]), (&json!(names), &json!(2), &json!(3)), "{what}");
        assert_eq!(read["deltalake"], read["duckdb"], "{what}");
        assert_eq!(read["deltalake"].as_array().unwrap().len() as u64, rows, "{what}");
        let frame = lake.scan(&snapshot).unwrap().select([col("id"), col("v")]).collect().unwrap();
        let texts = pulse_recipe::to_text(&frame).unwrap();
        let text = |column: &Column, row: usize| Value::from(column.str().unwrap().get(row));
        let own = (0..texts.height()).map(|row| texts.columns().iter().map(|c| text(c, row)).collect::<Vec<_>>());
        let mut own: Vec<Value> = own.map(Value::from).collect();
        let theirs = read["deltalake"].as_array().unwrap().iter().map(|row| json!([row[0], row[1]]));
        let mut theirs: Vec<Value> = theirs.collect();
        own.sort_by_key(ToString::to_string);
        theirs.sort_by_key(ToString::to_string);
        assert_eq!(own, theirs, "{what}");
    }
}

#[test]
fn values_that_become_text_have_the_text_that_tables_show() {
    let cast = |values: Vec<i64>, dtype| Series::new("".into(), values).cast(&dtype).unwrap();
    let micros = |zone| DataType::Datetime(TimeUnit::Microseconds, zone);
    let columns = [
        ("integer", cast(vec![i64::MIN, 0, 7], DataType::Int64)),
        ("decimal", cast(vec![-5, 0, 7], DataType::Decimal(20, 3))),
        ("float", Series::new("".into(), [0.1 + 0.2, -2.0, 1e300])),
        ("special", Series::new("".into(), [f64::NAN, f64::INFINITY, -0.0])),
        ("single", Series::new("".into(), [0.1_f32, 16_777_216.0, 1e-30])),
        ("boolean", Series::new("".into(), [true, false, true])),
        ("date", cast(vec![-141_427, 0, 19_782], DataType::Int32).cast(&DataType::Date).unwrap()),
        ("time", cast(vec![-1, 0, 1_709_211_600_120_000], micros(None))),
        ("utc", cast(vec![-1, 0, 253_402_300_799_999_999], micros(Some(TimeZone::UTC)))),
    ];
    for (what, values) in columns {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::open(folder.path()).unwrap();
        let table: TableName = "bronze.t".parse().unwrap();
        let frame = DataFrame::new(3, vec![values.with_name("v".into()).into_column()]).unwrap();
        let shown = pulse_recipe::to_text(&frame).unwrap();
        lake.write(&table, write(frame, Mode::Append, 1), &Progress::new()).unwrap();
        lake.write(&table, write(df!("v" => ["a text"]).unwrap(), Mode::Append, 2), &Progress::new()).unwrap();
        let found = lake.scan(&lake.snapshot(&table, None).unwrap()).unwrap().collect().unwrap();
        assert_eq!(found.slice(0, 3), shown, "{what}");
    }
}
