//! A stand-in for the wire of a Kafka broker: what the other servers of the tests do not have, such as TLS, a sign-in,
//! transactions, compacted topics and faults at a chosen moment.
//!
//! It answers what a consumer asks, in old versions of the protocol, as <https://kafka.apache.org/protocol> lays it
//! down. Its record batches are real ones, which the tests make with [`Batch`].

mod answers;
mod batch;
mod sasl;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use bytes::Buf;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tempfile::TempDir;

pub use batch::{Batch, Kind};
pub use sasl::Mechanism;

/// A running broker, the only one of its cluster; ends with its connections on drop.
pub struct Broker {
    folder: TempDir,
    shared: Arc<Shared>,
}

/// What a broker asks of its clients.
#[derive(Clone, Copy, Default)]
pub struct Security {
    /// It speaks TLS, with a certificate for `localhost` of the authority [`Broker::authority`].
    pub tls: bool,
    /// The only user: the way of signing in, the name and the password.
    pub user: Option<(Mechanism, &'static str, &'static str)>,
}

/// What a partition holds.
#[derive(Clone, Default)]
pub struct Log {
    /// The first offset that is not deleted.
    pub start: i64,
    /// The offset that comes next.
    pub end: i64,
    /// Where the first transaction begins that is still open; `end` if none is.
    pub stable: i64,
    /// The batches by their offsets.
    pub batches: Vec<Batch>,
    /// The aborted transactions: producer, first offset, and the offset of the mark that ends them.
    pub aborted: Vec<(i64, i64, i64)>,
}

impl Log {
    /// A partition with these batches, which ends behind the last of them.
    pub fn of(batches: Vec<Batch>) -> Self {
        let end = batches.last().map_or(0, |batch| batch.last + 1);
        Self { start: 0, end, stable: end, batches, aborted: Vec::new() }
    }
}

/// What goes wrong in the answers that carry messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A bit of a message of this partition is flipped, so many times.
    Flip(i32, u32),
    /// Half of the answer is sent and the connection closed, so many times.
    Tear(u32),
    /// The messages before this offset are deleted when the first ones are asked for.
    Expire(i64),
    /// Nothing.
    None,
}

struct Shared {
    port: u16,
    tls: Option<Arc<ServerConfig>>,
    user: Option<(Mechanism, &'static str, &'static str)>,
    topics: Mutex<BTreeMap<String, Vec<Log>>>,
    fault: Mutex<Fault>,
    stopped: AtomicBool,
}

impl Broker {
    /// Starts one on a free loopback port.
    pub fn start(security: Security) -> Self {
        let folder = tempfile::tempdir().expect("a folder for certificates");
        let tls = security.tls.then(|| {
            super::postgres::certificates(folder.path());
            let read = |name: &str| folder.path().join(name);
            let chain = CertificateDer::pem_file_iter(read("server.pem")).expect("a certificate");
            let key = PrivateKeyDer::from_pem_file(read("server.key")).expect("a key");
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
            let config = config.expect("versions of TLS").with_no_client_auth();
            let chain = chain.map(|certificate| certificate.expect("a certificate")).collect();
            Arc::new(config.with_single_cert(chain, key).expect("a certificate with its key"))
        });
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free loopback port");
        let shared = Arc::new(Shared {
            port: listener.local_addr().expect("its address").port(),
            tls,
            user: security.user,
            topics: Mutex::default(),
            fault: Mutex::new(Fault::None),
            stopped: AtomicBool::new(false),
        });
        let all = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if all.stopped.load(SeqCst) {
                    break;
                }
                let shared = Arc::clone(&all);
                std::thread::spawn(move || shared.serve(stream));
            }
        });
        Self { folder, shared }
    }

    /// Its address: `localhost:PORT`.
    pub fn address(&self) -> String {
        format!("localhost:{}", self.shared.port)
    }

    /// The certificate of the authority that signed the broker's.
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// A certificate of an authority that signed nothing here.
    pub fn stranger(&self) -> PathBuf {
        self.folder.path().join("stranger.pem")
    }

    /// Has a topic with these partitions.
    pub fn hold(&self, topic: &str, partitions: Vec<Log>) {
        self.shared.topics.lock().unwrap().insert(topic.to_owned(), partitions);
    }

    /// From now on, this goes wrong.
    pub fn fail(&self, fault: Fault) {
        *self.shared.fault.lock().unwrap() = fault;
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.shared.stopped.store(true, SeqCst);
        // Wakes the thread that waits for connections.
        drop(TcpStream::connect(("127.0.0.1", self.shared.port)));
    }
}

/// A connection, plain or encrypted.
trait Wire: Read + Write {}
impl<T: Read + Write> Wire for T {}

impl Shared {
    fn serve(&self, stream: TcpStream) {
        let socket = stream.try_clone().expect("a second handle");
        let mut wire: Box<dyn Wire> = match &self.tls {
            None => Box::new(stream),
            Some(config) => {
                Box::new(StreamOwned::new(ServerConnection::new(Arc::clone(config)).expect("a session"), stream))
            }
        };
        let mut sign_in = sasl::SignIn::new(self.user);
        while let Some(request) = read_frame(&mut wire).filter(|_| !self.stopped.load(SeqCst)) {
            let Some(answer) = self.answer(&request, &mut sign_in) else { break };
            let torn = answer.torn;
            let bytes = if torn { &answer.bytes[..answer.bytes.len() / 2] } else { &answer.bytes[..] };
            if wire.write_all(bytes).and_then(|()| wire.flush()).is_err() || torn || answer.last {
                break;
            }
        }
        let _ = socket.shutdown(Shutdown::Both);
    }
}

/// A request without its length; nothing if the connection ended.
fn read_frame(wire: &mut dyn Wire) -> Option<Vec<u8>> {
    let mut length = [0; 4];
    wire.read_exact(&mut length).ok()?;
    // What is no request, such as the beginning of TLS, seems to be a huge one.
    let length = usize::try_from((&length[..]).get_i32()).ok().filter(|length| *length < 1 << 20)?;
    let mut bytes = vec![0; length];
    wire.read_exact(&mut bytes).ok()?;
    Some(bytes)
}
