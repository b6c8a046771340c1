//! What needs no server: connection strings, names, forms.

use serde_json::json;

use super::{settings::Settings, sql};
use crate::connectors;

#[test]
fn connection_strings_become_settings() {
    let cases = [
        (
            "postgres://ann:s%40cr%2Fet@db.example.org:6543/my%20shop?sslmode=verify-full&application_name=a+b",
            json!({"host": "db.example.org", "user": "ann", "password": "s@cr/et", "database": "my shop", "port": 6543,
                   "tls": "required", "application_name": "a+b"}),
        ),
        ("postgresql://ann@[::1]/shop", json!({"host": "::1", "user": "ann", "database": "shop"})),
        (
            "postgres:///shop?host=%2Fvar%2Frun%2Fpostgresql&user=ann&password=x&port=5433",
            json!({"database": "shop", "host": "/var/run/postgresql", "user": "ann", "password": "x", "port": 5433}),
        ),
        (
            "postgres://ann@h/shop?sslmode=no-verify&sslrootcert=/ca.pem&options=-c%20statement_timeout%3D0",
            json!({"host": "h", "user": "ann", "database": "shop", "tls": "required", "verify_tls": false,
                   "ca_file": "/ca.pem", "options": "-c statement_timeout=0"}),
        ),
        ("postgres://ann@h?sslmode=disable", json!({"host": "h", "user": "ann", "tls": "off"})),
        ("postgres:///shop?user=ann", json!({"host": "localhost", "user": "ann", "database": "shop"})),
    ];
    for (text, expected) in cases {
        let (kind, settings) = connectors::from_url(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!((kind, &settings), ("postgres", &expected), "{text}");
        connectors::connect(kind, &settings).unwrap_or_else(|error| panic!("{text}: {error}"));
    }
}

#[test]
fn what_a_connection_string_says_is_never_ignored_nor_repeated() {
    for text in [
        "postgres://ann:geheim@h/shop?sslmode=maybe",
        "postgres://ann:geheim@h/shop?sslkey=/key.pem",
        "postgres://ann:geheim@h/shop?port=99999",
        "postgres://ann:geheim%ff@h/shop",
        "postgres://ann:geheim@h:port/shop",
    ] {
        let error = connectors::from_url(text).expect_err(text);
        assert!(!format!("{error:?}").contains("geheim"), "{text}: {error}");
        assert!(error.hint.is_some(), "{text}: {error}");
    }
}

#[test]
fn settings_start_right_and_hide_the_password() {
    let form = connectors::connectors().iter().find(|info| info.about.kind == "postgres").expect("registered");
    let members: Vec<_> = form.settings["properties"].as_object().expect("an object").keys().cloned().collect();
    assert_eq!(members[..6], ["host", "port", "database", "user", "password", "tls"]);
    assert_eq!(form.settings["properties"]["port"]["default"], 5432, "{}", form.settings);
    assert_eq!(form.settings["properties"]["verify_tls"]["default"], true);
    assert_eq!(form.settings["properties"]["password"]["x-secret"], true);
    assert_eq!(form.settings["properties"]["tls"]["oneOf"][0]["const"], "auto");
    let settings: Settings =
        serde_json::from_value(json!({"host": "h", "user": "ann", "password": "geheim"})).expect("settings");
    assert!(!format!("{settings:?}").contains("geheim"));
    let error = connectors::connect("postgres", &json!({"host": " "})).err().expect("no host");
    assert_eq!(error.field.as_deref(), Some("host"));
}

#[test]
fn names_are_quoted_and_read_back() {
    for given in ["orders", "Orders", "my table", "select", "a\"b", "a.b", "ünï"] {
        let typed = sql::typed_name(given);
        assert_eq!(sql::parts(&typed), Some(vec![given.to_owned()]), "{typed}");
        assert_eq!(sql::parts(&format!("s.{}", sql::name(given))), Some(vec!["s".into(), given.to_owned()]));
    }
    assert_eq!(sql::parts("Sales.Orders"), Some(vec!["Sales".into(), "Orders".into()]));
    assert_eq!(sql::parts("\"open"), None);
    assert_eq!(sql::parts("a..b"), None);
    assert_eq!(sql::literal("it's"), "'it''s'");
    assert_eq!(sql::literal("a\\b'"), "E'a\\\\b'''");
    assert_eq!(sql::bracketed(" select 1 -- one ;\n"), "(\nselect 1 -- one\n)");
}
