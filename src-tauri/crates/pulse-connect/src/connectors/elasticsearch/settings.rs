//! What a connection needs, as a form and as a connection string.

use pulse_core::{Error, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

use crate::Secret;

/// The schemes of connection strings. TLS is used unless the scheme ends with `+http`.
pub(super) const SCHEMES: [&str; 9] = [
    "elasticsearch",
    "elasticsearch+https",
    "elasticsearch+http",
    "opensearch",
    "opensearch+https",
    "opensearch+http",
    "es",
    "es+https",
    "es+http",
];

/// Reads documents from the indices, aliases and data streams of an Elasticsearch (7 and newer) or OpenSearch cluster.
///
/// Each top-level field becomes a column; objects and lists inside stay together as JSON text, with every digit. A read
/// sees the index as it was when it began, and fails rather than give fewer documents than there are.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Settings {
    /// The address of the cluster, such as https://search.example.com:9200. Several nodes are separated by commas; the
    /// first that answers is used.
    #[schemars(extend("x-placeholder" = "https://search.example.com:9200"))]
    pub address: String,
    /// How to sign in.
    #[serde(default)]
    pub auth: Auth,
    /// The user.
    #[serde(default)]
    #[schemars(extend("x-depends-on" = {"field": "auth", "values": ["basic"]}))]
    pub user: String,
    /// The user's password.
    #[serde(default)]
    #[schemars(extend("x-depends-on" = {"field": "auth", "values": ["basic"]}))]
    pub password: Secret,
    /// The API key in its encoded form, as Kibana shows it once after it was made.
    #[serde(default)]
    #[schemars(extend("x-depends-on" = {"field": "auth", "values": ["api_key"]}))]
    pub api_key: Secret,
    /// The token.
    #[serde(default)]
    #[schemars(extend("x-depends-on" = {"field": "auth", "values": ["bearer"]}))]
    pub token: Secret,
    /// Check that the server's certificate is valid and belongs to its name. Without, anybody on the way can pretend to
    /// be the server.
    #[serde(default = "yes")]
    #[schemars(extend("x-advanced" = true))]
    pub verify_tls: bool,
    /// A file with the certificate of the authority that signed the server's (PEM), trusted beside those of this
    /// computer. Elasticsearch writes its own to config/certs/http_ca.crt.
    #[serde(default)]
    #[schemars(extend("x-advanced" = true, "x-widget" = "file"))]
    pub ca_file: String,
    /// Allow addresses of this computer and of private networks, where clusters usually are. Switch it off if the address
    /// must be one in the internet.
    #[serde(default = "yes")]
    #[schemars(extend("x-advanced" = true))]
    pub allow_private: bool,
}

/// How to sign in to a cluster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Auth {
    /// Not at all
    #[default]
    None,
    /// User and password
    Basic,
    /// API key
    ApiKey,
    /// Bearer token
    Bearer,
}

fn yes() -> bool {
    true
}

/// The settings of `es+https://user:password@host:9200/prefix?verify_tls=false`; also with `api_key`, `token`, `ca_file`.
pub(super) fn from_url(url: &Url) -> Result<Value> {
    let scheme = if url.scheme().ends_with("+http") { "http" } else { "https" };
    let Some(host) = url.host_str().filter(|host| !host.is_empty()) else {
        return Err(Error::invalid("The connection string names no host.")
            .hint("It looks like es+https://user:password@search.example.com:9200."));
    };
    let path = url.path().trim_end_matches('/');
    let mut settings = json!({"address": format!("{scheme}://{host}:{}{path}", url.port().unwrap_or(9200))});
    let plain = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    if !url.username().is_empty() {
        settings["auth"] = json!(Auth::Basic);
        settings["user"] = plain(url.username()).into();
        settings["password"] = plain(url.password().unwrap_or_default()).into();
    }
    for (name, value) in url.query_pairs() {
        match &*name {
            "api_key" => settings["auth"] = json!(Auth::ApiKey),
            "token" => settings["auth"] = json!(Auth::Bearer),
            "ca_file" => {}
            "verify_tls" | "allow_private" => {
                settings[&*name] = (value != "false").into();
                continue;
            }
            _ => {
                return Err(Error::invalid(format!(
                    "The connection string has an option that is not known: `{name}`."
                ))
                .hint("Known are api_key, token, ca_file, verify_tls and allow_private."));
            }
        }
        settings[&*name] = value.into_owned().into();
    }
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connection_strings_become_settings() {
        let cases = [
            ("es://h", json!({"address": "https://h:9200"})),
            ("elasticsearch+http://h:1/p/", json!({"address": "http://h:1/p"})),
            (
                "opensearch+https://u:p%40s@h:5?verify_tls=false&ca_file=/a.pem",
                json!({"address": "https://h:5", "auth": "basic", "user": "u", "password": "p@s", "verify_tls": false,
                    "ca_file": "/a.pem"}),
            ),
            ("es+https://h?api_key=a%3D%3D", json!({"address": "https://h:9200", "auth": "api_key", "api_key": "a=="})),
        ];
        for (text, expected) in cases {
            let url = Url::parse(text).unwrap();
            assert!(SCHEMES.contains(&url.scheme()));
            assert_eq!(from_url(&url).unwrap(), expected, "{text}");
            assert!(Settings::deserialize(&expected).is_ok(), "{text}");
        }
        assert!(from_url(&Url::parse("es://h?colour=red").unwrap()).is_err());
        assert!(from_url(&Url::parse("es:///x").unwrap()).is_err());
    }
}
