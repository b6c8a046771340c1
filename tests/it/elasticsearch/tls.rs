//! Elasticsearch behind TLS.

use pulse_core::Code;
use pulse_tests::services::skipped;
use pulse_tests::services::tls::Tls;
use pulse_tests::{Connected, assert_helpful};
use serde_json::{Value, json};

use super::orders;

#[test]
fn certificates_are_checked_unless_that_is_switched_off() {
    if skipped() {
        return;
    }
    let server = orders(0..2500);
    let tls = Tls::before(server.port("elasticsearch"));
    let at = |host: &str, more: Value| {
        let mut settings = json!({"address": format!("https://{host}:{}", tls.port())});
        settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        settings
    };
    let read = |settings: &Value| Connected::open("elasticsearch", settings).read(&json!({"index": "orders"}));
    for (settings, words) in [
        (at("localhost", json!({"ca_file": tls.authority()})), "certificate checked"),
        (at("localhost", json!({"verify_tls": false})), "not checked"),
        (at("127.0.0.1", json!({"verify_tls": false})), "not checked"),
    ] {
        let (steps, error) = Connected::open("elasticsearch", &settings).check();
        assert!(error.is_none(), "{settings}: {error:?}");
        assert!(steps[2].detail.contains(words), "{settings}: {}", steps[2].detail);
        let got = read(&settings).unwrap_or_else(|error| panic!("{settings}: {error}"));
        assert_eq!((got.rows(), got.fetched.origin.starts_with("https://")), (2500, true), "{settings}");
    }
    let plain = json!({"address": format!("http://localhost:{}", tls.port())});
    for (what, settings) in [
        ("no authority", at("localhost", json!({}))),
        ("a stranger", at("localhost", json!({"ca_file": tls.stranger()}))),
        ("another name", at("127.0.0.1", json!({"ca_file": tls.authority()}))),
    ] {
        let (steps, error) = Connected::open("elasticsearch", &settings).check();
        let error = error.unwrap_or_else(|| panic!("{what} is refused"));
        assert_eq!((steps.last().unwrap().name.as_str(), error.code), ("TLS", Code::Unreachable), "{what}: {error}");
        assert!(error.message.contains("certificate"), "{what}: {error}");
        assert_helpful(&error, what);
        assert_eq!(read(&settings).err().expect("nothing is read").code, Code::Unreachable, "{what}");
    }
    let error = read(&plain).err().expect("the server speaks TLS only");
    assert_eq!(error.code, Code::Unreachable, "{error}");
    let no_certificate = tls.authority().with_file_name("names");
    let error = pulse_connect::connect("elasticsearch", &at("localhost", json!({"ca_file": no_certificate}))).err();
    assert_eq!(error.expect("the file holds no certificate").field.as_deref(), Some("ca_file"));
}
