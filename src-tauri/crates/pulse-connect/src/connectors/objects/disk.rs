//! A folder on this machine or on a mounted drive. Its files are read where they lie.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use pulse_core::{Error, Result};

use super::cloud::too_many;
use super::{Level, Object, Place};

/// Folders and files on one page of a listing.
const PAGE: usize = 500;
/// How deep folders may be nested.
const DEPTH: usize = 64;
/// The most files that one folder is read from.
const MOST: usize = 200_000;

/// A folder.
#[derive(Clone, Debug)]
pub(crate) struct Disk(PathBuf);

impl Disk {
    /// The place whose top is `folder`.
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self(folder)
    }

    fn at(&self, path: &str) -> PathBuf {
        path.split('/').filter(|part| !part.is_empty()).fold(self.0.clone(), |at, part| at.join(part))
    }

    /// The paths of the folders and the files directly in `folder`, sorted. What is hidden or a link stays away.
    fn entries(&self, folder: &str) -> Result<(Vec<String>, Vec<Object>)> {
        let at = self.at(folder);
        let failed = |cause: std::io::Error| Error::io("list", &at, &cause);
        let (mut folders, mut files) = (Vec::new(), Vec::new());
        for entry in fs::read_dir(&at).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let Ok(name) = entry.file_name().into_string() else {
                let message = format!("The name of {} is not Unicode text.", entry.path().display());
                return Err(Error::invalid(message).hint("Rename it, or choose another folder.").field("paths"));
            };
            let about = entry.metadata().map_err(failed)?;
            if name.starts_with('.') || about.is_symlink() {
                continue;
            }
            let path = format!("{folder}{name}");
            if about.is_dir() {
                folders.push(path + "/");
            } else if about.is_file() {
                files.push(object(path, &about));
            }
        }
        folders.sort();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok((folders, files))
    }
}

#[async_trait]
impl Place for Disk {
    fn address(&self, path: &str) -> String {
        self.at(path).display().to_string()
    }

    async fn page(&self, folder: &str, page: Option<&str>) -> Result<Level> {
        let from: usize = page.and_then(|page| page.parse().ok()).unwrap_or_default();
        let (folders, files) = self.entries(folder)?;
        let all = folders.len() + files.len();
        let to = from + PAGE;
        let first_file = from.saturating_sub(folders.len());
        let past_file = to.saturating_sub(folders.len());
        Ok(Level {
            files: files.into_iter().take(past_file).skip(first_file).collect(),
            folders: folders.into_iter().take(to).skip(from).collect(),
            next: (to < all).then(|| to.to_string()),
        })
    }

    async fn walk(&self, folder: &str) -> Result<Vec<Object>> {
        let (mut found, mut open) = (Vec::new(), vec![(folder.to_owned(), 0)]);
        while let Some((folder, depth)) = open.pop() {
            // A cancel is noticed between two folders.
            tokio::task::yield_now().await;
            let (folders, files) = match self.entries(&folder) {
                Err(error) if error.code == pulse_core::Code::NotFound && depth == 0 => return Ok(found),
                entries => entries?,
            };
            found.extend(files);
            if found.len() > MOST || depth > DEPTH {
                return Err(too_many(&self.address(&folder)));
            }
            open.extend(folders.into_iter().map(|folder| (folder, depth + 1)));
        }
        found.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(found)
    }

    async fn find(&self, path: &str) -> Result<Option<Object>> {
        match fs::metadata(self.at(path)) {
            Ok(about) if about.is_file() => Ok(Some(object(path.to_owned(), &about))),
            Ok(_) => Ok(None),
            Err(cause) if matches!(cause.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
                Ok(None)
            }
            Err(cause) => Err(Error::io("read", &self.at(path), &cause)),
        }
    }

    async fn any(&self, prefix: &str) -> Result<bool> {
        Ok(self.at(prefix).is_dir())
    }

    async fn open(&self, object: &Object, _: (u64, Option<u64>)) -> Result<BoxStream<'static, Result<Bytes>>> {
        let bytes = fs::read(self.at(&object.path)).map_err(|cause| Error::io("read", &self.at(&object.path), &cause));
        Ok(futures::stream::iter([bytes.map(Bytes::from)]).boxed())
    }

    fn on_disk(&self, path: &str) -> Option<PathBuf> {
        Some(self.at(path))
    }

    fn table(&self, folder: &str) -> Result<Arc<dyn ObjectStore>> {
        let at = self.at(folder);
        let store = LocalFileSystem::new_with_prefix(&at)
            .map_err(|cause| Error::internal(&format!("open the folder {}", at.display()), cause))?;
        Ok(Arc::new(store))
    }

    fn explain(&self, cause: &object_store::Error, path: &str) -> Error {
        let at = self.at(path);
        let mut source: Option<&(dyn std::error::Error + 'static)> = Some(cause);
        while let Some(error) = source {
            if let Some(io) = error.downcast_ref::<std::io::Error>() {
                return Error::io("read", &at, io);
            }
            source = error.source();
        }
        match cause {
            // The crate's own error for a range beyond the end is private.
            object_store::Error::Generic { .. } if cause.to_string().contains("range was invalid") => {
                Error::damaged(format!("{} is shorter than it should be.", at.display()))
                    .hint("It is incomplete; copy it anew, or repair the table with the program that writes it.")
            }
            object_store::Error::NotFound { .. } => super::no_such_path(&at.display().to_string()),
            _ => Error::internal(&format!("read {}", at.display()), cause),
        }
    }
}

fn object(path: String, about: &Metadata) -> Object {
    let since = about.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let modified = about.modified().map(httpdate::fmt_http_date).unwrap_or_default();
    let etag = since.map_or_else(String::new, |since| format!("{:x}-{:x}", since.as_nanos(), about.len()));
    Object { path, bytes: about.len(), modified, etag, version: None }
}

/// A user's folder, with `~` for the home folder.
pub(crate) fn home(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ if path == "~" => std::env::home_dir().unwrap_or_else(|| Path::new(path).to_owned()),
        _ => PathBuf::from(path),
    }
}
