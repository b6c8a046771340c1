//! The statements that register a target elsewhere: each in the dialect of its system, as an independent parser reads it.

use super::*;
use pulse_tests::services::moto::Moto;
use pulse_tests::services::skipped;

/// Parses the statements with `sqlglot` and prints what they make, of which columns, from where. It knows nothing of
/// procedures and of BigQuery's two clauses for external tables: a call is parsed as a call in a query, and the clauses
/// are parsed apart.
const PARSE: &str = r#"
import json, logging, re, sys
import sqlglot
from sqlglot import exp
logging.disable(logging.CRITICAL)
PLAIN = ("CREATE SECRET IF NOT EXISTS (TYPE s3, PROVIDER credential_chain)", "LOAD delta", "INSTALL delta",
    "CREATE CATALOG INTEGRATION IF NOT EXISTS delta_files CATALOG_SOURCE = OBJECT_STORE TABLE_FORMAT = DELTA ENABLED = TRUE")
def columns(schema):
    return [[c.name, c.args["kind"].sql()] for c in schema.find_all(exp.ColumnDef) if c.parent is schema]
def texts(node):
    return [literal.this for literal in node.find_all(exp.Literal) if literal.is_string]
def about(sql, dialect):
    split = []
    if dialect == "bigquery":
        for clause in (r"\nWITH CONNECTION (`[^`]+`)", r"\nWITH PARTITION COLUMNS \((.*)\)(?=\nOPTIONS)"):
            split += [["clause", found] for found in re.findall(clause, sql)]
            sql = re.sub(clause, "", sql)
        split = [part if part[1].startswith("`my_p") else ["partition"] + columns(sqlglot.parse_one(f"create table x ({part[1]})", read=dialect).this) for part in split]
    made = []
    for node in sqlglot.parse(sql, read=dialect, error_level=sqlglot.ErrorLevel.RAISE):
        if node is None or isinstance(node, exp.Semicolon): continue
        own = re.sub(r"/\*.*?\*/\s*", "", node.sql(dialect=dialect), flags=re.S)
        if own in PLAIN: continue
        if own.startswith("CALL "):
            call = sqlglot.parse_one("SELECT " + own[5:], read=dialect, error_level=sqlglot.ErrorLevel.RAISE)
            made.append(["call", own[5:own.index("(")], texts(call)])
        elif own.startswith("MSCK REPAIR TABLE "):
            made.append(["repair", sqlglot.parse_one("SELECT * FROM " + own[18:], read=dialect).find(exp.Table).name])
        elif isinstance(node, exp.Create):
            what = node.this
            table = what.find(exp.Table) or what
            made.append([node.args["kind"].lower(), table.name, columns(what), texts(node)])
        else:
            raise SystemExit(f"{dialect} is not understood: {own}")
    return made + split
print(json.dumps([about(sql, dialect) for dialect, sql in json.load(open(sys.argv[1]))]))
"#;

/// What the statements for a target say, by the system.
fn registered(sending: &Sending, frame: &DataFrame) -> BTreeMap<String, Value> {
    let statements = sending.check(frame).statements;
    let names: Vec<String> = statements.iter().map(|s| s.id.replace("register_", "")).collect();
    assert_eq!(names, ["databricks", "spark", "trino", "bigquery", "snowflake", "duckdb"]);
    let texts: Vec<_> = names.iter().zip(&statements).map(|(name, statement)| json!([name, statement.text])).collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("statements.json");
    std::fs::write(&path, json!(texts).to_string()).unwrap();
    let Value::Array(found) = python_json(PARSE, &[path.to_str().unwrap()]) else { panic!("a list") };
    names.into_iter().zip(found).collect()
}

/// A table whose columns need quoting everywhere.
fn odd() -> DataFrame {
    let frame =
        all_types(0, 50).lazy().rename(["note", "raw", "city"], ["it's `a` \"note\"", "select", "the City.x"], true);
    frame.collect().unwrap()
}

fn names(columns: &Value) -> Vec<&str> {
    columns.as_array().unwrap().iter().map(|column| column[0].as_str().unwrap()).collect()
}

#[test]
fn the_statements_of_every_system_are_understood() {
    if skipped() {
        return;
    }
    let moto = Moto::with_bucket("data");
    let frame = odd();
    let path = "lake/it's my \"odd\" `table`";
    for format in ["delta", "parquet", "csv"] {
        for by in [json!([]), json!(["the City.x", "small"])] {
            let target = json!({"path": path, "format": format, "partition_by": by});
            let sending = Sending::new("s3", &moto.settings("data"), target);
            let all = registered(&sending, &frame);
            for (system, made) in &all {
                let what = format!("{system} {format} {by}: {made}");
                let text = made.to_string();
                let place = format!("data/{path}");
                let place = json!(place).to_string();
                let place = place.trim_matches('"');
                // Snowflake's volume is the bucket's, and the table lies below it.
                let wanted = if (system.as_str(), format) == ("snowflake", "delta") {
                    place.trim_start_matches("data/")
                } else {
                    place
                };
                assert!(text.contains(wanted), "{what}: the address is {wanted}");
                let is_plain = !matches!(system.as_str(), "snowflake" | "duckdb");
                let name = if is_plain { "it_s_my__odd___table_" } else { "it's my \\\"odd\\\" `table`" };
                assert!(text.contains(name), "{what}: the name is {name}");
            }
            if format != "delta" {
                datasets(&all, &by, format == "csv");
            }
        }
    }
}

/// The columns of a dataset's statements, those of partitions last.
fn datasets(all: &BTreeMap<String, Value>, by: &Value, is_csv: bool) {
    let partitions: Vec<&str> = by.as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let own: Vec<String> = odd().columns().iter().map(|column| column.name().to_string()).collect();
    let inside = own.iter().map(String::as_str).filter(|name| !partitions.contains(name));
    let wanted: Vec<&str> = inside.clone().chain(partitions.iter().copied()).collect();
    for system in ["databricks", "spark"] {
        assert_eq!(names(&all[system][0][2]), wanted, "{system}");
    }
    let lower: Vec<String> = wanted.iter().map(|name| name.to_lowercase()).collect();
    assert_eq!(names(&all["trino"][0][2]), lower);
    let types = |system: &str| -> Vec<String> {
        let columns = all[system][0][2].as_array().unwrap().iter();
        columns.map(|column| column[1].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(types("trino").iter().all(|word| word == "VARCHAR"), is_csv, "{:?}", types("trino"));
    assert_eq!(names(&all["snowflake"][1][2]).len(), own.len());
    let bigquery = all["bigquery"].as_array().unwrap();
    let texts: Vec<&str> = if is_csv { inside.collect() } else { Vec::new() };
    assert_eq!(names(&bigquery[0][2]), texts, "BigQuery guesses no types of texts");
    let split = bigquery.iter().find(|made| made[0] == "partition").and_then(Value::as_array);
    let split: Vec<&str> = split.into_iter().flatten().skip(1).filter_map(|column| column[0].as_str()).collect();
    assert_eq!(split, partitions, "{bigquery:?}");
    let spark = all["spark"].as_array().unwrap();
    assert_eq!(spark.iter().any(|made| made[0] == "repair"), !partitions.is_empty(), "{spark:?}");
    assert_eq!(all["trino"][1][0] == "call", !partitions.is_empty(), "{}", all["trino"]);
}

#[test]
fn duckdb_gives_texts_back_that_look_like_numbers() {
    let place = tempfile::tempdir().unwrap();
    let frame = df!("n" => [1i64, 2, 3], "t" => ["007", "1e5", "2024-01-01"], "u" => ["", "x", "y"]).unwrap();
    for format in ["parquet", "csv"] {
        let target = json!({"path": format, "format": format, "partition_by": ["t"]});
        let mut sending = Sending::new("folder", &json!({"folder": place.path()}), target);
        let text = sending.check(&frame).statements.into_iter().find(|s| s.id == "register_duckdb").unwrap().text;
        sending.send(&frame);
        let script = "import sys, json, duckdb\ncon = duckdb.connect()\ncon.execute(sys.argv[1])\nprint(json.dumps(con.execute(f'select n, t, u from \"{sys.argv[2]}\" order by n').fetchall()))";
        let found = python_json(script, &[&text, format]);
        assert_eq!(found, json!([[1, "007", ""], [2, "1e5", "x"], [3, "2024-01-01", "y"]]), "{format}");
    }
}
