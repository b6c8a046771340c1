//! What object stores, web servers and folders have in common: files in many formats, and Delta tables.
//!
//! A connector says where its [`Place`] is; looking around, downloading, refreshing and reading Delta tables are here.

mod browse;
mod check;
mod cloud;
mod delta;
mod disk;
mod errors;
mod fetch;
mod files;
mod forms;
mod listing;
pub(crate) mod outgoing;
mod selection;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use object_store::ObjectStore;
use pulse_core::{Error, Progress, Result};
use serde_json::Value;

use crate::connector::{Fetched, News, Task};
use crate::net;

pub(crate) use browse::browse;
pub(crate) use check::check;
pub(crate) use cloud::{Cloud, client_options, retries};
pub(crate) use disk::{Disk, home};
pub(crate) use errors::no_such_path;
use errors::{Asked, Stage, changed, explain};
pub(crate) use forms::{endpoint, from_url, required, unusable, variables};
pub(crate) use listing::Listings;
pub(crate) use selection::{Changed, Selection, one_or_several};

/// A place that holds files: a bucket, a web server, a folder. Paths have no leading `/`; a folder's ends in one, but the
/// top's is empty.
#[async_trait]
pub(crate) trait Place: Send + Sync {
    /// The address of a path as it is shown; without secrets.
    fn address(&self, path: &str) -> String;

    /// One page of the folders and files that lie directly in `folder`.
    async fn page(&self, folder: &str, page: Option<&str>) -> Result<Level>;

    /// Every file below `folder`, in the order of the paths.
    async fn walk(&self, folder: &str) -> Result<Vec<Object>>;

    /// The file at `path`; nothing if there is none.
    async fn find(&self, path: &str) -> Result<Option<Object>>;

    /// Whether any file's path begins with `prefix`.
    async fn any(&self, prefix: &str) -> Result<bool>;

    /// The bytes of a file from `range.0` on, at most to `range.1`; fails if it is no longer what `object` says.
    async fn open(&self, object: &Object, range: (u64, Option<u64>)) -> Result<BoxStream<'static, Result<Bytes>>>;

    /// Where the file lies if that is on this machine, so that nothing is downloaded.
    fn on_disk(&self, _path: &str) -> Option<PathBuf> {
        None
    }

    /// The name of the file at `path`.
    fn name(&self, path: &str) -> String {
        path.rsplit('/').next().unwrap_or(path).to_owned()
    }

    /// What downloads files in its own way, which blocks; nothing if [`Place::open`] is to be used.
    fn downloads(&self) -> Option<&dyn Downloads> {
        None
    }

    /// A store whose top is `folder`, for the reader of Delta tables.
    fn table(&self, folder: &str) -> Result<Arc<dyn ObjectStore>>;

    /// The error for a failed request of [`Place::table`]'s store on `path`.
    fn explain(&self, cause: &object_store::Error, path: &str) -> Error;
}

/// A place's own way to download a file.
pub(crate) trait Downloads {
    /// Downloads `file` to `to`, going on after what an earlier attempt left.
    fn download(&self, file: &Object, to: &Path, progress: &Progress) -> Result<()>;
}

/// A file in a place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Object {
    /// Its path.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// When it was last changed, as RFC 3339; empty where that is not known.
    pub modified: String,
    /// What changes when its bytes do: an ETag; empty where there is none.
    pub etag: String,
    /// Its version, where the place keeps several.
    pub version: Option<String>,
}

impl Object {
    /// The last part of its path.
    pub(crate) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// What tells one state of the file from another: the ETag, else size and time.
    pub(crate) fn stamp(&self) -> String {
        if self.etag.is_empty() { format!("{}@{}", self.bytes, self.modified) } else { self.etag.clone() }
    }
}

/// What lies directly in a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Level {
    /// The paths of the folders.
    pub folders: Vec<String>,
    /// The files.
    pub files: Vec<Object>,
    /// What to ask for the next page.
    pub next: Option<String>,
}

/// What a folder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nothing but a folder.
    Folder,
    /// A Delta table.
    Delta,
    /// A table of Apache Iceberg.
    Iceberg,
}

/// What the folder `folder` is, by the log or the metadata in it.
pub(crate) async fn kind(place: &dyn Place, folder: &str) -> Result<Kind> {
    if place.any(&format!("{folder}_delta_log/")).await? {
        return Ok(Kind::Delta);
    }
    let metadata = format!("{folder}metadata/");
    if place.any(&metadata).await? {
        let level = place.page(&metadata, None).await?;
        if level.files.iter().any(|file| file.name().ends_with(".metadata.json")) {
            return Ok(Kind::Iceberg);
        }
    }
    Ok(Kind::Folder)
}

/// What the chosen paths are.
pub(crate) enum Chosen {
    /// Files; with the folder they were looked for in, if it was one.
    Files { files: Vec<Object>, folder: Option<String> },
    /// The folder of a Delta table.
    Delta(String),
}

/// Finds out what the selected paths are; folders are listed.
pub(crate) async fn choose(place: &dyn Place, selection: &Selection) -> Result<Chosen> {
    let paths = selection.clean_paths()?;
    let (mut files, mut folder) = (Vec::new(), None);
    for path in &paths {
        if !path.is_empty()
            && !path.ends_with('/')
            && let Some(file) = place.find(path).await?
        {
            files.push(file);
            continue;
        }
        let inside = if path.is_empty() || path.ends_with('/') { path.clone() } else { format!("{path}/") };
        match kind(place, &inside).await? {
            Kind::Delta if paths.len() == 1 => return Ok(Chosen::Delta(inside)),
            Kind::Delta => {
                let message = format!(
                    "{} is a Delta table and cannot be read together with other paths.",
                    place.address(&inside)
                );
                return Err(Error::invalid(message).hint("Import each Delta table on its own.").field("paths"));
            }
            Kind::Iceberg => return Err(iceberg(&place.address(&inside))),
            Kind::Folder => {}
        }
        let found = place.walk(&inside).await?;
        if found.is_empty() {
            return Err(no_such_path(&place.address(path)));
        }
        files.extend(found);
        folder.get_or_insert(inside);
    }
    Ok(Chosen::Files { files, folder })
}

/// The refusal of Iceberg tables, with its reason.
pub(crate) fn iceberg(address: &str) -> Error {
    let message = format!(
        "{address} is an Apache Iceberg table. It is not read, because its current rows follow from metadata and delete \
         files that only Iceberg's own library applies; reading its Parquet files would bring back deleted rows."
    );
    Error::new(pulse_core::Code::Unsupported, message)
        .hint("Export it to Parquet or CSV with the program that keeps it, or have that write a Delta table as well.")
        .field("paths")
}

/// Reads what is selected.
pub(crate) fn read(place: &dyn Place, selection: &Selection, task: &Task<'_>) -> Result<Fetched> {
    match net::run(task.progress, choose(place, selection))? {
        Chosen::Delta(folder) => delta::read(place, &folder, selection, task),
        Chosen::Files { files, folder } => files::read(place, files, folder.as_deref(), selection, task),
    }
}

/// Whether there is more than the state knows.
pub(crate) fn news(
    place: &dyn Place,
    selection: &Selection,
    state: Option<&Value>,
    progress: &Progress,
) -> Result<Option<News>> {
    match net::run(progress, choose(place, selection))? {
        Chosen::Delta(folder) => delta::news(place, &folder, selection, state, progress),
        Chosen::Files { files, folder } => files::news(files, folder.as_deref(), selection, state),
    }
}
