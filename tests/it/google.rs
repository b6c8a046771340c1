//! Google's storage through its XML interface, which is that of S3: the S3 stand-in answers Google's client, which signs
//! in Google's way. (Emulators of Google's JSON interface cannot list a bucket for the store's library.)

use pulse_core::Code;
use pulse_tests::python;
use pulse_tests::services::moto::Moto;
use pulse_tests::services::skipped;
use serde_json::{Value, json};

use crate::object_stores::{FILES, Source};

/// The key file of a service account; the stand-in takes the token that is signed with it.
pub(crate) fn key_file() -> String {
    let key = python(
        "from cryptography.hazmat.primitives import serialization as s\n\
         from cryptography.hazmat.primitives.asymmetric import rsa\n\
         key = rsa.generate_private_key(public_exponent=65537, key_size=2048)\n\
         print(key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption()).decode())",
        &[],
    );
    json!({ "type": "service_account", "private_key": key, "private_key_id": "1", "client_email": "reader@test" })
        .to_string()
}

fn settings(moto: &Moto, bucket: &str, more: Value) -> Value {
    let mut settings = json!({ "bucket": bucket, "endpoint": moto.endpoint(), "allow_http": true });
    for (name, value) in more.as_object().unwrap() {
        settings[name] = value.clone();
    }
    settings
}

#[test]
fn files_of_googles_storage_are_found_and_read() {
    if skipped() {
        return;
    }
    let moto = Moto::new();
    moto.python(FILES, &[]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key.json");
    let key = key_file();
    std::fs::write(&path, &key).unwrap();
    for more in [
        json!({ "sign_in": "key", "service_account": key }),
        json!({ "sign_in": "file", "service_account_file": path }),
        json!({ "sign_in": "anonymous" }),
    ] {
        let source = Source::new("gcs", settings(&moto, "data", more));
        let (steps, error) = source.steps();
        assert_eq!((steps.join(" "), error), ("Find the host Connect TLS Sign in Read".into(), None));
    }
    let source = Source::new("gcs", settings(&moto, "data", json!({ "service_account": key })));
    let top = source.browse(&[], None);
    let names: Vec<_> = top.entries.iter().map(|entry| (entry.name.as_str(), entry.kind.as_str())).collect();
    assert_eq!(
        names,
        [("day", "folder"), ("ice", "Iceberg table"), ("odd", "folder"), ("packed", "folder"), ("a b.csv", "file")]
    );
    for folder in ["odd/", "packed/"] {
        for entry in source.browse(&[folder], None).entries {
            let fetched = source.read(entry.selection.clone().unwrap(), None).unwrap_or_else(|error| panic!("{error}"));
            let rows = source.rows(&fetched);
            assert!(!rows.is_empty() && rows.iter().all(|row| row.contains(&entry.name)), "{}: {rows:?}", entry.name);
            assert!(fetched.landed[0].origin.starts_with("gs://data/"), "{}", fetched.landed[0].origin);
        }
    }
    let first = source.read(json!({ "paths": ["day"], "pattern": "*/*.csv" }), None).unwrap();
    assert_eq!(source.rows(&first), ["9 \"2024/a.csv\"", "10 \"2025/a.csv\""]);
    moto.python(r#"s3.put_object(Bucket="data", Key="day/2026/b.csv", Body=b"n\n11\n")"#, &[]);
    let more = source.read(json!({ "paths": ["day"], "pattern": "*/*.csv" }), first.state.as_ref()).unwrap();
    assert_eq!(source.rows(&more), ["11 \"2026/b.csv\""]);
    let error = source.read(json!({ "paths": ["nothing.csv"] }), None).err().expect("nothing is there");
    assert!(error.code == Code::NotFound && error.message.contains("gs://data/nothing.csv"), "{error}");
    let (_, error) = Source::new("gcs", settings(&moto, "no-such-bucket", json!({ "sign_in": "anonymous" }))).steps();
    assert_eq!(error.unwrap().field.as_deref(), Some("bucket"));
}

#[test]
fn a_bucket_of_google_is_listed_in_pages() {
    if skipped() {
        return;
    }
    let moto = Moto::new();
    moto.python(
        "s3.create_bucket(Bucket='many')\nfor n in range(450): s3.put_object(Bucket='many', Key=f'all/{n:05}.csv', Body=b'n\\n%d\\n' % n)",
        &[],
    );
    let source = Source::new("gcs", settings(&moto, "many", json!({ "sign_in": "anonymous" })));
    let (mut seen, mut page) = (0, None);
    loop {
        let listing = source.browse(&["all/"], page);
        seen += listing.entries.len();
        page = listing.next;
        if page.is_none() {
            break;
        }
    }
    assert_eq!(seen, 450);
}

#[test]
fn a_delta_table_in_googles_storage_is_read() {
    if skipped() {
        return;
    }
    let moto = Moto::new();
    let write = |numbers: &str| {
        moto.python(
            &format!(
                "import pyarrow as pa\nfrom deltalake import write_deltalake\n\
                 write_deltalake('s3://lake/sales', pa.table({{'n': {numbers}, 'city': ['a b'] * len({numbers})}}), \
                 mode='append', partition_by=['city'], storage_options=options)"
            ),
            &[],
        );
    };
    moto.python("s3.create_bucket(Bucket='lake')", &[]);
    write("[1, 2, 3]");
    let source = Source::new("gcs", settings(&moto, "lake", json!({ "service_account": key_file() })));
    let entry = &source.browse(&[], None).entries[0];
    assert_eq!((entry.name.as_str(), entry.kind.as_str()), ("sales", "delta table"));
    let selection = entry.selection.clone().unwrap();
    let first = source.read(selection.clone(), None).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(typed_rows(&first), 3);
    assert!(first.origin.starts_with("gs://lake/sales"), "{}", first.origin);
    write("[4, 5]");
    let more = source.read(selection, first.state.as_ref()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((typed_rows(&more), more.snapshot), (2, false));
}

fn typed_rows(fetched: &pulse_connect::Fetched) -> u64 {
    let pulse_connect::Content::Typed { rows, .. } = &fetched.content else { panic!("typed rows") };
    *rows
}
