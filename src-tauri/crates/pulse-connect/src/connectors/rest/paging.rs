//! How pages follow each other: the request after a request and its answer.

use pulse_core::{Error, Result};
use serde_json::Value;
use url::Url;

use super::responses::Page;
use super::selection::{Method, ParamsIn};
use super::tree::{at, scalar};
use crate::net::shown;

/// A request of the import, without credentials and headers.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Ask {
    pub method: Method,
    pub url: Url,
    /// The body in JSON.
    pub body: Option<Value>,
    /// Where parameters that turn the pages are set.
    pub params_in: ParamsIn,
}

impl Ask {
    /// A parameter's value, if it is set.
    pub(super) fn param(&self, name: &str) -> Option<String> {
        match (self.params_in, &self.body) {
            (ParamsIn::Body, Some(body)) => {
                name.split('.').try_fold(body, |value, name| value.get(name)).and_then(|value| match value {
                    Value::String(text) => Some(text.clone()),
                    Value::Number(number) => Some(number.to_string()),
                    _ => None,
                })
            }
            _ => self.url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned()),
        }
    }

    /// The same request with a parameter set.
    pub(super) fn with(&self, name: &str, value: &str, number: bool) -> Self {
        let mut ask = self.clone();
        if let (ParamsIn::Body, Some(body)) = (self.params_in, &mut ask.body) {
            let number = value.parse::<i64>().ok().filter(|_| number);
            set(body, name, number.map_or_else(|| Value::String(value.to_owned()), Value::from));
            return ask;
        }
        let others: Vec<(String, String)> =
            self.url.query_pairs().into_owned().filter(|(known, _)| known != name).collect();
        ask.url.query_pairs_mut().clear().extend_pairs(others).append_pair(name, value);
        ask
    }
}

/// Sets a member of a JSON value; objects on the way are made.
fn set(value: &mut Value, path: &str, new: Value) {
    if !value.is_object() {
        *value = Value::Object(serde_json::Map::new());
    }
    let Some(members) = value.as_object_mut() else { return };
    match path.split_once('.') {
        Some((first, rest)) => set(members.entry(first).or_insert(Value::Null), rest, new),
        None => _ = members.insert(path.to_owned(), new),
    }
}

/// How pages follow each other.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Paging {
    /// There is one page.
    None,
    /// The `Link` header with `rel="next"` names the next page.
    LinkHeader,
    /// The answer holds the address of the next page.
    NextLink { path: String },
    /// The answer holds what the next request has to say.
    Cursor { path: String, param: String },
    /// Pages are numbered; the answer may say how many there are.
    Page { param: String, start: i64, pages_path: Option<String> },
    /// Each request says how many records to skip.
    Offset { param: String },
}

impl Paging {
    /// The word of the form.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::LinkHeader => "link_header",
            Self::NextLink { .. } => "next_link",
            Self::Cursor { .. } => "cursor",
            Self::Page { .. } => "page",
            Self::Offset { .. } => "offset",
        }
    }

    /// The members of the form beside the word.
    pub(super) fn members(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::None | Self::LinkHeader => Vec::new(),
            Self::NextLink { path } => vec![("next_path", path.clone())],
            Self::Cursor { path, param } => vec![("cursor_path", path.clone()), ("cursor_param", param.clone())],
            Self::Page { param, start, .. } => vec![("page_param", param.clone()), ("page_start", start.to_string())],
            Self::Offset { param } => vec![("offset_param", param.clone())],
        }
    }

    /// The first request, where the pagination was chosen.
    pub(super) fn first(&self, ask: &Ask, limit: Option<(&str, u32)>) -> Ask {
        let ask = match self {
            Self::Page { param, start, .. } if ask.param(param).is_none() => ask.with(param, &start.to_string(), true),
            Self::Offset { param } if ask.param(param).is_none() => ask.with(param, "0", true),
            _ => ask.clone(),
        };
        match (self, limit) {
            (Self::Page { .. } | Self::Offset { .. }, Some((name, size))) => ask.with(name, &size.to_string(), true),
            _ => ask,
        }
    }

    /// The request for the page after `page`, which `ask` asked for and which holds `count` records; nothing at the end.
    pub(super) fn next(&self, ask: &Ask, page: &Page, count: usize) -> Result<Option<Ask>> {
        let body = page.body.as_bytes();
        match self {
            Self::None => Ok(None),
            Self::LinkHeader => match page.header("link").and_then(next_of) {
                Some(link) => go(ask, page, link).map(Some),
                None => Ok(None),
            },
            Self::NextLink { path } => match at(body, path).and_then(scalar).filter(|link| !link.trim().is_empty()) {
                Some(link) if link != "false" => go(ask, page, &link).map(Some),
                _ => Ok(None),
            },
            Self::Cursor { path, param } => {
                let found = at(body, path);
                let number = found.is_some_and(|raw| raw.first() != Some(&b'"'));
                let cursor = found.and_then(scalar).filter(|cursor| !cursor.is_empty() && cursor != "false");
                // The last record of an empty page is that of no page.
                Ok(cursor.map(|cursor| ask.with(param, &cursor, number)))
            }
            Self::Page { param, start, pages_path } => {
                let current = ask.param(param).and_then(|text| text.parse().ok()).unwrap_or(*start);
                let pages = pages_path.as_deref().and_then(|path| scalar(at(body, path)?)?.parse::<i64>().ok());
                let last = pages.is_some_and(|pages| current - start + 1 >= pages);
                Ok((count > 0 && !last).then(|| ask.with(param, &(current + 1).to_string(), true)))
            }
            Self::Offset { param } => {
                let current: u64 = ask.param(param).and_then(|text| text.parse().ok()).unwrap_or(0);
                Ok((count > 0).then(|| ask.with(param, &(current + count as u64).to_string(), true)))
            }
        }
    }
}

/// The request for an address that an answer names. A link that drops TLS keeps it: servers behind a proxy often do not
/// know that they are reached by https.
fn go(ask: &Ask, page: &Page, link: &str) -> Result<Ask> {
    let mut url = page.url.join(link.trim()).map_err(|cause| {
        Error::damaged(format!(
            "The next page's address in the answer of `{}` is not readable: {cause}.",
            shown(&page.url)
        ))
        .hint("Choose another place for it, or another pagination.")
        .field("next_path")
    })?;
    if page.url.scheme() == "https" && url.scheme() == "http" && url.host() == page.url.host() && url.port().is_none() {
        // Both schemes are special ones, between which a change never fails.
        let _ = url.set_scheme("https");
    }
    Ok(Ask { url, ..ask.clone() })
}

/// The address with `rel="next"` in a `Link` header.
pub(super) fn next_of(header: &str) -> Option<&str> {
    let mut rest = header;
    while let Some(open) = rest.find('<') {
        let close = open + rest[open..].find('>')?;
        let link = &rest[open + 1..close];
        let after = &rest[close + 1..];
        let params = &after[..after.find('<').unwrap_or(after.len())];
        let is_next = params.split([';', ',']).filter_map(|param| param.split_once('=')).any(|(name, value)| {
            let value = value.trim().trim_matches('"');
            name.trim().eq_ignore_ascii_case("rel") && value.split(' ').any(|word| word.eq_ignore_ascii_case("next"))
        });
        if is_next {
            return Some(link);
        }
        rest = after;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn link_headers_are_read() {
        let cases = [
            (
                "<https://a.test/?page=2>; rel=\"next\", <https://a.test/?page=9>; rel=\"last\"",
                Some("https://a.test/?page=2"),
            ),
            (
                "<https://a.test/?page=1>; rel=\"prev\", <https://a.test/?a=1,2;3>; title=x; rel=next",
                Some("https://a.test/?a=1,2;3"),
            ),
            ("<https://a.test/?page=1>; rel=\"first prev\"", None),
            ("</b>; rel=\"last next\"", Some("/b")),
            ("nonsense", None),
        ];
        for (header, expected) in cases {
            assert_eq!(next_of(header), expected, "{header}");
        }
    }
}
