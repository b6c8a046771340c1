//! A first look at a file, and folders turned into the files to read.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use pulse_core::{Code, Error, Result};

use crate::archive::{self, Packing};
use crate::formats;
use crate::model::Inspection;

/// Bytes that show what a file is.
const HEAD: usize = 64 << 10;
/// Packed bytes up to which a gzip file is unpacked to its end, so that a damaged one is found at once.
const WHOLE_GZIP: u64 = 16 << 20;

/// Says what a file is and, for a zip archive, what it holds.
///
/// Fails with what is wrong if the file is empty, a folder, unreadable, damaged, or of a kind that cannot be read.
pub fn inspect(path: &Path) -> Result<Inspection> {
    let bytes = check_file(path)?;
    let head = head_of(path)?;
    let mut members = Vec::new();
    let format_word = match Packing::of(&head) {
        Packing::Zip => {
            members = archive::members(path)?;
            "zip archive".into()
        }
        Packing::Gzip => {
            let inner = gzip_head(path, bytes)?;
            format!("{} in gzip", formats::recognise(&inner_name(path), &inner)?.0.title())
        }
        Packing::Plain => formats::recognise(&file_name(path), &head)?.0.title().to_owned(),
    };
    Ok(Inspection { path: path.to_owned(), bytes, members, format_word })
}

/// Turns folders into the supported files inside them, sorted by path, subfolders included; files stay as they are.
///
/// Fails if a path does not exist or a folder holds no file that can be read.
pub fn expand(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if !fs::metadata(path).map_err(|cause| Error::io("read", path, &cause))?.is_dir() {
            files.push(path.clone());
            continue;
        }
        let mut inside = Vec::new();
        collect(path, &mut inside, 0)?;
        if inside.is_empty() {
            return Err(Error::invalid(format!("The folder {} holds no file that can be read.", path.display()))
                .hint("CSV, TSV, JSON, NDJSON and Parquet files can be read, also inside gzip and zip."));
        }
        inside.sort();
        files.append(&mut inside);
    }
    Ok(files)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>, depth: usize) -> Result<()> {
    if depth > 64 {
        return Err(Error::new(
            Code::LimitExceeded,
            format!("{} is nested more than 64 folders deep.", folder.display()),
        )
        .hint("Choose a folder further down."));
    }
    for entry in fs::read_dir(folder).map_err(|cause| Error::io("list", folder, &cause))? {
        let entry = entry.map_err(|cause| Error::io("list", folder, &cause))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let kind = entry.file_type().map_err(|cause| Error::io("read", &entry.path(), &cause))?;
        if name.starts_with('.') || kind.is_symlink() {
            continue;
        }
        if kind.is_dir() {
            collect(&entry.path(), files, depth + 1)?;
        } else if formats::is_readable_name(&name) || has_extension(&name, "zip") {
            files.push(entry.path());
        }
    }
    Ok(())
}

fn has_extension(name: &str, extension: &str) -> bool {
    Path::new(name).extension().is_some_and(|e| e.eq_ignore_ascii_case(extension))
}

/// The size of a file that can be read and is not empty.
pub(crate) fn check_file(path: &Path) -> Result<u64> {
    let about = fs::metadata(path).map_err(|cause| Error::io("read", path, &cause))?;
    if about.is_dir() {
        return Err(Error::invalid(format!("{} is a folder.", path.display()))
            .hint("Import the folder to read all supported files in it, or choose a file inside it."));
    }
    if !about.is_file() {
        return Err(Error::invalid(format!("{} is not a regular file.", path.display())).hint("Choose a file on disk."));
    }
    if about.len() == 0 {
        return Err(Error::invalid(format!("{} is empty: it has no bytes.", path.display()))
            .hint("Check the download or export that made it."));
    }
    Ok(about.len())
}

/// The first bytes of a file.
pub(crate) fn head_of(path: &Path) -> Result<Vec<u8>> {
    let file = File::open(path).map_err(|cause| Error::io("read", path, &cause))?;
    let mut head = Vec::with_capacity(HEAD);
    file.take(HEAD as u64).read_to_end(&mut head).map_err(|cause| Error::io("read", path, &cause))?;
    Ok(head)
}

/// The first unpacked bytes of a gzip file; a small one is unpacked whole to find damage.
fn gzip_head(path: &Path, bytes: u64) -> Result<Vec<u8>> {
    let damaged = |cause: std::io::Error| {
        let what = if cause.kind() == std::io::ErrorKind::UnexpectedEof {
            "it ends too early".into()
        } else {
            cause.to_string()
        };
        Error::damaged(format!("Could not unpack {}: {what}.", path.display()))
            .hint("Fetch the file again; it is incomplete or changed.")
    };
    let file = File::open(path).map_err(|cause| Error::io("read", path, &cause))?;
    let mut unpacked = MultiGzDecoder::new(std::io::BufReader::new(file));
    let mut head = Vec::with_capacity(HEAD);
    unpacked.by_ref().take(HEAD as u64).read_to_end(&mut head).map_err(damaged)?;
    if bytes <= WHOLE_GZIP {
        std::io::copy(&mut unpacked.take(WHOLE_GZIP * 16), &mut std::io::sink()).map_err(damaged)?;
    }
    if head.is_empty() {
        return Err(Error::invalid(format!("{} holds an empty file.", path.display())).hint("Check what made it."));
    }
    Ok(head)
}

/// A path's last part.
pub(crate) fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

/// The name of what a gzip file holds.
pub(crate) fn inner_name(path: &Path) -> String {
    let name = file_name(path);
    match name.len().checked_sub(3) {
        Some(cut) if name.is_char_boundary(cut) && name[cut..].eq_ignore_ascii_case(".gz") => name[..cut].to_owned(),
        _ => name,
    }
}
