//! A listing must be one: the store's crate takes a web page that a proxy or a wrong endpoint sends for an empty bucket.

use async_trait::async_trait;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService, ReqwestConnector,
};

/// What an answer that is no listing is called in errors.
pub(super) const NO_LISTING: &str = "this is no listing";

/// Connects as the crate does and looks at every listing.
#[derive(Debug)]
pub(crate) struct Listings;

impl HttpConnector for Listings {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(Checked(ReqwestConnector::default().connect(options)?)))
    }
}

#[derive(Debug)]
struct Checked(HttpClient);

#[async_trait]
impl HttpService for Checked {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let query = request.uri().query().unwrap_or_default();
        let lists = query.split('&').any(|pair| matches!(pair, "list-type=2" | "comp=list"));
        let response = self.0.execute(request).await?;
        if !lists || !response.status().is_success() {
            return Ok(response);
        }
        let (parts, body) = response.into_parts();
        let body = body.bytes().await?;
        let head = String::from_utf8_lossy(&body[..body.len().min(2048)]);
        if head.contains("<ListBucketResult") || head.contains("<EnumerationResults") {
            return Ok(HttpResponse::from_parts(parts, body.into()));
        }
        Err(HttpError::new(HttpErrorKind::Decode, std::io::Error::other(NO_LISTING)))
    }
}
