//! Putting, reading and removing objects of one folder, in a bucket or on a disk.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
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
use super::{OURS, disk};
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
            return disk::replace(&at, &bytes);
        }
        let (store, location) = self.located(path)?;
        self.ask(path, progress, async { store.put(&location, bytes.into()).await.map(|_| ()) })
    }

    /// Puts a small object if there is none; false if there is one.
    pub fn put_new(&self, path: &str, bytes: Vec<u8>, progress: &Progress) -> Result<bool> {
        if let Some(at) = self.on_disk(path) {
            return disk::create(&at, &bytes);
        }
        self.conditional(path, bytes, PutMode::Create, progress)
    }

    /// Puts a small object in place of exactly `known`; false if that is no longer there.
    pub fn put_instead(&self, path: &str, bytes: Vec<u8>, known: &Kept, progress: &Progress) -> Result<bool> {
        if let Some(at) = self.on_disk(path) {
            let _held = disk::held(&at)?;
            let there = fs::read(&at).map_err(|cause| Error::io("read", &at, &cause))?;
            if there != known.bytes {
                return Ok(false);
            }
            return disk::replace(&at, &bytes).map(|()| true);
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
            return disk::copy(from, &at, progress);
        }
        let failed = |cause: std::io::Error| Error::io("read", from, &cause);
        let mut file = File::open(from).map_err(failed)?;
        let size = file.metadata().map_err(failed)?.len();
        let (store, location) = self.located(path)?;
        if size <= PART as u64 {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).map_err(failed)?;
            self.ask(path, progress, async {
                store.put_opts(&location, PutPayload::from(bytes), PutOptions::default()).await.map(|_| ())
            })?;
            progress.add_bytes(size);
            return Ok(());
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

    /// Removes what a process that was killed was writing in a folder: small files under names of ours that no one can be
    /// writing any more.
    pub fn tidy(&self) {
        for below in ["", OURS, "_delta_log/"] {
            self.on_disk(below).iter().for_each(|folder| disk::tidy(folder));
        }
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
            // A hint about a setting of the connection stays.
            Code::Unreachable if error.field.is_none() => {
                error.hint("Start again when it answers; what was sent is kept and is not sent twice.")
            }
            _ => error,
        }
    }
}

/// Whether a path below a target's folder is one that is kept beside the data.
pub(super) fn is_ours(path: &str) -> bool {
    path.starts_with(OURS)
}
