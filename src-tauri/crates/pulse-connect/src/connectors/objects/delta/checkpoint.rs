//! Checkpoints: what a table holds at a version in one file, so that readers need not replay all commits before it.
//!
//! The kernel makes them (Delta protocol, "Checkpoints"). It writes to memory here: whoever puts the files then makes
//! sure that they are durable and replace no other writer's.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::TryStreamExt;
use futures::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error as StoreError, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    ObjectStoreExt, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result as StoreResult,
};
use pulse_core::{Error, Progress, Result};

use super::super::Place;
use super::store::TableStore;
use super::{Table, engine};
use crate::net;

/// The files of a checkpoint of the table in `folder` (with a `/` at its end) at `version`, by their paths in the folder;
/// the one that points to it comes last. There are none if the table has that checkpoint.
pub(crate) fn checkpoint(
    place: &dyn Place,
    folder: &str,
    version: u64,
    progress: &Progress,
) -> Result<Vec<(String, Bytes)>> {
    let table = Table::open(place, folder, Some(version), progress)?;
    let draft = Arc::new(Draft { table: table.store.clone(), made: InMemory::new() });
    let engine = engine(draft.clone(), progress)?;
    table.snapshot.checkpoint(engine.as_ref(), None).map_err(|cause| table.fault(&cause, None))?;
    let made = async {
        let mut listed: Vec<ObjectMeta> = draft.made.list(None).try_collect().await?;
        listed.sort_by(|a, b| a.location.cmp(&b.location));
        let mut files = Vec::new();
        for meta in listed {
            files.push((meta.location.to_string(), draft.made.get(&meta.location).await?.bytes().await?));
        }
        Ok::<_, StoreError>(files)
    };
    net::run(progress, async { made.await.map_err(|cause| Error::internal("make a checkpoint", cause)) })
}

/// A table with files that are not put yet.
#[derive(Debug)]
struct Draft {
    table: Arc<TableStore>,
    made: InMemory,
}

impl fmt::Display for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table with a new checkpoint")
    }
}

#[async_trait]
impl ObjectStore for Draft {
    async fn get_opts(&self, location: &Path, options: GetOptions) -> StoreResult<GetResult> {
        match self.made.get_opts(location, options.clone()).await {
            Err(StoreError::NotFound { .. }) => self.table.get_opts(location, options).await,
            made => made,
        }
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> StoreResult<Vec<Bytes>> {
        match self.made.get_ranges(location, ranges).await {
            Err(StoreError::NotFound { .. }) => self.table.get_ranges(location, ranges).await,
            made => made,
        }
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, StoreResult<ObjectMeta>> {
        self.table.list(prefix)
    }

    fn list_with_offset(&self, prefix: Option<&Path>, offset: &Path) -> BoxStream<'static, StoreResult<ObjectMeta>> {
        self.table.list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> StoreResult<ListResult> {
        self.table.list_with_delimiter(prefix).await
    }

    async fn put_opts(&self, location: &Path, bytes: PutPayload, options: PutOptions) -> StoreResult<PutResult> {
        self.made.put_opts(location, bytes, options).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> StoreResult<Box<dyn MultipartUpload>> {
        self.made.put_multipart_opts(location, options).await
    }

    fn delete_stream(&self, paths: BoxStream<'static, StoreResult<Path>>) -> BoxStream<'static, StoreResult<Path>> {
        self.table.delete_stream(paths)
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> StoreResult<()> {
        self.table.copy_opts(from, to, options).await
    }
}
