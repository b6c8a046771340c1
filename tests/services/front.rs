//! An HTTP front before a server: it passes requests on, unless a test answers one itself, as a store does that revokes a
//! right, has no space left, or is Google's.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Mutex;

use super::http::{Answer, Asked, HttpServer};

impl HttpServer {
    /// Starts one that passes on to the loopback port `target` what `answer` does not answer.
    pub fn before(target: u16, answer: impl Fn(&Asked) -> Option<Answer> + Send + Sync + 'static) -> Self {
        Self::start(move |asked| answer(asked).unwrap_or_else(|| passed_on(target, asked)))
    }

    /// Starts one that makes the S3 stand-in on the port `target` honour the conditions of Google's storage, which are
    /// about an object's generation: 0 is none, and each put makes a new one.
    pub fn google(target: u16) -> Self {
        let generations = Mutex::new(HashMap::<String, u64>::new());
        Self::start(move |asked| {
            let mut known = generations.lock().expect("no thread failed");
            let now = known.get(&asked.path).copied().unwrap_or_default();
            let wanted = asked.header("x-goog-if-generation-match").and_then(|text| text.parse::<u64>().ok());
            if wanted.is_some_and(|wanted| wanted != now) {
                let text = "<Error><Code>PreconditionFailed</Code><Message>Not that generation.</Message></Error>";
                return Answer::of("application/xml", text).with_status(412);
            }
            let answer = passed_on(target, asked);
            let next = known.len() as u64 + now + 1;
            match asked.method.as_str() {
                "PUT" if answer.is_good() => _ = known.insert(asked.path.clone(), next),
                "DELETE" => _ = known.remove(&asked.path),
                _ => {}
            }
            let generation = known.get(&asked.path).copied().unwrap_or_default();
            answer.header("x-goog-generation", generation)
        })
    }
}

/// What the server on the loopback port `target` answers.
pub fn passed_on(target: u16, asked: &Asked) -> Answer {
    exchange(target, asked).unwrap_or_else(|_| Answer::status(502).reset())
}

fn exchange(target: u16, asked: &Asked) -> std::io::Result<Answer> {
    let mut stream = TcpStream::connect(("127.0.0.1", target))?;
    let query = if asked.query.is_empty() { String::new() } else { format!("?{}", asked.query) };
    let mut head = format!("{} {}{query} HTTP/1.1\r\n", asked.method, asked.path);
    let own = ["connection", "content-length", "expect"];
    for (name, value) in asked.headers.iter().filter(|(name, _)| !own.contains(&name.as_str())) {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if asked.header("host").is_none() {
        head.push_str(&format!("host: 127.0.0.1:{target}\r\n"));
    }
    head.push_str(&format!("content-length: {}\r\nconnection: close\r\n\r\n", asked.body.len()));
    stream.write_all(head.as_bytes())?;
    stream.write_all(&asked.body)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(parsed(&answer, asked.method == "HEAD"))
}

/// An answer from its bytes; one to `HEAD` has a body only in its length.
fn parsed(bytes: &[u8], is_head: bool) -> Answer {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(bytes.len());
    let text = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = text.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).unwrap_or(502);
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    let header = |wanted: &str| headers.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
    let body = bytes.get(end + 4..).unwrap_or_default();
    let body = match header("content-length").and_then(|length| length.parse().ok()) {
        Some(length) if is_head => vec![0; length],
        _ if header("transfer-encoding") == Some("chunked") => unchunked(body),
        _ => body.to_vec(),
    };
    let own = ["connection", "content-length", "transfer-encoding", "keep-alive"];
    let kept = headers.into_iter().filter(|(name, _)| !own.contains(&name.as_str()));
    kept.fold(Answer::body(status, body), |answer, (name, value)| answer.header(&name, value))
}

fn unchunked(mut bytes: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(end) = bytes.windows(2).position(|two| two == b"\r\n") {
        let size = String::from_utf8_lossy(&bytes[..end]).split(';').next().map(str::trim).map(str::to_owned);
        let size = size.and_then(|size| usize::from_str_radix(&size, 16).ok()).unwrap_or_default();
        let Some(chunk) = bytes.get(end + 2..end + 2 + size).filter(|_| size > 0) else { break };
        whole.extend_from_slice(chunk);
        bytes = bytes.get(end + 4 + size..).unwrap_or_default();
    }
    whole
}
