//! Who may talk to the server: only pages it served itself, to the person who has the token.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use pulse_core::{Code, Error, Result};

use super::{Host, failure};

/// The token and the names under which this run may be addressed.
pub struct Guard {
    token: String,
    cookie: String,
    hosts: [String; 2],
}

/// Scripts and connections come from this server only; styles may be inline because components set them.
const POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; \
                      font-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";

impl Guard {
    /// A guard with a fresh random token.
    pub fn new(port: u16) -> Result<Self> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|cause| Error::internal("make a token", cause))?;
        Ok(Self {
            token: bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
            // Cookies do not tell ports apart, so the name does.
            cookie: format!("pulse_{port}"),
            hosts: [format!("127.0.0.1:{port}"), format!("localhost:{port}")],
        })
    }

    /// The token of this run.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Whether the request is addressed to this server, by a page of this server.
    fn is_own(&self, headers: &HeaderMap) -> bool {
        let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or(""));
        let host = text(header::HOST).unwrap_or("");
        let origin = text(header::ORIGIN);
        let own = |name: &str| self.hosts.iter().any(|known| known == name);
        own(host) && origin.is_none_or(|origin| origin.strip_prefix("http://").is_some_and(own))
    }

    /// Whether the request carries the token: as a header, in the address, or in the cookie of a page load.
    fn has_token(&self, request: &Request) -> bool {
        let headers = request.headers();
        if let Some(given) = headers.get("x-pulse-token") {
            return same(given.as_bytes(), self.token.as_bytes());
        }
        // Commands need the header: a cookie is sent along by pages of other origins too.
        if request.method() != axum::http::Method::GET {
            return false;
        }
        let query = request.uri().query().unwrap_or("");
        if let Some(given) = query.split('&').find_map(|pair| pair.strip_prefix("token=")) {
            return same(given.as_bytes(), self.token.as_bytes());
        }
        let cookies = headers.get(header::COOKIE).and_then(|value| value.to_str().ok()).unwrap_or("");
        let given = cookies.split(';').filter_map(|pair| pair.trim().split_once('='));
        given.into_iter().any(|(name, value)| name == self.cookie && same(value.as_bytes(), self.token.as_bytes()))
    }
}

/// Lets a request through only from its own pages with the token, and marks every answer.
pub async fn check(State(host): State<Arc<Host>>, request: Request, next: Next) -> Response {
    if !host.guard.is_own(request.headers()) {
        let error = Error::new(Code::PermissionDenied, "The request comes from another site or is meant for one.")
            .hint("Open the address that `pulse serve` printed.");
        return failure(&error);
    }
    if !host.guard.has_token(&request) {
        let error = Error::new(Code::PermissionDenied, "The request has no valid token.")
            .hint("Open the address that `pulse serve` printed, with its token; every start makes a new one.");
        let mut response = failure(&error);
        *response.status_mut() = StatusCode::UNAUTHORIZED;
        return response;
    }
    let is_page = request.uri().path() == "/";
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if is_page {
        let cookie = format!("{}={}; Path=/; HttpOnly; SameSite=Strict", host.guard.cookie, host.guard.token);
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            headers.insert(header::SET_COOKIE, cookie);
        }
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

/// Compares without telling by its time where the difference is.
fn same(given: &[u8], token: &[u8]) -> bool {
    given.len() == token.len() && given.iter().zip(token).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}
