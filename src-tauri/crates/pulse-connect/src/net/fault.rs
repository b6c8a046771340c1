//! What can go wrong on the way, in sentences with a next step, and whether to try again.

use std::error::Error as Cause;
use std::io;
use std::time::Duration;

use pulse_core::{Code, Error};
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use rustls::CertificateError;
use serde_json::Value;
use url::Url;

use super::Request;
use super::address::{Refused, refusal};
use super::budget::in_words;
use super::reply::is_web_page;
use super::retry::retry_after;

/// Characters of a server's own message that an error repeats.
const SAID: usize = 300;

/// A failed attempt.
pub(super) struct Failure {
    /// What to say if it is final.
    pub error: Error,
    /// Whether another attempt makes sense.
    pub again: Again,
    /// How long the server asks to wait.
    pub wait: Option<Duration>,
    /// Whether the attempt brought something that the next one keeps.
    pub moved: bool,
}

/// Whether an attempt may be repeated.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    /// It would fail again.
    Never,
    /// If doing it twice does no harm.
    IfRepeatable,
    /// In any case: the server did nothing.
    Always,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { error, again: Again::Never, wait: None, moved: false }
    }
}

impl Failure {
    fn new(error: Error, again: Again) -> Self {
        Self { again, ..error.into() }
    }
}

/// A request that could not be made, or an answer that broke off.
pub(super) fn transport(request: &Request, url: &Url, error: &reqwest::Error) -> Failure {
    let causes = causes(error);
    let host = host(url);
    if let Some(Refused(host)) = causes.iter().find_map(|cause| cause.downcast_ref::<Refused>()) {
        return refusal(host, url.host() != request.url.host()).into();
    }
    if error.is_dns() {
        return Failure::new(
            unreachable(format!("There is no host called `{}`.", url.host_str().unwrap_or_default()))
                .hint("Check its spelling and whether this computer is online; a company's host may need its VPN."),
            Again::Always,
        );
    }
    if let Some(tls) = causes.iter().find_map(|cause| cause.downcast_ref::<rustls::Error>()) {
        return tls_failure(&host, tls).into();
    }
    if error.is_timeout() {
        let error = unreachable(format!("Connecting to `{host}` took too long."))
            .hint("Check host and port; a firewall may block the way, or the server needs a VPN.");
        return Failure::new(error, Again::Always);
    }
    let kind = causes.iter().find_map(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind);
    if kind == Some(io::ErrorKind::ConnectionRefused) {
        let error = unreachable(format!("`{host}` refused the connection."))
            .hint("Check the port, and whether the server runs.");
        return Failure::new(error, Again::Always);
    }
    let reason = request.without_secrets(&root(error));
    if error.is_connect() {
        let error = unreachable(format!("Could not connect to `{host}`: {reason}."))
            .hint("Check host and port, and whether this computer is online.");
        return Failure::new(error, Again::Always);
    }
    if error.is_builder() {
        return Error::invalid(format!("{} is no request that can be made: {reason}.", request.shown())).into();
    }
    let when = if error.is_body() || error.is_decode() { "in the middle of its answer" } else { "before it answered" };
    let error = unreachable(format!("`{host}` broke the connection off {when} to {}: {reason}.", request.shown()))
        .hint("Try again; if it happens again, ask for less at once.");
    Failure::new(error, Again::IfRepeatable)
}

/// An answer that does not come or does not go on.
pub(super) fn silent(request: &Request, url: &Url, patience: Duration, what: &str) -> Failure {
    let text = format!("`{}` {what} to {} for {}.", host(url), request.shown(), in_words(patience));
    let hint = "The server is overloaded or hangs; try again later, ask for less at once, or raise the time limit.";
    Failure::new(unreachable(text).hint(hint), Again::IfRepeatable)
}

/// An answer that says no.
pub(super) fn status(request: &Request, url: &Url, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Failure {
    let said = request.without_secrets(&said(body)).trim_end_matches('.').to_owned();
    let said = if said.is_empty() { ".".to_owned() } else { format!(": {said}.") };
    let number = status.as_u16();
    let wait = matches!(number, 429 | 503).then(|| retry_after(headers)).flatten();
    let (code, again, text, hint) = match number {
        401 => (Code::PermissionDenied, Again::Never, "does not accept the credentials", CREDENTIALS),
        403 => (
            Code::PermissionDenied,
            Again::Never,
            "refuses access",
            "The account may not read this; ask who runs the server, or check the credentials.",
        ),
        407 => (Code::PermissionDenied, Again::Never, "wants a sign-in at a proxy", "Ask who runs the network."),
        404 | 410 => {
            (Code::NotFound, Again::Never, "has nothing there", "Check the address, its path and the version in it.")
        }
        408 | 425 => (Code::Unreachable, Again::IfRepeatable, "gave up waiting", "Try again later."),
        429 => (
            Code::LimitExceeded,
            Again::Always,
            "takes no more requests for now",
            "Set a rate limit, or try again later.",
        ),
        503 if wait.is_some() => (Code::Unreachable, Again::Always, "is not available for now", "Try again later."),
        500..=599 => {
            (Code::Unreachable, Again::IfRepeatable, "failed", "The fault is on the server's side; try again later.")
        }
        _ => (
            Code::InvalidInput,
            Again::Never,
            "does not understand the request",
            "Check the address, the query and the body.",
        ),
    };
    let shown = if url.host() == request.url.host() {
        request.shown()
    } else {
        format!("{} (redirected to `{}`)", request.shown(), host(url))
    };
    let reason = status.canonical_reason().map(|reason| format!(" {reason}")).unwrap_or_default();
    let error = Error::new(code, format!("The server {text}: {shown} was answered with {number}{reason}{said}"));
    Failure { wait, ..Failure::new(error.hint(hint), again) }
}

const CREDENTIALS: &str = "Check user, password, key or token in the connection; it may have expired.";

/// The error for more bytes than allowed; `what` is the subject of the sentence.
pub(super) fn too_big(what: &str, bytes: u64, cap: u64) -> Error {
    let text = format!("{what} {} MB; the limit is {} MB.", bytes.div_ceil(1 << 20), cap >> 20);
    Error::new(Code::LimitExceeded, text)
        .hint("Ask for smaller pages or fewer rows, or raise the limit in the connection.")
        .field("max_response_mb")
}

/// What lies at the bottom of an error; unlike its surface it never repeats the address.
pub(super) fn root(error: &reqwest::Error) -> String {
    causes(error).last().filter(|cause| !cause.is::<reqwest::Error>()).map_or_else(
        || "the request could not be made".to_owned(),
        |cause| cause.to_string().trim_end_matches('.').to_owned(),
    )
}

fn tls_failure(host: &str, error: &rustls::Error) -> Error {
    use CertificateError as C;
    let trust = "If you trust the server, give the file of certificates it is signed with; switching the check off lets \
                 anybody on the way read and change everything.";
    let (text, hint) = match error {
        rustls::Error::InvalidCertificate(problem) => match problem {
            C::Expired | C::ExpiredContext { .. } => (
                format!("The certificate of `{host}` has expired."),
                "Ask who runs the server to renew it, and check this computer's clock.",
            ),
            C::NotValidYet | C::NotValidYetContext { .. } => {
                (format!("The certificate of `{host}` is not valid yet."), "Check this computer's clock.")
            }
            C::NotValidForName | C::NotValidForNameContext { .. } => (
                format!("The certificate that `{host}` showed belongs to another host."),
                "Give the host's name as it stands in the certificate; an address in numbers rarely does.",
            ),
            C::UnknownIssuer => {
                (format!("The certificate of `{host}` is signed by nobody this computer trusts."), trust)
            }
            C::Revoked => (format!("The certificate of `{host}` was revoked."), "Ask who runs the server."),
            problem => (format!("The certificate of `{host}` is not accepted: {problem:?}."), trust),
        },
        rustls::Error::InvalidMessage(_) => {
            (format!("`{host}` does not speak TLS there."), "Begin the address with http://, or check the port.")
        }
        error => (format!("No secure connection to `{host}` could be made: {error}."), "Ask who runs the server."),
    };
    unreachable(text).hint(hint).field("verify_tls")
}

/// What a server says about its error, as text; empty if it says nothing that helps.
fn said(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let found = match serde_json::from_str::<Value>(&text) {
        Ok(value) => message(&value, 3).unwrap_or_default(),
        Err(_) if is_web_page(None, body) => String::new(),
        Err(_) => text.into_owned(),
    };
    let line = found.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(SAID) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line,
    }
}

fn message(value: &Value, depth: usize) -> Option<String> {
    const NAMES: [&str; 9] =
        ["message", "error_description", "detail", "reason", "error", "title", "errors", "msg", "description"];
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(items) if depth > 0 => message(items.first()?, depth - 1),
        Value::Object(members) if depth > 0 => {
            NAMES.iter().find_map(|name| members.get(*name).and_then(|value| message(value, depth - 1)))
        }
        _ => None,
    }
}

/// The causes of an error, outermost first; what an IO error wraps is one of them.
fn causes(error: &reqwest::Error) -> Vec<&(dyn Cause + 'static)> {
    let mut found: Vec<&(dyn Cause + 'static)> = vec![error];
    while let Some(last) = found.last().copied() {
        let wrapped = last.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        let next: Option<&(dyn Cause + 'static)> = match wrapped {
            Some(inner) => Some(inner),
            None => last.source(),
        };
        match next {
            Some(next) => found.push(next),
            None => break,
        }
    }
    found
}

fn unreachable(text: String) -> Error {
    Error::new(Code::Unreachable, text)
}

/// The host and, unless it is the usual one, the port.
pub(super) fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}
