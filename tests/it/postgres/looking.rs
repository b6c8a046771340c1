//! Connections: checking them, their encryption, and looking around.

use std::path::PathBuf;

use pulse_connect::{Browse, connect};
use pulse_core::{Code, Progress};
use pulse_tests::assert_helpful;
use pulse_tests::services::postgres::{Database, PASSWORD, Postgres, USER};
use pulse_tests::services::{free_port, skipped};
use serde_json::json;

use super::{changed, checked, got, read_with};

#[test]
fn looking_around_shows_what_there_is() {
    if skipped() {
        return;
    }
    let database = Database::new();
    database.sql(
        "CREATE SCHEMA \"Sales\"; COMMENT ON SCHEMA \"Sales\" IS 'What was sold';
         CREATE TABLE \"Sales\".orders (id bigint PRIMARY KEY, amount numeric(10,2), at timestamptz NOT NULL);
         COMMENT ON TABLE \"Sales\".orders IS 'One row an order'; COMMENT ON COLUMN \"Sales\".orders.amount IS 'In euros';
         INSERT INTO \"Sales\".orders SELECT i, i, now() FROM generate_series(1, 1000) i;
         CREATE TABLE \"Sales\".parts (day date, n int) PARTITION BY RANGE (day);
         CREATE TABLE \"Sales\".parts1 PARTITION OF \"Sales\".parts FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
         CREATE TABLE \"Sales\".parts2 PARTITION OF \"Sales\".parts FOR VALUES FROM ('2024-02-01') TO ('2024-03-01');
         INSERT INTO \"Sales\".parts SELECT date '2024-01-01' + i % 59, i FROM generate_series(1, 300) i;
         CREATE VIEW \"Sales\".big AS SELECT * FROM \"Sales\".orders WHERE amount > 500;
         CREATE MATERIALIZED VIEW \"Sales\".sums AS SELECT sum(amount) FROM \"Sales\".orders; ANALYZE;
         CREATE ROLE reader LOGIN PASSWORD 'r'; GRANT USAGE ON SCHEMA \"Sales\" TO reader; GRANT SELECT ON \"Sales\".orders TO reader",
    );
    let connection = connect("postgres", &database.settings()).unwrap();
    let progress = Progress::new();
    let top = connection.browse(&Browse::default(), &progress).unwrap();
    let schemas: Vec<_> =
        top.entries.iter().map(|entry| (entry.name.as_str(), entry.summary.as_str(), entry.opens)).collect();
    assert_eq!(schemas, [("public", "standard public schema", true), ("Sales", "What was sold", true)]);

    let request = Browse { path: vec!["Sales".into()], ..Browse::default() };
    let level = connection.browse(&request, &progress).unwrap();
    let entries: Vec<_> =
        level.entries.iter().map(|entry| (entry.name.as_str(), entry.kind.as_str(), entry.rows)).collect();
    assert_eq!(
        entries[..3],
        [("big", "view", None), ("orders", "table", Some(1000)), ("parts", "partitioned table", Some(300))]
    );
    assert_eq!(entries[3].1, "materialised view");
    let orders = &level.entries[1];
    assert_eq!(
        (orders.summary.as_str(), orders.selection.clone()),
        ("One row an order", Some(json!({"table": "\"Sales\".orders"})))
    );
    assert!(orders.bytes.unwrap() >= 8192);
    let columns: Vec<_> =
        orders.columns.iter().map(|c| (c.name.as_str(), c.type_word.as_str(), c.description.as_str(), c.key)).collect();
    let expected = [
        ("id", "bigint", "", true),
        ("amount", "numeric(10,2)", "In euros", false),
        ("at", "timestamp with time zone", "", false),
    ];
    assert_eq!(columns, expected);
    let read = got(&database, orders.selection.clone().unwrap());
    assert_eq!(
        (read.frame.height(), read.fetched.key.clone(), read.fetched.snapshot),
        (1000, vec!["id".to_owned()], true)
    );

    let found = connection.browse(&Browse { search: "PART".into(), ..request.clone() }, &progress).unwrap();
    assert_eq!(found.entries.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>(), ["parts"]);
    let reader =
        connect("postgres", &changed(&database.settings(), json!({"user": "reader", "password": "r"}))).unwrap();
    let level = reader.browse(&request, &progress).unwrap();
    let readable: Vec<_> = level.entries.iter().filter(|e| e.selection.is_some()).map(|e| e.name.as_str()).collect();
    assert_eq!(readable, ["orders"], "what may not be read is shown, but not offered");
}

#[test]
fn a_check_tells_failures_apart() {
    if skipped() {
        return;
    }
    let database = Database::new();
    database.sql("CREATE ROLE nobody_else LOGIN PASSWORD 'n'; CREATE TABLE t (id int)");
    let settings = database.settings();
    let (steps, error) = checked(&settings);
    assert!(error.is_none(), "{error:?}");
    let names: Vec<_> = steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(names, ["Find the host", "Connect", "TLS", "Sign in", "Read"]);
    assert!(steps[4].detail.contains("PostgreSQL 1") && steps[4].detail.contains("one table"), "{:?}", steps[4]);

    let web = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let web_port = web.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in web.incoming().flatten() {
            use std::io::{Read, Write};
            let (mut stream, mut bytes) = (stream, [0; 64]);
            let _ = stream.read(&mut bytes);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let silent_port = silent.local_addr().unwrap().port();
    let cases = [
        (json!({"host": "no-such-host.invalid"}), "Find the host", Code::Unreachable, "cannot be found", "host"),
        (json!({"port": free_port()}), "Connect", Code::Unreachable, "nothing listens", "port"),
        (json!({"port": web_port}), "Sign in", Code::Unreachable, "is not PostgreSQL", "port"),
        (json!({"port": web_port, "tls": "required"}), "TLS", Code::Unreachable, "is not PostgreSQL", "port"),
        (json!({"port": silent_port, "connect_seconds": 1}), "Sign in", Code::Unreachable, "silent", "port"),
        (json!({"tls": "required"}), "TLS", Code::Unreachable, "offers no TLS", "tls"),
        (json!({"password": "wrong"}), "Sign in", Code::PermissionDenied, "password authentication failed", "password"),
        (json!({"password": ""}), "Sign in", Code::PermissionDenied, "asks for a password", "password"),
        (json!({"user": "stranger"}), "Sign in", Code::PermissionDenied, "password authentication failed", "password"),
        (json!({"database": "nix"}), "Sign in", Code::NotFound, "does not exist", "database"),
        (json!({"ca_file": "/no/such/file", "tls": "required"}), "TLS", Code::InvalidInput, "CA file", "ca_file"),
    ];
    for (changes, step, code, words, field) in cases {
        let (steps, error) = checked(&changed(&settings, changes.clone()));
        let error = error.unwrap_or_else(|| panic!("{changes} fails"));
        assert_eq!(steps.last().unwrap().name, step, "{changes}: {error}");
        assert_eq!(steps.last().unwrap().error.as_ref(), Some(&error), "{changes}");
        assert_eq!((error.code, error.field.as_deref()), (code, Some(field)), "{changes}: {error}");
        assert!(error.message.contains(words), "{changes}: {error}");
        assert_helpful(&error, &changes.to_string());
        assert!(!format!("{error:?}{steps:?}").contains("wrong"), "{changes}: secrets stay secret");
    }
    let (steps, error) = checked(&changed(&settings, json!({"user": "nobody_else", "password": "n"})));
    assert!(error.is_none() && steps[4].detail.contains("GRANT SELECT"), "{error:?} {steps:?}");
    let socket = database.server.socket_folder().display().to_string();
    let (_, error) = checked(&changed(&settings, json!({"host": socket})));
    assert!(error.is_none(), "a Unix socket: {error:?}");
}

#[test]
fn encryption_is_verified_unless_switched_off() {
    if skipped() {
        return;
    }
    let server = Postgres::start(true);
    let path = |path: PathBuf| path.display().to_string();
    let (authority, stranger) = (path(server.authority()), path(server.stranger()));
    let settings = json!({"host": "localhost", "port": server.port(), "database": "postgres", "user": USER,
                          "password": PASSWORD, "tls": "required"});
    let good = changed(&settings, json!({"ca_file": authority}));
    let (steps, error) = checked(&good);
    assert!(error.is_none() && steps[2].detail.contains("valid for localhost"), "{error:?} {steps:?}");
    server.psql("postgres", "CREATE TABLE t AS SELECT i FROM generate_series(1, 200000) i");
    let encrypted = "SELECT bool_and(ssl) AS safe FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    let read = read_with(&good, &json!({"query": encrypted}), None, &Progress::new()).unwrap();
    assert_eq!(read.frame.column("safe").unwrap().bool().unwrap().get(0), Some(true));
    let read = read_with(&good, &json!({"table": "t", "parallel": 3}), None, &Progress::new()).unwrap();
    assert_eq!((read.frame.height(), read.files), (200_000, 3));

    for (changes, words) in [
        (json!({}), "authority that is not trusted"),
        (json!({"ca_file": stranger}), "authority that is not trusted"),
        (json!({"ca_file": authority, "host": "127.0.0.1"}), "for another name"),
    ] {
        let (steps, error) = checked(&changed(&settings, changes.clone()));
        let error = error.unwrap_or_else(|| panic!("{changes} fails"));
        assert_eq!((steps.last().unwrap().name.as_str(), error.code), ("TLS", Code::Unreachable), "{changes}");
        assert!(error.message.contains(words), "{changes}: {error}");
        assert_helpful(&error, &changes.to_string());
    }
    let (steps, error) = checked(&changed(&settings, json!({"verify_tls": false})));
    assert!(error.is_none() && steps[2].detail.contains("not verified"), "{error:?} {steps:?}");
    for changes in [json!({"tls": "off"}), json!({"tls": "auto"})] {
        let (steps, error) = checked(&changed(&settings, changes));
        assert!(error.is_none() && steps[2].detail.contains("Not encrypted"), "{error:?} {steps:?}");
    }
}
