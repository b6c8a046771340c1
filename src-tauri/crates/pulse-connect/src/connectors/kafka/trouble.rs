//! What the library's log tells about why a connection fails, and what to do about it.

use pulse_core::Code;

/// What stands in the way, as the library's log tells it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    SignIn,
    Certificate,
    Tls,
    Name,
    Refused,
    Dropped,
    Foreign,
    Forbidden,
    Full,
    Other,
}

impl Trouble {
    /// What a line tells.
    pub(super) fn of(line: &str) -> Self {
        let has = |parts: &[&str]| parts.iter().any(|part| line.contains(part));
        if has(&["SASL", "Authentication failed", "authentication failed"]) {
            Self::SignIn
        } else if has(&["certificate"]) {
            Self::Certificate
        } else if has(&["SSL", "ssl handshake"]) {
            Self::Tls
        } else if has(&["Failed to resolve", "resolve"]) {
            Self::Name
        } else if has(&["Connection refused", "Connect to", "timed out in state CONNECT"]) {
            Self::Refused
        } else if has(&["Disconnected", "closed by peer", "during handshake"]) {
            Self::Dropped
        } else if has(&["Invalid response size"]) {
            Self::Foreign
        } else if has(&["Disk error"]) {
            Self::Full
        } else if has(&["Topic authorization failed", "Cluster authorization failed"]) {
            Self::Forbidden
        } else {
            Self::Other
        }
    }

    /// Whether trying again changes nothing.
    pub(super) fn is_final(self) -> bool {
        matches!(self, Self::SignIn | Self::Certificate | Self::Tls)
    }

    /// The code, what to do, and the member of the settings it belongs to.
    pub(super) fn advice(self) -> (Code, &'static str, &'static str) {
        match self {
            Self::SignIn => {
                (Code::PermissionDenied, "Check the user name, the password and the way of signing in.", "password")
            }
            Self::Certificate => (
                Code::Unreachable,
                "The broker's certificate is not trusted, or not for this host: name the file with the certificates of \
                 who signed it.",
                "ca_file",
            ),
            Self::Tls => (
                Code::Unreachable,
                "The broker may not speak TLS on this port: switch TLS off or take another port.",
                "tls",
            ),
            Self::Name => (
                Code::Unreachable,
                "Check the host name. A broker also tells its own name (advertised.listeners), which must be known here.",
                "brokers",
            ),
            Self::Refused => (Code::Unreachable, "Check the host and the port, and that the broker runs.", "brokers"),
            Self::Dropped => (
                Code::Unreachable,
                "The broker closes the connection: it may want TLS or a sign-in, or it stopped. Try again.",
                "tls",
            ),
            Self::Foreign => (
                Code::Unreachable,
                "That is no answer of Kafka: the broker may want TLS, or the port belongs to another server.",
                "tls",
            ),
            Self::Forbidden => (Code::PermissionDenied, "Ask who runs the cluster for the right to do that.", ""),
            Self::Full => (
                Code::DiskFull,
                "The brokers cannot store messages, mostly because a disk of theirs is full: ask who runs the cluster for \
                 room, then start it again; it goes on where it stopped.",
                "",
            ),
            Self::Other => (Code::Unreachable, "Check that the brokers run and can be reached, and try again.", ""),
        }
    }
}

/// A line of the library's log without what only it understands.
pub(super) fn plain(line: &str) -> String {
    let line = line.strip_prefix("[thrd:").and_then(|rest| rest.split_once("]: ")).map_or(line, |(_, rest)| rest);
    let line = line.split(" (after ").next().unwrap_or(line);
    line.replace("/bootstrap", "").trim().trim_end_matches(['.', ':']).to_owned()
}
