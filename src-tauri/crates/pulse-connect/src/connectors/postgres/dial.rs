//! The way to a server, step by step: its address, the connection, the encryption.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use pulse_core::{Code, Error, Progress, Result};
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};

use super::settings::{Settings, Tls};
use super::tls;
use super::wire::{Plain, Stream, Wire};
use crate::net;

/// Asks a server for encryption: the length and a number in place of a protocol version ("SSLRequest" in PostgreSQL's
/// manual, chapter "Message Formats").
const TLS_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// Where a server is.
pub(super) enum Place {
    /// Its addresses, at least one.
    Addresses(Vec<SocketAddr>),
    /// A Unix socket.
    Socket(String),
}

impl Place {
    fn is_this_machine(&self) -> bool {
        match self {
            Self::Addresses(addresses) => addresses.iter().all(|address| address.ip().is_loopback()),
            Self::Socket(_) => true,
        }
    }
}

/// Finds the server; with a sentence on what was found, as all steps.
pub(super) fn find(settings: &Settings, progress: &Progress) -> Result<(Place, String)> {
    if settings.is_socket() {
        let path = format!("{}/.s.PGSQL.{}", settings.host.trim_end_matches('/'), settings.port);
        let said = format!("A Unix socket, {path}.");
        return Ok((Place::Socket(path), said));
    }
    let host = &settings.host;
    let unknown = |cause: String| {
        Error::new(Code::Unreachable, format!("The host `{host}` cannot be found: {cause}."))
            .hint("Check its spelling; a name of an internal network needs that network or its VPN.")
            .field("host")
    };
    let patience = patience(settings);
    let addresses = net::run(progress, async {
        match timeout(patience, tokio::net::lookup_host((host.as_str(), settings.port))).await {
            Ok(Ok(found)) => Ok(found.collect::<Vec<_>>()),
            Ok(Err(cause)) => Err(unknown(cause.to_string())),
            Err(_) => Err(unknown("the name service does not answer".into())),
        }
    })?;
    let Some(first) = addresses.first() else { return Err(unknown("it has no address".into())) };
    let said = format!("{host} is {}.", first.ip());
    Ok((Place::Addresses(addresses), said))
}

/// Connects to the first address that answers.
pub(super) fn connect(settings: &Settings, place: &Place, progress: &Progress) -> Result<(Stream, String)> {
    let said = format!("Connected to {}.", settings.server());
    let stream = match place {
        Place::Socket(path) => net::run(progress, async { local(settings, path).await })?,
        Place::Addresses(addresses) => net::run(progress, async {
            let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
            for address in addresses {
                match timeout(patience(settings), TcpStream::connect(address)).await {
                    Ok(Ok(stream)) => {
                        // Requests are small and answered one by one; waiting to fill packets only delays them.
                        let _ = stream.set_nodelay(true);
                        watch(&stream);
                        return Ok(Box::new(Plain(stream)) as Stream);
                    }
                    Ok(Err(cause)) => last = cause,
                    Err(_) => last = io::ErrorKind::TimedOut.into(),
                }
            }
            Err(refused(settings, &last))
        })?,
    };
    Ok((stream, said))
}

/// Lets the system ask whether the other end is still there while an answer takes long: a statement may run for hours, but
/// a machine that slept or a network that forgot the connection would be waited for in vain.
fn watch(stream: &TcpStream) {
    let every = TcpKeepalive::new().with_time(Duration::from_secs(60)).with_interval(Duration::from_secs(10));
    // Where it cannot be had, the connection works as well.
    let _ = SockRef::from(stream).set_tcp_keepalive(&every);
}

#[cfg(unix)]
async fn local(settings: &Settings, path: &str) -> Result<Stream> {
    match tokio::net::UnixStream::connect(path).await {
        Ok(stream) => Ok(Box::new(Plain(stream))),
        Err(cause) => Err(refused(settings, &cause)),
    }
}

#[cfg(not(unix))]
async fn local(settings: &Settings, _: &str) -> Result<Stream> {
    Err(refused(settings, &io::ErrorKind::Unsupported.into()))
}

/// Encrypts the connection where the settings ask for it.
pub(super) fn secure(
    settings: &Settings,
    place: &Place,
    stream: Stream,
    progress: &Progress,
) -> Result<(Wire, String)> {
    let plain = match settings.tls {
        Tls::Off => Some("Not encrypted, as the connection asks for."),
        Tls::Auto if place.is_this_machine() => Some("Not encrypted: the server is on this machine."),
        Tls::Auto | Tls::Required => None,
    };
    if let Some(said) = plain {
        return Ok((Wire::new(stream), said.into()));
    }
    let mut connector = tls::connector(settings)?;
    let Ok(handshake) = MakeTlsConnect::<Stream>::make_tls_connect(&mut connector, &settings.host);
    let stream = net::run(progress, async {
        let stream = timeout(patience(settings), ask_for_tls(settings, stream)).await;
        let stream = stream.map_err(|_| silent(settings))??;
        match timeout(patience(settings), handshake.connect(stream)).await {
            Ok(Ok(stream)) => Ok(Box::new(stream) as Stream),
            Ok(Err(cause)) => Err(tls::failed(settings, &cause)),
            Err(_) => Err(silent(settings)),
        }
    })?;
    let said = if settings.verify_tls {
        format!("Encrypted; the certificate is valid for {}.", settings.host)
    } else {
        "Encrypted; who the server is was not verified.".into()
    };
    Ok((Wire::new(stream), said))
}

async fn ask_for_tls(settings: &Settings, mut stream: Stream) -> Result<Stream> {
    let lost = |cause: io::Error| not_postgres(settings, &format!("it closed the connection ({cause})"));
    stream.write_all(&TLS_REQUEST).await.map_err(lost)?;
    let mut answer = [0];
    stream.read_exact(&mut answer).await.map_err(lost)?;
    match answer[0] {
        b'S' => Ok(stream),
        b'N' => Err(Error::new(Code::Unreachable, format!("The server {} offers no TLS.", settings.server()))
            .hint("Ask its administrator to switch it on; only in a network that you trust, set TLS to off.")
            .field("tls")),
        _ => Err(not_postgres(settings, "its answer is not that of PostgreSQL")),
    }
}

/// How long a step of connecting may take.
pub(super) fn patience(settings: &Settings) -> Duration {
    Duration::from_secs(settings.connect_seconds.into())
}

/// The error for a server that accepted a connection and says nothing.
pub(super) fn silent(settings: &Settings) -> Error {
    let server = settings.server();
    Error::new(Code::Unreachable, format!("What listens on {server} does not answer as PostgreSQL does: it is silent."))
        .hint("Check host and port; if they are right, the server may be overloaded: try again later.")
        .field("port")
}

/// The error for something else than PostgreSQL behind host and port.
pub(super) fn not_postgres(settings: &Settings, why: &str) -> Error {
    let server = settings.server();
    Error::new(Code::Unreachable, format!("What listens on {server} is not PostgreSQL: {why}."))
        .hint("Check host and port; PostgreSQL usually listens on port 5432.")
        .field("port")
}

fn refused(settings: &Settings, cause: &io::Error) -> Error {
    let server = settings.server();
    let error = |what: &str, hint: &str, field: &str| {
        Error::new(Code::Unreachable, format!("Could not connect to {server}: {what}.")).hint(hint).field(field)
    };
    match cause.kind() {
        io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => error(
            "nothing listens there",
            "Check host and port, and whether the server runs and accepts connections from other machines.",
            "port",
        ),
        io::ErrorKind::TimedOut => error(
            &format!("no answer within {} seconds", settings.connect_seconds),
            "Check the host, and whether a firewall or a missing VPN is in between.",
            "host",
        ),
        _ => error(&cause.to_string(), "Check the host and your network.", "host"),
    }
}
