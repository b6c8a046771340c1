//! Answers: as they come in, and as a whole.

use bytes::Bytes;
use pulse_core::{Code, Error, Progress, Result};
use reqwest::Response;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::fault::{self, Failure, host};
use super::{Http, Request, shown};

/// Bytes of an error's text that are read.
const ERROR_BYTES: usize = 64 << 10;
/// Bytes that tell what a body is.
const HEAD: usize = 1024;

/// A whole answer.
pub(crate) struct Reply {
    /// The status, such as 200.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// Where it came from, after redirects; it may hold secrets.
    pub url: Url,
    /// The body, unpacked.
    pub body: Vec<u8>,
}

impl Reply {
    /// A header's value, if it is there and text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as text, in the encoding that the answer names or else UTF-8. Fails if it is not in that encoding.
    pub(crate) fn text(&self) -> Result<String> {
        let named = self.header(CONTENT_TYPE.as_str()).and_then(charset);
        let encoding = named.and_then(|name| encoding_rs::Encoding::for_label(name.as_bytes()));
        let (text, used, broken) = encoding.unwrap_or(encoding_rs::UTF_8).decode(&self.body);
        if broken {
            return Err(Error::damaged(format!("The answer of `{}` is not in {}.", host(&self.url), used.name()))
                .hint("It holds bytes that stand for no character; ask who runs the server."));
        }
        Ok(text.into_owned())
    }

    /// The body as a JSON value. Fails with a clear word if it is a web page.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T> {
        self.must_be_json()?;
        serde_json::from_str(&self.text()?).map_err(|cause| self.other_json(&cause))
    }

    /// As [`Reply::json`], with texts that stay in the body, for servers whose JSON is always UTF-8.
    pub(crate) fn json_in_place<'a, T: Deserialize<'a>>(&'a self) -> Result<T> {
        self.must_be_json()?;
        // Looking once whether it is UTF-8 spares doing so for each text.
        let text = std::str::from_utf8(&self.body).map_err(|cause| self.other_json(&cause))?;
        serde_json::from_str(text).map_err(|cause| self.other_json(&cause))
    }

    fn other_json(&self, cause: &dyn std::error::Error) -> Error {
        Error::damaged(format!("The answer of `{}` is not the JSON that was expected: {cause}.", shown(&self.url)))
            .hint("Check the address; the server may be of another kind or version.")
    }

    /// The error that the status is, for an answer whose status was expected but turned out to be one after all.
    pub(crate) fn failure(&self, request: &Request) -> Error {
        let status = reqwest::StatusCode::from_u16(self.status).unwrap_or_default();
        fault::status(request, &self.url, status, &self.headers, &self.body).error
    }

    /// Fails if the answer is a web page where JSON was asked for.
    pub(crate) fn must_be_json(&self) -> Result<()> {
        if is_web_page(self.header(CONTENT_TYPE.as_str()), &self.body) {
            return Err(web_page(&self.url, &self.body));
        }
        Ok(())
    }
}

/// Whether an answer is a web page: by its beginning, or because it says so and begins like one.
pub(crate) fn is_web_page(media_type: Option<&str>, body: &[u8]) -> bool {
    let head = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii_start();
    let head = String::from_utf8_lossy(&head[..head.len().min(HEAD)]).to_ascii_lowercase();
    let says_so = media_type.is_some_and(|kind| kind.contains("html"));
    head.starts_with("<!doctype html")
        || head.starts_with("<html")
        || (head.starts_with('<') && (says_so || head.contains("<html")))
}

/// The error for a web page in the place of JSON.
pub(crate) fn web_page(url: &Url, body: &[u8]) -> Error {
    let text = String::from_utf8_lossy(&body[..body.len().min(ERROR_BYTES)]);
    let lower = text.to_ascii_lowercase();
    let title = lower.find("<title").and_then(|at| {
        let from = at + lower[at..].find('>')? + 1;
        let to = from + lower[from..].find("</title")?;
        Some(text[from..to].split_whitespace().collect::<Vec<_>>().join(" "))
    });
    let title = title.filter(|title| !title.is_empty() && title.len() < 200);
    let titled = title.map(|title| format!(" titled \"{title}\"")).unwrap_or_default();
    let text = format!("`{}` answered with a web page{titled} instead of JSON.", shown(url));
    Error::new(Code::Damaged, text).hint(
        "Check that it is the address of the API and not of its web site; a sign-in or a proxy may have answered.",
    )
}

/// The encoding that a media type names.
fn charset(media_type: &str) -> Option<&str> {
    let pairs = media_type.split(';').skip(1).filter_map(|pair| pair.trim().split_once('='));
    pairs.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("charset")).map(|(_, value)| value.trim_matches('"'))
}

/// An answer whose body is still to come.
pub(super) struct Incoming<'a> {
    http: Http,
    request: &'a Request,
    progress: &'a Progress,
    pub url: Url,
    pub response: Response,
    received: u64,
}

impl<'a> Incoming<'a> {
    pub(super) fn new(http: Http, request: &'a Request, progress: &'a Progress, url: Url, response: Response) -> Self {
        Self { http, request, progress, url, response, received: 0 }
    }

    /// The next bytes; nothing at the end. They are counted in the job's progress and the total.
    pub(super) async fn chunk(&mut self) -> Result<Option<Bytes>, Failure> {
        let patience = self.http.policy().idle_timeout;
        let bytes = match self.http.within(patience, self.response.chunk()).await? {
            Some(Ok(bytes)) => bytes,
            Some(Err(cause)) => return Err(fault::transport(self.request, &self.url, &cause)),
            None => {
                return Err(fault::silent(self.request, &self.url, patience, "stopped in the middle of its answer"));
            }
        };
        if let Some(bytes) = &bytes {
            let count = bytes.len() as u64;
            self.received += count;
            self.progress.add_bytes(count);
            self.http.count(count)?;
        }
        Ok(bytes)
    }

    /// The whole body, up to the cap of one answer.
    pub(super) async fn whole(mut self) -> Result<Reply, Failure> {
        let cap = self.http.policy().response_cap;
        let what = format!("The answer to {} holds", self.request.shown());
        let announced = self.response.content_length();
        if let Some(bytes) = announced.filter(|bytes| *bytes > cap) {
            return Err(fault::too_big(&what, bytes, cap).into());
        }
        let mut body = Vec::with_capacity(usize::try_from(announced.unwrap_or(0)).unwrap_or(0));
        while let Some(bytes) = self.chunk().await? {
            if self.received > cap {
                return Err(fault::too_big(&format!("{what} more than"), cap, cap).into());
            }
            body.extend_from_slice(&bytes);
        }
        let (status, headers) = (self.response.status().as_u16(), self.response.headers().clone());
        Ok(Reply { status, headers, url: self.url, body })
    }

    /// The failure that the status and the beginning of the body tell.
    pub(super) async fn into_failure(mut self) -> Failure {
        let mut body = Vec::new();
        // What cannot be read of an error's text is not missed.
        while let Ok(Some(bytes)) = self.chunk().await {
            body.extend_from_slice(&bytes);
            if body.len() > ERROR_BYTES {
                break;
            }
        }
        fault::status(self.request, &self.url, self.response.status(), self.response.headers(), &body)
    }
}
