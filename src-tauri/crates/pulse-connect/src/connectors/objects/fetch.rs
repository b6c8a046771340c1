//! Downloads that go on where they stopped.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use base64::Engine;
use futures::{StreamExt, TryStreamExt};
use md5::{Digest, Md5};
use pulse_core::{Code, Error, Result};
use sha2::Sha256;

use super::{Downloads, Object, Place, changed};
use crate::connector::Task;
use crate::net;
use crate::source::hex;

/// Files that are downloaded at the same time; more would not be quicker for big ones.
const AT_ONCE: usize = 8;
/// How often a download that broke off goes on before it is given up.
const TRIES: u32 = 4;

/// A file on this machine's disk.
#[derive(Clone, Debug)]
pub(super) struct Local {
    /// Where it is.
    pub path: PathBuf,
    /// Whether it was downloaded, so that it is the connector's own.
    pub owned: bool,
    /// Whether the ETag proved to be the MD5 of the bytes.
    pub proved: bool,
    /// What the user should know about it.
    pub warning: Option<String>,
}

/// The files on disk, in their order; what is here already is not downloaded again.
pub(super) fn fetch(place: &dyn Place, files: &[Object], task: &Task<'_>) -> Result<Vec<Local>> {
    let remote: u64 = files.iter().filter(|file| place.on_disk(&file.path).is_none()).map(|file| file.bytes).sum();
    if remote > 0 {
        task.progress.stage(if files.len() == 1 { "Downloading the file" } else { "Downloading the files" }, 0, remote);
    }
    if let Some(own) = place.downloads() {
        return files.iter().map(|file| whole(place, own, file, task)).collect();
    }
    net::run(task.progress, async {
        futures::stream::iter(files).map(|file| one(place, file, task)).buffered(AT_ONCE).try_collect().await
    })
}

/// The first `bytes` bytes of a file, as a file of its own in the scratch folder.
pub(super) fn head(place: &dyn Place, file: &Object, bytes: u64, task: &Task<'_>) -> Result<PathBuf> {
    let folder = task.scratch.join("head");
    fs::create_dir_all(&folder).map_err(|cause| Error::io("create", &folder, &cause))?;
    let path = folder.join(disk_name(place, file));
    net::run(task.progress, async {
        let mut parts = place.open(file, (0, Some(bytes))).await?;
        let mut text = Vec::new();
        while let Some(part) = parts.next().await {
            text.extend_from_slice(&part?);
            if text.len() as u64 >= bytes {
                break;
            }
        }
        // The last record is cut; what is left of it would look like a damaged one.
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(text.len(), |at| at + 1);
        text.truncate(whole);
        fs::write(&path, &text).map_err(|cause| Error::io("write", &path, &cause))
    })?;
    Ok(path)
}

/// A file that its place downloads by itself.
fn whole(place: &dyn Place, own: &dyn Downloads, file: &Object, task: &Task<'_>) -> Result<Local> {
    let folder = task.downloads.join(key(place, file));
    fs::create_dir_all(&folder).map_err(|cause| Error::io("create", &folder, &cause))?;
    let path = folder.join(format!("whole-{}", disk_name(place, file)));
    // Without a mark of its version nobody knows whether an earlier download is still the same.
    if !path.exists() || (file.etag.is_empty() && file.modified.is_empty()) {
        own.download(file, &path, task.progress)?;
    }
    Ok(Local { path, owned: true, proved: false, warning: None })
}

async fn one(place: &dyn Place, file: &Object, task: &Task<'_>) -> Result<Local> {
    if let Some(path) = place.on_disk(&file.path) {
        return Ok(Local { path, owned: false, proved: false, warning: None });
    }
    let folder = task.downloads.join(key(place, file));
    fs::create_dir_all(&folder).map_err(|cause| Error::io("create", &folder, &cause))?;
    let (done, part) = (folder.join(format!("whole-{}", disk_name(place, file))), folder.join("part"));
    if fs::metadata(&done).is_ok_and(|about| about.len() == file.bytes) {
        task.progress.add_bytes(file.bytes);
    } else {
        download(place, file, &part, task).await?;
        fs::rename(&part, &done).map_err(|cause| Error::io("rename", &part, &cause))?;
    }
    let (proved, warning) = prove(&done, file, task)?;
    Ok(Local { path: done, owned: true, proved, warning })
}

/// Downloads to `part`, after what is there already.
async fn download(place: &dyn Place, file: &Object, part: &Path, task: &Task<'_>) -> Result<()> {
    let write = |cause: std::io::Error| Error::io("write", part, &cause);
    let mut tries = 0;
    loop {
        let mut have = fs::metadata(part).map_or(0, |about| about.len());
        // Without an ETag nobody knows whether the rest belongs to the beginning.
        if have > file.bytes || file.etag.is_empty() {
            have = 0;
        }
        let mut out = OpenOptions::new().create(true).write(true).truncate(false).open(part).map_err(write)?;
        out.set_len(have).map_err(write)?;
        std::io::Seek::seek(&mut out, std::io::SeekFrom::End(0)).map_err(write)?;
        let before = have;
        task.progress.add_bytes(if tries == 0 { have } else { 0 });
        let failed = match append(place, file, &mut out, &mut have, task).await {
            Ok(()) if have == file.bytes => {
                out.sync_all().map_err(write)?;
                return Ok(());
            }
            Ok(()) => short(&place.address(&file.path), have, file.bytes),
            Err(error) => error,
        };
        out.sync_all().map_err(write)?;
        tries = if have > before { 1 } else { tries + 1 };
        if failed.code != Code::Unreachable || tries >= TRIES {
            return Err(failed);
        }
        task.progress.log(format!("{} The download goes on at byte {have}.", failed.message));
        tokio::time::sleep(std::time::Duration::from_millis(300 << tries.min(5))).await;
    }
}

/// Appends the rest of the file; `have` counts what `out` holds.
async fn append(place: &dyn Place, file: &Object, out: &mut File, have: &mut u64, task: &Task<'_>) -> Result<()> {
    if *have == file.bytes && *have > 0 {
        return Ok(());
    }
    let mut parts = place.open(file, (*have, None)).await?;
    while let Some(part) = parts.next().await {
        let part = part?;
        if *have + part.len() as u64 > file.bytes {
            return Err(changed(&place.address(&file.path)));
        }
        out.write_all(&part).map_err(|cause| Error::io("write the download of", Path::new(&file.path), &cause))?;
        *have += part.len() as u64;
        task.progress.add_bytes(part.len() as u64);
    }
    Ok(())
}

fn short(address: &str, have: u64, whole: u64) -> Error {
    Error::new(Code::Unreachable, format!("{address} broke off after {have} of {whole} bytes."))
        .hint("Start again; the download goes on where it stopped.")
}

/// Whether the ETag is the MD5 of the file, and a warning if it looks like one and is not.
fn prove(path: &Path, file: &Object, task: &Task<'_>) -> Result<(bool, Option<String>)> {
    let etag = file.etag.trim_matches('"').to_ascii_lowercase();
    if etag.len() != 32 || !etag.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok((false, None));
    }
    let mut from = File::open(path).map_err(|cause| Error::io("read", path, &cause))?;
    let (mut hash, mut block) = (Md5::new(), vec![0; 1 << 20]);
    loop {
        task.progress.check()?;
        let count = from.read(&mut block).map_err(|cause| Error::io("read", path, &cause))?;
        if count == 0 {
            break;
        }
        hash.update(&block[..count]);
    }
    if hex(&hash.finalize()) == etag {
        return Ok((true, None));
    }
    Ok((
        false,
        Some(format!(
            "The ETag of `{}` looks like an MD5 but is not that of its {} bytes, as with objects encrypted by a key service; \
             only their number was checked.",
            file.path, file.bytes
        )),
    ))
}

/// A folder name that is another one for other bytes.
fn key(place: &dyn Place, file: &Object) -> String {
    let text = format!("{}\n{}\n{}\n{:?}", place.address(&file.path), file.bytes, file.stamp(), file.version);
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(&Sha256::digest(text)[..18])
}

/// The file's own name as it can stand on this disk.
fn disk_name(place: &dyn Place, file: &Object) -> String {
    let name: String = place.name(&file.path).chars().map(harmless).collect();
    // File systems end a name at 255 bytes; the end of it tells the format.
    let from = (name.len().saturating_sub(200)..).find(|at| name.is_char_boundary(*at)).unwrap_or_default();
    name[from..].to_owned()
}

/// A character as it can stand in a file's name on every system.
fn harmless(character: char) -> char {
    match character {
        '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' => '_',
        c if c.is_control() => '_',
        c => c,
    }
}
