//! Types and names: what is read is what is there.

use polars::prelude::*;
use pulse_core::Code;
use pulse_tests::assert_helpful;
use pulse_tests::services::postgres::Database;
use pulse_tests::services::skipped;
use serde_json::json;

use super::{got, read};

/// Types, a value each, the type word, and the expression whose text psql must show for what we read; an empty one
/// stands for `value::text`.
const TYPES: &[(&str, &str, &str, &str)] = &[
    ("boolean", "true", "boolean", ""),
    ("smallint", "-32768", "integer", ""),
    ("integer", "2147483647", "integer", ""),
    ("bigint", "-9223372036854775808", "integer", ""),
    ("oid", "4294967295", "integer", ""),
    ("numeric(12,2)", "-1234567890.10", "decimal", ""),
    ("numeric(38,10)", "9999999999999999999999999999.0123456789", "decimal", ""),
    ("numeric(5,-2)", "1234567", "decimal", ""),
    ("numeric(3,5)", "0.00123", "decimal", ""),
    ("numeric(4,4)", "-0.0001", "decimal", ""),
    ("numeric", "3.14159265358979323846264338327950288419716939937510", "text", ""),
    ("numeric(60,30)", "123456789012345678901234567890.123456789012345678901234567890", "text", ""),
    ("text", "'ünï 😀 \\ \" tab\t'", "text", ""),
    ("text", "''", "text", ""),
    ("varchar(5)", "'abc'", "text", ""),
    ("char(6)", "'ab'", "text", "rpad(value::text, 6)"),
    ("name", "'a_name'", "text", ""),
    ("\"char\"", "'x'", "text", ""),
    ("uuid", "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'", "text", ""),
    ("json", "'{\"b\": 1.10,   \"a\": [1e400]}'", "text", ""),
    ("jsonb", "'{\"b\": 1.100, \"a\": 12345678901234567890123}'", "text", ""),
    ("date", "'2024-02-29'", "date", ""),
    ("date", "'0001-01-01'", "date", ""),
    ("timestamp", "'1969-12-31 23:59:59.999999'", "timestamp", "to_char(value, 'YYYY-MM-DD HH24:MI:SS.US')"),
    ("timestamp", "'9999-12-31 23:59:59.999999'", "timestamp", "to_char(value, 'YYYY-MM-DD HH24:MI:SS.US')"),
    ("timestamptz", "'2024-06-01 12:00:00+02'", "timestamp", "to_char(value, 'YYYY-MM-DD HH24:MI:SS.US')"),
    ("time", "'24:00:00'", "text", ""),
    ("timetz", "'23:59:59.5+05:30'", "text", ""),
    ("interval", "'1 year 2 months -3 days 04:05:06.789'", "text", ""),
    ("inet", "'192.168.0.1/24'", "text", ""),
    ("cidr", "'10.0.0.0/8'", "text", ""),
    ("macaddr", "'08:00:2b:01:02:03'", "text", ""),
    ("bit(5)", "B'10101'", "text", ""),
    ("money", "1234.5", "text", ""),
    ("point", "'(1.5,2)'", "text", ""),
    ("int4range", "'[1,10)'", "text", ""),
    ("tsvector", "'a fat cat'", "text", ""),
    ("xml", "'<a>ü</a>'", "text", ""),
    ("mood", "'so so'", "text", ""),
    ("positive", "42", "integer", ""),
    ("pair", "ROW(1, 'a \"b\"')", "text", ""),
    ("citext", "'CaSe'", "text", ""),
    ("hstore", "'a=>1'", "text", ""),
    ("integer[]", "'{1,NULL,3}'", "text", "to_json(value)::text"),
    ("text[]", "'{\"a,b\",NULL,\"NULL\",\"\"}'", "text", "to_json(value)::text"),
    ("numeric(10,2)[]", "'{{1.10,2},{3,NULL}}'", "text", "to_json(value)::text"),
    ("mood[]", "'{good,\"so so\"}'", "text", "to_json(value)::text"),
    ("timestamptz[]", "'{infinity,2024-01-01}'", "text", "to_json(value)::text"),
    ("pair[]", "ARRAY[ROW(1, 'x')::pair]", "text", "to_json(value)::text"),
];

#[test]
fn every_type_comes_back_as_psql_writes_it() {
    if skipped() {
        return;
    }
    let database = Database::new();
    database.sql(
        "CREATE EXTENSION citext; CREATE EXTENSION hstore; CREATE TYPE mood AS ENUM ('good', 'so so');
         CREATE DOMAIN positive AS bigint CHECK (value > 0); CREATE TYPE pair AS (a int, b text);",
    );
    let columns: Vec<String> = TYPES.iter().enumerate().map(|(at, (t, ..))| format!("c{at} {t}")).collect();
    let values: Vec<&str> = TYPES.iter().map(|(_, value, ..)| *value).collect();
    let nulls = vec!["NULL"; TYPES.len()].join(",");
    let fill = format!("INSERT INTO types VALUES ({}), ({nulls})", values.join(","));
    database.sql(&format!("CREATE TABLE types ({}); {fill}", columns.join(", ")));

    let read = got(&database, json!({"table": "public.types"}));
    assert_eq!(read.frame.height(), 2);
    for (at, (of, _, word, show)) in TYPES.iter().enumerate() {
        let column = format!("c{at}");
        assert_eq!(read.words()[at], (column.clone(), (*word).to_owned()), "{of}");
        let show = if show.is_empty() { "value::text" } else { show }.replace("value", &column);
        let expected = database.sql(&format!("SELECT {show} FROM types WHERE c1 IS NOT NULL"));
        let ours = match read.frame.column(&column).unwrap().dtype() {
            DataType::Datetime(..) => {
                let texts = read.frame.column(&column).unwrap().as_materialized_series().clone();
                let texts = texts.datetime().unwrap().to_string("%Y-%m-%d %H:%M:%S%.6f").unwrap();
                texts.get(0).map(|text| text.trim_end_matches("+00:00").to_owned())
            }
            _ => read.cell(&column, 0),
        };
        assert_eq!(ours.as_deref(), Some(expected.as_str()), "{of}");
        assert_eq!(read.cell(&column, 1), None, "{of}: NULL is a missing value");
    }
    assert!(read.ledger.is_empty());
}

#[test]
fn floats_and_bytes_keep_every_bit() {
    if skipped() {
        return;
    }
    let database = Database::new();
    let read = got(
        &database,
        json!({"query": "SELECT * FROM (VALUES (1, 0.1::float8, 0.1::float4, '\\x00ff27'::bytea),
            (2, 'NaN', '-Infinity', ''), (3, '-0', '3.4028235e38', NULL), (4, 5e-324, NULL, '\\x5c78')) AS v(n, d, f, b);"}),
    );
    let doubles: Vec<_> = read.frame.column("d").unwrap().f64().unwrap().iter().map(|v| v.map(f64::to_bits)).collect();
    let expected = [0.1, f64::NAN, -0.0, 5e-324].map(|v: f64| Some(v.to_bits()));
    assert_eq!(doubles, expected);
    let floats: Vec<_> = read.frame.column("f").unwrap().f32().unwrap().iter().collect();
    assert_eq!(floats, [Some(0.1f32), Some(f32::NEG_INFINITY), Some(f32::MAX), None]);
    let bytes: Vec<_> =
        read.frame.column("b").unwrap().binary().unwrap().iter().map(|v| v.map(<[u8]>::to_vec)).collect();
    assert_eq!(bytes, [Some(vec![0, 255, 39]), Some(vec![]), None, Some(b"\\x".to_vec())]);
}

#[test]
fn what_no_table_holds_goes_to_the_ledger_or_makes_the_column_text() {
    if skipped() {
        return;
    }
    let database = Database::new();
    database.sql(
        "CREATE TABLE few (id int, d date, t timestamp, z timestamptz, n numeric(6,2));
         INSERT INTO few VALUES (1, '2024-01-01', '2024-01-01', '2024-01-01', 1),
             (2, 'infinity', '-infinity', 'infinity', 'NaN'),
             (3, '4713-01-01 BC', '294276-12-31 23:59:59.5', '0044-03-15 12:00 BC', 2);
         CREATE TABLE many AS SELECT i AS id, CASE WHEN i % 2 = 0 THEN date 'infinity' ELSE date '2024-01-01' + i END AS d
             FROM generate_series(1, 5000) i",
    );
    let few = got(&database, json!({"table": "few", "order": "id"}));
    let noted: Vec<_> = few
        .ledger
        .iter()
        .map(|entry| (entry.row.unwrap(), entry.column.clone().unwrap(), entry.value.clone().unwrap()))
        .collect();
    let expected = [
        (1, "d", "infinity"),
        (1, "t", "-infinity"),
        (1, "z", "infinity"),
        (1, "n", "NaN"),
        (2, "d", "4713-01-01 BC"),
        (2, "t", "294276-12-31 23:59:59.5"),
        (2, "z", "0044-03-15 12:00:00+00 BC"),
    ];
    assert_eq!(noted, expected.map(|(row, column, value)| (row, column.to_owned(), value.to_owned())));
    assert_eq!(few.frame.column("d").unwrap().null_count(), 2);
    assert!(few.ledger.iter().all(|entry| !entry.reason.is_empty()));

    let many = got(&database, json!({"table": "many"}));
    assert_eq!(many.words()[1], ("d".into(), "text".into()));
    assert!(many.ledger.is_empty());
    assert_eq!((many.cell("d", 0), many.cell("d", 1)), (Some("2024-01-02".into()), Some("infinity".into())));
    let chosen = got(&database, json!({"table": "few", "text_columns": ["d", "n"], "order": "id"}));
    assert_eq!((chosen.cell("d", 2), chosen.cell("n", 1)), (Some("4713-01-01 BC".into()), Some("NaN".into())));
}

#[test]
fn names_of_every_kind_are_read() {
    if skipped() {
        return;
    }
    let database = Database::new();
    database.sql(
        r#"CREATE SCHEMA "My.Schema"; CREATE TABLE "My.Schema"."select ""x""" ("from" int PRIMARY KEY, "A" int, a int, "ü %s" text);
           INSERT INTO "My.Schema"."select ""x""" VALUES (1, 2, 3, 'it''s');
           CREATE TABLE "Orders" (id int, twice int GENERATED ALWAYS AS (id * 2) STORED); INSERT INTO "Orders" VALUES (21);
           CREATE TABLE nothing (); INSERT INTO nothing DEFAULT VALUES;"#,
    );
    let odd = got(&database, json!({"table": r#""My.Schema"."select ""x""""#, "filter": "\"A\" = 2 -- two"}));
    assert_eq!(odd.words().iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["from", "A", "a_2", "ü %s"]);
    assert_eq!((odd.integers("A"), odd.integers("a_2")), (vec![Some(2)], vec![Some(3)]));
    assert_eq!((odd.fetched.key.as_slice(), odd.fetched.warnings.len()), (&["from".to_owned()][..], 1));
    assert!(!odd.fetched.origin.contains("ge h@im"), "{}", odd.fetched.origin);
    assert_eq!(got(&database, json!({"table": "Orders"})).integers("twice"), [Some(42)]);

    let none = read(&database, json!({"table": "nothing"})).err().unwrap();
    assert_eq!(none.code, Code::InvalidInput);
    assert_helpful(&none, "a table without columns");
    for table in ["missing", "a.b.c", "\"open", "orders; DROP TABLE \"Orders\""] {
        let error = read(&database, json!({"table": table})).err().unwrap();
        assert_eq!((error.code, error.field.as_deref()), (Code::NotFound, Some("table")), "{table}: {error}");
        assert_helpful(&error, table);
    }

    let wide: Vec<String> = (0..1600).map(|at| format!("c{at} bool")).collect();
    database.sql(&format!("CREATE TABLE wide ({}); INSERT INTO wide (c1599) VALUES (true)", wide.join(",")));
    let wide = got(&database, json!({"table": "wide"}));
    assert_eq!((wide.frame.width(), wide.frame.column("c1599").unwrap().bool().unwrap().get(0)), (1600, Some(true)));
    let chosen = got(&database, json!({"table": "wide", "columns": ["c1599", "c0"]}));
    assert_eq!(chosen.words().iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["c1599", "c0"]);

    let joined = got(
        &database,
        json!({"query": "SELECT a.id, b.id, 7 AS \"?\" FROM \"Orders\" a JOIN \"Orders\" b USING (id)"}),
    );
    assert_eq!(joined.words().iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["id", "id_2", "?"]);
}
