//! A table's folder as the kernel sees it: read-only, sorted, never silent for ever, and with every commit whole.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use serde_json::Value;

use super::super::cloud::PATIENCE;

/// What went wrong first, in the table's own words; the kernel's errors no longer say it.
#[derive(Clone, Debug)]
pub(super) enum Trouble {
    /// A commit that is not whole: the file and why.
    Torn(String, String),
    /// A file that is not there.
    Missing(String),
    /// A request that failed: the file, and what the place says.
    Failed(String, Arc<object_store::Error>),
}

/// The store of one table.
#[derive(Debug)]
pub(super) struct TableStore {
    inner: Arc<dyn ObjectStore>,
    trouble: Mutex<Option<Trouble>>,
}

impl TableStore {
    /// The table at the top of `inner`.
    pub(super) fn new(inner: Arc<dyn ObjectStore>) -> Self {
        Self { inner, trouble: Mutex::new(None) }
    }

    /// What went wrong first.
    pub(super) fn trouble(&self) -> Option<Trouble> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, trouble: Trouble) {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(trouble);
    }

    /// Whether a missing file is nothing unusual.
    fn is_optional(location: &Path) -> bool {
        location.filename() == Some("_last_checkpoint")
    }

    /// An error as the kernel needs it; the place's own is kept aside.
    fn keep(&self, location: &Path, cause: object_store::Error) -> object_store::Error {
        if matches!(cause, object_store::Error::NotFound { .. }) {
            if !Self::is_optional(location) {
                self.note(Trouble::Missing(location.to_string()));
            }
            return cause;
        }
        let cause = Arc::new(cause);
        self.note(Trouble::Failed(location.to_string(), cause.clone()));
        generic(cause.to_string())
    }

    /// Ends a wait that lasts too long.
    async fn patiently<T>(&self, location: &Path, work: impl Future<Output = Result<T>>) -> Result<T> {
        let answer = tokio::time::timeout(PATIENCE, work).await.unwrap_or_else(|_| Err(generic("timed out".into())));
        answer.map_err(|cause| self.keep(location, cause))
    }

    /// A commit, checked to be whole before anything of it is used.
    async fn commit(&self, location: &Path, answer: GetResult) -> Result<GetResult> {
        let GetResult { meta, range, attributes, .. } = &answer;
        let (meta, range, attributes) = (meta.clone(), range.clone(), attributes.clone());
        let bytes = self.patiently(location, answer.bytes()).await?;
        if let Some(why) = torn(&bytes) {
            self.note(Trouble::Torn(location.to_string(), why.clone()));
            return Err(generic(why));
        }
        let payload = GetResultPayload::Stream(futures::stream::iter([Ok(bytes)]).boxed());
        Ok(GetResult { payload, meta, range, attributes })
    }
}

fn generic(text: String) -> object_store::Error {
    object_store::Error::Generic { store: "table", source: text.into() }
}

/// Whether a file in the log is a commit.
pub(super) fn commit_version(location: &str) -> Option<u64> {
    let name = location.strip_prefix("_delta_log/")?.strip_suffix(".json")?;
    (name.len() == 20).then(|| name.parse().ok()).flatten()
}

/// Whether the kernel is to see a file of the log: commits and checkpoints; the rest it can do without.
fn is_needed(location: &str) -> bool {
    let Some(name) = location.strip_prefix("_delta_log/") else { return true };
    commit_version(location).is_some() || name.contains(".checkpoint.") || name.contains('/')
}

/// Why a commit is not whole; nothing if it is. The kernel takes an empty commit for one without changes.
fn torn(bytes: &[u8]) -> Option<String> {
    let lines = || bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
    if lines().next().is_none() {
        return Some("it is empty".into());
    }
    for (number, line) in lines().enumerate() {
        if let Err(cause) = serde_json::from_slice::<serde::de::IgnoredAny>(line) {
            return Some(format!("its line {} is no JSON: {cause}", number + 1));
        }
    }
    // Commits of Cloud Pulse say how many actions they hold, so that one cut between two lines is noticed as well.
    let first: Option<Value> = lines().next().and_then(|line| serde_json::from_slice(line).ok());
    let said = first.and_then(|first| first["commitInfo"]["pulse"]["actions"].as_u64());
    let found = lines().count() as u64;
    said.filter(|said| *said != found).map(|said| format!("it should hold {said} actions and holds {found}"))
}

impl fmt::Display for TableStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table")
    }
}

#[async_trait]
impl ObjectStore for TableStore {
    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let whole = options.range.is_none() && !options.head;
        let answer = self.patiently(location, self.inner.get_opts(location, options)).await?;
        if whole && commit_version(location.as_ref()).is_some() {
            return self.commit(location, answer).await;
        }
        Ok(answer)
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let parts = self.inner.get_ranges(location, ranges);
        parts.await.map_err(|cause| self.keep(location, cause))
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        sorted(self.inner.list(prefix))
    }

    fn list_with_offset(&self, prefix: Option<&Path>, offset: &Path) -> BoxStream<'static, Result<ObjectMeta>> {
        sorted(self.inner.list_with_offset(prefix, offset))
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn put_opts(&self, _: &Path, _: PutPayload, _: PutOptions) -> Result<PutResult> {
        Err(read_only("write"))
    }

    async fn put_multipart_opts(&self, _: &Path, _: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        Err(read_only("write"))
    }

    fn delete_stream(&self, _: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        futures::stream::iter([Err(read_only("delete"))]).boxed()
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        Err(read_only("copy"))
    }
}

fn read_only(what: &str) -> object_store::Error {
    generic(format!("a table that is read must not be changed ({what})"))
}

/// The needed files of a listing in the order of their paths, which the kernel relies on.
fn sorted(listing: BoxStream<'static, Result<ObjectMeta>>) -> BoxStream<'static, Result<ObjectMeta>> {
    let all = async move {
        let mut all: Vec<ObjectMeta> = listing.try_collect().await?;
        all.retain(|meta| is_needed(meta.location.as_ref()));
        all.sort_by(|a, b| a.location.cmp(&b.location));
        Ok::<_, object_store::Error>(futures::stream::iter(all.into_iter().map(Ok)))
    };
    futures::stream::once(all).try_flatten().boxed()
}
