//! Buckets and containers of the object stores.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use object_store::list::{PaginatedListOptions, PaginatedListStore};
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{
    BackoffConfig, ClientOptions, GetOptions, GetRange, ObjectMeta, ObjectStore, ObjectStoreExt, RetryConfig,
};
use pulse_core::{Code, Error, Result};
use url::Url;

use super::{Asked, Level, Object, Place, Stage, explain};

/// How long a store may take to begin an answer, and between two parts of one.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);
/// Folders and files on one page of a listing.
const PAGE: usize = 200;
/// The most files that one folder is read from.
const MOST: usize = 200_000;

/// What object stores offer that list in pages.
pub(crate) trait Bucket: ObjectStore + PaginatedListStore {}
impl<T: ObjectStore + PaginatedListStore> Bucket for T {}

/// A bucket.
#[derive(Clone)]
pub(crate) struct Cloud {
    store: Arc<dyn Bucket>,
    /// The provider as people call it.
    provider: &'static str,
    /// What the provider calls a bucket.
    container: &'static str,
    /// The bucket's address, such as `s3://bucket`.
    root: String,
    /// Where its server is.
    pub(super) endpoint: Url,
}

impl Cloud {
    /// A bucket at `root` (an address to show) that is served at `endpoint`.
    pub(crate) fn new(
        store: Arc<dyn Bucket>,
        provider: &'static str,
        container: &'static str,
        root: String,
        endpoint: Url,
    ) -> Self {
        Self { store, provider, container, root, endpoint }
    }

    /// Lists one object, which needs a connection, trust, a sign-in and the right to read.
    pub(super) async fn touch(&self) -> std::result::Result<bool, (Stage, Error)> {
        let options = PaginatedListOptions { max_keys: Some(1), ..PaginatedListOptions::default() };
        let listed = tokio::time::timeout(PATIENCE, self.store.list_paginated(None, options)).await;
        match listed.map_err(|_| (Stage::Connect, self.late("")))? {
            Ok(page) => Ok(!page.result.objects.is_empty()),
            Err(cause) => Err(explain(&cause, self.asked(&self.root))),
        }
    }

    fn asked<'a>(&self, address: &'a str) -> Asked<'a> {
        Asked { provider: self.provider, container: self.container, address }
    }

    fn late(&self, path: &str) -> Error {
        let seconds = PATIENCE.as_secs();
        let message = format!("{} has sent nothing for {seconds} seconds for {}.", self.provider, self.address(path));
        Error::new(Code::Unreachable, message).hint("Try again; what was read is kept.")
    }

    /// Waits for an answer about `path`, but not for ever.
    async fn ask<T>(&self, path: &str, work: impl Future<Output = object_store::Result<T>>) -> Result<T> {
        match tokio::time::timeout(PATIENCE, work).await {
            Ok(answer) => answer.map_err(|cause| self.explain(&cause, path)),
            Err(_) => Err(self.late(path)),
        }
    }

    async fn list(&self, prefix: &str, deep: bool, most: usize, page: Option<&str>) -> Result<(Level, Vec<Object>)> {
        let options = PaginatedListOptions {
            delimiter: (!deep).then_some("/".into()),
            max_keys: Some(most),
            page_token: page.map(str::to_owned),
            ..PaginatedListOptions::default()
        };
        let prefix_given = (!prefix.is_empty()).then_some(prefix);
        let answer = self.ask(prefix, self.store.list_paginated(prefix_given, options)).await?;
        let folders = answer.result.common_prefixes.iter().map(|path| format!("{path}/")).collect();
        // Some programs mark a folder with an empty object of the folder's own name.
        let marker = prefix.trim_end_matches('/');
        let files = answer.result.objects.into_iter().filter(|meta| meta.location.as_ref() != marker);
        Ok((Level { folders, files: Vec::new(), next: answer.page_token }, files.map(object).collect()))
    }
}

#[async_trait]
impl Place for Cloud {
    fn address(&self, path: &str) -> String {
        if path.is_empty() { self.root.clone() } else { format!("{}/{path}", self.root) }
    }

    async fn page(&self, folder: &str, page: Option<&str>) -> Result<Level> {
        let (level, files) = self.list(folder, false, PAGE, page).await?;
        Ok(Level { files, ..level })
    }

    async fn walk(&self, folder: &str) -> Result<Vec<Object>> {
        let (mut found, mut page) = (Vec::<Object>::new(), None);
        loop {
            let (level, files) = self.list(folder, true, 1000, page.as_deref()).await?;
            found.extend(files);
            if found.len() > MOST {
                return Err(too_many(&self.address(folder)));
            }
            page = level.next;
            if page.is_none() {
                break;
            }
        }
        found.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(found)
    }

    async fn find(&self, path: &str) -> Result<Option<Object>> {
        let location = location(path)?;
        match tokio::time::timeout(PATIENCE, self.store.head(&location)).await {
            Ok(Ok(meta)) => Ok(Some(object(meta))),
            Ok(Err(object_store::Error::NotFound { .. })) => Ok(None),
            Ok(Err(cause)) => Err(self.explain(&cause, path)),
            Err(_) => Err(self.late(path)),
        }
    }

    async fn any(&self, prefix: &str) -> Result<bool> {
        let mut page = None;
        loop {
            let (level, files) = self.list(prefix, false, 2, page.as_deref()).await?;
            if !files.is_empty() || !level.folders.is_empty() {
                return Ok(true);
            }
            // A page may be empty and yet not the last.
            page = level.next;
            if page.is_none() {
                return Ok(false);
            }
        }
    }

    async fn open(&self, object: &Object, range: (u64, Option<u64>)) -> Result<BoxStream<'static, Result<Bytes>>> {
        let range = match range {
            (0, None) => None,
            (from, None) => Some(GetRange::Offset(from)),
            (from, Some(to)) => Some(GetRange::Bounded(from..to)),
        };
        let if_match = Some(object.etag.clone()).filter(|etag| !etag.is_empty());
        let options = GetOptions { range, if_match, ..GetOptions::default() };
        let location = location(&object.path)?;
        let answer = self.ask(&object.path, self.store.get_opts(&location, options)).await?;
        let (cloud, path) = (self.clone(), object.path.clone());
        let parts = answer.into_stream().map_err(move |cause| cloud.explain(&cause, &path));
        Ok(patient(parts.boxed(), self.late(&object.path)))
    }

    fn table(&self, folder: &str) -> Result<Arc<dyn ObjectStore>> {
        let inner: Arc<dyn ObjectStore> = self.store.clone();
        Ok(Arc::new(PrefixStore::new(inner, location(folder)?)))
    }

    fn explain(&self, cause: &object_store::Error, path: &str) -> Error {
        explain(cause, self.asked(&self.address(path))).1
    }
}

/// The parts of a body; ends with `late` if the next one does not come in time.
pub(crate) fn patient(parts: BoxStream<'static, Result<Bytes>>, late: Error) -> BoxStream<'static, Result<Bytes>> {
    let next = move |parts: Option<BoxStream<'static, Result<Bytes>>>| {
        let late = late.clone();
        async move {
            let mut parts = parts?;
            match tokio::time::timeout(PATIENCE, parts.next()).await {
                Ok(Some(Ok(part))) => Some((Ok(part), Some(parts))),
                Ok(Some(Err(cause))) => Some((Err(cause), None)),
                Ok(None) => None,
                Err(_) => Some((Err(late), None)),
            }
        }
    };
    futures::stream::unfold(Some(parts), next).boxed()
}

/// How requests are sent; a whole download may take as long as it needs, see [`patient`].
pub(crate) fn client_options(verify_tls: bool, allow_http: bool) -> ClientOptions {
    ClientOptions::new()
        .with_allow_http(allow_http)
        .with_allow_invalid_certificates(!verify_tls)
        .with_connect_timeout(Duration::from_secs(10))
        .with_timeout_disabled()
}

/// How often a request is tried again after a broken connection or a server's failure.
pub(crate) fn retries() -> RetryConfig {
    let backoff =
        BackoffConfig { init_backoff: Duration::from_millis(200), max_backoff: Duration::from_secs(5), base: 2.0 };
    RetryConfig { backoff, max_retries: 4, retry_timeout: Duration::from_secs(60) }
}

fn object(meta: ObjectMeta) -> Object {
    Object {
        path: meta.location.to_string(),
        bytes: meta.size,
        modified: meta.last_modified.to_rfc3339(),
        etag: meta.e_tag.unwrap_or_default(),
        version: meta.version,
    }
}

/// The crate's form of a path, character by character what the listing showed.
fn location(path: &str) -> Result<Path> {
    Path::parse(path).map_err(|_| {
        Error::invalid(format!("The path `{path}` cannot be addressed."))
            .hint("Choose it from the listing.")
            .field("paths")
    })
}

pub(super) fn too_many(address: &str) -> Error {
    Error::new(Code::LimitExceeded, format!("{address} holds more than {MOST} files."))
        .hint("Choose a folder further down.")
        .field("paths")
}
