//! Connecting: from settings to the driver's client, and from the driver's errors to those people can act on.

use std::future::Future;
use std::time::Duration;

use super::Settings;
use super::trust::Trusted;
use ::mongodb::Client;
use ::mongodb::error::{Error as Cause, ErrorKind};
use ::mongodb::options::{ClientOptions, Credential, ServerAddress, ServerMonitoringMode, Tls, TlsOptions};
use pulse_core::{Code, Error, Result};

/// How long to look for a server that answers.
const FIND: Duration = Duration::from_secs(8);
/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a server may say nothing; a query may have to go through a whole collection before its first document.
const SILENCE: Duration = Duration::from_secs(180);

/// How a server is reached and what must not be shown.
pub(super) struct Link {
    settings: Settings,
    /// The connection string, given or made from the other settings; without the user and password of those.
    address: String,
    trusted: Trusted,
}

impl Link {
    /// Checks what can be checked without connecting.
    pub(super) fn new(settings: Settings) -> Result<Self> {
        let given = settings.connection_string.expose().trim();
        let address = if !given.is_empty() {
            if !given.starts_with("mongodb://") && !given.starts_with("mongodb+srv://") {
                return Err(Error::invalid("The connection string does not begin with mongodb:// or mongodb+srv://.")
                    .hint("Copy it from Atlas or from whoever runs the server.")
                    .field("connection_string"));
            }
            if settings.verify_tls && query(given).any(|(name, value)| is_insecure(&name, &value)) {
                return Err(Error::invalid(
                    "The connection string switches the check of certificates off, but the connection demands it.",
                )
                .hint("Take that out of the string, or switch the check off in the connection, where it is marked.")
                .field("verify_tls"));
            }
            given.to_owned()
        } else if settings.host.trim().is_empty() {
            return Err(Error::invalid("There is neither a connection string nor a host.")
                .hint("Give the server's name or address, or a connection string.")
                .field("host"));
        } else {
            let hosts = hosts(&settings);
            // A single host is meant as it stands: behind a tunnel or in a container, the names by which a replica set
            // knows its members lead nowhere.
            let direct = !hosts.contains(',');
            format!("mongodb://{hosts}/?tls={}&directConnection={direct}", settings.tls)
        };
        Ok(Self { settings, address, trusted: Trusted::default() })
    }

    /// The options for the driver; looks up the servers of a `mongodb+srv://` address.
    pub(super) async fn options(&self) -> Result<ClientOptions> {
        let parsed = ClientOptions::parse(self.address.as_str()).await;
        let mut options = parsed.map_err(|cause| match *cause.kind {
            ErrorKind::InvalidArgument { ref message, .. } => {
                Error::invalid(format!("The connection string is not understood: {}", self.safe(message)))
                    .hint("Special characters in the user and the password must be percent-encoded, such as %40 for @.")
                    .field("connection_string")
            }
            _ => self.error("find the servers of the connection string", &cause),
        })?;
        let settings = &self.settings;
        if settings.connection_string.is_empty() && !settings.user.is_empty() {
            let mut credential = Credential::default();
            credential.username = Some(settings.user.clone());
            credential.password = Some(settings.password.expose().to_owned());
            credential.source = Some(settings.auth_database.trim().to_owned()).filter(|name| !name.is_empty());
            options.credential = Some(credential);
        }
        if let Some(Tls::Enabled(tls)) = &mut options.tls {
            self.secure(tls)?;
        }
        options.server_selection_timeout.get_or_insert(FIND);
        options.connect_timeout.get_or_insert(CONNECT);
        // A client lives for one read; to be told of every change at once would take a connection more to each server.
        options.server_monitoring_mode.get_or_insert(ServerMonitoringMode::Poll);
        options.app_name.get_or_insert_with(|| "Cloud Pulse".to_owned());
        Ok(options)
    }

    /// What the settings say goes over what the connection string says.
    fn secure(&self, tls: &mut TlsOptions) -> Result<()> {
        let settings = &self.settings;
        tls.allow_invalid_certificates = (!settings.verify_tls).then_some(true);
        if settings.verify_tls {
            let named = tls.ca_file_path.take().map(|path| path.display().to_string()).unwrap_or_default();
            let own = settings.ca_file.trim();
            let file = if own.is_empty() { named.as_str() } else { own };
            tls.ca_file_path = Some(self.trusted.path(file)?);
        }
        Ok(())
    }

    /// A client; it connects when it is first used.
    pub(super) async fn client(&self) -> Result<Client> {
        let options = self.options().await?;
        Client::with_options(options).map_err(|cause| self.error("prepare the connection", &cause))
    }

    /// Waits for an answer of the driver, not for ever; `attempt` completes "Could not …".
    pub(super) async fn wait<T>(
        &self,
        attempt: &str,
        work: impl IntoFuture<Output = Result<T, Cause>, IntoFuture: Future>,
    ) -> Result<T> {
        match tokio::time::timeout(SILENCE, work.into_future()).await {
            Ok(done) => done.map_err(|cause| self.error(attempt, &cause)),
            Err(_) => Err(Error::new(
                Code::Unreachable,
                format!("Could not {attempt}: MongoDB said nothing for {} seconds.", SILENCE.as_secs()),
            )
            .hint("Try again later; a filter on a field without an index may also take the server too long.")),
        }
    }

    /// The database that is meant where none is named: the settings' own, or that of the connection string.
    pub(super) fn default_database(&self, client: &Client) -> Option<String> {
        let own = self.settings.database.trim();
        if own.is_empty() {
            client.default_database().map(|database| database.name().to_owned())
        } else {
            Some(own.to_owned())
        }
    }

    /// The servers as the address names them, without user, password and options.
    pub(super) fn shown(&self) -> String {
        let (scheme, rest) = self.address.split_once("://").unwrap_or(("mongodb", ""));
        let rest = rest.split(['/', '?']).next().unwrap_or_default();
        format!("{scheme}://{}", rest.rsplit('@').next().unwrap_or_default())
    }

    /// The user to sign in as, where there is one.
    pub(super) fn user(&self, options: &ClientOptions) -> Option<String> {
        options
            .credential
            .as_ref()
            .map(|credential| credential.username.clone().unwrap_or_else(|| "a certificate".into()))
    }

    /// The error for people; `attempt` completes "Could not …".
    pub(super) fn error(&self, attempt: &str, cause: &Cause) -> Error {
        let said = match &*cause.kind {
            ErrorKind::Command(command) => command.message.clone(),
            kind => kind.to_string(),
        };
        let text = self.safe(said.trim_end_matches('.'));
        let (code, why, hint) = explain(cause, &text);
        let error = Error::new(code, format!("Could not {attempt}: {why}")).hint(hint);
        match code {
            Code::PermissionDenied if is_sign_in(cause) => error.field("password"),
            _ => error,
        }
    }

    /// A text of the driver or the server without secrets.
    fn safe(&self, text: &str) -> String {
        let mut secrets = vec![self.settings.password.expose().to_owned()];
        let userinfo = self.address.split_once("://").and_then(|(_, rest)| rest.rsplit_once('@')).map(|(info, _)| info);
        if let Some((_, password)) = userinfo.and_then(|info| info.split_once(':')) {
            let plain = percent_encoding::percent_decode_str(password).decode_utf8_lossy().into_owned();
            secrets.extend([password.to_owned(), plain]);
        }
        secrets
            .iter()
            .filter(|secret| !secret.is_empty())
            .fold(text.to_owned(), |text, s| text.replace(s.as_str(), "…"))
    }
}

/// Host and port of each server, separated by commas.
fn hosts(settings: &Settings) -> String {
    let one = |host: &str| {
        // An IPv6 address has colons of its own and stands in brackets.
        let bare_v6 = host.parse::<std::net::Ipv6Addr>().is_ok();
        let host = if bare_v6 { format!("[{host}]") } else { host.to_owned() };
        let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        if has_port { host } else { format!("{host}:{}", settings.port) }
    };
    let hosts = settings.host.split(',').map(str::trim).filter(|host| !host.is_empty());
    hosts.map(one).collect::<Vec<_>>().join(",")
}

/// The options of a connection string; it may name several hosts, which no URL does.
fn query(address: &str) -> impl Iterator<Item = (String, String)> {
    let query = address.split_once('?').map_or("", |(_, query)| query);
    url::form_urlencoded::parse(query.as_bytes()).into_owned()
}

/// Whether an option of a connection string switches the check of certificates off.
pub(super) fn is_insecure(name: &str, value: &str) -> bool {
    let names =
        ["tlsinsecure", "tlsallowinvalidcertificates", "tlsallowinvalidhostnames", "sslinvalidcertificatesallowed"];
    names.contains(&name.to_lowercase().as_str()) && value.eq_ignore_ascii_case("true")
}

/// Host and port to connect to.
pub(super) fn host_and_port(address: &ServerAddress) -> Option<(String, u16)> {
    match address {
        ServerAddress::Tcp { host, port } => Some((host.trim_matches(['[', ']']).to_owned(), port.unwrap_or(27017))),
        _ => None,
    }
}

fn is_sign_in(cause: &Cause) -> bool {
    match &*cause.kind {
        ErrorKind::Authentication { .. } => true,
        ErrorKind::Command(command) => command.code == 18,
        _ => false,
    }
}

/// What kind of error it is, what happened in words and what to do. The numbers are those of MongoDB's list of error
/// codes (`error_codes.yml` of the server).
fn explain(cause: &Cause, text: &str) -> (Code, String, &'static str) {
    const SIGN_IN: &str = "Check the user, the password and the database that knows the user (`admin` in most cases).";
    const AGAIN: &str = "Check the network and try again; nothing was changed.";
    match &*cause.kind {
        _ if is_sign_in(cause) => (Code::PermissionDenied, format!("MongoDB refused the sign-in ({text})."), SIGN_IN),
        ErrorKind::ServerSelection { message, .. } => unreachable(message, text),
        ErrorKind::Io(_) => unreachable(text, text),
        ErrorKind::DnsResolve { .. } => (
            Code::Unreachable,
            format!("the host was not found ({text})."),
            "Check the host name; mongodb+srv:// needs a name for which the name server knows the servers.",
        ),
        ErrorKind::InvalidTlsConfig { .. } => {
            (Code::InvalidInput, format!("{text}."), "Check the file with the authority's certificate.")
        }
        ErrorKind::Command(command) => {
            let why = format!("MongoDB answered: {text}.");
            match command.code {
                13 if text.contains("requires authentication") => {
                    (Code::PermissionDenied, why, "The server asks who reads: give a user and a password.")
                }
                13 | 8000 => (Code::PermissionDenied, why, "Ask whoever runs the server for the right to read it."),
                59 | 115 => {
                    (Code::Unsupported, why, "The server does not know this command; it may be a stand-in for MongoDB.")
                }
                26 => (Code::NotFound, why, "Look for the collection in the connection; it may have been renamed."),
                43 => (Code::Unreachable, why, "The server closed the query before its end. Import it again."),
                50 | 292 => (Code::LimitExceeded, why, "Narrow it with a filter, or sort by a field with an index."),
                2 | 9 | 14 | 40 | 51..=52 | 168 | 241 | 31249..=31254 => {
                    (Code::InvalidInput, why, "Check the filter, the projection and the sort.")
                }
                6 | 7 | 89 | 91 | 189 | 10107 | 11600 | 11602 | 13435 | 13436 => (Code::Unreachable, why, AGAIN),
                _ => (Code::InvalidInput, why, "Check what is asked for; MongoDB's message says what it did not like."),
            }
        }
        ErrorKind::ConnectionPoolCleared { .. } | ErrorKind::Shutdown => {
            (Code::Unreachable, format!("the connection was lost ({text})."), AGAIN)
        }
        ErrorKind::IncompatibleServer { .. } => {
            (Code::Unsupported, format!("{text}."), "MongoDB 4.2 and newer can be read.")
        }
        ErrorKind::InvalidArgument { .. } => {
            (Code::InvalidInput, format!("{text}."), "Check the settings of the connection.")
        }
        _ => (
            Code::Damaged,
            format!("the answer is not what MongoDB answers ({text})."),
            "Is it a MongoDB server? Check host and port.",
        ),
    }
}

/// Tells apart why no server could be used.
fn unreachable(message: &str, text: &str) -> (Code, String, &'static str) {
    // The whole message always speaks of a timeout: that of looking for a server.
    let cause = gist(message).to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| cause.contains(word));
    let (why, hint) = if says(&["authentication", "auth error"]) {
        return (
            Code::PermissionDenied,
            format!("MongoDB refused the sign-in ({text})."),
            "Check the user, the password and the database that knows the user (`admin` in most cases).",
        );
    } else if says(&["not valid for name", "notvalidforname"]) {
        ("its certificate is for another name", "Use the host name that the certificate was made for.")
    } else if says(&["certificate expired"]) {
        ("its certificate has expired", "Ask whoever runs the server to renew it; check the clock of this computer.")
    } else if says(&["invalid peer certificate", "certificate", "unknownissuer"]) {
        ("its certificate is not trusted", "Give the file with the certificate of the authority that signed it.")
    } else if message.contains("ReplicaSetNoPrimary") {
        (
            "the servers that the replica set names cannot be reached from here",
            "Behind a tunnel or a container, add directConnection=true to the connection string.",
        )
    } else if says(&["invalidcontenttype", "corrupt message", "handshake", "tls"]) {
        (
            "encryption could not be agreed on",
            "Perhaps the server uses no TLS: switch it off in the connection, or use the right port.",
        )
    } else if says(&["refused"]) {
        ("nothing listens on that host and port", "Check host and port, and that the server runs.")
    } else if says(&["failed to lookup", "name or service not known", "no such host", "nodename nor servname"]) {
        ("the host was not found", "Check the host name.")
    } else if says(&["timed out", "timeout"]) {
        (
            "it did not answer in time",
            "Check host and port; a firewall may be in the way, or Atlas does not know your address yet.",
        )
    } else if says(&["unexpected end of file", "connection reset", "broken pipe", "eof"]) {
        ("it closed the connection", "Perhaps the server wants TLS, or it went down; nothing was changed.")
    } else {
        ("it cannot be reached", "Check host, port and network.")
    };
    (Code::Unreachable, format!("{why} ({}).", gist(text)), hint)
}

/// What the driver says went wrong with the first server, out of all it says about every server; else all.
fn gist(text: &str) -> &str {
    let cause = text.split_once("Error: Kind: ").and_then(|(_, rest)| rest.split_once(", labels: "));
    cause.map_or(text, |(cause, _)| cause)
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    fn link(settings: serde_json::Value) -> Result<Link> {
        Link::new(serde_json::from_value(settings).unwrap())
    }

    #[test]
    fn addresses_are_made_and_shown_without_secrets() {
        let cases = [
            (serde_json::json!({"host": "a"}), "mongodb://a:27017"),
            (serde_json::json!({"host": "a, b:1 ,::1", "port": 5}), "mongodb://a:5,b:1,[::1]:5"),
            (
                serde_json::json!({"connection_string": "mongodb+srv://u:p%40ss@c.example.com/d?x=1"}),
                "mongodb+srv://c.example.com",
            ),
            (serde_json::json!({"connection_string": "mongodb://u:p@a:1,b:2/?tls=true"}), "mongodb://a:1,b:2"),
        ];
        for (settings, shown) in cases {
            assert_eq!(link(settings).unwrap().shown(), shown);
        }
        let hides =
            link(serde_json::json!({"connection_string": "mongodb://u:p%40ss@h/", "password": "other"})).unwrap();
        assert_eq!(hides.safe("bad p@ss and p%40ss and other"), "bad … and … and …");
    }

    #[test]
    fn what_went_wrong_is_said_without_the_whole_topology() {
        let said = "Server selection timeout: No available servers. Topology: { Type: Single, Servers: [ { Address: \
                    h:1, Type: Unknown, Error: Kind: I/O error: Connection refused (os error 111), labels: {\"x\"} } ] }";
        let (code, why, _) = unreachable(said, said);
        assert_eq!(code, Code::Unreachable);
        assert_eq!(why, "nothing listens on that host and port (I/O error: Connection refused (os error 111)).");
        assert_eq!(gist("I/O error: broken pipe"), "I/O error: broken pipe");
    }

    #[test]
    fn bad_settings_are_refused() {
        let cases = [
            (serde_json::json!({}), "host"),
            (serde_json::json!({"connection_string": "postgres://x"}), "connection_string"),
            (serde_json::json!({"connection_string": "mongodb://h/?tls=true&tlsInsecure=true"}), "verify_tls"),
        ];
        for (settings, field) in cases {
            let error = link(settings).err().unwrap();
            assert_eq!(error.field.as_deref(), Some(field), "{error}");
        }
        let url = Url::parse("mongodb://h/?tls=true&tlsAllowInvalidCertificates=true").unwrap();
        let settings = <super::super::MongoDb as crate::connector::Connector>::from_url(&url).unwrap();
        assert_eq!(settings["verify_tls"], false, "what is unsafe is marked");
        assert!(link(settings).is_ok());
    }
}
