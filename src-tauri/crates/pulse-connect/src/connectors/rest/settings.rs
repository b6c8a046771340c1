//! The settings of a connection to a REST API.

use std::time::Duration;

use pulse_core::{Error, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Secret;
use crate::net::{Policy, Rate};

/// Reads the records of an API that answers with JSON: page after page, as its pages follow each other, which is found
/// out from its first answer. Every answer is kept, so that an import can be repeated without the network.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Settings {
    /// The address that the paths of requests are added to.
    #[schemars(extend("x-placeholder" = "https://api.example.com/v1"))]
    pub base_url: String,
    /// How to sign in. The credentials are sent to this host only.
    pub auth: AuthKind,
    /// The name of the header or query parameter that carries the key.
    #[schemars(extend("x-depends-on" = {"field": "auth", "values": ["api_key_header", "api_key_query"]}, "x-placeholder" = "X-Api-Key"))]
    pub key_name: String,
    /// The key.
    #[schemars(extend("x-depends-on" = {"field": "auth", "values": ["api_key_header", "api_key_query"]}))]
    pub api_key: Secret,
    /// The token.
    #[schemars(extend("x-depends-on" = {"field": "auth", "values": ["bearer"]}))]
    pub token: Secret,
    /// The user name.
    #[schemars(extend("x-depends-on" = {"field": "auth", "values": ["basic"]}))]
    pub user: String,
    /// The password.
    #[schemars(extend("x-depends-on" = {"field": "auth", "values": ["basic"]}))]
    pub password: Secret,
    /// The address that gives access tokens.
    #[schemars(extend("x-depends-on" = {"field": "auth", "values": ["oauth2_client", "oauth2_refresh"]}, "x-placeholder" = "https://login.example.com/oauth2/token"))]
    pub token_url: String,
    /// The client id.
    #[schemars(extend("x-depends-on" = {"field": "auth", "values": ["oauth2_client", "oauth2_refresh"]}))]
    pub client_id: String,
    /// The client secret.
    #[schemars(extend("x-depends-on" = {"field": "auth", "values": ["oauth2_client", "oauth2_refresh"]}))]
    pub client_secret: Secret,
    /// The refresh token.
    #[schemars(extend("x-depends-on" = {"field": "auth", "values": ["oauth2_refresh"]}))]
    pub refresh_token: Secret,
    /// What the access token is asked for, if the service wants that; words separated by blanks.
    #[schemars(extend("x-depends-on" = {"field": "auth", "values": ["oauth2_client", "oauth2_refresh"]}, "x-advanced" = true))]
    pub scope: String,
    /// How the client id and secret are sent to the address that gives tokens.
    #[schemars(extend("x-depends-on" = {"field": "auth", "values": ["oauth2_client", "oauth2_refresh"]}, "x-advanced" = true))]
    pub client_sent_in: ClientSentIn,
    /// Headers for every request.
    #[schemars(extend("x-widget" = "pairs", "x-advanced" = true))]
    pub headers: Vec<Pair>,
    /// Headers whose values are secret: one a line, as `Name: value`.
    #[schemars(extend("x-advanced" = true, "x-widget" = "code"))]
    pub secret_headers: Secret,
    /// A path that the connection test reads; without one it reads the address itself.
    #[schemars(extend("x-advanced" = true, "x-placeholder" = "status"))]
    pub test_path: String,
    /// At most so many requests in each stretch of time; what the server says about its own limit is kept in any case.
    #[schemars(range(min = 1), extend("x-advanced" = true))]
    pub rate_requests: Option<u32>,
    /// The stretch of time for that, in seconds.
    #[schemars(range(min = 1), extend("x-advanced" = true))]
    pub rate_seconds: u32,
    /// How often a request is repeated after the first time when it fails for a reason that may pass.
    #[schemars(range(max = 20), extend("x-advanced" = true))]
    pub retries: u32,
    /// Seconds that a connection may take to be made.
    #[schemars(range(min = 1), extend("x-advanced" = true))]
    pub connect_timeout_seconds: u32,
    /// Seconds that the server may say nothing.
    #[schemars(range(min = 1), extend("x-advanced" = true))]
    pub idle_timeout_seconds: u32,
    /// Minutes that one import may take.
    #[schemars(range(min = 1), extend("x-advanced" = true))]
    pub time_limit_minutes: u32,
    /// Megabytes that one answer may have.
    #[schemars(range(min = 1), extend("x-advanced" = true))]
    pub max_response_mb: u32,
    /// Megabytes that all answers of one import may have together.
    #[schemars(range(min = 1), extend("x-advanced" = true))]
    pub max_total_mb: u32,
    /// Allow addresses of this computer and of private networks.
    #[schemars(extend("x-advanced" = true))]
    pub allow_private: bool,
    /// Check that the server's certificate is valid. Without the check anybody on the way can read and change everything.
    #[schemars(extend("x-advanced" = true))]
    pub verify_tls: bool,
    /// A file of certificates (PEM) to trust beside those of this computer.
    #[schemars(extend("x-widget" = "file", "x-advanced" = true))]
    pub ca_file: String,
}

/// How to sign in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AuthKind {
    /// Not at all
    #[default]
    None,
    /// API key in a header
    ApiKeyHeader,
    /// API key in the query
    ApiKeyQuery,
    /// Bearer token
    Bearer,
    /// User name and password
    Basic,
    /// OAuth 2: client credentials
    Oauth2Client,
    /// OAuth 2: refresh token
    Oauth2Refresh,
}

/// How a client's id and secret are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ClientSentIn {
    /// In the form that is sent
    #[default]
    Body,
    /// In the Authorization header
    Header,
}

/// A name and its value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Pair {
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            base_url: String::new(),
            auth: AuthKind::None,
            key_name: String::new(),
            api_key: Secret::default(),
            token: Secret::default(),
            user: String::new(),
            password: Secret::default(),
            token_url: String::new(),
            client_id: String::new(),
            client_secret: Secret::default(),
            refresh_token: Secret::default(),
            scope: String::new(),
            client_sent_in: ClientSentIn::Body,
            headers: Vec::new(),
            secret_headers: Secret::default(),
            test_path: String::new(),
            rate_requests: None,
            rate_seconds: 1,
            retries: 4,
            connect_timeout_seconds: 15,
            idle_timeout_seconds: 60,
            time_limit_minutes: 240,
            max_response_mb: 256,
            max_total_mb: 20_000,
            allow_private: false,
            verify_tls: true,
            ca_file: String::new(),
        }
    }
}

impl Settings {
    /// The rules of the HTTP client.
    pub(super) fn policy(&self) -> Policy {
        let seconds = |seconds: u32| Duration::from_secs(u64::from(seconds.max(1)));
        Policy {
            allow_private: self.allow_private,
            verify_tls: self.verify_tls,
            ca_file: Some(self.ca_file.trim()).filter(|path| !path.is_empty()).map(Into::into),
            connect_timeout: seconds(self.connect_timeout_seconds),
            idle_timeout: seconds(self.idle_timeout_seconds),
            time_cap: Some(60 * seconds(self.time_limit_minutes)),
            response_cap: u64::from(self.max_response_mb.max(1)) << 20,
            total_cap: u64::from(self.max_total_mb.max(1)) << 20,
            retries: self.retries,
            rate: self.rate_requests.map(|requests| Rate { requests, per: seconds(self.rate_seconds) }),
            ..Policy::default()
        }
    }

    /// The secret headers, name and value.
    pub(super) fn secret_headers(&self) -> Result<Vec<(String, Secret)>> {
        let lines = self.secret_headers.expose().lines().map(str::trim).filter(|line| !line.is_empty());
        lines
            .map(|line| match line.split_once(':') {
                Some((name, value)) => Ok((name.trim().to_owned(), Secret::from(value.trim()))),
                None => Err(Error::invalid("A line of the secret headers has no colon.")
                    .hint("Write one header a line, as `Name: value`.")
                    .field("secret_headers")),
            })
            .collect()
    }
}
