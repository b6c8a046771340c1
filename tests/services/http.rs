//! An HTTP server with every fault a connector may meet: a function answers each request, and an answer can be late, cut
//! off, endless or never come. It speaks HTTP/1.1 with kept connections, one thread each, and remembers what was asked.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// The longest head of a request.
const HEAD: usize = 64 << 10;

/// A request as it came.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The method.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The query as it came, without the question mark.
    pub query: String,
    /// The headers, their names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// When it came, since the server was started.
    pub at: Duration,
}

impl Asked {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A parameter of the query, with `+` and percent signs resolved.
    pub fn param(&self, name: &str) -> Option<String> {
        let pairs = self.query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.into_iter().find(|(known, _)| decoded(known) == name).map(|(_, value)| decoded(value))
    }

    /// A parameter of the query as a number.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.param(name)?.parse().ok()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

fn decoded(text: &str) -> String {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'+' => out.push(b' '),
            b'%' => {
                let digits: Vec<u8> = bytes.by_ref().take(2).collect();
                let digits = String::from_utf8_lossy(&digits).into_owned();
                out.push(u8::from_str_radix(&digits, 16).unwrap_or(b'?'));
            }
            byte => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// What comes back, faults included.
#[derive(Clone, Debug)]
pub struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    fault: Fault,
    delay: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    None,
    /// Resets the connection instead of answering.
    Reset,
    /// Closes the connection after so many bytes of the body.
    Cut(usize),
    /// Says nothing any more after so many bytes of the body.
    Stall(usize),
    /// Never answers at all.
    Silent,
    /// Repeats the body until so many bytes went out.
    Repeat(u64),
}

impl Answer {
    /// An answer of this status without a body.
    pub fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new(), fault: Fault::None, delay: Duration::ZERO }
    }

    /// An answer of this status with a body.
    pub fn body(status: u16, body: Vec<u8>) -> Self {
        Self { body, ..Self::status(status) }
    }

    /// Whether it says that all went well.
    pub fn is_good(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Its body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A good answer with a body of this media type.
    pub fn of(media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..Self::status(200) }.header("content-type", media_type)
    }

    /// A good answer with JSON.
    pub fn json(body: impl ToString) -> Self {
        Self::of("application/json", body.to_string())
    }

    /// A web page, with status 200 as proxies and sign-ins give it.
    pub fn page(title: &str) -> Self {
        let text = format!("<!DOCTYPE html>\n<html><head><title>{title}</title></head><body>Hello</body></html>");
        Self::of("text/html; charset=utf-8", text)
    }

    /// A redirect.
    pub fn redirect(status: u16, to: &str) -> Self {
        Self::status(status).header("location", to)
    }

    /// With this status.
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// With one more header.
    pub fn header(mut self, name: &str, value: impl ToString) -> Self {
        self.headers.push((name.to_owned(), value.to_string()));
        self
    }

    /// Answers later.
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Resets the connection instead.
    pub fn reset(mut self) -> Self {
        self.fault = Fault::Reset;
        self
    }

    /// Closes the connection after so many bytes of the body.
    pub fn cut(mut self, bytes: usize) -> Self {
        self.fault = Fault::Cut(bytes);
        self
    }

    /// Says nothing any more after so many bytes of the body.
    pub fn stall(mut self, bytes: usize) -> Self {
        self.fault = Fault::Stall(bytes);
        self
    }

    /// Never answers.
    pub fn silent(mut self) -> Self {
        self.fault = Fault::Silent;
        self
    }

    /// Repeats the body until `bytes` went out; it does not say how many there will be.
    pub fn repeat(mut self, bytes: u64) -> Self {
        self.fault = Fault::Repeat(bytes);
        self
    }
}

/// A running server; stopped on drop.
pub struct HttpServer {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    stop: AtomicBool,
    connections: AtomicUsize,
    asked: Mutex<Vec<Asked>>,
    began: Instant,
    answer: Box<dyn Fn(&Asked) -> Answer + Send + Sync>,
}

impl HttpServer {
    /// Starts one on a free loopback port.
    pub fn start(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        Self::start_on(SocketAddr::from(([127, 0, 0, 1], 0)), answer)
    }

    /// Starts one on a given address, such as that of one that was stopped.
    pub fn start_on(address: SocketAddr, answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(address).expect("a loopback port to listen on");
        let address = listener.local_addr().expect("its address");
        let shared = Arc::new(Shared {
            stop: AtomicBool::new(false),
            connections: AtomicUsize::new(0),
            asked: Mutex::default(),
            began: Instant::now(),
            answer: Box::new(answer),
        });
        let accepting = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if accepting.stop.load(SeqCst) {
                    return;
                }
                let (Ok(stream), shared) = (stream, Arc::clone(&accepting)) else { continue };
                shared.connections.fetch_add(1, SeqCst);
                // A client that goes away in the middle is no fault of the server.
                std::thread::spawn(move || _ = shared.serve(stream));
            }
        });
        Self { address, shared }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of a path on it.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().expect("no thread failed").clone()
    }

    /// How many connections were made.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(SeqCst)
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        self.shared.stop.store(true, SeqCst);
        // Wakes the thread that accepts, so that the port is free again.
        let _ = TcpStream::connect_timeout(&self.address, Duration::from_secs(1));
    }
}

impl Shared {
    fn serve(&self, mut stream: TcpStream) -> std::io::Result<()> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_millis(50)))?;
        let mut asked_before = Vec::new();
        while let Some((asked, unread)) = self.read(&mut stream, &mut asked_before)? {
            self.asked.lock().expect("no thread failed").push(asked.clone());
            let answer = (self.answer)(&asked);
            self.pause(answer.delay);
            if answer.fault == Fault::Reset {
                // A connection that is closed with unread bytes is reset.
                return Ok(());
            }
            let mut last = vec![0; unread];
            stream.read_exact(&mut last)?;
            if !self.write(&mut stream, &asked, &answer)? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// The next request, all but its last byte taken from the stream; nothing when the client or the server ends.
    fn read(&self, stream: &mut TcpStream, buffer: &mut Vec<u8>) -> std::io::Result<Option<(Asked, usize)>> {
        buffer.resize(HEAD, 0);
        let head = loop {
            let count = match stream.peek(buffer) {
                Ok(0) => return Ok(None),
                Ok(count) => count,
                Err(cause) if matches!(cause.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => 0,
                Err(cause) => return Err(cause),
            };
            if self.stop.load(SeqCst) {
                return Ok(None);
            }
            if count > 0 && !buffer[0].is_ascii_alphabetic() {
                // Some other protocol, such as TLS.
                stream.write_all(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n")?;
                return Ok(None);
            }
            if let Some(at) = buffer[..count].windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
        };
        let text = String::from_utf8_lossy(&buffer[..head]).into_owned();
        let mut lines = text.split("\r\n");
        let mut words = lines.next().unwrap_or_default().split(' ').map(str::to_owned);
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let headers = lines.filter_map(|line| line.split_once(':'));
        let headers = headers.map(|(name, value)| (name.to_lowercase(), value.trim().to_owned())).collect();
        let mut asked = Asked { method, path: path.to_owned(), query: query.to_owned(), headers, ..Asked::default() };
        asked.at = self.began.elapsed();
        let length: usize = asked.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
        let mut whole = vec![0; head + length];
        let most = whole.len() - 1;
        let mut got = 0;
        while got < most {
            match stream.read(&mut whole[got..most]) {
                Ok(0) => return Ok(None),
                Ok(count) => got += count,
                Err(cause) if matches!(cause.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(cause) => return Err(cause),
            }
        }
        if length > 0 {
            let mut last = [0];
            while stream.peek(&mut last).is_err() {
                if self.stop.load(SeqCst) {
                    return Ok(None);
                }
            }
            whole[most] = last[0];
            asked.body = whole.split_off(head);
        }
        Ok(Some((asked, 1)))
    }

    /// Writes an answer; whether the connection goes on.
    fn write(&self, stream: &mut TcpStream, asked: &Asked, answer: &Answer) -> std::io::Result<bool> {
        if answer.fault == Fault::Silent {
            self.pause(Duration::MAX);
            return Ok(false);
        }
        let mut out = format!("HTTP/1.1 {} {}\r\n", answer.status, word(answer.status)).into_bytes();
        for (name, value) in &answer.headers {
            out.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        match answer.fault {
            Fault::Repeat(_) => out.extend_from_slice(b"connection: close\r\n\r\n"),
            _ => out.extend_from_slice(format!("content-length: {}\r\n\r\n", answer.body.len()).as_bytes()),
        }
        if asked.method == "HEAD" {
            stream.write_all(&out)?;
            return Ok(true);
        }
        match answer.fault {
            Fault::Cut(bytes) | Fault::Stall(bytes) => {
                out.extend_from_slice(&answer.body[..bytes.min(answer.body.len())]);
                stream.write_all(&out)?;
                if matches!(answer.fault, Fault::Stall(_)) {
                    self.pause(Duration::MAX);
                }
                Ok(false)
            }
            Fault::Repeat(bytes) => {
                stream.write_all(&out)?;
                let mut sent = 0;
                while sent < bytes && !self.stop.load(SeqCst) && !answer.body.is_empty() {
                    stream.write_all(&answer.body)?;
                    sent += answer.body.len() as u64;
                }
                Ok(false)
            }
            _ => {
                out.extend_from_slice(&answer.body);
                stream.write_all(&out)?;
                Ok(true)
            }
        }
    }

    /// Waits, but not longer than the server runs.
    fn pause(&self, time: Duration) {
        let began = Instant::now();
        while began.elapsed() < time && !self.stop.load(SeqCst) {
            std::thread::sleep(Duration::from_millis(10).min(time));
        }
    }
}

fn word(status: u16) -> &'static str {
    match status {
        200 => "OK",
        206 => "Partial Content",
        301 => "Moved Permanently",
        302 => "Found",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        507 => "Insufficient Storage",
        _ => "Other",
    }
}
