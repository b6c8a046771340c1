//! One request, which knows its secrets.

use base64::Engine as _;
use bytes::Bytes;
use pulse_core::{Error, Result};
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use url::Url;

use crate::Secret;

/// Parses a web address; the error names the form member `field` and never repeats a password.
pub(crate) fn url(text: &str, field: &str) -> Result<Url> {
    let text = text.trim();
    let parsed = Url::parse(text).or_else(|cause| {
        // What begins with a host name is meant for the web.
        let host_first = !text.contains("://") && text.contains('.') && !text.starts_with(['/', '.']);
        if host_first { Url::parse(&format!("https://{text}")) } else { Err(cause) }
    });
    let parsed = parsed.map_err(|cause| {
        Error::invalid(format!("The address is not one that can be reached: {cause}."))
            .hint("It looks like https://api.example.com/v1.")
            .field(field)
    })?;
    super::address::check(&parsed, true, false).map_err(|error| error.field(field))?;
    Ok(parsed)
}

/// One request. It prints no secret: it is not printed at all.
#[derive(Clone)]
pub(crate) struct Request {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Bytes>,
    pub(super) repeatable: bool,
    pub(super) expected: Vec<u16>,
    /// Texts that must not be shown, wherever a server repeats them.
    pub(super) secrets: Vec<String>,
}

impl Request {
    /// A request without headers of its own. Methods that change nothing twice are repeated after failures.
    pub(crate) fn new(method: Method, url: Url) -> Self {
        let repeatable = method.is_idempotent();
        let (headers, body, expected, secrets) = (HeaderMap::new(), None, Vec::new(), Vec::new());
        Self { method, url, headers, body, repeatable, expected, secrets }
    }

    /// A GET request.
    pub(crate) fn get(url: Url) -> Self {
        Self::new(Method::GET, url)
    }

    /// A POST request with a JSON text as its body; see [`Request::repeatable`].
    pub(crate) fn post_json(url: Url, body: impl Into<Bytes>) -> Self {
        let mut request = Self::new(Method::POST, url);
        request.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        request.body(body)
    }

    /// A POST request with the fields of a form as its body; its values may be secrets.
    pub(crate) fn post_form(url: Url, fields: &[(&str, &str)]) -> Self {
        let mut request = Self::new(Method::POST, url);
        request.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        request.body(body)
    }

    /// Sets the body.
    pub(crate) fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Says that the request only reads, so that it is repeated after a failure although it is a POST.
    pub(crate) fn repeatable(mut self) -> Self {
        self.repeatable = true;
        self
    }

    /// Says that answers with these statuses are no errors.
    pub(crate) fn expect(mut self, statuses: &[u16]) -> Self {
        self.expected.extend_from_slice(statuses);
        self
    }

    /// Sets a header that anybody may see, in the place of one of that name.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Result<Self> {
        let (name, value) = checked(name, value)?;
        self.headers.insert(name, value);
        Ok(self)
    }

    /// Sets a header whose value is a secret.
    pub(crate) fn secret_header(mut self, name: &str, value: &Secret) -> Result<Self> {
        let (name, mut value) = checked(name, value.expose().trim())?;
        value.set_sensitive(true);
        self.secrets.extend(value.to_str().ok().map(str::to_owned));
        self.headers.insert(name, value);
        Ok(self)
    }

    /// Signs in with a token.
    pub(crate) fn bearer(self, token: &Secret) -> Result<Self> {
        let value = Secret::from(format!("Bearer {}", token.expose().trim()).as_str());
        Ok(self.secret_header(AUTHORIZATION.as_str(), &value)?.hide(token))
    }

    /// Signs in with a user name and a password.
    pub(crate) fn basic(self, user: &str, password: &Secret) -> Result<Self> {
        let pair = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{}", password.expose()));
        let value = Secret::from(format!("Basic {pair}").as_str());
        Ok(self.secret_header(AUTHORIZATION.as_str(), &value)?.hide(password))
    }

    /// Adds a parameter to the query.
    pub(crate) fn query(mut self, name: &str, value: &str) -> Self {
        self.url.query_pairs_mut().append_pair(name, value);
        self
    }

    /// Adds a parameter whose value is a secret to the query.
    pub(crate) fn secret_query(self, name: &str, value: &Secret) -> Self {
        self.query(name, value.expose().trim()).hide(value)
    }

    /// Keeps a text out of errors, wherever a server repeats it.
    pub(crate) fn hide(mut self, secret: &Secret) -> Self {
        self.secrets.push(secret.expose().trim().to_owned());
        self
    }

    /// The address as it is; it may hold secrets.
    pub(crate) fn address(&self) -> &Url {
        &self.url
    }

    /// The method and the address without secrets, such as ``GET `https://host/path` ``.
    pub(super) fn shown(&self) -> String {
        format!("{} `{}`", self.method, self.without_secrets(&super::shown(&self.url)))
    }

    /// `text` with every secret replaced.
    pub(super) fn without_secrets(&self, text: &str) -> String {
        // Shorter texts would tear harmless words apart.
        self.secrets.iter().filter(|secret| secret.len() > 3).fold(text.to_owned(), |text, s| text.replace(s, "…"))
    }
}

fn checked(name: &str, value: &str) -> Result<(HeaderName, HeaderValue)> {
    let parsed = HeaderName::from_bytes(name.trim().as_bytes()).map_err(|_| {
        Error::invalid(format!("`{}` cannot be the name of a header.", name.trim()))
            .hint("A header's name is made of letters, digits and hyphens, such as X-Api-Key.")
            .field("headers")
    })?;
    let value = HeaderValue::from_str(value).map_err(|_| {
        Error::invalid(format!("The value of the header `{parsed}` holds characters that a header cannot carry."))
            .hint("Take out line ends and other invisible characters.")
            .field("headers")
    })?;
    Ok((parsed, value))
}
