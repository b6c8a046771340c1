//! What stores answer when they refuse, and what folders hold, as tables of examples.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;

use pulse_core::{Code, Progress};
use serde_json::{Value, json};

use crate::connector::{Browse, Check, Content, Fetched, Task};

/// A server that gives every request the same answer.
fn answering(status: &'static str, headers: &'static str, body: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = [0; 8192];
            if stream.read(&mut request).unwrap_or_default() > 0 {
                let length = body.len();
                let answer = format!(
                    "HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
                );
                // The other side may be gone.
                let _ = stream.write_all(answer.as_bytes());
            }
        }
    });
    format!("http://{address}")
}

fn checked(kind: &str, settings: &Value) -> (String, Option<pulse_core::Error>) {
    let progress = Progress::new();
    let mut check = Check { progress: &progress, steps: Vec::new() };
    let error = crate::connect(kind, settings).unwrap_or_else(|error| panic!("{error}")).check(&mut check).err();
    (check.steps.last().unwrap().name.clone(), error)
}

#[test]
fn refusals_of_s3_are_told_apart() {
    let cases = [
        ("404 Not Found", "<Error><Code>NoSuchBucket</Code></Error>", "Read", Code::NotFound, "bucket"),
        (
            "403 Forbidden",
            "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>",
            "Read",
            Code::PermissionDenied,
            "",
        ),
        (
            "403 Forbidden",
            "<Error><Code>SignatureDoesNotMatch</Code><Message>TOPSECRET signature</Message></Error>",
            "Sign in",
            Code::PermissionDenied,
            "secret_key",
        ),
        (
            "403 Forbidden",
            "<Error><Code>InvalidAccessKeyId</Code></Error>",
            "Sign in",
            Code::PermissionDenied,
            "access_key",
        ),
        (
            "400 Bad Request",
            "<Error><Code>ExpiredToken</Code></Error>",
            "Sign in",
            Code::PermissionDenied,
            "session_token",
        ),
        ("403 Forbidden", "<Error><Code>RequestTimeTooSkewed</Code></Error>", "Sign in", Code::PermissionDenied, ""),
        (
            "400 Bad Request",
            "<Error><Code>AuthorizationHeaderMalformed</Code><Message>expecting 'eu-west-3'</Message><Region>eu-west-3</Region></Error>",
            "Sign in",
            Code::InvalidInput,
            "region",
        ),
        (
            "301 Moved Permanently",
            "<Error><Code>PermanentRedirect</Code></Error>",
            "Sign in",
            Code::InvalidInput,
            "region",
        ),
        ("501 Not Implemented", "<Error><Code>NotImplemented</Code></Error>", "Read", Code::Unreachable, ""),
        ("200 OK", "<!doctype html><html><body>Welcome</body></html>", "Read", Code::Unsupported, "endpoint"),
    ];
    for (status, body, step, code, field) in cases {
        let settings = json!({"bucket": "data", "access_key": "AKIA", "secret_key": "TOPSECRET", "region": "us-east-1",
            "endpoint": answering(status, "", body), "allow_http": true});
        let (last, error) = checked("s3", &settings);
        let error = error.unwrap_or_else(|| panic!("{body} is refused"));
        assert_eq!((last.as_str(), error.code), (step, code), "{body}: {error}");
        assert_eq!(error.field.as_deref().unwrap_or_default(), field, "{body}: {error}");
        assert!(error.hint.is_some() && !error.to_string().contains("TOPSECRET"), "{body}: {error}");
        if body.contains("<Region>") {
            assert!(error.message.contains("`eu-west-3`"), "{error}");
        }
    }
}

#[test]
fn azure_and_google_refuse_in_their_own_words() {
    for (body, step, field) in [
        (
            "<?xml version=\"1.0\"?><Error><Code>AuthenticationFailed</Code><Message>Server failed to authenticate the request. \nRequestId:1</Message></Error>",
            "Sign in",
            "secret_key",
        ),
        ("<Error><Code>ContainerNotFound</Code></Error>", "Read", "container"),
        (
            "<Error><Code>AuthorizationPermissionMismatch</Code><Message>This request is not allowed.</Message></Error>",
            "Read",
            "",
        ),
    ] {
        let status = if body.contains("NotFound") { "404 Not Found" } else { "403 Forbidden" };
        let settings = json!({"account": "acc", "container": "data", "secret_key": "VE9QU0VDUkVU", "endpoint": answering(status, "", body),
            "allow_http": true});
        let (last, error) = checked("azure", &settings);
        let error = error.unwrap_or_else(|| panic!("{body} is refused"));
        assert_eq!((last.as_str(), error.field.as_deref().unwrap_or_default()), (step, field), "{body}: {error}");
    }
    let listing = "<?xml version='1.0'?><ListBucketResult><Name>data</Name><Contents><Key>a b/ü.csv</Key><Size>3</Size>\
        <LastModified>2024-02-29T12:00:00.000Z</LastModified><ETag>\"x\"</ETag></Contents></ListBucketResult>";
    let settings = json!({"bucket": "data", "sign_in": "anonymous", "endpoint": answering("200 OK", "", listing), "allow_http": true});
    let (last, error) = checked("gcs", &settings);
    assert_eq!((last.as_str(), error), ("Read", None));
    let listing = crate::connect("gcs", &settings).unwrap().browse(&Browse::default(), &Progress::new()).unwrap();
    assert_eq!(listing.entries[0].selection, Some(json!({"paths": ["a b/ü.csv"]})));
    let (_, error) = checked(
        "gcs",
        &json!({"bucket": "data", "sign_in": "anonymous", "endpoint": answering("401 Unauthorized", "", ""), "allow_http": true}),
    );
    assert_eq!(error.unwrap().code, Code::PermissionDenied);
}

#[test]
fn settings_that_make_no_connection_name_their_field() {
    for (kind, settings, field) in [
        ("s3", json!({}), "bucket"),
        ("s3", json!({"bucket": "b"}), "access_key"),
        ("s3", json!({"bucket": "b", "access_key": "a"}), "secret_key"),
        ("s3", json!({"bucket": "b", "sign_in": "anonymous", "endpoint": "http://x.example"}), "allow_http"),
        (
            "s3",
            json!({"bucket": "b", "sign_in": "anonymous", "endpoint": "https://user:TOPSECRET@x.example"}),
            "endpoint",
        ),
        ("azure", json!({"account": "a", "container": "c", "secret_key": "TOPSECRET no base64"}), "secret_key"),
        ("gcs", json!({"bucket": "b", "service_account": "{\"private_key\": \"TOPSECRET\"}"}), "service_account"),
        ("folder", json!({"folder": "relative"}), "folder"),
        ("web", json!({"sign_in": "bearer"}), "token"),
    ] {
        let error = crate::connect(kind, &settings).err().unwrap_or_else(|| panic!("{settings} is refused"));
        assert_eq!((error.code, error.field.as_deref()), (Code::InvalidInput, Some(field)), "{settings}: {error}");
        assert!(!error.to_string().contains("TOPSECRET"), "{error}");
    }
}

#[test]
fn connection_strings_become_settings() {
    for (text, kind, expected) in [
        (
            "s3://AK:s%2Fecret@my.bucket?region=eu-west-1&endpoint=https%3A%2F%2Fminio.example%3A9000",
            "s3",
            json!({"region": "eu-west-1", "endpoint": "https://minio.example:9000", "bucket": "my.bucket", "access_key": "AK", "secret_key": "s/ecret"}),
        ),
        ("s3://public?allow_http=true", "s3", json!({"allow_http": true, "bucket": "public", "sign_in": "anonymous"})),
        (
            "az://acc:a2V5@files",
            "azure",
            json!({"container": "files", "account": "acc", "sign_in": "key", "secret_key": "a2V5"}),
        ),
        (
            "gs://bucket?service_account_file=/k.json",
            "gcs",
            json!({"service_account_file": "/k.json", "bucket": "bucket", "sign_in": "file"}),
        ),
        (
            "https://me:pw@files.example/a/",
            "web",
            json!({"base_url": "https://files.example/a/", "sign_in": "basic", "user": "me", "password": "pw"}),
        ),
    ] {
        let (found, settings) = crate::from_url(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!((found, &settings), (kind, &expected), "{text}");
        crate::connect(found, &settings)
            .map(|_| ())
            .or_else(|error| if kind == "gcs" { Ok(()) } else { Err(error) })
            .unwrap();
    }
    assert!(crate::from_url("s3://bucket/folder/file.csv").is_err());
}

fn read(folder: &std::path::Path, selection: Value, state: Option<&Value>) -> pulse_core::Result<Fetched> {
    let scratch = tempfile::tempdir().unwrap();
    let progress = Progress::new();
    let task = Task {
        progress: &progress,
        scratch: scratch.path(),
        downloads: scratch.path(),
        limit: None,
        state,
        replay: &[],
        merges: false,
    };
    crate::connect("folder", &json!({"folder": folder})).unwrap().read(&selection, &task)
}

fn names(fetched: &Fetched) -> Vec<String> {
    let Content::Files { inputs, .. } = &fetched.content else { panic!("files") };
    inputs.iter().map(|input| input.name.clone().unwrap()).collect()
}

#[test]
fn a_folder_gives_its_new_files_only() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for sub in ["in/2024", "in/_temporary", "in/k=1", "table/_delta_log", "in/.hidden"] {
        fs::create_dir_all(at(sub)).unwrap();
    }
    for (name, text) in [
        ("in/a b#%.csv", "n\n1\n"),
        ("in/2024/ü.csv.gz", "x"),
        ("in/2024/empty.csv", ""),
        ("in/_temporary/t.csv", "n\n2\n"),
        ("in/.hidden/h.csv", "n\n"),
        ("in/k=1/p.csv", "n\n3\n"),
        ("in/readme.md", "hello"),
        ("table/_delta_log/00000000000000000000.json", "{}"),
        ("table/f.parquet", "x"),
    ] {
        fs::write(at(name), text).unwrap();
    }
    let first = read(folder.path(), json!({"paths": ["in"]}), None).unwrap();
    assert_eq!(names(&first), ["2024/ü.csv.gz", "a b#%.csv", "k=1/p.csv"]);
    assert!(first.landed.iter().all(|landed| !landed.owned) && first.snapshot);
    let warnings = first.warnings.join("\n");
    for part in ["`2024/empty.csv` is empty", "k=1", "2 files, `_temporary/t.csv`"] {
        assert!(warnings.contains(part), "{part}: {warnings}");
    }
    let state = first.state.unwrap();
    fs::write(at("in/new.csv"), "n\n4\n").unwrap();
    fs::write(at("in/a b#%.csv"), "n\n100\n").unwrap();
    fs::remove_file(at("in/k=1/p.csv")).unwrap();
    let more = read(folder.path(), json!({"paths": ["in"]}), Some(&state)).unwrap();
    assert_eq!(names(&more), ["new.csv"]);
    let warnings = more.warnings.join("\n");
    assert!(
        warnings.contains("`in/a b#%.csv` is changed") && warnings.contains("`in/k=1/p.csv` is no longer there"),
        "{warnings}"
    );
    assert!(!more.snapshot);
    let quiet = read(folder.path(), json!({"paths": ["in"]}), more.state.as_ref()).unwrap();
    assert!(names(&quiet).is_empty());
    let error = read(folder.path(), json!({"paths": [""]}), None).err().expect("a table is no heap of files");
    assert!(error.message.contains("table") && error.code == Code::InvalidInput, "{error}");
}
