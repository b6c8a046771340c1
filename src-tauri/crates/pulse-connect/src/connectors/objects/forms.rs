//! What the forms of several stores have in common.

use pulse_core::{Error, Result};
use serde_json::{Map, Value, json};
use url::Url;

/// An endpoint as its user wrote it; plain HTTP only if that was allowed.
pub(crate) fn endpoint(text: &str, allow_http: bool) -> Result<Url> {
    let wrong = |sentence: String| Error::invalid(sentence).field("endpoint");
    let url = Url::parse(text.trim_end_matches('/')).map_err(|cause| {
        wrong(format!("The endpoint is no address: {cause}.")).hint("It looks like https://storage.example.com:9000.")
    })?;
    match url.scheme() {
        _ if url.host_str().is_none() || !url.username().is_empty() || url.password().is_some() => {
            Err(wrong("The endpoint must be a plain address without a user and a password.".into())
                .hint("It looks like https://storage.example.com:9000; keys go into their own fields."))
        }
        "https" => Ok(url),
        "http" if allow_http => Ok(url),
        "http" => Err(Error::invalid("The endpoint is not encrypted: it begins with http://.")
            .hint(
                "Use https://, or allow unencrypted connections if the store is on this machine or a trusted network.",
            )
            .field("allow_http")),
        scheme => Err(wrong(format!("The endpoint begins with {scheme}://.")).hint("It begins with https://.")),
    }
}

/// A setting that must be given; `what` says what it is.
pub(crate) fn required<'a>(text: &'a str, field: &str, what: &str) -> Result<&'a str> {
    match text.trim() {
        "" => Err(Error::invalid(format!("The connection lacks a setting: {what}."))
            .hint(format!("Enter {what}."))
            .field(field)),
        text => Ok(text),
    }
}

/// Those of the environment variables that are set, with what each is to the store's library.
pub(crate) fn variables<K: Copy>(names: &[(&str, K)]) -> impl Iterator<Item = (K, String)> {
    let set = |(name, key): &(&str, K)| Some((*key, std::env::var(name).ok().filter(|value| !value.is_empty())?));
    names.iter().filter_map(set)
}

/// The error for settings that the store's library refuses; its own words may hold secrets.
pub(crate) fn unusable(provider: &str) -> Error {
    Error::invalid(format!("The settings do not make a connection to {provider}."))
        .hint("Check each setting; with this machine's credentials, check its environment variables as well.")
}

/// The bucket, user and password of a connection string, and its parameters as settings.
pub(crate) fn from_url(url: &Url) -> Result<(String, String, String, Map<String, Value>)> {
    let decoded = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    let bucket = url.host_str().map(decoded).unwrap_or_default();
    if !matches!(url.path(), "" | "/") {
        return Err(Error::invalid("The connection string names a path inside the bucket.")
            .hint("Leave the path out; what is read is chosen through the connection."));
    }
    let mut settings = Map::new();
    for (name, value) in url.query_pairs() {
        let value = match (name.as_ref(), value.as_ref()) {
            ("allow_http" | "verify_tls", "true" | "1") => json!(true),
            ("allow_http" | "verify_tls", "false" | "0") => json!(false),
            (_, text) => json!(text),
        };
        settings.insert(name.into_owned(), value);
    }
    Ok((bucket, decoded(url.username()), url.password().map(decoded).unwrap_or_default(), settings))
}
