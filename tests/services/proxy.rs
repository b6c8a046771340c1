//! A TCP proxy that can break or be slow: it cuts or stalls the server's answers after a number of bytes, and passes only so
//! many bytes a second on to the server.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU8, AtomicU64, Ordering::SeqCst};
use std::time::Duration;

/// What a proxy does when its budget of bytes is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Break {
    /// It closes the connections, and every new one, as if the server had died.
    Cut = 1,
    /// It keeps the connections and says nothing more.
    Stall = 2,
}

/// A running proxy before a loopback port; its connections end with it.
pub struct Proxy {
    port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    port: u16,
    target: u16,
    /// Whether the server tells its own address, at which it would be asked past the proxy.
    is_broker: bool,
    /// Bytes that the server may still say.
    left: AtomicI64,
    then: AtomicU8,
    /// Bytes a second to the server over each connection; 0 for any number.
    speed: AtomicU64,
}

impl Proxy {
    /// Starts one before `target`, whole at first.
    pub fn start(target: u16) -> Self {
        Self::before(target, false)
    }

    /// As [`Proxy::start`], before a broker of Kafka that calls itself `127.0.0.1`: what it says of its address is changed
    /// to this proxy's.
    pub fn before_broker(target: u16) -> Self {
        Self::before(target, true)
    }

    fn before(target: u16, is_broker: bool) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free loopback port");
        let port = listener.local_addr().expect("its address").port();
        let (left, then, speed) = (AtomicI64::new(i64::MAX), AtomicU8::new(0), AtomicU64::new(0));
        let shared = Arc::new(Shared { port, target, is_broker, left, then, speed });
        let all = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let shared = Arc::clone(&all);
                std::thread::spawn(move || shared.serve(client));
            }
        });
        Self { port, shared }
    }

    /// The port to connect to.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Breaks after so many more bytes of the server.
    pub fn break_after(&self, bytes: u64, how: Break) {
        self.shared.left.store(i64::try_from(bytes).expect("a sensible number of bytes"), SeqCst);
        self.shared.then.store(how as u8, SeqCst);
    }

    /// Passes only so many bytes a second on to the server, over each connection.
    pub fn slow_down(&self, bytes_a_second: u64) {
        self.shared.speed.store(bytes_a_second, SeqCst);
    }

    /// Is whole again; what was cut stays cut.
    pub fn mend(&self) {
        self.shared.then.store(0, SeqCst);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.break_after(0, Break::Cut);
    }
}

impl Shared {
    fn serve(self: Arc<Self>, client: TcpStream) {
        if self.broken() == Some(Break::Cut) {
            return;
        }
        let Ok(server) = TcpStream::connect(("127.0.0.1", self.target)) else { return };
        let (from_client, to_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        let shared = Arc::clone(&self);
        std::thread::spawn(move || shared.ask(from_client, to_server));
        self.answer(server, client);
    }

    /// Passes the client's bytes on, as fast as it may.
    fn ask(&self, mut client: TcpStream, mut server: TcpStream) {
        let mut bytes = [0; 16_384];
        while let Ok(count @ 1..) = client.read(&mut bytes) {
            if server.write_all(&bytes[..count]).is_err() {
                break;
            }
            let speed = self.speed.load(SeqCst);
            if speed > 0 {
                std::thread::sleep(Duration::from_secs_f64(count as f64 / speed as f64));
            }
        }
        let _ = server.shutdown(Shutdown::Both);
    }

    /// Passes the server's bytes on until it breaks.
    fn answer(&self, mut server: TcpStream, mut client: TcpStream) {
        let mut bytes = [0; 4096];
        while let Ok(count @ 1..) = server.read(&mut bytes) {
            if self.is_broker && count < bytes.len() {
                self.rename(&mut bytes[..count]);
            }
            self.left.fetch_sub(i64::try_from(count).unwrap(), SeqCst);
            while self.broken() == Some(Break::Stall) {
                std::thread::sleep(Duration::from_millis(20));
            }
            if self.broken() == Some(Break::Cut) || client.write_all(&bytes[..count]).is_err() {
                break;
            }
        }
        let _ = client.shutdown(Shutdown::Both);
        let _ = server.shutdown(Shutdown::Both);
    }

    /// Puts the proxy's port where the broker tells its own behind its host. That stands in short answers, which arrive
    /// whole.
    fn rename(&self, answer: &mut [u8]) {
        const HOST: &[u8] = b"127.0.0.1";
        let (own, ours) = (u32::from(self.target).to_be_bytes(), u32::from(self.port).to_be_bytes());
        let told = [HOST, &own].concat();
        for at in 0..answer.len().saturating_sub(told.len() - 1) {
            if answer[at..].starts_with(&told) {
                answer[at + HOST.len()..at + told.len()].copy_from_slice(&ours);
            }
        }
    }

    /// How it is broken now, if it is.
    fn broken(&self) -> Option<Break> {
        match self.then.load(SeqCst) {
            _ if self.left.load(SeqCst) > 0 => None,
            1 => Some(Break::Cut),
            2 => Some(Break::Stall),
            _ => None,
        }
    }
}
