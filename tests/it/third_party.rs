//! Files that others made: npm `csv-spectrum` with its own expectations, and npm `vega-datasets` counted by Python.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pulse_core::Code;
use pulse_rpc::Commands;
use pulse_rpc::types::*;
use pulse_tests::{Space, assert_helpful, python_json, repository};
use serde_json::{Value, json};

fn files(folder: &str, endings: &[&str]) -> Vec<PathBuf> {
    let folder = repository().join("node_modules").join(folder);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|cause| panic!("{} (npm ci): {cause}", folder.display()));
    let wanted = |path: &PathBuf| path.extension().is_some_and(|ending| endings.iter().any(|known| ending == *known));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).filter(wanted).collect();
    files.sort();
    files
}

fn stem(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().to_lowercase().replace(['.', '-'], "_")
}

#[test]
fn csv_spectrum_reads_as_its_authors_expect() {
    let space = Space::new();
    let all = files("csv-spectrum/csvs", &["csv"]);
    assert!(all.len() >= 12, "the package is complete: {all:?}");
    for path in all {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let table = format!("bronze.{}", stem(&path));
        let text = std::fs::read_to_string(path.with_file_name(format!("../json/{name}.json"))).unwrap();
        let mut expected: Value = serde_json::from_str(&text).unwrap();
        if name == "location_coordinates" {
            // The package's expectation is a single object and has another phone number than its CSV.
            expected = json!([expected]);
            expected[0]["Contact Phone Number"] = json!("2095257564");
        }
        let expected: Vec<BTreeMap<String, Value>> = serde_json::from_value(expected).unwrap();
        let imported = space.import(&path, &table).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(imported["rejected"], 0, "{name}: {imported}");
        let columns = space.columns(&table);
        let rows: Vec<BTreeMap<String, Value>> = space
            .table_grid(&table)
            .into_iter()
            // The expectations know no missing values: there an empty field is an empty text.
            .map(|row| {
                columns
                    .iter()
                    .map(|(name, _)| name.clone())
                    .zip(row.into_iter().map(|v| json!(v.unwrap_or_default())))
                    .collect()
            })
            .collect();
        assert_eq!(rows, expected, "{name}");
    }
}

/// Counts the records of every file by other means than ours: CSV by Python's csv module, JSON by json.
const COUNT: &str = r#"
import csv, json, sys
csv.field_size_limit(1 << 30)
counts = {}
for name, path in (line.split("\t", 1) for line in sys.argv[1].split("\n")):
    if path.endswith((".csv", ".tsv")):
        with open(path, newline="", encoding="utf-8") as file:
            rows = [row for row in csv.reader(file, delimiter="\t" if path.endswith(".tsv") else ",") if row]
        width = len(rows[0])
        counts[name] = {"records": len(rows) - 1, "regular": sum(len(row) == width for row in rows[1:])}
    else:
        value, where = json.load(open(path, encoding="utf-8")), sys.argv[2:]
        counts[name] = {"top": len(value) if isinstance(value, list) else None, "lists": {}}
        def walk(value, trail):
            if isinstance(value, list): counts[name]["lists"][".".join(trail)] = len(value)
            elif isinstance(value, dict):
                for key, inner in value.items(): walk(inner, trail + [key])
        walk(value, [])
print(json.dumps(counts))
"#;

#[test]
fn vega_datasets_are_accounted_for() {
    let space = Space::new();
    let all = files("vega-datasets/data", &["csv", "tsv", "json"]);
    assert!(all.len() >= 60, "the package is complete: {} files", all.len());
    let list: Vec<String> = all.iter().map(|path| format!("{}\t{}", stem(path), path.display())).collect();
    let counts = python_json(COUNT, &[&list.join("\n")]);
    let mut refused = Vec::new();
    for path in &all {
        let (name, table) = (stem(path), format!("bronze.{}", stem(path)));
        let imported = match space.import(path, &table) {
            Ok(imported) => imported,
            Err(error) => {
                assert_helpful(&error, &name);
                assert!(matches!(error.code, Code::InvalidInput | Code::Unsupported), "{name}: {error:?}");
                refused.push((name, error.message));
                continue;
            }
        };
        let number = |member: &str| imported[member].as_u64().unwrap();
        assert_eq!(number("records"), number("rows") + number("rejected"), "{name}: the account holds: {imported}");
        let shown = space.engine.table_show(TableVersion { table, version: None }).unwrap();
        assert_eq!(shown.info.rows, number("rows"), "{name}: the table has the rows");
        let expected = match name.ends_with("_json") {
            false => (counts[&name]["records"].as_u64(), counts[&name]["regular"].as_u64()),
            true => {
                let settings = shown.commit["settings"].as_array().unwrap();
                let place = settings.iter().find(|setting| setting["key"] == "records_path");
                let place = place.map_or("", |setting| setting["value"].as_str().unwrap());
                let listed = counts[&name]["lists"][place].as_u64();
                // An object without a list in it is one record.
                let count = Some(listed.unwrap_or(1));
                (count, count)
            }
        };
        assert_eq!(
            (Some(number("records")), Some(number("rows"))),
            expected,
            "{name}: Python counts {}",
            counts[&name]
        );
    }
    assert!(refused.len() <= 2, "nearly every file is a table: {refused:?}");
}

#[test]
fn a_parquet_file_of_three_million_rows() {
    let space = Space::new();
    let path = files("vega-datasets/data", &["parquet"]).remove(0);
    let imported = space.import(&path, "bronze.flights").unwrap();
    let script = "import pyarrow.parquet, json, sys; f = pyarrow.parquet.ParquetFile(sys.argv[1]); \
                  print(json.dumps({'rows': f.metadata.num_rows, 'names': f.schema_arrow.names}))";
    let counted = python_json(script, &[path.to_str().unwrap()]);
    assert_eq!((&imported["records"], &imported["rows"]), (&counted["rows"], &counted["rows"]), "{imported}");
    let names: Vec<String> = space.columns("bronze.flights").into_iter().map(|(name, _)| name).collect();
    assert_eq!(json!(names), counted["names"]);
    let sums = format!("SELECT {} FROM bronze.flights", "count(*), min(delay), max(delay), sum(distance)");
    let ours = space.sql(&sums).unwrap();
    let script = "import duckdb, json, sys; print(json.dumps([list(map(int, r)) for r in \
                  duckdb.sql(sys.argv[2].replace('bronze.flights', repr(sys.argv[1]))).fetchall()]))";
    let theirs = python_json(script, &[path.to_str().unwrap(), &sums]);
    let whole = |value: &Value| value.as_i64().or(value.as_f64().map(|number| number as i64)).unwrap();
    let ours: Vec<Vec<i64>> = ours.iter().map(|row| row.iter().map(whole).collect()).collect();
    assert_eq!(json!(ours), theirs, "DuckDB reads the same from the original file");
}
