//! Landing: the exact bytes of every import, content-addressed by SHA-256 and never changed.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use pulse_catalog::{LandedFile, Stored};
use pulse_connect::Landed;
use pulse_core::{Error, Progress, Result, TableName};
use pulse_rpc::types::{Fact, Origin};
use sha2::{Digest, Sha256};

use crate::Engine;
use crate::clock::now_ms;

/// Larger files are referenced where they lie: a second copy would cost more than it protects.
const COPY_LIMIT: u64 = 256 << 20;
/// Bytes copied between two looks at the progress.
const CHUNK: usize = 4 << 20;

/// Keeps the bytes of `source`, whose hash was found to be `sha256` when it was read. Fails if the file has changed
/// since. The bytes are on disk, synced, when this returns.
pub(crate) fn keep(engine: &Engine, source: &Path, sha256: &str, progress: &Progress) -> Result<Origin> {
    let failed = |cause: std::io::Error| Error::io("keep a copy of", source, &cause);
    let meta = fs::metadata(source).map_err(failed)?;
    let name = source.file_name().unwrap_or(source.as_os_str()).to_string_lossy().into_owned();
    let stored = if meta.len() > COPY_LIMIT { Stored::Referenced } else { Stored::Copied };
    if stored == Stored::Copied {
        copy(engine, source, sha256, progress)?;
    }
    Ok(Origin {
        name,
        path: source.display().to_string(),
        sha256: sha256.to_owned(),
        bytes: meta.len(),
        stored: stored.as_str().to_owned(),
        at_ms: now_ms() as f64,
        facts: Vec::new(),
    })
}

/// Keeps bytes that a connector fetched. A file of its own gets a second name in landing, whatever its size, so that
/// nothing is copied and the first name stays good until [`release`].
///
/// `known` is the hash that was found when the file was read, if it was.
pub(crate) fn keep_fetched(
    engine: &Engine,
    landed: &Landed,
    known: Option<&String>,
    progress: &Progress,
) -> Result<Origin> {
    let failed = |cause: std::io::Error| Error::io("keep", &landed.path, &cause);
    let sha256 = known.map_or_else(|| hash(&landed.path, progress), |known| Ok(known.clone()))?;
    let origin = if landed.owned {
        let target = place(engine, &sha256);
        if !target.exists() {
            let folder = target.parent().unwrap_or(&target).to_owned();
            fs::create_dir_all(&folder).map_err(failed)?;
            File::options().write(true).open(&landed.path).and_then(|file| file.sync_all()).map_err(failed)?;
            if fs::hard_link(&landed.path, &target).is_err() {
                copy(engine, &landed.path, &sha256, progress)?;
            }
            sync_folder(&folder).and_then(|()| sync_folder(&engine.0.workspace.landing())).map_err(failed)?;
        }
        let bytes = fs::metadata(&target).map_err(failed)?.len();
        let stored = Stored::Copied.as_str().to_owned();
        Origin {
            name: String::new(),
            path: String::new(),
            sha256,
            bytes,
            stored,
            at_ms: now_ms() as f64,
            facts: Vec::new(),
        }
    } else {
        keep(engine, &landed.path, &sha256, progress)?
    };
    Ok(Origin {
        name: landed.name.clone(),
        path: landed.origin.clone(),
        facts: landed.facts.iter().map(|(label, value)| Fact { label: label.clone(), value: value.clone() }).collect(),
        ..origin
    })
}

/// Removes the first names of a connector's own files, once their rows are committed.
pub(crate) fn release(landed: &[Landed]) {
    for file in landed.iter().filter(|file| file.owned) {
        if let Err(cause) = fs::remove_file(&file.path) {
            tracing::warn!(file = %file.path.display(), %cause, "A fetched file could not be tidied away.");
        }
    }
}

/// Where the bytes with that hash are kept.
pub(crate) fn find(engine: &Engine, sha256: &str) -> Option<PathBuf> {
    Some(place(engine, sha256)).filter(|path| path.exists())
}

fn hash(path: &Path, progress: &Progress) -> Result<String> {
    let failed = |cause: std::io::Error| Error::io("read", path, &cause);
    let mut file = File::open(path).map_err(failed)?;
    let (mut hash, mut buffer) = (Sha256::new(), vec![0; CHUNK]);
    loop {
        progress.check()?;
        match file.read(&mut buffer).map_err(failed)? {
            0 => return Ok(hex(&hash.finalize())),
            read => hash.update(&buffer[..read]),
        }
    }
}

/// Records in the catalog which files a version came from.
pub(crate) fn record(engine: &Engine, origins: &[Origin], table: &TableName, version: u64) -> Result<()> {
    let file = |origin: &Origin| {
        let referenced = origin.stored == Stored::Referenced.as_str();
        let modified = fs::metadata(&origin.path).and_then(|meta| meta.modified()).ok();
        let mtime = modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        LandedFile {
            sha256: origin.sha256.clone(),
            name: origin.name.clone(),
            bytes: origin.bytes,
            original_path: origin.path.clone(),
            stored: if referenced { Stored::Referenced } else { Stored::Copied },
            path: if referenced { origin.path.clone() } else { place(engine, &origin.sha256).display().to_string() },
            mtime_ms: mtime.and_then(|time| i64::try_from(time.as_millis()).ok()),
            at_ms: origin.at_ms as i64,
            table: table.to_string(),
            version,
            job: None,
            facts: origin.facts.iter().map(|fact| (fact.label.clone(), fact.value.clone())).collect(),
        }
    };
    engine.0.catalog.landing().insert(&origins.iter().map(file).collect::<Vec<_>>())
}

fn place(engine: &Engine, sha256: &str) -> PathBuf {
    engine.0.workspace.landing().join(&sha256[..2.min(sha256.len())]).join(sha256)
}

/// Copies through a temporary name, hashing on the way, so that what lies under a hash always has that hash.
fn copy(engine: &Engine, source: &Path, sha256: &str, progress: &Progress) -> Result<()> {
    let target = place(engine, sha256);
    if target.exists() {
        return Ok(());
    }
    let folder = target.parent().unwrap_or(&target).to_owned();
    let failed = |cause: std::io::Error| Error::io("keep a copy in", &folder, &cause);
    fs::create_dir_all(&folder).map_err(failed)?;
    // What an ended process leaves in that folder is cleared at the next start.
    let mut copied = tempfile::NamedTempFile::new_in(engine.0.workspace.incoming()).map_err(failed)?;
    let mut input = File::open(source).map_err(|cause| Error::io("open", source, &cause))?;
    let (mut hash, mut buffer) = (Sha256::new(), vec![0; CHUNK]);
    loop {
        progress.check()?;
        let read = input.read(&mut buffer).map_err(|cause| Error::io("read", source, &cause))?;
        if read == 0 {
            break;
        }
        hash.update(&buffer[..read]);
        copied.write_all(&buffer[..read]).map_err(failed)?;
    }
    if hex(&hash.finalize()) != sha256 {
        return Err(Error::new(
            pulse_core::Code::Conflict,
            format!("{} changed while it was imported.", source.display()),
        )
        .hint("Wait until the program that writes it has finished, then import it again."));
    }
    copied.as_file().sync_all().map_err(failed)?;
    copied.persist(&target).map_err(|cause| failed(cause.error))?;
    sync_folder(&folder).and_then(|()| sync_folder(&engine.0.workspace.landing())).map_err(failed)
}

/// Makes a rename in `folder` durable. Only Unix can open a folder; elsewhere the file system does it by itself.
fn sync_folder(folder: &Path) -> std::io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
