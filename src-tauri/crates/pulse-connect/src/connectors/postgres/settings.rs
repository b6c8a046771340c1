//! The settings of a connection, and the connection strings they can come from.

use percent_encoding::percent_decode_str;
use pulse_core::{Code, Error, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use url::Url;

use crate::Secret;

/// Reads tables, views and queries of a PostgreSQL server (version 12 or newer), typed as the server types them and
/// without loss, and writes tables. Reading runs in read-only transactions, and a user that may only read is enough for
/// it: `GRANT SELECT`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default)]
pub(in crate::connectors) struct Settings {
    /// The server's name or address. For a Unix socket, the folder it lies in, such as `/var/run/postgresql`.
    #[schemars(extend("x-placeholder" = "db.example.org"))]
    pub host: String,
    /// The server's port; 5432 is usual.
    pub port: u16,
    /// The database; the one named like the user if empty.
    pub database: String,
    /// The user to sign in as.
    pub user: String,
    /// The user's password; none where the server asks for none.
    pub password: Secret,
    /// When the connection is encrypted.
    pub tls: Tls,
    /// Whether the server must prove who it is by a certificate for its name. Without it, somebody in between could read
    /// along and change what is read.
    #[schemars(extend("x-advanced" = true))]
    pub verify_tls: bool,
    /// A file (PEM) with the certificate of the authority that signed the server's, where this machine does not know it.
    #[schemars(extend("x-widget" = "file", "x-advanced" = true))]
    pub ca_file: String,
    /// The name under which the server's administrator sees this connection.
    #[schemars(extend("x-advanced" = true))]
    pub application_name: String,
    /// Start-up options for the server, such as `-c statement_timeout=0`.
    #[schemars(extend("x-advanced" = true, "x-placeholder" = "-c statement_timeout=0"))]
    pub options: String,
    /// Seconds to wait until the server accepts a connection.
    #[schemars(extend("x-advanced" = true))]
    pub connect_seconds: u32,
    /// Give up when the server sends nothing for so many seconds while rows are read.
    #[schemars(extend("x-advanced" = true))]
    pub stall_seconds: u32,
}

/// When a connection is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::connectors) enum Tls {
    /// Always, except to this machine.
    #[default]
    Auto,
    /// Always.
    Required,
    /// Never: passwords and rows can be read on the way.
    Off,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            host: String::new(),
            port: 5432,
            database: String::new(),
            user: String::new(),
            password: Secret::default(),
            tls: Tls::default(),
            verify_tls: true,
            ca_file: String::new(),
            application_name: "Cloud Pulse".into(),
            options: String::new(),
            connect_seconds: 15,
            stall_seconds: 300,
        }
    }
}

impl Settings {
    /// The settings, if what cannot be left out is there.
    pub fn checked(mut self) -> Result<Self> {
        self.host = self.host.trim().to_owned();
        for (value, field, what) in [(&self.host, "host", "host"), (&self.user, "user", "user")] {
            if value.is_empty() {
                return Err(Error::invalid(format!("The connection to PostgreSQL names no {what}."))
                    .hint(format!("Fill in the {what}."))
                    .field(field));
            }
        }
        let texts = [
            ("user", self.user.as_str()),
            ("database", &self.database),
            ("password", self.password.expose()),
            ("application_name", &self.application_name),
            ("options", &self.options),
        ];
        if let Some((field, _)) = texts.iter().find(|(_, text)| text.contains('\0')) {
            return Err(Error::invalid(format!(
                "The setting `{field}` holds a NUL character, which PostgreSQL forbids."
            ))
            .hint("Type it again.")
            .field(*field));
        }
        self.connect_seconds = self.connect_seconds.clamp(1, 600);
        self.stall_seconds = self.stall_seconds.clamp(1, 86_400);
        Ok(self)
    }

    /// The database that is signed in to.
    pub fn database(&self) -> &str {
        if self.database.is_empty() { &self.user } else { &self.database }
    }

    /// Whether the host is a Unix socket's folder.
    pub fn is_socket(&self) -> bool {
        self.host.starts_with('/')
    }

    /// Host and port as people write them.
    pub fn server(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

/// The settings that `postgres://user:password@host:port/database?parameter=value` stands for, as libpq reads it.
///
/// Fails for parameters that would be ignored. No error repeats the string.
pub(super) fn from_url(url: &Url) -> Result<Value> {
    let mut settings = Map::new();
    let mut put = |name: &str, text: &str| -> Result<()> {
        if !text.is_empty() {
            settings.insert(name.into(), Value::String(decoded(text, name)?));
        }
        Ok(())
    };
    let host = url.host_str().unwrap_or_default();
    put("host", host.trim_start_matches('[').trim_end_matches(']'))?;
    put("user", url.username())?;
    put("password", url.password().unwrap_or_default())?;
    put("database", url.path().trim_start_matches('/'))?;
    if let Some(port) = url.port() {
        settings.insert("port".into(), json!(port));
    }
    for (name, value) in parameters(url)? {
        parameter(&mut settings, &name, &value)?;
    }
    if !settings.contains_key("host") {
        settings.insert("host".into(), json!("localhost"));
    }
    Ok(Value::Object(settings))
}

/// The parameters, decoded. Unlike in a form, `+` is itself there.
fn parameters(url: &Url) -> Result<Vec<(String, String)>> {
    let pairs = url.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decoded(name, "parameters")?;
            let value = decoded(value, &name)?;
            Ok((name, value))
        })
        .collect()
}

fn parameter(settings: &mut Map<String, Value>, name: &str, value: &str) -> Result<()> {
    let wrong = |what: &str| {
        Error::invalid(format!("The connection string's parameter `{name}` {what}."))
            .hint("Take it out, or make a connection in the window.")
            .field(name)
    };
    let number = || value.parse::<u32>().map_err(|_| wrong("is no number"));
    let mut text = |member: &str| settings.insert(member.into(), json!(value));
    match name {
        "host" | "user" | "password" | "application_name" | "options" => text(name),
        "dbname" => text("database"),
        "sslrootcert" if value == "system" => None,
        "sslrootcert" => text("ca_file"),
        "port" => settings.insert("port".into(), json!(u16::try_from(number()?).map_err(|_| wrong("is no port"))?)),
        "connect_timeout" => settings.insert("connect_seconds".into(), json!(number()?.max(1))),
        "sslmode" => {
            let tls = match value {
                "disable" => Tls::Off,
                "allow" | "prefer" => Tls::Auto,
                "require" | "verify-ca" | "verify-full" | "no-verify" => Tls::Required,
                _ => {
                    let modes = "is none of disable, allow, prefer, require, verify-ca, verify-full and no-verify";
                    return Err(wrong(modes));
                }
            };
            if value == "no-verify" {
                settings.insert("verify_tls".into(), json!(false));
            }
            settings.insert("tls".into(), json!(tls))
        }
        // They change nothing here: rows are always read as UTF-8, sockets are watched, and one server is named.
        "client_encoding" | "fallback_application_name" | "gssencmode" | "channel_binding" | "target_session_attrs" => {
            None
        }
        _ if name.starts_with("keepalives") || name == "tcp_user_timeout" => None,
        _ => {
            return Err(Error::new(
                Code::Unsupported,
                format!("The connection string's parameter `{name}` is not known here."),
            )
            .hint("Take it out; known are sslmode, sslrootcert, application_name, connect_timeout and options.")
            .field(name));
        }
    };
    Ok(())
}

fn decoded(text: &str, what: &str) -> Result<String> {
    let text = percent_decode_str(text).decode_utf8().map_err(|_| {
        Error::invalid(format!("The connection string's {what} is not UTF-8 when its %-escapes are taken out."))
            .hint("Escape special characters as the %-codes of their UTF-8 bytes.")
    })?;
    Ok(text.into_owned())
}
