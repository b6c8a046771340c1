//! Behaviour at the crate's boundary.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use pulse_core::{Code, Error, Progress, Result};
use tempfile::TempDir;

use crate::{Engine, Format, Outcome, Settings, Statement, Table, references, words};

struct Place {
    folder: TempDir,
    engine: Engine,
}

impl Place {
    fn new() -> Self {
        Self::with_memory("1GB")
    }

    fn with_memory(memory: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (lake, results) = (folder.path().join("lake [1]"), folder.path().join("results"));
        for path in [&lake, &results] {
            fs::create_dir_all(path).expect("a folder");
        }
        let settings = Settings {
            allowed: vec![lake, results],
            temp: folder.path().join("temp"),
            memory: memory.into(),
            temp_limit: "2GB".into(),
            threads: 2,
        };
        Self { folder, engine: Engine::new(settings) }
    }

    /// A Parquet file of the lake with the rows of `sql`.
    fn parquet(&self, name: &str, sql: &str) -> PathBuf {
        let path = self.folder.path().join("lake [1]").join(format!("{name}.parquet"));
        let connection = duckdb::Connection::open_in_memory().expect("DuckDB");
        connection.execute_batch(&format!("COPY ({sql}) TO '{}' (FORMAT parquet)", path.display())).expect("a file");
        path
    }

    fn result(&self) -> PathBuf {
        self.folder.path().join("results/r.parquet")
    }

    fn run(&self, sql: &str, tables: &[Table]) -> Result<Outcome> {
        let _ = fs::remove_file(self.result());
        self.engine.run(sql, tables, &self.result(), &Progress::new())
    }

    /// The rows of the last result as text.
    fn rows(&self) -> Vec<String> {
        rows_of(&self.result())
    }

    fn prices(&self) -> Table {
        let files = vec![
            self.parquet("a", "SELECT i AS id, 'x' || i AS \"Area Code (M49)\" FROM range(3) t(i)"),
            self.parquet(
                "b",
                "SELECT i AS id, 'y' || i AS \"Area Code (M49)\", 0.5::DOUBLE AS extra FROM range(3, 5) t(i)",
            ),
        ];
        let columns = [("id", "BIGINT"), ("Area Code (M49)", "VARCHAR"), ("extra", "DOUBLE")];
        table("prices", 3, true, files, &columns)
    }
}

fn rows_of(path: &Path) -> Vec<String> {
    let connection = duckdb::Connection::open_in_memory().expect("DuckDB");
    let sql = format!("SELECT CAST(COLUMNS(*) AS VARCHAR) FROM read_parquet('{}')", path.display());
    let mut statement = connection.prepare(&sql).expect("a statement");
    let text = |row: &duckdb::Row<'_>| {
        let cells = (0..row.as_ref().column_count()).map(|at| row.get::<_, Option<String>>(at));
        let cells: Vec<String> = cells.map(|cell| Ok(cell?.unwrap_or("NULL".into()))).collect::<duckdb::Result<_>>()?;
        Ok(format!("({})", cells.join(", ")))
    };
    statement.query_map([], text).expect("rows").collect::<duckdb::Result<_>>().expect("texts")
}

fn table(name: &str, version: u64, latest: bool, files: Vec<PathBuf>, columns: &[(&str, &str)]) -> Table {
    let columns = columns.iter().map(|(name, r#type)| ((*name).to_owned(), (*r#type).to_owned())).collect();
    Table { layer: "silver".into(), name: name.into(), version, latest, files, columns, row_count: None }
}

fn error(result: Result<Outcome>, case: &str) -> Error {
    match result {
        Err(error) => error,
        Ok(outcome) => panic!("{case} must fail and gave {outcome:?}"),
    }
}

#[test]
fn references_are_found_where_a_reader_would_see_them() {
    type Named = (&'static str, &'static str, Option<u64>);
    let cases: [(&str, &[Named]); 9] = [
        ("SELECT * FROM silver.prices", &[("silver", "prices", None)]),
        ("from SILVER.Prices@3, bronze . raw", &[("silver", "prices", Some(3)), ("bronze", "raw", None)]),
        ("SELECT * FROM gold.kpi VERSION AS OF 12 k", &[("gold", "kpi", Some(12))]),
        ("FROM silver.a AT (VERSION => 4) JOIN silver.b USING (x)", &[("silver", "a", Some(4)), ("silver", "b", None)]),
        ("FROM \"silver\".\"prices\"@1", &[("silver", "prices", Some(1))]),
        (
            "SELECT 'silver.a', E'\\'silver.b', $$silver.c$$, $t$silver.d$t$, \"silver.e\" -- silver.f\n/* /* */ silver.g */",
            &[],
        ),
        ("SELECT silver.prices.id FROM silver.prices", &[("silver", "prices", None)]),
        ("SELECT t.silver.x, other.silver, silver", &[]),
        ("SELECT 'it''s silver.a' FROM silver.b", &[("silver", "b", None)]),
    ];
    for (sql, expected) in cases {
        let found = references(sql);
        let found: Vec<_> =
            found.iter().map(|(layer, name, version)| (layer.as_str(), name.as_str(), *version)).collect();
        assert_eq!(found, expected, "{sql}");
    }
}

#[test]
fn a_query_becomes_one_file_in_the_order_of_its_rows() {
    let place = Place::new();
    let prices = place.prices();
    let old = table("prices", 1, false, vec![prices.files[0].clone()], &[("id", "BIGINT")]);
    let cases = [
        ("SELECT id FROM silver.prices", "(0) (1) (2) (3) (4)"),
        ("SELECT id FROM silver.prices@3 WHERE extra IS NOT NULL;", "(3) (4)"),
        ("FROM silver.prices@1", "(0) (1) (2)"),
        ("SELECT count(*) FROM silver.prices VERSION AS OF 1 -- older", "(3)"),
        ("SELECT n.id FROM silver.prices n ANTI JOIN silver.prices@1 o USING (id) ORDER BY id DESC", "(4) (3)"),
        ("SELECT \"Area Code (M49)\" FROM silver.prices ORDER BY id DESC LIMIT 2", "(y4) (y3)"),
        ("WITH a AS (SELECT 1 x) SELECT x, x FROM a", "(1, 1)"),
        ("VALUES (1), (2)", "(1) (2)"),
        ("TABLE silver.prices@1", "(0) (1) (2)"),
        ("(SELECT 1)", "(1)"),
        ("PIVOT (SELECT id % 2 AS odd, id FROM silver.prices) ON odd USING sum(id)", "(6, 4)"),
        ("SELECT 'silver.prices@3' AS \"silver.prices@9\" /* silver.prices@7 */", "(silver.prices@3)"),
    ];
    for (sql, expected) in cases {
        let outcome = place.run(sql, &[prices.clone(), old.clone()]).unwrap_or_else(|e| panic!("{sql}: {e}"));
        assert_eq!(place.rows().join(" "), expected, "{sql}");
        assert_eq!((outcome.rows, outcome.statement), (place.rows().len() as u64, Statement::Select), "{sql}");
    }
    for (sql, statement, expected) in [
        ("DESCRIBE silver.prices", Statement::Other, "Area Code (M49)"),
        ("SUMMARIZE silver.prices", Statement::Other, "extra"),
        ("SHOW ALL TABLES", Statement::Other, "prices@3"),
        ("EXPLAIN SELECT * FROM silver.prices@3", Statement::Explain, "PARQUET"),
        ("explain analyze SELECT count(*) FROM silver.prices", Statement::Explain, "Total Time"),
    ] {
        let outcome = place.run(sql, std::slice::from_ref(&prices)).unwrap_or_else(|e| panic!("{sql}: {e}"));
        assert_eq!(outcome.statement, statement, "{sql}");
        assert!(place.rows().join(" ").contains(expected), "{sql}: {:?}", place.rows());
    }
    let outcome = place.run("SELECT id, id, id AS ID FROM silver.prices", &[prices]).expect("duplicate names");
    let mut names: Vec<_> = outcome.columns.iter().map(|column| column.name.to_lowercase()).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 3, "every column has its own name");
}

#[test]
fn an_empty_table_has_its_columns() {
    let place = Place::new();
    let empty =
        table("e", 0, true, vec![], &[("n", "BIGINT"), ("a b", "VARCHAR[]"), ("t", "TIMESTAMP WITH TIME ZONE")]);
    let outcome = place.run("SELECT * FROM silver.e", &[empty]).expect("runs");
    let types: Vec<_> = outcome.columns.iter().map(|column| column.sql_type.as_str()).collect();
    assert_eq!((outcome.rows, types), (0, vec!["BIGINT", "VARCHAR[]", "TIMESTAMP WITH TIME ZONE"]));
}

#[test]
fn a_big_result_keeps_its_order() {
    let place = Place::new();
    let big = place.parquet("big", "SELECT i AS n, i % 7 AS k FROM range(300000) t(i)");
    let big = table("big", 0, true, vec![big], &[("n", "BIGINT"), ("k", "BIGINT")]);
    let outcome =
        place.run("SELECT n, CAST(n AS HUGEINT) AS h FROM silver.big ORDER BY k DESC, n", &[big]).expect("runs");
    assert_eq!(outcome.rows, 300_000);
    let mut expected: Vec<u64> = (0..300_000).collect();
    expected.sort_by_key(|n| (std::cmp::Reverse(n % 7), *n));
    let expected = expected.iter().map(|n| format!("({n}, {n})"));
    assert!(place.rows().into_iter().eq(expected), "rows come in the order asked for");
}

#[test]
fn types_that_parquet_lacks_are_stored_without_loss() {
    let place = Place::new();
    let cases = [
        ("sum(n) FROM (VALUES (9223372036854775807), (1)) t(n)", "DECIMAL(38,0)", "9223372036854775808"),
        ("170141183460469231731687303715884105727::HUGEINT", "VARCHAR", "170141183460469231731687303715884105727"),
        ("'6ba7b810-9dad-11d1-80b4-00c04fd430c8'::UUID", "VARCHAR", "6ba7b810-9dad-11d1-80b4-00c04fd430c8"),
        ("INTERVAL 36 HOUR", "VARCHAR", "36:00:00"),
        ("'10:00:00+01'::TIMETZ", "VARCHAR", "10:00:00+01"),
        ("'0101'::BIT", "VARCHAR", "0101"),
        ("'b)'::ENUM('a', 'b)')", "VARCHAR", "b)"),
        ("MAP {'k': [1::UHUGEINT]}", "MAP(VARCHAR, DECIMAL(38,0)[])", "{k=[1]}"),
        ("'b'::ENUM('a', 'b')", "VARCHAR", "b"),
        ("[1::HUGEINT]", "DECIMAL(38,0)[]", "[1]"),
        ("{'a b': 1::HUGEINT, 'UUID': 'x'}", "STRUCT(\"a b\" DECIMAL(38,0), UUID VARCHAR)", "{'a b': 1, 'UUID': x}"),
        ("union_value(k := 5)", "VARCHAR", "5"),
        ("NULL", "INTEGER", "NULL"),
        ("DATE '2024-02-29'", "DATE", "2024-02-29"),
        ("1.10::DECIMAL(5,2)", "DECIMAL(5,2)", "1.10"),
        ("TIMESTAMP_S '2024-01-01 00:00:01'", "TIMESTAMP", "'2024-01-01 00:00:01'"),
    ];
    for (value, sql_type, text) in cases {
        let sql = format!("SELECT {value}");
        let outcome = place.run(&sql, &[]).unwrap_or_else(|e| panic!("{sql}: {e}"));
        assert_eq!(outcome.columns[0].sql_type, sql_type, "{sql}");
        assert!(place.rows()[0].contains(text.trim_matches('\'')), "{sql}: {:?}", place.rows());
    }
}

#[test]
fn nothing_outside_the_workspace_can_be_reached() {
    let place = Place::new();
    let prices = place.prices();
    let secret = place.folder.path().join("secret.csv");
    fs::write(&secret, "a\nhidden\n").expect("a file");
    let secret_parquet = place.folder.path().join("results/other.parquet");
    fs::copy(&prices.files[0], &secret_parquet).expect("a file");
    let outside = place.folder.path().join("evil");
    let (s, p, o) = (secret.display(), secret_parquet.display(), outside.display());
    let escapes = [
        format!("SELECT * FROM read_csv('{s}')"),
        format!("SELECT * FROM read_csv_auto('{s}')"),
        format!("FROM '{s}'"),
        format!("SELECT * FROM \"{s}\""),
        format!("FROM glob('{o}*')"),
        format!("FROM read_text('{s}')"),
        format!("FROM read_blob('{s}')"),
        format!("FROM sniff_csv('{s}')"),
        format!("FROM read_json('{s}')"),
        format!("FROM read_ndjson_objects('{s}')"),
        format!("FROM read_parquet('{p}')"),
        format!("FROM '{p}'"),
        format!("FROM parquet_scan('{p}')"),
        format!("FROM parquet_metadata('{p}')"),
        format!("FROM parquet_schema('{p}')"),
        format!("FROM parquet_file_metadata('{p}')"),
        format!("FROM parquet_kv_metadata('{p}')"),
        format!("FROM read_duckdb('{o}')"),
        format!("FROM query('FROM read_text(''{s}'')')"),
        format!("FROM \"read_text\"('{s}')"),
        format!("FROM read_text /* x */ ('{s}')"),
        format!("FROM Read_Text('{s}')"),
        format!("SELECT * FROM json_execute_serialized_sql(json_serialize_sql('FROM ''{s}'''))"),
        format!("FROM query_table('{p}')"),
        format!("SELECT (FROM read_text('{s}'))"),
        format!("COPY (SELECT 1) TO '{o}'"),
        format!("COPY silver.prices TO '{o}'"),
        format!("ATTACH '{o}'"),
        format!("EXPORT DATABASE '{o}'"),
        format!("IMPORT DATABASE '{o}'"),
        "INSTALL httpfs".into(),
        "LOAD httpfs".into(),
        "SET enable_external_access = true".into(),
        "RESET enable_external_access".into(),
        "PRAGMA threads=1".into(),
        "CALL pragma_version()".into(),
        "SELECT getenv('HOME')".into(),
        "CREATE TABLE x AS SELECT 1".into(),
        "DROP VIEW silver.prices".into(),
        "INSERT INTO silver.prices VALUES (1)".into(),
        "USE silver".into(),
        "SELECT 1; SELECT 2".into(),
        format!("SELECT 1); COPY (SELECT 1) TO '{o}"),
        format!("SELECT 1) TO '{o}' --"),
        format!("EXPLAIN ANALYZE COPY (SELECT 1) TO '{o}'"),
        format!("EXPLAIN FROM read_text('{s}')"),
        "WITH x AS (SELECT 1) INSERT INTO silver.prices SELECT 1".into(),
        "VACUUM".into(),
        "CHECKPOINT".into(),
        format!("FROM enable_logging(storage='file', storage_path='{o}')"),
        format!("FROM enable_profiling(save_location='{o}')"),
        "FROM arrow_scan(1, 2, 3)".into(),
        "FROM pandas_scan(1)".into(),
        "FROM duckdb_secrets()".into(),
        format!("PIVOT (FROM read_text('{s}')) ON content"),
        format!("SELECT 1 -- PIVOT\n) TO '{o}' --"),
        format!("PIVOT (SELECT 1 a) ON a USING sum(a)); COPY (SELECT 1) TO '{o}'; SELECT (1"),
        "PREPARE x AS SELECT 1".into(),
        "EXECUTE x".into(),
        "BEGIN".into(),
        "SHOW DATABASES; SELECT 1".into(),
        format!("FROM '{}/*.parquet'", place.folder.path().join("lake [1]").display()),
        format!("FROM '{}/../results/other.parquet'", place.folder.path().join("results").display()),
        "FROM 'https://example.com/x.parquet'".into(),
        "SELECT * FROM 's3://bucket/x.parquet'".into(),
    ];
    for sql in &escapes {
        let error = error(place.run(sql, std::slice::from_ref(&prices)), sql);
        let refused = [Code::PermissionDenied, Code::InvalidInput, Code::Unsupported];
        assert!(refused.contains(&error.code) && error.hint.is_some(), "{sql}: {error:?}");
        assert!(!error.message.contains("hidden"), "{sql}: {error}");
        assert!(!outside.exists(), "{sql} wrote a file");
        assert!(!place.result().exists(), "{sql} left a result");
    }
    let outside_result = place.engine.run("SELECT 1", &[], &outside, &Progress::new());
    assert_eq!(error(outside_result, "a result outside").code, Code::PermissionDenied);
    let foreign = table("prices", 0, true, vec![secret_parquet.join("../../secret.csv")], &[]);
    assert_eq!(error(place.run("FROM silver.prices", &[foreign]), "a file outside").code, Code::PermissionDenied);
    place.run("SELECT count(*) FROM silver.prices", &[prices]).expect("the engine still works");
}

#[test]
fn errors_say_where_and_what_to_do() {
    let place = Place::new();
    let prices = place.prices();
    let cases = [
        ("SELECT id\nFROM silver.prices@3 WHRE id = 1", Code::InvalidInput, "Line 2, column 27", ""),
        ("SELCT 1", Code::InvalidInput, "Line 1, column 1", ""),
        ("SELECT 'ü' FROM FROM x", Code::InvalidInput, "Line 1, column 17", ""),
        ("SELECT ide FROM silver.prices", Code::InvalidInput, "ide", "id"),
        ("SELECT * FROM silver.price", Code::InvalidInput, "price", "prices"),
        ("SELECT sun(id) FROM silver.prices", Code::InvalidInput, "sun", "sum"),
        ("SELECT CAST('x' AS INTEGER)", Code::InvalidInput, "x", "TRY_CAST"),
        ("", Code::InvalidInput, "no statement", "SELECT"),
        ("-- only a comment", Code::InvalidInput, "no statement", "SELECT"),
        ("SELECT 1; SELECT 2", Code::InvalidInput, "more than one", "one at a time"),
    ];
    for (sql, code, message, hint) in cases {
        let error = error(place.run(sql, std::slice::from_ref(&prices)), sql);
        let found = error.hint.clone().unwrap_or_default();
        assert_eq!((error.code, error.field.as_deref()), (code, Some("sql")), "{sql}: {error}");
        assert!(error.message.contains(message) && found.contains(hint), "{sql}: {error}");
        assert!(!error.message.contains("LINE 1"), "{sql}: only the message itself");
    }
    assert!(place.engine.check("SELECT * FROM silver.unknown@3 WHERE x = 1").is_ok(), "names are not checked");
    assert!(place.engine.check("SELECT (").is_err());
    let nested = format!("SELECT {}1{}", "(".repeat(100_000), ")".repeat(100_000));
    assert_eq!(place.engine.check(&nested).expect_err("too deep").code, Code::LimitExceeded);
    let missing = table("gone", 0, true, vec![place.folder.path().join("lake [1]/gone.parquet")], &[("n", "BIGINT")]);
    let error = error(place.run("FROM silver.gone", &[missing]), "a missing file");
    assert_eq!(error.code, Code::Damaged, "{error}");
}

#[test]
fn a_cancel_interrupts_within_a_second() {
    let place = Place::new();
    let progress = Progress::new();
    let stop = progress.clone();
    let canceller = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(200));
        stop.cancel();
        Instant::now()
    });
    let sql = "SELECT count(*) FROM range(10000000) a(i), range(10000000) b(j) WHERE i * j % 7 = 3";
    let error = error(place.engine.run(sql, &[], &place.result(), &progress), sql);
    let waited = canceller.join().expect("joined").elapsed();
    assert_eq!(error.code, Code::Cancelled, "{error}");
    assert!(waited < Duration::from_secs(5), "took {waited:?}");
    assert_eq!(fs::read_dir(place.folder.path().join("results")).expect("a folder").count(), 0, "no part is left");
}

#[test]
fn a_query_larger_than_memory_uses_the_temporary_folder_or_says_so() {
    let place = Place::with_memory("100MB");
    let sql = "SELECT i, md5(i::VARCHAR) AS h FROM range(2000000) t(i) ORDER BY h";
    assert_eq!(place.run(sql, &[]).expect("spills").rows, 2_000_000);
    let sql = "SELECT list(i ORDER BY md5(i::VARCHAR)) FROM range(8000000) t(i)";
    assert_eq!(error(place.run(sql, &[]), sql).code, Code::LimitExceeded);
}

#[test]
fn exports_are_whole_files_in_every_format() {
    let place = Place::new();
    let target = tempfile::tempdir().expect("a folder");
    let to = target.path().join("out file.csv");
    let values = "(1, 'a,\"b\"', '=1+1'), (2, '', '-5'), (NULL, NULL, NULL)";
    let sql = format!("SELECT * FROM (VALUES {values}) t(n, \"te xt\", f)");
    let guard = Format::Csv { guard_formulas: true };
    let cases = [
        (Format::Csv { guard_formulas: false }, "n,te xt,f\n1,\"a,\"\"b\"\"\",=1+1\n2,\"\",-5\n,,\n", 0),
        (guard, "n,te xt,f\n1,\"a,\"\"b\"\"\",'=1+1\n2,\"\",-5\n,,\n", 1),
        (
            Format::Ndjson,
            "{\"n\":1,\"te xt\":\"a,\\\"b\\\"\",\"f\":\"=1+1\"}\n{\"n\":2,\"te xt\":\"\",\"f\":\"-5\"}\n{\"n\":null,\"te xt\":null,\"f\":null}\n",
            0,
        ),
        (
            Format::Json,
            "[\n\t{\"n\":1,\"te xt\":\"a,\\\"b\\\"\",\"f\":\"=1+1\"},\n\t{\"n\":2,\"te xt\":\"\",\"f\":\"-5\"},\n\t{\"n\":null,\"te xt\":null,\"f\":null}\n]\n",
            0,
        ),
    ];
    for (format, expected, guarded) in cases {
        let exported =
            place.engine.export(&sql, &[], format, &to, &Progress::new()).unwrap_or_else(|e| panic!("{format:?}: {e}"));
        let text = fs::read_to_string(&to).expect("a file");
        assert_eq!(text, expected, "{format:?}");
        assert_eq!((exported.rows, exported.bytes, exported.guarded), (3, text.len() as u64, guarded), "{format:?}");
    }
    place.engine.export(&sql, &[], Format::Parquet, &to, &Progress::new()).expect("exported");
    assert_eq!(rows_of(&to).len(), 3);
    let kept = fs::read(&to).expect("bytes");
    let cancelled = Progress::new();
    cancelled.cancel();
    place.engine.export(&sql, &[], guard, &to, &cancelled).expect_err("cancelled");
    place.engine.export("SELECT nothing", &[], guard, &to, &Progress::new()).expect_err("invalid");
    assert_eq!(fs::read(&to).expect("bytes"), kept, "a failed export leaves what was there");
    let missing = target.path().join("no such folder/x.csv");
    let error = place.engine.export(&sql, &[], guard, &missing, &Progress::new()).expect_err("no folder");
    assert_eq!(error.code, Code::NotFound, "{error}");
    assert_eq!(fs::read_dir(target.path()).expect("a folder").count(), 1, "no part is left beside the target");
    assert_eq!(fs::read_dir(place.folder.path().join("temp")).expect("a folder").count(), 0, "no part is left in temp");
}

#[test]
fn completion_knows_functions_and_keywords_but_not_the_forbidden() {
    let words = words().expect("names");
    let names = [words.functions, words.keywords].concat();
    for name in ["sum", "date_trunc", "regexp_replace", "SELECT", "unnest"] {
        assert!(names.iter().any(|known| known.eq_ignore_ascii_case(name)), "{name} is offered");
    }
    assert!(!names.iter().any(|name| name == "read_csv" || name == "enable_logging"), "forbidden ones are not");
}
