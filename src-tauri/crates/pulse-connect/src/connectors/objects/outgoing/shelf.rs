//! Putting, reading and removing objects of one folder, in a bucket or on a disk.

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path as DiskPath, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use object_store::path::Path;
use object_store::{
    Error as StoreError, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload, UpdateVersion, WriteMultipart,
};
use pulse_core::{Code, Error, Progress, Result};

use super::super::{Object, Place};
use super::OURS;
use crate::net;

/// A part of a large upload.
const PART: usize = 8 << 20;
/// Parts on their way at the same time.
const PARALLEL: usize = 4;
/// How long a store may take for one object or one part.
const PATIENCE: Duration = Duration::from_secs(180);

/// A folder that is written to.
pub(super) struct Shelf<'a> {
    pub place: &'a dyn Place,
    /// The folder, with a `/` at its end.
    pub folder: String,
}

/// What was read of a small object, and what it was.
pub(super) struct Kept {
    pub bytes: Bytes,
    state: UpdateVersion,
}

impl<'a> Shelf<'a> {
    /// The folder `folder` of `place`.
    pub fn new(place: &'a dyn Place, folder: String) -> Self {
        Self { place, folder }
    }

    /// The folder's address as it is shown.
    pub fn address(&self) -> String {
        self.place.address(self.folder.trim_end_matches('/'))
    }

    /// Every file below the folder, by its path below it.
    pub fn list(&self, below: &str, progress: &Progress) -> Result<Vec<Object>> {
        let inside = format!("{}{below}", self.folder);
        let found = net::run(progress, self.place.walk(&inside))?;
        let below = |file: Object| Object {
            path: file.path.strip_prefix(&self.folder).unwrap_or(&file.path).to_owned(),
            ..file
        };
        Ok(found.into_iter().map(below).collect())
    }

    /// The size of a file; nothing if it is not there.
    pub fn size(&self, path: &str, progress: &Progress) -> Result<Option<u64>> {
        let full = format!("{}{path}", self.folder);
        Ok(net::run(progress, self.place.find(&full))?.map(|file| file.bytes))
    }

    /// A small object; nothing if it is not there.
    pub fn get(&self, path: &str, progress: &Progress) -> Result<Option<Kept>> {
        if let Some(at) = self.on_disk(path) {
            return match fs::read(&at) {
                Ok(bytes) => {
                    Ok(Some(Kept { bytes: bytes.into(), state: UpdateVersion { e_tag: None, version: None } }))
                }
                Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(None),
                Err(cause) => Err(Error::io("read", &at, &cause)),
            };
        }
        let (store, location) = self.located(path)?;
        self.ask(path, progress, async {
            match store.get(&location).await {
                Ok(answer) => {
                    let (e_tag, version) = (answer.meta.e_tag.clone(), answer.meta.version.clone());
                    let bytes = answer.bytes().await?;
                    Ok(Some(Kept { bytes, state: UpdateVersion { e_tag, version } }))
                }
                Err(StoreError::NotFound { .. }) => Ok(None),
                Err(cause) => Err(cause),
            }
        })
    }

    /// Puts a small object in place of whatever is there.
    pub fn put(&self, path: &str, bytes: Vec<u8>, progress: &Progress) -> Result<()> {
        if let Some(at) = self.on_disk(path) {
            return replace_on_disk(&at, &bytes);
        }
        let (store, location) = self.located(path)?;
        self.ask(path, progress, async { store.put(&location, bytes.into()).await.map(|_| ()) })
    }

    /// Puts a small object if there is none; false if there is one.
    pub fn put_new(&self, path: &str, bytes: Vec<u8>, progress: &Progress) -> Result<bool> {
        if let Some(at) = self.on_disk(path) {
            return create_on_disk(&at, &bytes);
        }
        self.conditional(path, bytes, PutMode::Create, progress)
    }

    /// Puts a small object in place of exactly `known`; false if that is no longer there.
    pub fn put_instead(&self, path: &str, bytes: Vec<u8>, known: &Kept, progress: &Progress) -> Result<bool> {
        if let Some(at) = self.on_disk(path) {
            let there = fs::read(&at).map_err(|cause| Error::io("read", &at, &cause))?;
            if there != known.bytes {
                return Ok(false);
            }
            return replace_on_disk(&at, &bytes).map(|()| true);
        }
        self.conditional(path, bytes, PutMode::Update(known.state.clone()), progress)
    }

    fn conditional(&self, path: &str, bytes: Vec<u8>, mode: PutMode, progress: &Progress) -> Result<bool> {
        let (store, location) = self.located(path)?;
        let options = PutOptions { mode, ..PutOptions::default() };
        self.ask(path, progress, async {
            match store.put_opts(&location, bytes.into(), options).await {
                Ok(_) => Ok(true),
                Err(StoreError::AlreadyExists { .. } | StoreError::Precondition { .. }) => Ok(false),
                Err(cause) => Err(cause),
            }
        })
    }

    /// Puts the file at `from`, in parts where it is large; it is durable when this returns.
    pub fn upload(&self, path: &str, from: &DiskPath, progress: &Progress) -> Result<()> {
        if let Some(at) = self.on_disk(path) {
            return copy_on_disk(from, &at, progress);
        }
        let failed = |cause: std::io::Error| Error::io("read", from, &cause);
        let mut file = File::open(from).map_err(failed)?;
        let size = file.metadata().map_err(failed)?.len();
        let (store, location) = self.located(path)?;
        if size <= PART as u64 {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).map_err(failed)?;
            return self.ask(path, progress, async {
                store.put_opts(&location, PutPayload::from(bytes), PutOptions::default()).await.map(|_| ())
            });
        }
        let begun = self.ask(path, progress, async { store.put_multipart(&location).await })?;
        let mut upload = WriteMultipart::new_with_chunk_size(begun, PART);
        let sent = self.parts(path, &mut file, &mut upload, from, progress);
        match sent {
            Ok(()) => self.ask(path, progress, async { upload.finish().await.map(|_| ()) }),
            Err(error) => {
                // What is left of an upload costs money at some stores. The job may be cancelled, so another progress.
                let _ = self.ask(path, &Progress::new(), async { upload.abort().await });
                Err(error)
            }
        }
    }

    fn parts(
        &self,
        path: &str,
        file: &mut File,
        upload: &mut WriteMultipart,
        from: &DiskPath,
        progress: &Progress,
    ) -> Result<()> {
        loop {
            let mut part = Vec::with_capacity(PART);
            let read = file.take(PART as u64).read_to_end(&mut part);
            if read.map_err(|cause| Error::io("read", from, &cause))? == 0 {
                return Ok(());
            }
            let count = part.len() as u64;
            self.ask(path, progress, async {
                upload.wait_for_capacity(PARALLEL).await?;
                upload.put(part.into());
                Ok(())
            })?;
            progress.add_bytes(count);
        }
    }

    /// Removes files; those that are not there are no failure.
    pub fn remove<'p>(&self, paths: impl IntoIterator<Item = &'p str>, progress: &Progress) -> Result<()> {
        for path in paths {
            if let Some(at) = self.on_disk(path) {
                match fs::remove_file(&at) {
                    Err(cause) if cause.kind() != ErrorKind::NotFound => return Err(Error::io("remove", &at, &cause)),
                    _ => continue,
                }
            }
            let (store, location) = self.located(path)?;
            self.ask(path, progress, async {
                match store.delete(&location).await {
                    Ok(()) | Err(StoreError::NotFound { .. }) => Ok(()),
                    Err(cause) => Err(cause),
                }
            })?;
        }
        Ok(())
    }

    /// Fails if the store overwrites an object that should only be made if there is none: it could not keep two writers
    /// apart. `path` is an object that is there, with the content `bytes`.
    pub fn check_conditions(&self, path: &str, bytes: Vec<u8>, progress: &Progress) -> Result<()> {
        if self.on_disk(path).is_some() || !self.put_new(path, bytes, progress)? {
            return Ok(());
        }
        let message = format!("{} does not honour conditional writes, so two writers could lose rows.", self.address());
        Err(Error::new(Code::Unsupported, message)
            .hint("Use a store, or a newer version of it, that honours `If-None-Match` when an object is put."))
    }

    fn on_disk(&self, path: &str) -> Option<PathBuf> {
        self.place.on_disk(&format!("{}{path}", self.folder))
    }

    fn located(&self, path: &str) -> Result<(Arc<dyn ObjectStore>, Path)> {
        let location = Path::parse(path).map_err(|_| {
            Error::invalid(format!("The path `{path}` cannot be addressed.")).hint("Choose another path.").field("path")
        })?;
        Ok((self.place.table(&self.folder)?, location))
    }

    /// Waits for the answer about `path`, but not for ever.
    fn ask<T>(
        &self,
        path: &str,
        progress: &Progress,
        work: impl Future<Output = object_store::Result<T>>,
    ) -> Result<T> {
        let full = format!("{}{path}", self.folder);
        net::run(progress, async {
            match tokio::time::timeout(PATIENCE, work).await {
                Ok(answer) => answer.map_err(|cause| self.refused(self.place.explain(&cause, &full))),
                Err(_) => {
                    let address = self.place.address(&full);
                    let message = format!("{address} was not taken within {} seconds.", PATIENCE.as_secs());
                    Err(Error::new(Code::Unreachable, message).hint("Start again; what was sent is kept."))
                }
            }
        })
    }

    fn refused(&self, error: Error) -> Error {
        match error.code {
            Code::PermissionDenied => error.hint(
                "Writing needs the rights to list the folder and to read, put and remove its objects; ask the owner for \
                 them, or use other credentials.",
            ),
            _ => error,
        }
    }
}

/// Whether a path below a target's folder is one that is kept beside the data.
pub(super) fn is_ours(path: &str) -> bool {
    path.starts_with(OURS)
}

fn make_parent(at: &DiskPath) -> Result<PathBuf> {
    let parent = at.parent().unwrap_or(at).to_owned();
    let (mut missing, mut up) = (Vec::new(), parent.clone());
    while !up.exists() {
        missing.push(up.clone());
        if !up.pop() {
            break;
        }
    }
    fs::create_dir_all(&parent).map_err(|cause| Error::io("make the folder", &parent, &cause))?;
    // The entry of each new folder must be as durable as what is put into it.
    for made in missing {
        sync_folder(made.parent().unwrap_or(&made))?;
    }
    Ok(parent)
}

fn sync_folder(folder: &DiskPath) -> Result<()> {
    if cfg!(windows) {
        return Ok(());
    }
    let synced = File::open(folder).and_then(|opened| opened.sync_all());
    match synced {
        // Some mounted volumes know no such thing.
        Err(cause) if !matches!(cause.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) => {
            Err(Error::io("make durable", folder, &cause))
        }
        _ => Ok(()),
    }
}

/// Writes a file of another name beside `at`, on the disk when this returns.
fn beside(at: &DiskPath, bytes: &[u8]) -> Result<(PathBuf, PathBuf)> {
    let parent = make_parent(at)?;
    let name = format!(".{}.{}.tmp", at.file_name().unwrap_or_default().to_string_lossy(), uuid::Uuid::new_v4());
    let made = parent.join(name);
    let written = File::create_new(&made).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    if let Err(cause) = written {
        let _ = fs::remove_file(&made);
        return Err(Error::io("write", at, &cause));
    }
    Ok((made, parent))
}

/// Puts a whole file under a name that is free; false if it is not. A link to a finished file appears at once and fails
/// if there is something; where the volume knows no links, the file is made under its name.
fn create_on_disk(at: &DiskPath, bytes: &[u8]) -> Result<bool> {
    let (made, parent) = beside(at, bytes)?;
    let linked = fs::hard_link(&made, at);
    let _ = fs::remove_file(&made);
    let done = match linked {
        Err(cause) if cause.kind() != ErrorKind::AlreadyExists => File::create_new(at).and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        }),
        linked => linked,
    };
    match done {
        Ok(()) => sync_folder(&parent).map(|()| true),
        Err(cause) if cause.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(cause) => Err(Error::io("write", at, &cause)),
    }
}

/// Puts a whole file in place of another; a reader sees one or the other.
fn replace_on_disk(at: &DiskPath, bytes: &[u8]) -> Result<()> {
    let (made, parent) = beside(at, bytes)?;
    fs::rename(&made, at).map_err(|cause| Error::io("write", at, &cause))?;
    sync_folder(&parent)
}

fn copy_on_disk(from: &DiskPath, at: &DiskPath, progress: &Progress) -> Result<()> {
    let parent = make_parent(at)?;
    let mut source = File::open(from).map_err(|cause| Error::io("read", from, &cause))?;
    // Under the same name lies at most what this run left half done.
    let mut file = File::create(at).map_err(|cause| Error::io("write", at, &cause))?;
    let mut block = vec![0; 1 << 20];
    loop {
        progress.check()?;
        let count = source.read(&mut block).map_err(|cause| Error::io("read", from, &cause))?;
        if count == 0 {
            break;
        }
        file.write_all(&block[..count]).map_err(|cause| Error::io("write", at, &cause))?;
        progress.add_bytes(count as u64);
    }
    file.sync_all().map_err(|cause| Error::io("write", at, &cause))?;
    sync_folder(&parent)
}
