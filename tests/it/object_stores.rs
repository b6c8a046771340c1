//! Files in real stand-ins for S3 and Azure: looking around, reading, going on after a cut, refreshing, being refused.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use pulse_connect::{Browse, Check, Content, Fetched, ReadOptions, Task, connect};
use pulse_core::{Code, Progress};
use pulse_tests::services::azurite::Azurite;
use pulse_tests::services::moto::Moto;
use pulse_tests::services::{free_port, skipped};
use serde_json::{Value, json};

/// A connection to be tested, and folders for what it reads.
pub struct Source {
    kind: &'static str,
    settings: Value,
    pub folder: tempfile::TempDir,
    pub progress: Progress,
}

impl Source {
    pub fn new(kind: &'static str, settings: Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("downloads")).unwrap();
        Self { kind, settings, folder, progress: Progress::new() }
    }

    pub fn read(&self, selection: Value, state: Option<&Value>) -> Result<Fetched, pulse_core::Error> {
        self.read_some(selection, state, None)
    }

    pub fn read_some(
        &self,
        selection: Value,
        state: Option<&Value>,
        limit: Option<u64>,
    ) -> Result<Fetched, pulse_core::Error> {
        let scratch = tempfile::tempdir_in(self.folder.path()).unwrap().keep();
        let downloads = self.folder.path().join("downloads");
        let task = Task {
            progress: &self.progress,
            scratch: &scratch,
            downloads: &downloads,
            limit,
            state,
            replay: &[],
            merges: false,
        };
        connect(self.kind, &self.settings)?.read(&selection, &task)
    }

    pub fn settings(&self) -> &Value {
        &self.settings
    }

    pub fn browse(&self, path: &[&str], page: Option<String>) -> pulse_connect::Listing {
        let path = path.iter().map(ToString::to_string).collect();
        let request = Browse { path, page, ..Browse::default() };
        let connection = connect(self.kind, &self.settings).unwrap();
        connection.browse(&request, &self.progress).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The rows of the files that were read, as text.
    pub fn rows(&self, fetched: &Fetched) -> Vec<String> {
        let Content::Files { inputs, .. } = &fetched.content else { panic!("files") };
        let options = ReadOptions { source_column: Some(true), ..ReadOptions::default() };
        let read = pulse_connect::read(inputs, &options, self.folder.path(), &Progress::new());
        let frame = read.unwrap_or_else(|error| panic!("{error}")).frame.collect().unwrap();
        (0..frame.height())
            .map(|row| {
                frame.columns().iter().map(|column| column.get(row).unwrap().to_string()).collect::<Vec<_>>().join(" ")
            })
            .collect()
    }

    /// The steps of the check, a failed one with an exclamation mark, and its error.
    pub fn steps(&self) -> (Vec<String>, Option<pulse_core::Error>) {
        let mut check = Check { progress: &self.progress, steps: Vec::new() };
        let error = connect(self.kind, &self.settings).and_then(|connection| connection.check(&mut check)).err();
        let steps =
            check.steps.iter().map(|step| format!("{}{}", step.name, if step.error.is_some() { "!" } else { "" }));
        (steps.collect(), error)
    }
}

/// The files of the tests of stores: key and content.
pub const FILES: &str = r#"
import gzip, io, pyarrow as pa, pyarrow.parquet as pq
s3.create_bucket(Bucket="data")
parquet = io.BytesIO()
pq.write_table(pa.table({"n": [7, 8]}), parquet)
files = {
    "a b.csv": b"n\n1\n2\n", "odd/#1 100% é+~'()&=;,!$.csv": b"n\n3\n", "odd/%41.csv": b"n\n4\n",
    "packed/x.csv.gz": gzip.compress(b"n\n5\n6\n"), "packed/y.parquet": parquet.getvalue(),
    "day/2024/a.csv": b"n\n9\n", "day/2025/a.csv": b"n\n10\n", "day/empty.csv": b"", "day/_SUCCESS": b"", "day/notes.docx": b"x",
    "day/": b"", "ice/metadata/v1.metadata.json": b"{}", "ice/data/f.parquet": parquet.getvalue(),
}
for key, body in files.items():
    s3.put_object(Bucket="data", Key=key, Body=body)
"#;

#[test]
fn files_of_a_bucket_are_found_and_read() {
    if skipped() {
        return;
    }
    let moto = Moto::new();
    moto.python(FILES, &[]);
    let source = Source::new("s3", moto.settings("data"));
    let (steps, error) = source.steps();
    assert_eq!((steps.join(" "), error), ("Find the host Connect TLS Sign in Read".into(), None));

    let top = source.browse(&[], None);
    let names: Vec<_> = top.entries.iter().map(|entry| (entry.name.as_str(), entry.kind.as_str())).collect();
    assert_eq!(
        names,
        [("day", "folder"), ("ice", "Iceberg table"), ("odd", "folder"), ("packed", "folder"), ("a b.csv", "file")]
    );
    assert!(top.entries[1].selection.is_none(), "an Iceberg table is shown and not offered");
    let day = source.browse(&["day/"], None);
    let names: Vec<_> = day.entries.iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(names, ["2024", "2025", "_SUCCESS", "empty.csv", "notes.docx"], "the folder's mark is no entry");

    for entry in source.browse(&["odd/"], None).entries.iter().chain(&source.browse(&["packed/"], None).entries) {
        let fetched = source.read(entry.selection.clone().unwrap(), None).unwrap_or_else(|error| panic!("{error}"));
        let rows = source.rows(&fetched);
        assert!(
            !rows.is_empty() && rows.iter().all(|row| row.contains(entry.name.as_str())),
            "{}: {rows:?}",
            entry.name
        );
        let facts = &fetched.landed[0].facts;
        assert!(facts.iter().any(|(label, value)| label == "MD5" && value.ends_with(", checked")), "{facts:?}");
        assert!(fetched.landed[0].owned && fetched.landed[0].origin.starts_with("s3://data/"));
    }

    let folder = source.read(json!({"paths": ["day"]}), None).unwrap();
    assert_eq!(source.rows(&folder), ["9 \"2024/a.csv\"", "10 \"2025/a.csv\""]);
    let warnings = folder.warnings.join("\n");
    assert!(warnings.contains("notes.docx") || warnings.contains("_SUCCESS"), "{warnings}");
    assert!(warnings.contains("`empty.csv` is empty"), "{warnings}");
    let some = source.read(json!({"paths": ["day/"], "pattern": "2024/*.csv"}), None).unwrap();
    assert_eq!(source.rows(&some), ["9 \"2024/a.csv\""]);

    moto.python(r#"s3.put_object(Bucket="data", Key="day/2026/b.csv", Body=b"n\n11\n")"#, &[]);
    moto.python(r#"s3.put_object(Bucket="data", Key="day/2024/a.csv", Body=b"n\n99\n")"#, &[]);
    let state = folder.state.unwrap();
    let news = connect("s3", &moto.settings("data")).unwrap();
    let news = news.news(&json!({"paths": ["day"]}), Some(&state), &source.progress).unwrap().unwrap();
    assert!(news.available && news.text.contains("day/2026/b.csv"), "{news:?}");
    let more = source.read(json!({"paths": ["day"]}), Some(&state)).unwrap();
    assert_eq!(source.rows(&more), ["11 \"2026/b.csv\""]);
    assert!(
        !more.snapshot && more.warnings.iter().any(|text| text.contains("day/2024/a.csv` is changed")),
        "{:?}",
        more.warnings
    );
    let again = source.read(json!({"paths": ["day"]}), more.state.as_ref()).unwrap();
    assert!(matches!(again.content, Content::Files { inputs, .. } if inputs.is_empty()), "nothing is new");
}

#[test]
fn what_cannot_be_read_says_why() {
    if skipped() {
        return;
    }
    let moto = Moto::new();
    moto.python(FILES, &[]);
    let source = Source::new("s3", moto.settings("data"));
    for (selection, code, part) in [
        (json!({"paths": ["nothing.csv"]}), Code::NotFound, "s3://data/nothing.csv"),
        (json!({"paths": ["day"], "pattern": "*.json"}), Code::NotFound, "*.json"),
        (json!({"paths": ["day/empty.csv"]}), Code::InvalidInput, "day/empty.csv"),
        (json!({"paths": ["ice"]}), Code::Unsupported, "Iceberg"),
        (json!({"paths": ["/"]}), Code::Unsupported, "Iceberg"),
        (json!({"paths": ["../day"]}), Code::InvalidInput, ".."),
        (json!({"paths": []}), Code::InvalidInput, "nothing"),
        (json!({"paths": ["a b.csv"], "max_gigabytes": 0}), Code::LimitExceeded, "0 GB"),
    ] {
        let error = source.read(selection.clone(), None).and_then(|fetched| {
            let Content::Files { inputs, .. } = &fetched.content else { panic!("files") };
            pulse_connect::read(inputs, &ReadOptions::default(), source.folder.path(), &source.progress)
        });
        let error = error.err().unwrap_or_else(|| panic!("{selection} is refused"));
        assert_eq!(error.code, code, "{selection}: {error}");
        assert!(error.message.contains(part) && error.hint.is_some(), "{selection}: {error}");
    }
    let (steps, error) = Source::new("s3", moto.settings("no-such-bucket")).steps();
    assert_eq!(steps.last().unwrap(), "Read!");
    assert_eq!((error.clone().unwrap().code, error.unwrap().field), (Code::NotFound, Some("bucket".into())));
    let mut closed = moto.settings("data");
    closed["endpoint"] = json!(format!("http://127.0.0.1:{}", free_port()));
    assert_eq!(Source::new("s3", closed).steps().0.last().unwrap(), "Connect!");
    let mut tls = moto.settings("data");
    tls["endpoint"] = json!(format!("https://127.0.0.1:{}", moto.port()));
    assert_eq!(Source::new("s3", tls).steps().0.last().unwrap(), "TLS!");
    let mut host = moto.settings("data");
    host["endpoint"] = json!("https://store.invalid");
    assert_eq!(Source::new("s3", host).steps().0.last().unwrap(), "Find the host!");
    let mut plain = moto.settings("data");
    plain["allow_http"] = json!(false);
    assert_eq!(Source::new("s3", plain).steps().1.unwrap().field.as_deref(), Some("allow_http"));
}

#[test]
fn wrong_keys_are_told_apart() {
    if skipped() {
        return;
    }
    let moto = Moto::new();
    moto.python(FILES, &[]);
    // From here on the stand-in checks who asks.
    let keys = moto.python(
        r#"
import urllib.request
iam = boto3.client("iam", endpoint_url=endpoint, aws_access_key_id="x", aws_secret_access_key="y", region_name="us-east-1")
iam.create_user(UserName="reader")
policy = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]})
iam.put_user_policy(UserName="reader", PolicyName="read", PolicyDocument=policy)
iam.create_user(UserName="nobody")
one = iam.create_access_key(UserName="reader")["AccessKey"]
two = iam.create_access_key(UserName="nobody")["AccessKey"]
urllib.request.urlopen(urllib.request.Request(endpoint + "/moto-api/reset-auth", data=b"0", method="POST",
                                              headers={"Content-Type": "text/plain"}))
print(json.dumps([one["AccessKeyId"], one["SecretAccessKey"], two["AccessKeyId"], two["SecretAccessKey"]]))
"#,
        &[],
    );
    let keys: Vec<String> = serde_json::from_str(&keys).unwrap();
    let with = |key: &str, secret: &str| {
        let mut settings = moto.settings("data");
        settings["access_key"] = json!(key);
        settings["secret_key"] = json!(secret);
        Source::new("s3", settings).steps()
    };
    let (steps, error) = with(&keys[0], &keys[1]);
    assert_eq!((steps.last().map(String::as_str), error), (Some("Read"), None));
    for (key, secret, step, field) in [
        (keys[0].as_str(), "not-the-secret", "Sign in!", Some("secret_key")),
        ("AKIAUNKNOWN", keys[1].as_str(), "Sign in!", Some("access_key")),
        (&keys[2], &keys[3], "Read!", None),
    ] {
        let (steps, error) = with(key, secret);
        let error = error.unwrap_or_else(|| panic!("{key} is refused"));
        assert_eq!(steps.last().map(String::as_str), Some(step), "{error}");
        assert_eq!((error.code, error.field.as_deref()), (Code::PermissionDenied, field), "{error}");
        assert!(!error.to_string().contains(secret), "{error}");
    }
}

/// A loopback port that leads to another one and cuts connections once so many bytes came back through them.
fn cutting(to: u16, after: i64) -> (u16, Arc<AtomicI64>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (port, left) = (listener.local_addr().unwrap().port(), Arc::new(AtomicI64::new(after)));
    let shared = left.clone();
    std::thread::spawn(move || {
        for near in listener.incoming().flatten() {
            let Ok(far) = TcpStream::connect(("127.0.0.1", to)) else { continue };
            let (mut up, mut up_to) = (near.try_clone().unwrap(), far.try_clone().unwrap());
            std::thread::spawn(move || _ = std::io::copy(&mut up, &mut up_to));
            let left = shared.clone();
            std::thread::spawn(move || {
                let (mut far, mut near, mut block) = (far, near, [0; 4096]);
                while let Ok(count) = far.read(&mut block) {
                    if count == 0
                        || left.fetch_sub(count as i64, Ordering::SeqCst) < 0
                        || near.write_all(&block[..count]).is_err()
                    {
                        break;
                    }
                }
                let _ = near.shutdown(Shutdown::Both);
                let _ = far.shutdown(Shutdown::Both);
            });
        }
    });
    (port, left)
}

fn part_bytes(folder: &Path) -> u64 {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path: PathBuf = entry.path();
        bytes += if path.is_dir() { part_bytes(&path) } else { entry.metadata().unwrap().len() };
    }
    bytes
}

#[test]
fn a_download_goes_on_where_it_broke_off() {
    if skipped() {
        return;
    }
    let moto = Moto::new();
    moto.python(
        r#"
s3.create_bucket(Bucket="data")
s3.put_object(Bucket="data", Key="big.csv", Body=b"n\n" + b"".join(b"9%06d\n" % n for n in range(100000)))
"#,
        &[],
    );
    let (port, left) = cutting(moto.port(), 500_000);
    let mut settings = moto.settings("data");
    settings["endpoint"] = json!(format!("http://127.0.0.1:{port}"));
    let source = Source::new("s3", settings);
    let error = source.read(json!({"paths": ["big.csv"]}), None).err().expect("the line is cut for good");
    assert_eq!(error.code, Code::Unreachable, "{error}");
    let kept = part_bytes(&source.folder.path().join("downloads"));
    assert!(kept > 300_000, "what came is kept: {kept} bytes");
    left.store(i64::MAX, Ordering::SeqCst);
    let before = source.progress.counts().bytes;
    let fetched = source.read(json!({"paths": ["big.csv"]}), None).unwrap();
    let rows = source.rows(&fetched);
    assert_eq!((rows.len(), rows[99_999].as_str()), (100_000, "9099999 \"big.csv\""));
    assert!(before > 0);

    // A file that was replaced meanwhile does not go on with the old beginning.
    let (port, left) = cutting(moto.port(), 200_000);
    let mut settings = moto.settings("data");
    settings["endpoint"] = json!(format!("http://127.0.0.1:{port}"));
    let source = Source::new("s3", settings);
    source.read(json!({"paths": ["big.csv"]}), None).err().expect("the line is cut");
    moto.python(r#"s3.put_object(Bucket="data", Key="big.csv", Body=b"n\n" + b"9000007\n" * 100000)"#, &[]);
    left.store(i64::MAX, Ordering::SeqCst);
    let fetched = source.read(json!({"paths": ["big.csv"]}), None).unwrap();
    let rows = source.rows(&fetched);
    assert!(rows.len() == 100_000 && rows.iter().all(|row| row.starts_with("9000007 ")));
}

#[test]
fn thousands_of_objects_are_listed_in_pages() {
    if skipped() {
        return;
    }
    let moto = Moto::new();
    moto.python(
        r#"
from concurrent.futures import ThreadPoolExecutor
s3.create_bucket(Bucket="many")
put = lambda n: s3.put_object(Bucket="many", Key=f"all/{n:05}.csv", Body=b"n\n%d\n" % n)
with ThreadPoolExecutor(8) as pool: list(pool.map(put, range(2500)))
"#,
        &[],
    );
    let source = Source::new("s3", moto.settings("many"));
    let (mut seen, mut page) = (0, None);
    loop {
        let listing = source.browse(&["all/"], page);
        seen += listing.entries.len();
        page = listing.next;
        if page.is_none() {
            break;
        }
    }
    assert_eq!(seen, 2_500);
    let fetched = source.read(json!({"paths": ["all"], "pattern": "000*.csv"}), None).unwrap();
    assert_eq!(source.rows(&fetched).len(), 100);
}

#[test]
fn a_container_of_azure_reads_alike() {
    if skipped() {
        return;
    }
    let azurite = Azurite::new();
    put_azure(&azurite, "?restype=container", "");
    for (path, text) in
        [("/a%20b.csv", "n\n1\n"), ("/odd/%231%20100%25%20%C3%A9.csv", "n\n2\n"), ("/day/x.csv", "n\n3\n")]
    {
        put_azure(&azurite, path, text);
    }
    let source = Source::new("azure", azurite.settings("data"));
    let (steps, error) = source.steps();
    assert_eq!((steps.join(" "), error), ("Find the host Connect TLS Sign in Read".into(), None));
    let names: Vec<_> = source.browse(&[], None).entries.into_iter().map(|entry| (entry.name, entry.kind)).collect();
    let expected = [("day", "folder"), ("odd", "folder"), ("a b.csv", "file")];
    assert_eq!(names, expected.map(|(name, kind)| (name.to_owned(), kind.to_owned())));
    let odd = source.browse(&["odd/"], None);
    let fetched = source.read(odd.entries[0].selection.clone().unwrap(), None).unwrap();
    assert_eq!(source.rows(&fetched), ["2 \"#1 100% é.csv\""]);

    let mut wrong = azurite.settings("data");
    wrong["secret_key"] = json!("bm90IHRoZSBrZXk=");
    let (_, error) = Source::new("azure", wrong).steps();
    let error = error.expect("a wrong key is refused");
    assert!(error.code == Code::PermissionDenied && error.hint.is_some(), "{error}");
    let (steps, error) = Source::new("azure", azurite.settings("nothing")).steps();
    assert_eq!(
        (steps.last().map(String::as_str), error.map(|error| error.field)),
        (Some("Read!"), Some(Some("container".into())))
    );
    let mut sas = azurite.settings("data");
    sas["sign_in"] = json!("sas");
    sas["sas_token"] = json!("sv=2021-08-06&sp=rl&sr=c&sig=TOPSECRETSIGNATURE%3D&se=2020-01-01T00:00:00Z");
    let (_, error) = Source::new("azure", sas).steps();
    let error = error.expect("an expired signature is refused");
    assert!(error.code == Code::PermissionDenied && !error.to_string().contains("TOPSECRET"), "{error}");
}

/// Makes a container or a blob in `data` by the account's key.
fn put_azure(azurite: &Azurite, path: &str, body: &str) {
    pulse_tests::python(
        r#"
import base64, datetime, hashlib, hmac, sys, urllib.parse, urllib.request
endpoint, key, path, body = sys.argv[1:5]
url = endpoint + "/data" + path
date = datetime.datetime.now(datetime.timezone.utc).strftime("%a, %d %b %Y %H:%M:%S GMT")
headers = {"x-ms-date": date, "x-ms-version": "2021-08-06", "Content-Length": str(len(body)), "Content-Type": "text/plain"}
if "restype" not in path: headers["x-ms-blob-type"] = "BlockBlob"
parts = urllib.parse.urlsplit(url)
canonical = "".join(f"{k}:{v}\n" for k, v in sorted(headers.items()) if k.startswith("x-ms-"))
resource = "/devstoreaccount1" + parts.path + "".join(f"\n{k}:{v}" for k, v in sorted(urllib.parse.parse_qsl(parts.query)))
length = str(len(body)) if body else ""
text = f"PUT\n\n\n{length}\n\ntext/plain\n\n\n\n\n\n\n{canonical}{resource}"
sign = base64.b64encode(hmac.new(base64.b64decode(key), text.encode(), hashlib.sha256).digest()).decode()
headers["Authorization"] = f"SharedKey devstoreaccount1:{sign}"
urllib.request.urlopen(urllib.request.Request(url, data=body.encode(), headers=headers, method="PUT"))
"#,
        &[&azurite.endpoint(), pulse_tests::services::azurite::KEY, path, body],
    );
}

#[test]
fn files_on_a_web_server_are_read_by_their_addresses() {
    if skipped() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("open data")).unwrap();
    std::fs::write(folder.path().join("open data/été #1.csv"), "n\n1\n2\n").unwrap();
    std::fs::write(folder.path().join("page.html"), "<!doctype html><title>Hello</title>").unwrap();
    let port = free_port();
    let mut command = std::process::Command::new(pulse_tests::python_program("python"));
    command.args(["-m", "http.server", "--bind", "127.0.0.1", &port.to_string()]).current_dir(folder.path());
    command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    let _server = pulse_tests::services::Process::start(command, port);
    let base = format!("http://127.0.0.1:{port}/open data/");
    let source = Source::new("web", json!({"base_url": base, "allow_private": true}));
    assert_eq!(source.steps().1, None);
    let whole = format!("http://127.0.0.1:{port}/open%20data/%C3%A9t%C3%A9%20%231.csv?download=1");
    for path in ["été %231.csv", whole.as_str()] {
        let fetched = source.read(json!({"paths": [path]}), None).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert_eq!(source.rows(&fetched), ["1 \"été #1.csv\"", "2 \"été #1.csv\""], "{path}");
        let again = source.read(json!({"paths": [path]}), fetched.state.as_ref()).unwrap();
        assert!(matches!(again.content, Content::Files { inputs, .. } if inputs.is_empty()), "nothing is new");
        assert!(!fetched.landed[0].origin.contains("download=1"), "an address is shown without its query");
    }
    let top = Source::new("web", json!({"base_url": format!("http://127.0.0.1:{port}"), "allow_private": true}));
    for path in ["page.html", "open data/", "nothing.csv"] {
        let error =
            top.read(json!({"paths": [path]}), None).err().unwrap_or_else(|| panic!("{path} is no file of data"));
        assert_eq!(error.code, Code::NotFound, "{path}: {error}");
    }
    let closed = Source::new("web", json!({"base_url": base}));
    let error = closed.read(json!({"paths": ["été %231.csv"]}), None).err().expect("a private address");
    assert_eq!(error.code, Code::PermissionDenied, "{error}");
}
