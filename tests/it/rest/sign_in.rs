//! Signing in, and where credentials go.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use pulse_connect::{Check, connect};
use pulse_core::{Code, Progress};
use pulse_tests::services::http::{Answer, HttpServer};
use serde_json::{Value, json};

use super::{Reads, records};

#[test]
fn every_way_of_signing_in_works() {
    let server = HttpServer::start(|asked| {
        let header = |name: &str, value: &str| asked.header(name) == Some(value);
        let good = match asked.path.as_str() {
            "/v1/header" => header("x-key", "k-1"),
            "/v1/query" => asked.param("api_key").as_deref() == Some("k 1&"),
            "/v1/bearer" => header("authorization", "Bearer t-1"),
            "/v1/basic" => header("authorization", "Basic dXNlcjpww6RzczpvcmQ="),
            "/v1/extra" => header("x-one", "1") && header("x-two", "s:2") && header("x-three", "3"),
            _ => true,
        };
        if good { Answer::json("[{\"id\": 1}]") } else { Answer::status(401) }
    });
    let cases = [
        ("header", json!({ "auth": "api_key_header", "key_name": "X-Key", "api_key": "k-1" })),
        ("query", json!({ "auth": "api_key_query", "key_name": "api_key", "api_key": "k 1&" })),
        ("bearer", json!({ "auth": "bearer", "token": "t-1\n" })),
        ("basic", json!({ "auth": "basic", "user": "user", "password": "päss:ord" })),
        ("extra", json!({ "headers": [{ "name": "X-One", "value": "1" }], "secret_headers": "X-Two: s:2\n" })),
    ];
    for (path, settings) in cases {
        let reads = Reads::of(&server).set(settings);
        let headers = json!([{ "name": "X-Three", "value": "3" }]);
        let got =
            reads.read(json!({ "path": path, "headers": headers })).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert_eq!(got.ids(), [1]);
        let recording = std::fs::read_to_string(got.recording()).unwrap();
        for secret in ["k-1", "k 1&", "k+1%26", "t-1", "päss", "s:2"] {
            assert!(!recording.contains(secret), "{path}: {recording}");
        }
        let error = Reads::of(&server).fails(json!({ "path": path }));
        assert_eq!(error.code, Code::PermissionDenied, "{error}");
    }
    for (settings, field) in [
        (json!({ "auth": "bearer" }), "token"),
        (json!({ "auth": "api_key_query", "api_key": "x" }), "key_name"),
        (json!({ "auth": "oauth2_client", "token_url": "nonsense" }), "token_url"),
        (json!({ "secret_headers": "no colon" }), "secret_headers"),
        (json!({ "base_url": "not an address" }), "base_url"),
    ] {
        let error = Reads::of(&server).set(settings).fails(json!({ "path": "x" }));
        assert_eq!(error.field.as_deref(), Some(field), "{error}");
    }
}

#[test]
fn oauth_tokens_are_given_renewed_once_and_refreshed() {
    let given = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&given);
    let server = HttpServer::start(move |asked| match asked.path.as_str() {
        "/token" => {
            let text = asked.text();
            let client = text.contains("grant_type=client_credentials") && text.contains("client_secret=s3cret");
            let refresh = text.contains("grant_type=refresh_token") && text.contains("refresh_token=r-1");
            let basic = asked.header("authorization") == Some("Basic aWQ6czNjcmV0");
            if !(client || refresh || basic) {
                return Answer::json("{\"error\": \"invalid_client\", \"error_description\": \"no s3cret\"}")
                    .with_status(401);
            }
            let number = count.fetch_add(1, SeqCst) + 1;
            Answer::json(json!({ "access_token": format!("a-{number}"), "expires_in": 3600, "token_type": "bearer" }))
        }
        // The first token is taken back after two pages.
        "/v1/things" => {
            let page = asked.number("page").unwrap_or(1);
            let expected = if page <= 2 { "Bearer a-1" } else { "Bearer a-2" };
            match asked.header("authorization") == Some(expected) {
                true => Answer::json(json!({ "page": page, "total": 25, "data": records(10 * (page - 1), 10) })),
                false => Answer::json("{\"message\": \"expired\"}").with_status(401),
            }
        }
        _ => Answer::json("{\"message\": \"never\"}").with_status(401),
    });
    let client = json!({ "auth": "oauth2_client", "token_url": server.url("/token"), "client_id": "id", "client_secret": "s3cret" });
    let got = Reads::of(&server).set(client.clone()).read(json!({ "path": "things" })).unwrap();
    assert_eq!((got.ids().len(), given.load(SeqCst)), (25, 2));
    given.store(0, SeqCst);
    let error = Reads::of(&server).set(client.clone()).fails(json!({ "path": "never" }));
    assert_eq!((error.code, given.load(SeqCst)), (Code::PermissionDenied, 2), "renewed once: {error}");
    let settings = [
        json!({ "auth": "oauth2_refresh", "refresh_token": "r-1", "client_secret": "" }),
        json!({ "client_sent_in": "header" }),
    ];
    for more in settings {
        given.store(0, SeqCst);
        let reads = Reads::of(&server).set(client.clone()).set(more);
        assert_eq!(reads.read(json!({ "path": "things" })).unwrap().ids().len(), 25);
    }
    let error =
        Reads::of(&server).set(client).set(json!({ "client_secret": "wrong-s3cr" })).fails(json!({ "path": "things" }));
    assert!(
        error.message.starts_with("No access token was given") && error.field.as_deref() == Some("token_url"),
        "{error}"
    );
    assert!(!error.to_string().contains("wrong-s3cr"));
}

#[test]
fn credentials_stay_with_their_host() {
    let other = HttpServer::start(|_| Answer::json("[{\"id\": 2}]"));
    let elsewhere = other.url("/more");
    let server = HttpServer::start(move |asked| match asked.path.as_str() {
        "/v1/link" => Answer::json(json!({ "items": [{ "id": 1 }], "next": elsewhere })),
        "/v1/redirect" => Answer::redirect(302, &elsewhere),
        _ => Answer::redirect(302, "http://169.254.169.254/latest/meta-data"),
    });
    let settings = json!({ "auth": "bearer", "token": "t-1", "secret_headers": "X-Key: k-1" });
    for path in ["link", "redirect"] {
        let reads = Reads::of(&server).set(settings.clone());
        let selection = json!({ "path": path, "records_path": if path == "link" { "" } else { "$" } });
        let _ = reads.read(selection);
    }
    assert_eq!(other.asked().len(), 2);
    for asked in other.asked() {
        assert!(asked.header("authorization").is_none() && asked.header("x-key").is_none(), "{asked:?}");
    }
    let error = Reads::of(&server).set(settings.clone()).fails(json!({ "path": "metadata" }));
    assert_eq!(error.code, Code::PermissionDenied, "{error}");
    let error = Reads::of(&server).set(json!({ "allow_private": false })).fails(json!({ "path": "x" }));
    assert_eq!((error.code, error.field.as_deref()), (Code::PermissionDenied, Some("allow_private")));
    let port = server.address().port();
    let name = json!({ "allow_private": false, "base_url": format!("http://localhost:{port}/v1") });
    let error = Reads::of(&server).set(name).fails(json!({ "path": "x" }));
    assert_eq!(error.code, Code::PermissionDenied, "a name that leads to a private address: {error}");
}

#[test]
fn a_check_says_what_it_did() {
    let server = HttpServer::start(|asked| match (asked.path.as_str(), asked.header("authorization")) {
        ("/v1/status", Some("Bearer t-1")) => Answer::json("{}"),
        ("/v1/status", _) => Answer::status(401),
        _ => Answer::status(404),
    });
    let check = |settings: Value| {
        let progress = Progress::new();
        let mut check = Check { progress: &progress, steps: Vec::new() };
        let outcome = connect("rest", &Reads::of(&server).set(settings).settings).unwrap().check(&mut check);
        (outcome.map_err(|error| error.code), check.steps.iter().map(|step| step.name.clone()).collect::<Vec<_>>())
    };
    let steps = ["Connect", "Sign in", "Read"].map(str::to_owned).to_vec();
    let good = json!({ "auth": "bearer", "token": "t-1", "test_path": "status" });
    assert_eq!(check(good), (Ok(()), steps.clone()));
    assert_eq!(check(json!({})), (Ok(()), steps.clone()), "an API may have nothing at its own address");
    let wrong = json!({ "auth": "bearer", "token": "t-2", "test_path": "status" });
    assert_eq!(check(wrong), (Err(Code::PermissionDenied), steps));
    let nowhere = json!({ "base_url": "http://nowhere.invalid/v1" });
    assert_eq!(check(nowhere), (Err(Code::Unreachable), vec!["Connect".to_owned()]));
}

#[test]
fn connection_strings_become_settings() {
    let cases = [
        ("rest+https://api.test/v1", json!({ "base_url": "https://api.test/v1" })),
        (
            "rest+http://u:p%40@a.test:81/x?allow_private=true&verify_tls=false",
            json!({ "auth": "basic", "user": "u", "password": "p@", "allow_private": true, "verify_tls": false, "base_url": "http://a.test:81/x" }),
        ),
        ("rest+https://:tok@api.test", json!({ "auth": "bearer", "token": "tok", "base_url": "https://api.test/" })),
    ];
    for (text, expected) in cases {
        assert_eq!(pulse_connect::from_url(text).unwrap(), ("rest", expected), "{text}");
    }
}
