//! What an [`super::Http`] may do and how patient it is.

use std::path::PathBuf;
use std::time::Duration;

use super::Rate;

/// The rules of one HTTP client. The default suits an API in the internet; connectors take over what their settings say.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    /// Whether addresses of this computer and of private networks may be reached. Without, a host name that leads to one
    /// is refused as well, and so is a redirect to one.
    pub allow_private: bool,
    /// Whether the certificate of a server must be valid for its host and signed by somebody this computer trusts.
    pub verify_tls: bool,
    /// A PEM file with certificates that are trusted beside those of this computer.
    pub ca_file: Option<PathBuf>,
    /// How long a connection may take to be made.
    pub connect_timeout: Duration,
    /// How long a server may say nothing, before its answer and within it.
    pub idle_timeout: Duration,
    /// How long everything since [`super::Http::fresh`] may take; nothing for no limit.
    pub time_cap: Option<Duration>,
    /// Bytes of one answer that is kept in memory, after unpacking.
    pub response_cap: u64,
    /// Bytes of all answers since [`super::Http::fresh`], after unpacking.
    pub total_cap: u64,
    /// How often a request is repeated after the first time.
    pub retries: u32,
    /// The wait before the first repetition; it doubles each time, up to half a minute.
    pub backoff: Duration,
    /// The longest that is waited because the server says so; if it asks for more, that is an error.
    pub longest_wait: Duration,
    /// How many requests may be made in which time; nothing for no limit of our own.
    pub rate: Option<Rate>,
    /// Host names that tests make up, and where they lead.
    #[cfg(test)]
    pub known: Vec<(&'static str, std::net::SocketAddr)>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            allow_private: false,
            verify_tls: true,
            ca_file: None,
            connect_timeout: Duration::from_secs(15),
            idle_timeout: Duration::from_secs(60),
            time_cap: None,
            response_cap: 256 << 20,
            total_cap: u64::MAX,
            retries: 4,
            backoff: Duration::from_millis(500),
            longest_wait: Duration::from_secs(300),
            rate: None,
            #[cfg(test)]
            known: Vec::new(),
        }
    }
}
