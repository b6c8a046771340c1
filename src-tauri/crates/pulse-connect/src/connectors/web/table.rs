//! A Delta table's folder on a web server, which lists nothing: the log is found by asking for its files.

use std::fmt;
use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{BoxStream, StreamExt};
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetRange, GetResult, GetResultPayload, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult,
};
use reqwest::Method;

use super::place::Web;
use crate::net::{Reply, is_web_page};

/// Commits that are asked for at the same time.
const AT_ONCE: u64 = 8;

/// The folder of a Delta table on a web server.
#[derive(Clone)]
pub(super) struct WebTable {
    /// The server.
    pub web: Web,
    /// The folder's path, with a `/` at its end.
    pub folder: String,
}

impl WebTable {
    /// A file below the table's folder.
    async fn get(&self, path: &str, range: Option<&GetRange>, head: bool) -> object_store::Result<Reply> {
        let address = format!("{}{}", self.folder, percent_encoding::utf8_percent_encode(path, UNSAFE));
        let asked = async {
            let request = self.web.request(Method::GET, self.web.url(&address)?)?.expect(&[404, 410]);
            let request = request.header("accept-encoding", "identity")?;
            let request = match range {
                Some(GetRange::Bounded(range)) => {
                    request.header("range", &format!("bytes={}-{}", range.start, range.end.max(1) - 1))?
                }
                Some(GetRange::Offset(from)) => request.header("range", &format!("bytes={from}-"))?,
                Some(GetRange::Suffix(last)) => request.header("range", &format!("bytes=-{last}"))?,
                None if head => request.header("range", "bytes=0-0")?,
                None => request,
            };
            self.web.send(request.expect(&[416])).await
        };
        let reply = asked.await.map_err(|error| object_store::Error::Generic { store: "web", source: error.into() })?;
        if matches!(reply.status, 404 | 410) || is_web_page(reply.header("content-type"), &reply.body) {
            return Err(object_store::Error::NotFound { path: path.to_owned(), source: "not found".into() });
        }
        Ok(reply)
    }

    async fn exists(&self, path: &str) -> object_store::Result<Option<ObjectMeta>> {
        match self.get(path, None, true).await {
            Ok(reply) => Ok(Some(meta(path, &reply)?)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(cause) => Err(cause),
        }
    }

    /// The log's files after `offset`, found by asking for each: the checkpoint that the last one's note names, and the
    /// commits from there on until one is missing.
    async fn log(&self, offset: String) -> object_store::Result<Vec<ObjectMeta>> {
        let mut found = Vec::new();
        let note = match self.get("_delta_log/_last_checkpoint", None, false).await {
            Ok(reply) => serde_json::from_slice::<serde_json::Value>(&reply.body).unwrap_or_default(),
            Err(object_store::Error::NotFound { .. }) => serde_json::Value::Null,
            Err(cause) => return Err(cause),
        };
        let asked = offset.strip_prefix("_delta_log/").and_then(|name| name.get(..20)?.parse::<u64>().ok());
        let checkpoint = note["version"].as_u64();
        let first = match (asked, checkpoint) {
            (Some(asked), _) if asked > 0 => asked,
            (_, Some(checkpoint)) if self.exists(&commit(0)).await?.is_none() => checkpoint,
            _ => 0,
        };
        if let Some(version) = checkpoint.filter(|version| *version >= first) {
            for file in checkpoint_files(version, &note) {
                found.extend(self.exists(&file).await?);
            }
        }
        let mut at = first;
        loop {
            let next = (at..at + AT_ONCE).map(|version| async move { self.exists(&commit(version)).await });
            let next = futures::future::join_all(next).await;
            let mut whole = true;
            for commit in next {
                match commit? {
                    Some(commit) if whole => found.push(commit),
                    _ => whole = false,
                }
            }
            at += AT_ONCE;
            // The commit of a checkpoint itself may have been cleaned up.
            if !whole && checkpoint.is_none_or(|checkpoint| at > checkpoint + 1) {
                break;
            }
        }
        found.retain(|meta| meta.location.as_ref() > offset.as_str());
        Ok(found)
    }
}

/// Characters that a path must not show in an address.
const UNSAFE: &percent_encoding::AsciiSet =
    &percent_encoding::CONTROLS.add(b' ').add(b'%').add(b'#').add(b'?').add(b'"').add(b'<').add(b'>').add(b'\\');

fn commit(version: u64) -> String {
    format!("_delta_log/{version:020}.json")
}

/// The files that a checkpoint of `version` may have, by its note.
fn checkpoint_files(version: u64, note: &serde_json::Value) -> Vec<String> {
    let mut files = Vec::new();
    if let Some(path) = note["v2Checkpoint"]["path"].as_str() {
        files.push(format!("_delta_log/{}", path.rsplit('/').next().unwrap_or(path)));
    }
    match note["parts"].as_u64() {
        Some(parts) => files.extend(
            (1..=parts.min(10_000))
                .map(|part| format!("_delta_log/{version:020}.checkpoint.{part:010}.{parts:010}.parquet")),
        ),
        None => files.push(format!("_delta_log/{version:020}.checkpoint.parquet")),
    }
    files
}

fn meta(path: &str, reply: &Reply) -> object_store::Result<ObjectMeta> {
    let whole = reply.header("content-range").and_then(|range| range.rsplit('/').next()?.parse().ok());
    let modified = reply.header("last-modified").and_then(|text| httpdate::parse_http_date(text).ok());
    Ok(ObjectMeta {
        location: Path::parse(path)?,
        last_modified: modified.unwrap_or(std::time::UNIX_EPOCH).into(),
        size: whole.unwrap_or(reply.body.len() as u64),
        e_tag: reply.header("etag").map(str::to_owned),
        version: None,
    })
}

impl fmt::Display for WebTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table on a web server")
    }
}

impl fmt::Debug for WebTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebTable")
    }
}

#[async_trait]
impl ObjectStore for WebTable {
    async fn get_opts(&self, location: &Path, options: GetOptions) -> object_store::Result<GetResult> {
        let reply = self.get(location.as_ref(), options.range.as_ref(), options.head).await?;
        let mut meta = meta(location.as_ref(), &reply)?;
        let mut body = Bytes::from(reply.body);
        let mut range = 0..body.len() as u64;
        match options.range {
            Some(wanted) if reply.status == 200 => {
                // The server does not give parts.
                range = cut(&wanted, body.len() as u64);
                meta.size = body.len() as u64;
                body = body.slice(range.start as usize..range.end as usize);
            }
            Some(wanted) => range = cut(&wanted, meta.size),
            None if options.head => body = Bytes::new(),
            None => meta.size = body.len() as u64,
        }
        let payload = GetResultPayload::Stream(futures::stream::iter([Ok(body)]).boxed());
        Ok(GetResult { payload, meta, range, attributes: Default::default() })
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        self.list_with_offset(prefix, &Path::default())
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        if prefix.is_none_or(|prefix| prefix.as_ref() != "_delta_log") {
            return futures::stream::empty().boxed();
        }
        let (table, offset) = (self.clone(), offset.to_string());
        let log = async move {
            let log = table.log(offset).await;
            futures::stream::iter(match log {
                Ok(files) => files.into_iter().map(Ok).collect::<Vec<_>>(),
                Err(cause) => vec![Err(cause)],
            })
        };
        futures::stream::once(log).flatten().boxed()
    }

    async fn list_with_delimiter(&self, _: Option<&Path>) -> object_store::Result<ListResult> {
        Err(not_implemented("list_with_delimiter"))
    }

    async fn put_opts(&self, _: &Path, _: PutPayload, _: PutOptions) -> object_store::Result<PutResult> {
        Err(not_implemented("put"))
    }

    async fn put_multipart_opts(
        &self,
        _: &Path,
        _: PutMultipartOptions,
    ) -> object_store::Result<Box<dyn MultipartUpload>> {
        Err(not_implemented("put"))
    }

    fn delete_stream(
        &self,
        _: BoxStream<'static, object_store::Result<Path>>,
    ) -> BoxStream<'static, object_store::Result<Path>> {
        futures::stream::iter([Err(not_implemented("delete"))]).boxed()
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> object_store::Result<()> {
        Err(not_implemented("copy"))
    }
}

/// The bytes of a file of `size` bytes that are wanted.
fn cut(wanted: &GetRange, size: u64) -> Range<u64> {
    match wanted {
        GetRange::Bounded(range) => range.start.min(size)..range.end.min(size),
        GetRange::Offset(from) => (*from).min(size)..size,
        GetRange::Suffix(last) => size.saturating_sub(*last)..size,
    }
}

fn not_implemented(operation: &str) -> object_store::Error {
    object_store::Error::NotImplemented { operation: operation.to_owned(), implementer: "web".to_owned() }
}
