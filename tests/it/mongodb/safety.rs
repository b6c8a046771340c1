//! Signing in and encryption.

use std::path::Path;
use std::process::Output;

use mongodb::bson::Document;
use pulse_connect::CheckStep;
use pulse_core::{Code, Error};
use pulse_tests::services::mongo::{PASSWORD, USER};
use pulse_tests::services::skipped;
use pulse_tests::services::tls::Tls;
use pulse_tests::{Connected, assert_helpful, error_of, one_document, pulse_command};
use serde_json::{Value, json};

use super::order;
use super::store::Store;

/// The password as a connection string has it.
const ESCAPED: &str = "ge%20h%40im%2F%27%22%25%3A";

fn orders() -> Vec<Document> {
    (0..200).map(order).collect()
}

fn check(settings: &Value) -> (Vec<CheckStep>, Option<Error>) {
    Connected::open("mongodb", settings).check()
}

/// The settings with others.
fn with(settings: &Value, others: &Value) -> Value {
    let mut settings = settings.clone();
    settings.as_object_mut().unwrap().extend(others.as_object().unwrap().clone());
    settings
}

#[test]
fn a_user_signs_in() {
    if skipped() {
        return;
    }
    let store = Store::guarded(&orders());
    let port = store.server.port();
    for settings in [
        with(&store.settings(), &json!({"user": USER, "password": PASSWORD})),
        with(&store.settings(), &json!({"user": USER, "password": PASSWORD, "auth_database": "admin"})),
        json!({"connection_string": format!("mongodb://{USER}:{ESCAPED}@127.0.0.1:{port}/shop?authSource=admin")}),
    ] {
        let (steps, error) = check(&settings);
        assert!(error.is_none(), "{error:?}");
        assert_eq!(steps[3].detail, format!("as {USER}"));
        assert_eq!(steps[4].detail, "1 databases: shop");
        let got = Connected::open("mongodb", &settings).read(&json!({"collection": "orders"})).unwrap();
        assert_eq!(got.rows(), 200);
        assert!(!got.fetched.origin.contains(USER), "{}", got.fetched.origin);
    }
}

#[test]
fn a_refused_sign_in_is_told_apart() {
    if skipped() {
        return;
    }
    let store = Store::guarded(&orders());
    let port = store.server.port();
    let somebody = |user: &str, password: &str| with(&store.settings(), &json!({"user": user, "password": password}));
    let mut elsewhere = somebody(USER, PASSWORD);
    elsewhere["auth_database"] = "shop".into();
    let string =
        |rest: &str| json!({"connection_string": format!("mongodb://{rest}@127.0.0.1:{port}/shop?authSource=admin")});
    for settings in [somebody(USER, "wr0ngpass"), somebody("bob", PASSWORD), elsewhere, string("ann:wr0ngpass")] {
        let (steps, error) = check(&settings);
        let error = error.unwrap_or_else(|| panic!("{settings} is refused"));
        let failed = steps.last().unwrap();
        assert_eq!((failed.name.as_str(), error.code), ("Sign in", Code::PermissionDenied), "{error}");
        assert_eq!(error.field.as_deref(), Some("password"), "{error}");
        let shown = format!("{error:?}");
        assert!(!shown.contains(PASSWORD) && !shown.contains("wr0ngpass"), "{shown}");
        assert_helpful(&error, &settings.to_string());
        let connected = Connected::open("mongodb", &settings);
        for error in [
            connected.read(&json!({"collection": "orders"})).err().expect("nothing is read"),
            connected.browse(&[]).expect_err("nothing is listed"),
        ] {
            assert_eq!((error.code, error.field.as_deref()), (Code::PermissionDenied, Some("password")), "{error}");
        }
    }
    let mut nameless = store.settings();
    for database in ["shop", ""] {
        nameless["database"] = database.into();
        let (steps, error) = check(&nameless);
        let error = error.expect("without a user nothing can be read");
        assert_eq!((steps.last().unwrap().name.as_str(), error.code), ("Read", Code::PermissionDenied), "{error}");
        assert!(error.hint.as_ref().is_some_and(|hint| hint.contains("give a user")), "{error}");
    }
    let error = store.connect().read(&json!({"collection": "orders"})).err().expect("nothing is read");
    assert_eq!(error.code, Code::PermissionDenied, "{error}");
}

#[test]
fn certificates_are_checked_unless_that_is_switched_off() {
    if skipped() {
        return;
    }
    let store = Store::guarded(&orders());
    let tls = Tls::before(store.server.port());
    // A connection string, because it can say that the driver is to give up sooner.
    let string = |host: &str, port: u16, more: &str| {
        let patience = "serverSelectionTimeoutMS=2000&directConnection=true";
        let address = format!("mongodb://{USER}:{ESCAPED}@{host}:{port}/shop?authSource=admin&{patience}{more}");
        json!({"connection_string": address})
    };
    let base = string("localhost", tls.port(), "&tls=true");
    let form = json!({"host": "localhost", "port": tls.port(), "database": "shop", "user": USER, "password": PASSWORD,
                      "tls": true, "ca_file": tls.authority()});
    let (on, off) = ("encrypted, certificate checked", "encrypted, certificate not checked");
    let named = format!("&tls=true&tlsCAFile={}", tls.authority().display());
    let trusts = |settings: &Value| with(settings, &json!({"ca_file": tls.authority()}));
    let unchecked = json!({"verify_tls": false});
    for (settings, detail) in [
        (form.clone(), on),
        (with(&form, &json!({"ca_file": "", "verify_tls": false})), off),
        (with(&form, &json!({"host": "127.0.0.1", "verify_tls": false})), off),
        (trusts(&base), on),
        (string("localhost", tls.port(), &named), on),
        (with(&base, &unchecked), off),
    ] {
        let (steps, error) = check(&settings);
        assert!(error.is_none(), "{settings}: {error:?}");
        assert_eq!(steps[2].detail, format!("MongoDB 7.0.0, {detail}"), "{settings}");
        assert_eq!(Connected::open("mongodb", &settings).read(&json!({"collection": "orders"})).unwrap().rows(), 200);
    }
    let strange = format!("&tls=true&tlsCAFile={}", tls.stranger().display());
    let cases = [
        ("no authority", base.clone(), "not trusted"),
        ("a stranger", with(&base, &json!({"ca_file": tls.stranger()})), "not trusted"),
        ("a stranger in the string", string("localhost", tls.port(), &strange), "not trusted"),
        ("another name", trusts(&string("127.0.0.1", tls.port(), "&tls=true")), "another name"),
        ("no TLS", string("localhost", tls.port(), ""), "TLS"),
        ("TLS before a plain server", trusts(&string("localhost", store.server.port(), "&tls=true")), "TLS"),
    ];
    for (what, settings, word) in cases {
        let (steps, error) = check(&settings);
        let error = error.unwrap_or_else(|| panic!("{what} is refused"));
        assert_eq!((steps.last().unwrap().name.as_str(), error.code), ("TLS", Code::Unreachable), "{what}: {error}");
        let told = format!("{} {}", error.message, error.hint.clone().unwrap_or_default());
        assert!(told.contains(word) && !told.contains(PASSWORD) && !told.contains("Topology"), "{what}: {told}");
        assert_helpful(&error, what);
        let error = Connected::open("mongodb", &settings).read(&json!({"collection": "orders"})).err();
        assert_eq!(error.expect("nothing is read").code, Code::Unreachable, "{what}");
    }
    let no_certificate = tls.authority().with_file_name("names");
    for file in [no_certificate, "/no/such/file.pem".into()] {
        let error = check(&with(&form, &json!({"ca_file": file}))).1.expect("there is no certificate");
        assert_eq!((error.code, error.field.as_deref()), (Code::InvalidInput, Some("ca_file")), "{error}");
        assert_helpful(&error, "a file without certificates");
    }
}

/// In a process of its own, because its list of trusted authorities is another one.
#[test]
fn the_authorities_of_the_machine_are_trusted() {
    if skipped() {
        return;
    }
    let store = Store::open(&orders());
    let tls = Tls::before(store.server.port());
    let folder = tempfile::tempdir().unwrap();
    let test = |trusted: &Path| -> Output {
        let mut command = pulse_command(folder.path(), &["--json", "connections", "test", "shop"]);
        let address = format!("mongodb://localhost:{}/shop?tls=true&directConnection=true", tls.port());
        command.env("PULSE_CONNECTION_SHOP", address).env("SSL_CERT_FILE", trusted).env_remove("SSL_CERT_DIR");
        command.output().expect("pulse starts")
    };
    let trusting = test(&tls.authority());
    assert!(trusting.status.success(), "{}", one_document(&trusting, "a trusted authority"));
    let error = error_of(&test(&tls.stranger()), "another authority");
    assert_eq!(error.code, Code::Unreachable, "{error}");
}
