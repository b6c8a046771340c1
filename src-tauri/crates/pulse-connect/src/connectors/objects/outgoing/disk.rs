//! Putting files in a folder: durable when it is reported, under their names at once, and never over another writer's.

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use pulse_core::{Error, Progress, Result};

/// After so long no one is writing a small file any more.
const ABANDONED: Duration = Duration::from_secs(86_400);

/// Puts a whole file under a name that is free; false if it is not. A link to a finished file appears at once and fails
/// if there is something; where the volume knows no links, the file is made under its name.
pub(super) fn create(at: &Path, bytes: &[u8]) -> Result<bool> {
    let (made, parent) = beside(at, bytes)?;
    let linked = fs::hard_link(&made, at);
    let _ = fs::remove_file(&made);
    let done = match linked {
        Err(cause) if matches!(cause.kind(), ErrorKind::Unsupported | ErrorKind::PermissionDenied) => {
            in_place(at, bytes)
        }
        linked => linked,
    };
    match done {
        Ok(()) => sync_folder(&parent).map(|()| true),
        Err(cause) if cause.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(cause) => Err(Error::io("write", at, &cause)),
    }
}

/// Makes a file under its name where there are no links; what could not be written whole is removed again.
fn in_place(at: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = File::create_new(at)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if written.is_err() {
        let _ = fs::remove_file(at);
    }
    written
}

/// Puts a whole file in place of another; a reader sees one or the other.
pub(super) fn replace(at: &Path, bytes: &[u8]) -> Result<()> {
    let (made, parent) = beside(at, bytes)?;
    fs::rename(&made, at).map_err(|cause| Error::io("write", at, &cause))?;
    sync_folder(&parent)
}

/// A lock beside `at` that keeps other processes of ours from comparing and replacing it at the same time. It ends with
/// the process, however that ends.
pub(super) fn held(at: &Path) -> Result<File> {
    let path = make_parent(at)?.join(".lock");
    let opened = File::options().create(true).append(true).open(&path);
    let lock = opened.map_err(|cause| Error::io("open", &path, &cause))?;
    match lock.lock() {
        // Some mounted volumes know no locks; there the comparison alone has to do.
        Err(cause) if cause.kind() != ErrorKind::Unsupported => Err(Error::io("lock", &path, &cause)),
        _ => Ok(lock),
    }
}

/// Copies a large file to a name of this run's own; what could not be copied whole is removed again.
pub(super) fn copy(from: &Path, at: &Path, progress: &Progress) -> Result<()> {
    let parent = make_parent(at)?;
    let copied = copied(from, at, progress);
    if copied.is_err() {
        let _ = fs::remove_file(at);
    }
    copied.and_then(|()| sync_folder(&parent))
}

fn copied(from: &Path, at: &Path, progress: &Progress) -> Result<()> {
    let mut source = File::open(from).map_err(|cause| Error::io("read", from, &cause))?;
    // Under the same name lies at most what a killed attempt of this run left half done.
    let mut file = File::create(at).map_err(|cause| Error::io("write", at, &cause))?;
    let mut block = vec![0; 1 << 20];
    loop {
        progress.check()?;
        let count = source.read(&mut block).map_err(|cause| Error::io("read", from, &cause))?;
        if count == 0 {
            return file.sync_all().map_err(|cause| Error::io("write", at, &cause));
        }
        file.write_all(&block[..count]).map_err(|cause| Error::io("write", at, &cause))?;
        progress.add_bytes(count as u64);
    }
}

/// Removes what a process that was killed was writing: small files under names of ours that no one can be writing any more.
pub(super) fn tidy(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let age = entry.metadata().and_then(|about| about.modified()).ok().and_then(|time| time.elapsed().ok());
        if is_unfinished(&entry.file_name().to_string_lossy()) && age.is_some_and(|age| age > ABANDONED) {
            // It harms no one: readers pass over such names, and the next run tries again.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Whether a file's name is one of [`beside`].
fn is_unfinished(name: &str) -> bool {
    let id = name.strip_prefix('.').and_then(|name| name.strip_suffix(".tmp")).and_then(|name| name.rsplit('.').next());
    id.is_some_and(|id| uuid::Uuid::try_parse(id).is_ok())
}

/// Writes a file of another name beside `at`, on the disk when this returns.
fn beside(at: &Path, bytes: &[u8]) -> Result<(PathBuf, PathBuf)> {
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

fn make_parent(at: &Path) -> Result<PathBuf> {
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

fn sync_folder(folder: &Path) -> Result<()> {
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
