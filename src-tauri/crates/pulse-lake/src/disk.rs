//! Durable file operations: everything a commit relies on goes through here, in an order that survives a power loss.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Arc;

use pulse_core::{Error, Result};

/// One durable operation, as a watcher sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A file's bytes and metadata reach the disk.
    SyncFile,
    /// A folder's entries reach the disk.
    SyncFolder,
    /// A finished file gets its final name, which must not exist yet.
    Publish,
}

type Watcher = dyn Fn(Step, &Path) -> io::Result<()> + Send + Sync;

/// The disk under a lake. A watcher sees every operation before it happens and can make it fail, which is how the
/// order of operations and the behaviour on a failing disk are tested.
#[derive(Clone, Default)]
pub(crate) struct Disk {
    watcher: Option<Arc<Watcher>>,
}

impl Disk {
    /// A disk whose every operation `watcher` sees first.
    #[cfg(test)]
    pub fn watched(watcher: impl Fn(Step, &Path) -> io::Result<()> + Send + Sync + 'static) -> Self {
        Self { watcher: Some(Arc::new(watcher)) }
    }

    /// Makes sure the bytes of `path` are on the disk.
    pub fn sync_file(&self, path: &Path) -> Result<()> {
        self.step(Step::SyncFile, path)
            .and_then(|()| File::options().write(true).open(path)?.sync_all())
            .map_err(|e| Error::io("store safely", path, &e))
    }

    /// Makes sure the entries of the folder `path` are on the disk.
    pub fn sync_folder(&self, path: &Path) -> Result<()> {
        self.step(Step::SyncFolder, path)
            .and_then(|()| sync_entries(path))
            .map_err(|e| Error::io("store safely the entries of", path, &e))
    }

    /// Creates the folder `path` with its parents; returns the folders that were new, outermost first, and makes their
    /// existence durable.
    pub fn create_folder(&self, path: &Path) -> Result<Vec<std::path::PathBuf>> {
        let mut new: Vec<_> = path.ancestors().take_while(|p| !p.exists()).map(Path::to_path_buf).collect();
        new.reverse();
        fs::create_dir_all(path).map_err(|e| Error::io("create the folder", path, &e))?;
        for folder in &new {
            if let Some(parent) = folder.parent() {
                self.sync_folder(parent)?;
            }
        }
        Ok(new)
    }

    /// Gives `bytes` the name `path` in one step, once they are on the disk: a reader sees the whole file or none.
    ///
    /// Fails with [`io::ErrorKind::AlreadyExists`] if the name is taken. The folder itself is not synced: the caller
    /// does that and knows that the file is already visible when it fails.
    pub fn publish(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let folder = path.parent().unwrap_or(path);
        let temporary = folder.join(format!("_commit_{}.json.tmp", uuid::Uuid::new_v4()));
        let published = File::create_new(&temporary)
            .and_then(|mut file| {
                file.write_all(bytes)
                    .and_then(|()| self.step(Step::SyncFile, &temporary))
                    .and_then(|()| file.sync_all())
            })
            .and_then(|()| self.step(Step::Publish, path))
            .and_then(|()| link(&temporary, path));
        // The link is the published file; the temporary name is of no use any more, and `sweep` removes it if this fails.
        let _ = fs::remove_file(&temporary);
        published
    }

    fn step(&self, step: Step, path: &Path) -> io::Result<()> {
        self.watcher.as_ref().map_or(Ok(()), |watcher| watcher(step, path))
    }
}

/// A hard link fails if the name is taken, on every system; where the file system has none (FAT), the rename is guarded
/// by a look, which is enough because one process has the workspace open.
fn link(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Err(e) if matches!(e.kind(), io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied) => {
            if to.exists() {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            fs::rename(from, to)
        }
        result => result,
    }
}

#[cfg(unix)]
fn sync_entries(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Windows keeps folder entries in the file system's journal and cannot sync a folder.
#[cfg(not(unix))]
fn sync_entries(_: &Path) -> io::Result<()> {
    Ok(())
}
