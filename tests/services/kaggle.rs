//! A Kaggle of our own on loopback: it speaks both shapes of the service as they were captured, with a storage on another
//! host that hands out ranges of signed addresses, and it does what can go wrong. The real client is driven against it,
//! so that it stays true.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use md5::{Digest, Md5};
use serde_json::{Value, json};

/// The access token that is valid.
pub const TOKEN: &str = "KGAT_0123456789abcdef";
/// The user name and key that are valid.
pub const KEY: (&str, &str) = ("ann", "k3y-of-ann");

/// Something that goes wrong once; faults are used up in their order.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// The service answers with a web page and 200.
    ServicePage,
    /// The service refuses inside an answer of 200.
    Refusal(u16, &'static str),
    /// The service takes no requests for so many seconds.
    TooMany(u64),
    /// The storage answers with a web page and 200.
    StoragePage,
    /// The signed address has expired.
    Expired,
    /// The storage takes no requests for so many seconds.
    StorageBusy(u64),
    /// The connection ends after so many bytes of the body.
    Truncated(usize),
    /// The checksum in the headers is another file's.
    WrongMd5,
    /// After so many bytes nothing comes for a long time.
    Stalls(usize),
    /// The storage says that the range is not there.
    NoRange,
}

/// One request that was made.
#[derive(Clone, Debug)]
pub struct Seen {
    /// `service` or `storage`.
    pub host: &'static str,
    /// The method.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// Headers, their names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: Vec<u8>,
}

/// One file of a dataset or competition.
#[derive(Clone, Debug)]
pub struct Item {
    /// Its name, with its folder.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Whether it is packed for the way when it is asked for alone.
    pub packed: bool,
}

impl Item {
    /// A file that is sent as it is.
    pub fn new(name: &str, bytes: impl Into<Vec<u8>>) -> Self {
        Self { name: name.into(), bytes: bytes.into(), packed: false }
    }
}

/// What the service holds.
#[derive(Default)]
struct State {
    /// `owner/name` to the files of its versions, the first of them version 1.
    datasets: Mutex<BTreeMap<String, Vec<Vec<Item>>>>,
    /// Name to its files and whether the rules are accepted.
    competitions: Mutex<BTreeMap<String, (Vec<Item>, bool)>>,
    faults: Mutex<VecDeque<Fault>>,
    seen: Mutex<Vec<Seen>>,
    /// Whether remote calls, and REST paths, are understood.
    calls: AtomicBool,
    rest: AtomicBool,
    signed: AtomicU64,
    storage: Mutex<String>,
    stop: AtomicBool,
}

/// A running service; it ends on drop.
pub struct Kaggle {
    state: Arc<State>,
    port: u16,
    storage_port: u16,
}

impl Kaggle {
    /// Starts with nothing in it.
    pub fn start() -> Self {
        let state = Arc::new(State::default());
        state.calls.store(true, Relaxed);
        state.rest.store(true, Relaxed);
        let listen = || TcpListener::bind(("127.0.0.1", 0)).expect("a free loopback port");
        let (service, storage) = (listen(), listen());
        let port = |listener: &TcpListener| listener.local_addr().expect("its address").port();
        let (port, storage_port) = (port(&service), port(&storage));
        // Another name for the same machine: another host to every client.
        *lock(&state.storage) = format!("http://127.0.0.1:{storage_port}");
        for (host, listener) in [("service", service), ("storage", storage)] {
            let state = Arc::clone(&state);
            std::thread::spawn(move || serve(host, &listener, &state));
        }
        Self { state, port, storage_port }
    }

    /// Its address.
    pub fn address(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// Adds a version of a dataset.
    pub fn dataset(&self, reference: &str, files: Vec<Item>) {
        lock(&self.state.datasets).entry(reference.to_owned()).or_default().push(files);
    }

    /// Changes the files of the newest version of a dataset.
    pub fn change(&self, reference: &str, files: Vec<Item>) {
        if let Some(newest) = lock(&self.state.datasets).get_mut(reference).and_then(|versions| versions.last_mut()) {
            *newest = files;
        }
    }

    /// Adds a competition.
    pub fn competition(&self, name: &str, files: Vec<Item>, accepted: bool) {
        lock(&self.state.competitions).insert(name.to_owned(), (files, accepted));
    }

    /// Lets these things go wrong, one after the other.
    pub fn fault(&self, faults: &[Fault]) {
        lock(&self.state.faults).extend(faults.iter().cloned());
    }

    /// The faults that have not happened yet.
    pub fn left(&self) -> Vec<Fault> {
        lock(&self.state.faults).iter().cloned().collect()
    }

    /// Understands REST paths only, as a server that stands in for an old Kaggle.
    pub fn old(&self) {
        self.state.calls.store(false, Relaxed);
    }

    /// What was asked since the last time.
    pub fn seen(&self) -> Vec<Seen> {
        std::mem::take(&mut *lock(&self.state.seen))
    }
}

impl Drop for Kaggle {
    fn drop(&mut self) {
        self.state.stop.store(true, Relaxed);
        for port in [self.port, self.storage_port] {
            // A connection wakes the listener up, so that it sees that it has to stop.
            let _ = TcpStream::connect(("127.0.0.1", port));
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve(host: &'static str, listener: &TcpListener, state: &Arc<State>) {
    for stream in listener.incoming() {
        if state.stop.load(Relaxed) {
            return;
        }
        let (Ok(stream), state) = (stream, Arc::clone(state)) else { continue };
        std::thread::spawn(move || {
            // A client that goes away ends the connection; that is its right.
            let _ = answer(host, stream, &state);
        });
    }
}

/// An answer: status, headers and body.
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// Bytes after which the connection ends, or nothing comes any more.
    cut: Option<usize>,
    stall: Option<usize>,
}

impl Answer {
    fn new(status: u16, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("Content-Type".to_owned(), kind.to_owned())];
        Self { status, headers, body: body.into(), cut: None, stall: None }
    }

    fn json(status: u16, value: &Value) -> Self {
        Self::new(status, "application/json; charset=utf-8", value.to_string())
    }

    fn error(code: u16, message: &str) -> Self {
        Self::json(code, &json!({"code": code, "message": message}))
    }

    fn page() -> Self {
        let page = "<!DOCTYPE html><html><head><title>Are you a robot?</title></head><body>reCAPTCHA</body></html>";
        Self::new(200, "text/html; charset=utf-8", page)
    }

    fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    fn send(self, mut stream: TcpStream) -> std::io::Result<()> {
        let mut head =
            format!("HTTP/1.1 {} X\r\nConnection: close\r\nContent-Length: {}\r\n", self.status, self.body.len());
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        stream.write_all(head.as_bytes())?;
        stream.write_all(b"\r\n")?;
        let end = self.cut.or(self.stall).unwrap_or(self.body.len()).min(self.body.len());
        stream.write_all(&self.body[..end])?;
        stream.flush()?;
        if self.stall.is_some() {
            std::thread::sleep(Duration::from_secs(30));
        }
        Ok(())
    }
}

fn answer(host: &'static str, stream: TcpStream, state: &State) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_whitespace();
    let (Some(method), Some(path)) = (words.next(), words.next()) else { return Ok(()) };
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let seen = Seen { host, method: method.to_owned(), path: path.to_owned(), headers, body };
    lock(&state.seen).push(seen.clone());
    let answer = if host == "service" { service(&seen, state) } else { storage(&seen, state) };
    answer.send(stream)
}

/// The next fault, if it is one of the service's or the storage's.
fn fault(state: &State, storage: bool) -> Option<Fault> {
    let mut faults = lock(&state.faults);
    let service = matches!(faults.front()?, Fault::ServicePage | Fault::Refusal(..) | Fault::TooMany(_));
    if service == storage { None } else { faults.pop_front() }
}

/// Who asks: nothing for nobody, an error for wrong credentials.
fn user(seen: &Seen) -> Result<Option<String>, Answer> {
    let Some(header) = seen.headers.get("authorization") else { return Ok(None) };
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("{}:{}", KEY.0, KEY.1));
    if *header == format!("Bearer {TOKEN}") || *header == format!("Basic {basic}") {
        return Ok(Some(KEY.0.to_owned()));
    }
    Err(Answer::error(401, "Unauthorized"))
}

/// A question in whatever shape: the method of the remote call and its arguments.
struct Question {
    method: String,
    arguments: Value,
    /// Whether it came as a REST path, whose lists are bare.
    rest: bool,
}

fn service(seen: &Seen, state: &State) -> Answer {
    let Some(question) = question(seen, state) else {
        return Answer::new(404, "text/html", "<html><head><title>404</title></head><body>No such page</body></html>");
    };
    match fault(state, false) {
        Some(Fault::ServicePage) => return Answer::page(),
        Some(Fault::Refusal(code, message)) => {
            return Answer::json(200, &json!({"error": {"code": code, "message": message, "status": "REFUSED"}}));
        }
        Some(Fault::TooMany(seconds)) => {
            return Answer::error(429, "Too many requests").header("Retry-After", seconds.to_string());
        }
        _ => {}
    }
    // Whether a token is good is asked with a bad token, too.
    if question.method == "IntrospectToken" {
        let active = question.arguments["token"] == TOKEN;
        return match active {
            true => Answer::json(200, &json!({"active": true, "username": KEY.0, "userId": 7, "scope": "", "exp": 0})),
            false => Answer::error(404, "Not found"),
        };
    }
    let user = match user(seen) {
        Ok(user) => user,
        Err(refusal) => return refusal,
    };
    let anonymous_may = ["DownloadDataset", "ListDatasetFiles", "GetDataset", "GetDatasetMetadata"];
    if user.is_none() && !anonymous_may.contains(&question.method.as_str()) {
        return Answer::page();
    }
    respond(&question, state).unwrap_or_else(|| Answer::error(404, "NotFound"))
}

/// Reads a request in either shape.
fn question(seen: &Seen, state: &State) -> Option<Question> {
    let (path, query) = seen.path.split_once('?').unwrap_or((&seen.path, ""));
    let rest = path.strip_prefix("/api/v1/")?;
    let parts: Vec<String> = rest.split('/').map(decoded).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let asked: Value = serde_json::from_slice(&seen.body).unwrap_or(Value::Null);
    if let [service, method] = parts.as_slice()
        && service.ends_with("Service")
    {
        let known = state.calls.load(Relaxed) && seen.method == "POST";
        return known.then(|| Question { method: (*method).to_owned(), arguments: asked, rest: false });
    }
    if !state.rest.load(Relaxed) {
        return None;
    }
    let mut arguments = json!({});
    for pair in query.split('&').filter_map(|pair| pair.split_once('=')) {
        let value = decoded(&pair.1.replace('+', " "));
        let is_number = ["page", "pageSize", "datasetVersionNumber", "minSize", "maxSize"].contains(&pair.0);
        let number = value.parse::<u64>().ok().filter(|_| is_number);
        arguments[pair.0] = number.map_or(json!(value), |number| json!(number));
    }
    let mut named = |names: &[(&str, &str)]| names.iter().for_each(|(name, value)| arguments[*name] = json!(value));
    let method = match parts.as_slice() {
        ["datasets", "list"] => "ListDatasets",
        ["datasets", what @ ("list" | "view" | "metadata" | "download"), owner, name, file @ ..] => {
            named(&[("ownerSlug", owner), ("datasetSlug", name)]);
            if let [file] = file {
                named(&[("fileName", file)]);
            }
            match *what {
                "list" => "ListDatasetFiles",
                "view" => "GetDataset",
                "metadata" => "GetDatasetMetadata",
                _ => "DownloadDataset",
            }
        }
        ["competitions", "list"] => "ListCompetitions",
        ["competitions", "get", name] => {
            named(&[("competitionName", name)]);
            "GetCompetition"
        }
        ["competitions", "data", what, name, file @ ..] => {
            named(&[("competitionName", name)]);
            if let [file] = file {
                named(&[("fileName", file)]);
            }
            match *what {
                "list" => "ListDataFiles",
                "download-all" => "DownloadDataFiles",
                "download" => "DownloadDataFile",
                _ => return None,
            }
        }
        ["oauth2", "introspect"] => {
            arguments = asked;
            "IntrospectToken"
        }
        _ => return None,
    };
    Some(Question { method: method.to_owned(), arguments, rest: true })
}

fn respond(question: &Question, state: &State) -> Option<Answer> {
    let text = |name: &str| question.arguments[name].as_str().unwrap_or_default().to_owned();
    let number = |name: &str| question.arguments[name].as_u64();
    let reference = format!("{}/{}", text("ownerSlug"), text("datasetSlug"));
    let datasets = lock(&state.datasets);
    let competitions = lock(&state.competitions);
    let versions = || datasets.get(&reference);
    let version = || {
        let versions = versions()?;
        let version = number("datasetVersionNumber").unwrap_or(versions.len() as u64);
        let files = versions.get(usize::try_from(version).ok()?.checked_sub(1)?)?;
        Some((version, files))
    };
    let page = |items: Vec<Value>, member: &str, files: bool| {
        let size = usize::try_from(number("pageSize").unwrap_or(20)).unwrap_or(20).min(if files { 2 } else { 20 });
        let from = match text("pageToken").parse::<usize>() {
            Ok(from) => from,
            Err(_) => usize::try_from(number("page").unwrap_or(1).max(1) - 1).unwrap_or(0) * size,
        };
        let next = if from + size < items.len() { (from + size).to_string() } else { String::new() };
        let items: Vec<Value> = items.into_iter().skip(from).take(size).collect();
        if question.rest && !files {
            return Answer::json(200, &Value::Array(items));
        }
        Answer::json(200, &json!({member: items, "nextPageToken": next}))
    };
    Some(match question.method.as_str() {
        "ListDatasets" => {
            let wanted = text("search").to_lowercase();
            let found = datasets.iter().filter(|(reference, _)| reference.contains(&wanted));
            page(found.map(|(reference, versions)| dataset(reference, versions)).collect(), "datasets", false)
        }
        "GetDataset" => Answer::json(200, &dataset(&reference, versions()?)),
        "GetDatasetMetadata" => {
            versions()?;
            Answer::json(200, &json!({"info": {"licenses": [{"name": "CC0-1.0"}]}, "errorMessage": ""}))
        }
        "ListDatasetFiles" => page(version()?.1.iter().map(file).collect(), "datasetFiles", true),
        "DownloadDataset" => {
            let (version, files) = version()?;
            redirect(state, &format!("{reference}/{version}"), files, &text("fileName"))?
        }
        "ListCompetitions" => {
            let found = competitions.iter().map(|(name, (_, accepted))| competition(name, *accepted));
            page(found.collect(), "competitions", false)
        }
        "GetCompetition" => {
            let name = text("competitionName");
            Answer::json(200, &competition(&name, competitions.get(&name)?.1))
        }
        "ListDataFiles" => {
            page(competitions.get(&text("competitionName"))?.0.iter().map(file).collect(), "files", true)
        }
        "DownloadDataFile" | "DownloadDataFiles" => {
            let name = text("competitionName");
            let (files, accepted) = competitions.get(&name)?;
            if !accepted {
                return Some(Answer::error(
                    403,
                    "You must accept this competition's rules before you'll be able to download files.",
                ));
            }
            redirect(state, &format!("c/{name}"), files, &text("fileName"))?
        }
        _ => return None,
    })
}

fn dataset(reference: &str, versions: &[Vec<Item>]) -> Value {
    let (owner, name) = reference.split_once('/').expect("owner/name");
    let bytes: usize = versions.last().into_iter().flatten().map(|file| file.bytes.len()).sum();
    json!({
        "id": 1, "ref": reference, "title": name.replace('-', " "), "subtitle": "Made for tests",
        "description": "## About\nRows that were **made up**.", "creatorName": owner, "ownerName": owner, "ownerRef": owner,
        "totalBytes": bytes, "url": format!("https://www.kaggle.com/datasets/{reference}"), "licenseName": "CC0-1.0",
        "lastUpdated": "2026-01-02T03:04:05.678Z", "downloadCount": 12, "voteCount": 3, "usabilityRating": 0.875,
        "currentVersionNumber": versions.len(), "tags": [], "files": [],
        "versions": (1..=versions.len()).map(|n| json!({"versionNumber": n})).collect::<Vec<_>>(),
    })
}

fn competition(name: &str, accepted: bool) -> Value {
    json!({
        "id": 2, "ref": format!("https://www.kaggle.com/competitions/{name}"), "title": name, "category": "Playground",
        "description": "Guess the number.", "organizationName": "Testers", "reward": "Knowledge", "teamCount": 5,
        "deadline": "2030-01-01T00:00:00Z", "userHasEntered": accepted, "evaluationMetric": "Accuracy",
    })
}

fn file(item: &Item) -> Value {
    let head = item.bytes.split(|b| *b == b'\n').next().unwrap_or_default();
    let names = String::from_utf8_lossy(head);
    let column = |(order, name): (usize, &str)| json!({"order": order, "name": name, "type": "String", "description": format!("What {name} means")});
    let columns: Vec<Value> =
        if item.name.ends_with(".csv") { names.split(',').enumerate().map(column).collect() } else { Vec::new() };
    json!({
        "ref": item.name, "name": item.name, "totalBytes": item.bytes.len(), "fileType": ".csv",
        "creationDate": "2026-01-02T03:04:05.678Z", "columns": columns,
    })
}

/// Leads to a signed address of a file, or of the archive of all files.
fn redirect(state: &State, below: &str, files: &[Item], name: &str) -> Option<Answer> {
    let last = match files.iter().find(|file| file.name == name) {
        Some(item) if item.packed => format!("{}.zip", encoded(&item.name)),
        Some(item) => encoded(&item.name),
        None if name.is_empty() => "archive.zip".to_owned(),
        None => return None,
    };
    let number = state.signed.fetch_add(1, Relaxed);
    let storage = lock(&state.storage).clone();
    let address = format!("{storage}/bucket/{below}/{last}?X-Goog-Expires=259200&X-Goog-Signature=sig{number}");
    Some(Answer::new(302, "text/html", "<html>Moved</html>").header("Location", address))
}

/// The storage: signed addresses, ranges, checksums.
fn storage(seen: &Seen, state: &State) -> Answer {
    let (path, query) = seen.path.split_once('?').unwrap_or((&seen.path, ""));
    if seen.headers.contains_key("authorization") {
        return Answer::new(400, "application/xml", "<Error><Code>InvalidArgument</Code></Error>");
    }
    let happens = fault(state, true);
    match happens {
        Some(Fault::StoragePage) => return Answer::page(),
        Some(Fault::Expired) => return Answer::new(403, "application/xml", "<Error><Code>ExpiredToken</Code></Error>"),
        Some(Fault::StorageBusy(seconds)) => {
            return Answer::new(429, "application/xml", "<Error/>").header("Retry-After", seconds.to_string());
        }
        Some(Fault::NoRange) => return Answer::new(416, "application/xml", "<Error><Code>InvalidRange</Code></Error>"),
        _ => {}
    }
    let Some(bytes) = stored(path, state).filter(|_| query.contains("X-Goog-Signature=sig")) else {
        return Answer::new(404, "application/xml", "<Error><Code>NoSuchKey</Code></Error>");
    };
    let digest = match happens {
        Some(Fault::WrongMd5) => Md5::digest(b"something else"),
        _ => Md5::digest(&bytes),
    };
    let etag = format!("\"{}\"", Md5::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect::<String>());
    let range = seen.headers.get("range").filter(|_| seen.headers.get("if-range").is_none_or(|known| *known == etag));
    let from = range.and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse::<usize>().ok());
    let mut answer = match from {
        Some(from) if from >= bytes.len() => return Answer::new(416, "application/xml", "<Error/>"),
        Some(from) => {
            let about = format!("bytes {from}-{}/{}", bytes.len() - 1, bytes.len());
            Answer::new(206, "application/octet-stream", &bytes[from..]).header("Content-Range", about)
        }
        None => Answer::new(200, "application/octet-stream", bytes),
    };
    let md5 = base64::engine::general_purpose::STANDARD.encode(digest);
    answer = answer.header("ETag", etag).header("Accept-Ranges", "bytes");
    answer = answer.header("Last-Modified", "Fri, 02 Jan 2026 03:04:05 GMT");
    answer = answer.header("x-goog-hash", format!("crc32c=AAAAAA==,md5={md5}"));
    match happens {
        Some(Fault::Truncated(after)) => Answer { cut: Some(after), ..answer },
        Some(Fault::Stalls(after)) => Answer { stall: Some(after), ..answer },
        _ => answer,
    }
}

/// The bytes of `/bucket/owner/name/version/file` or `/bucket/c/name/file`.
fn stored(path: &str, state: &State) -> Option<Vec<u8>> {
    let parts: Vec<String> = path.strip_prefix("/bucket/")?.split('/').map(decoded).collect();
    let (files, name) = match parts.as_slice() {
        [first, name, file] if first == "c" => (lock(&state.competitions).get(name)?.0.clone(), file),
        [owner, name, version, file] => {
            let versions = lock(&state.datasets).get(&format!("{owner}/{name}"))?.clone();
            (versions.get(version.parse::<usize>().ok()?.checked_sub(1)?)?.clone(), file)
        }
        _ => return None,
    };
    if name == "archive.zip" {
        return Some(zipped(&files));
    }
    let packed = name.strip_suffix(".zip").and_then(|name| files.iter().find(|file| file.packed && file.name == name));
    match packed {
        Some(item) => Some(zipped(std::slice::from_ref(item))),
        None => Some(files.iter().find(|file| file.name == *name)?.bytes.clone()),
    }
}

/// An archive of files.
pub fn zipped(files: &[Item]) -> Vec<u8> {
    let mut out = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for item in files {
        out.start_file(item.name.as_str(), zip::write::SimpleFileOptions::default()).expect("a member");
        out.write_all(&item.bytes).expect("packed");
    }
    out.finish().expect("an archive").into_inner()
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|b| {
            if b.is_ascii_alphanumeric() || b"-_.".contains(&b) {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect()
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = (*first == b'%').then(|| tail.get(..2)).flatten();
        let byte = hex.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
