//! Buckets: writers that meet, and each store in its own language.

use super::*;
use pulse_core::Code;
use pulse_tests::services::azurite::Azurite;
use pulse_tests::services::http::HttpServer;
use pulse_tests::services::moto::Moto;
use pulse_tests::services::skipped;

use crate::google::key_file;

/// Two runs in S3, one of which loses the race for its commit.
#[test]
fn a_bucket_keeps_writers_apart() {
    if skipped() {
        return;
    }
    let moto = Moto::with_bucket("data");
    let target = json!({"path": "lake/prices", "partition_by": ["city"]});
    let mut sending = Sending::new("s3", &moto.settings("data"), target);
    let first = all_types(0, 300);
    sending.send(&first);
    let read = format!("{READ}one = rows(peer.to_pyarrow_table())\nprint(json.dumps(one))")
        .replace("sys.argv[1]", "'s3://data/lake/prices'");
    let rows = |moto: &Moto| -> Value { serde_json::from_str(&moto.python(&read, &[])).unwrap() };
    assert_eq!(rows(&moto), expected(&first));
    // Others commit again and again while eight runs append.
    let others = std::thread::scope(|scope| {
        let others = scope.spawn(|| {
            let script = r#"
import deltalake, pyarrow as pa
table = deltalake.DeltaTable("s3://data/lake/prices", storage_options=options)
one = table.to_pyarrow_table().slice(0, 1)
for at in range(10):
    deltalake.write_deltalake("s3://data/lake/prices", one.set_column(one.schema.get_field_index("n"), "n", pa.array([-1 - at], pa.int64())), mode="append", partition_by=["city"], storage_options=options)
print(10)
"#;
            moto.python(script, &[])
        });
        for at in 0..8 {
            let mut own = Sending::new("s3", &moto.settings("data"), sending.target.clone());
            own.sync = format!("sync {at}");
            own.mode = SyncMode::Append;
            own.try_send(&all_types(1000 + at * 10, 10), &Memory::default()).unwrap_or_else(|error| panic!("{error}"));
        }
        others.join().unwrap()
    });
    assert_eq!(others.trim(), "10");
    assert_eq!(rows(&moto).as_array().unwrap().len(), 300 + 10 + 80);
    sending.next(SyncMode::Replace);
    let written = sending.send(&first);
    assert_eq!(written.deleted, 390);
    assert_eq!(rows(&moto), expected(&first));
    // A dataset's manifest is kept by the same means.
    for format in ["parquet", "csv"] {
        let mut files = Sending::new(
            "s3",
            &moto.settings("data"),
            json!({"path": format!("files {format}"), "format": format, "partition_by": ["city"]}),
        );
        files.send(&first);
        files.next(SyncMode::Append);
        files.send(&first);
        files.next(SyncMode::Replace);
        assert_eq!(files.send(&first).deleted, 600);
    }
}

#[test]
fn a_container_of_azure_is_written_likewise() {
    if skipped() {
        return;
    }
    let azurite = Azurite::new();
    azurite.container("data");
    let frame = all_types(0, 300);
    for format in ["delta", "parquet", "csv"] {
        let target = json!({"path": format!("lake/{format}"), "format": format, "partition_by": ["city"]});
        let mut sending = Sending::new("azure", &azurite.settings("data"), target);
        sending.send(&frame);
        sending.next(SyncMode::Append);
        sending.send(&frame);
        sending.next(SyncMode::Replace);
        assert_eq!(sending.send(&frame).deleted, 600, "{format}");
    }
}

#[test]
fn a_bucket_of_google_is_written_likewise() {
    if skipped() {
        return;
    }
    let moto = Moto::with_bucket("data");
    let google = HttpServer::google(moto.port());
    let settings = |endpoint: &str| json!({"bucket": "data", "endpoint": endpoint, "allow_http": true, "service_account": key_file()});
    let frame = all_types(0, 300);
    for format in ["delta", "parquet", "csv"] {
        let target = json!({"path": format!("lake/{format}"), "format": format, "partition_by": ["city"]});
        let mut sending = Sending::new("gcs", &settings(&google.url("")), target);
        sending.send(&frame);
        sending.next(SyncMode::Append);
        sending.send(&frame);
        sending.next(SyncMode::Replace);
        assert_eq!(sending.send(&frame).deleted, 600, "{format}");
    }
    let conditional = google.asked().into_iter().filter(|asked| asked.header("x-goog-if-generation-match").is_some());
    assert!(conditional.count() >= 9, "each commit and manifest is put on a condition");
    let read = format!("{READ}print(json.dumps(rows(peer.to_pyarrow_table())))")
        .replace("sys.argv[1]", "'s3://data/lake/delta'");
    assert_eq!(serde_json::from_str::<Value>(&moto.python(&read, &[])).unwrap(), expected(&frame));
    // The stand-in alone knows nothing of generations: a store that ignores conditions is refused before the first file.
    let sending = Sending::new("gcs", &settings(&moto.endpoint()), json!({"path": "careless"}));
    let error = sending.try_send(&frame, &Memory::default()).unwrap_err();
    assert_eq!(error.code, Code::Unsupported, "{error}");
    let listed = moto.python("print(json.dumps([o['Key'] for o in s3.list_objects_v2(Bucket='data', Prefix='careless/').get('Contents', [])]))", &[]);
    assert!(!listed.contains(".parquet") && !listed.contains("_delta_log"), "{listed}");
}
