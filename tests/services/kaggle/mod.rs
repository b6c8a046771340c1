//! A Kaggle of our own on loopback: it speaks both shapes of the service as they were captured, with a storage on another
//! host that hands out ranges of signed addresses, and it does what can go wrong. The real client is driven against it,
//! so that it stays true.

mod exchange;
mod service;
mod storage;

use std::collections::{BTreeMap, VecDeque};
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

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
    /// The headers name no MD5, as for an object that was put together from parts.
    NoMd5,
    /// The headers name no MD5, and the CRC-32C of another file.
    WrongCrc,
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
pub(super) struct State {
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

pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
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
            let _ = exchange::answer(host, stream, &state);
        });
    }
}

/// The next fault, if it is one of the service's or the storage's.
pub(super) fn fault(state: &State, storage: bool) -> Option<Fault> {
    let mut faults = lock(&state.faults);
    let service = matches!(faults.front()?, Fault::ServicePage | Fault::Refusal(..) | Fault::TooMany(_));
    if service == storage { None } else { faults.pop_front() }
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
