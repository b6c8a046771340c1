//! A web server as a place of files. It lists nothing; see [`super::table`] for Delta tables.

use std::path::Path as Disk;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{BoxStream, StreamExt};
use object_store::ObjectStore;
use pulse_core::{Error, Progress, Result};
use reqwest::Method;
use url::Url;

use super::super::objects::{Downloads, Level, Object, Place, no_such_path};
use super::table::WebTable;
use crate::Secret;
use crate::net::{self, Http, Policy, Reply, Request, is_web_page};

/// The bytes that tell a file from a web page.
const HEAD: u64 = 1024;

/// How requests sign in.
#[derive(Clone)]
pub(super) enum SignIn {
    /// Not at all.
    None,
    /// With a name and a password.
    Basic(String, Secret),
    /// With a token.
    Bearer(Secret),
}

/// A web server.
#[derive(Clone)]
pub(super) struct Web {
    http: Http,
    base: Option<Url>,
    sign_in: SignIn,
    progress: Progress,
}

impl Web {
    /// The server that paths begin at; without a `base`, paths are whole addresses.
    pub(super) fn new(http: Http, base: Option<Url>, sign_in: SignIn) -> Self {
        Self { http, base, sign_in, progress: Progress::new() }
    }

    /// The same for one job, which may receive at most so many bytes.
    pub(super) fn fresh(&self, bytes: u64, progress: &Progress) -> Result<Self> {
        let http = Http::new(Policy { total_cap: bytes, ..self.http.policy().clone() })?;
        Ok(Self { http, progress: progress.clone(), ..self.clone() })
    }

    /// The address that paths begin with.
    pub(super) fn base(&self) -> Option<Url> {
        self.base.clone()
    }

    /// The status that the server answers with.
    pub(super) fn touch(&self, url: &Url, progress: &Progress) -> Result<u16> {
        // A folder need not show anything to be the one that files lie in.
        let request = self.request(Method::GET, url.clone())?.expect(&[400, 403, 404, 405]);
        Ok(self.http.fetch(&request, progress)?.status)
    }

    /// The whole address of a path. Characters that an address cannot hold are encoded; an encoded one stays as it is.
    pub(super) fn url(&self, path: &str) -> Result<Url> {
        let url = match &self.base {
            _ if path.starts_with("http://") || path.starts_with("https://") => net::url(path, "paths")?,
            Some(base) => base.join(path).map_err(|cause| {
                Error::invalid(format!("`{path}` makes no address: {cause}.")).hint("Check the path.").field("paths")
            })?,
            None => net::url(path, "paths")?,
        };
        match &self.base {
            Some(base) if base.origin() == url.origin() && !url.path().starts_with(base.path()) => {
                Err(Error::invalid(format!("`{path}` leads out of `{}`.", net::shown(base)))
                    .hint("Give a path below that address, or the whole address with a connection for it.")
                    .field("paths"))
            }
            _ => Ok(url),
        }
    }

    /// A request that signs in, but only where the connection's own address is.
    pub(super) fn request(&self, method: Method, url: Url) -> Result<Request> {
        let ours = self.base.as_ref().is_none_or(|base| base.origin() == url.origin());
        let request = Request::new(method, url);
        match &self.sign_in {
            SignIn::Basic(user, password) if ours => request.basic(user, password),
            SignIn::Bearer(token) if ours => request.bearer(token),
            _ => Ok(request),
        }
    }

    /// The answer to a request. Its own future cannot move between threads, as those of a store must.
    pub(super) async fn send(&self, request: Request) -> Result<Reply> {
        let (http, progress) = (self.http.clone(), self.progress.clone());
        let sent = tokio::task::spawn_blocking(move || http.fetch(&request, &progress)).await;
        sent.map_err(|cause| Error::internal("wait for a web server", cause))?
    }

    /// The beginning of a file with its headers; nothing if there is no such file.
    async fn look(&self, path: &str) -> Result<Option<Reply>> {
        let request = self.request(Method::GET, self.url(path)?)?;
        let request = request.header("range", &format!("bytes=0-{}", HEAD - 1))?;
        let request = request.header("accept-encoding", "identity")?.expect(&[404, 410, 416]);
        let reply = self.send(request).await?;
        Ok((!matches!(reply.status, 404 | 410)).then_some(reply))
    }
}

#[async_trait]
impl Place for Web {
    fn address(&self, path: &str) -> String {
        self.url(path).map_or_else(|_| path.to_owned(), |url| net::shown(&url))
    }

    async fn page(&self, folder: &str, _: Option<&str>) -> Result<Level> {
        Err(no_listing(&self.address(folder)))
    }

    async fn walk(&self, folder: &str) -> Result<Vec<Object>> {
        Err(no_listing(&self.address(folder)))
    }

    async fn find(&self, path: &str) -> Result<Option<Object>> {
        let Some(reply) = self.look(path).await? else { return Ok(None) };
        let header = |name: &str| reply.header(name).unwrap_or_default().to_owned();
        if is_web_page(reply.header("content-type"), &reply.body) {
            // What answers for a folder is often a page about it.
            return Ok(None);
        }
        let whole = header("content-range").rsplit('/').next().and_then(|whole| whole.parse().ok());
        let bytes = whole.unwrap_or(if reply.status == 206 { 0 } else { reply.body.len() as u64 });
        let (etag, modified) = (header("etag"), header("last-modified"));
        Ok(Some(Object { path: path.to_owned(), bytes, modified, etag, version: None }))
    }

    async fn any(&self, prefix: &str) -> Result<bool> {
        if !prefix.ends_with("_delta_log/") {
            return Ok(false);
        }
        for file in ["_last_checkpoint", "00000000000000000000.json"] {
            let found = self.look(&format!("{prefix}{file}")).await?;
            if found.is_some_and(|reply| !is_web_page(reply.header("content-type"), &reply.body)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn open(&self, object: &Object, _: (u64, Option<u64>)) -> Result<BoxStream<'static, Result<Bytes>>> {
        let request = self.request(Method::GET, self.url(&object.path)?)?;
        let reply = self.send(request).await?;
        Ok(futures::stream::iter([Ok(Bytes::from(reply.body))]).boxed())
    }

    fn name(&self, path: &str) -> String {
        let url = self.url(path).ok();
        let last = url.as_ref().and_then(|url| url.path_segments()?.next_back().map(str::to_owned)).unwrap_or_default();
        let last = percent_encoding::percent_decode_str(&last).decode_utf8_lossy().into_owned();
        if last.is_empty() { "file".into() } else { last }
    }

    fn downloads(&self) -> Option<&dyn Downloads> {
        Some(self)
    }

    fn table(&self, folder: &str) -> Result<Arc<dyn ObjectStore>> {
        Ok(Arc::new(WebTable { web: self.clone(), folder: folder.to_owned() }))
    }

    fn explain(&self, cause: &object_store::Error, path: &str) -> Error {
        let kept = std::error::Error::source(cause).and_then(|source| source.downcast_ref::<Error>());
        kept.cloned().unwrap_or_else(|| no_such_path(&self.address(path)))
    }
}

impl Downloads for Web {
    fn download(&self, file: &Object, to: &Disk, progress: &Progress) -> Result<()> {
        let request = self.request(Method::GET, self.url(&file.path)?)?;
        self.http.download(&request, to, progress).map(|_| ())
    }
}

fn no_listing(address: &str) -> Error {
    Error::not_found(format!("At `{address}` is neither a file nor a Delta table."))
        .hint("A web server does not list its folders: give the whole addresses of the files. A web page is no file either.")
        .field("paths")
}
