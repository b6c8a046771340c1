//! Files inside gzip and zip: listed and unpacked into the scratch folder, within limits on what really comes out.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Component, Path, PathBuf};

use flate2::read::MultiGzDecoder;
use pulse_core::{Code, Error, Progress, Result};
use zip::ZipArchive;
use zip::result::ZipError;

use crate::formats;
use crate::model::Member;

/// More entries than this are refused: no data set needs them, a hostile archive may.
const MAX_ENTRIES: usize = 20_000;
/// The most that one member may unpack to.
const MAX_BYTES: u64 = 256 << 30;
/// Up to here any ratio is harmless.
const FREE_BYTES: u64 = 64 << 20;
/// Beyond it, unpacked bytes per packed byte; text rarely exceeds 30, deflate can reach 1,032.
const MAX_RATIO: u64 = 200;

/// Bytes of an entry of a zip archive's directory before its name.
const ENTRY: usize = 46;

/// How a file is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    Plain,
    Gzip,
    Zip,
}

impl Packing {
    /// The packing that a file's first bytes show.
    pub(crate) fn of(head: &[u8]) -> Self {
        match head {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Self::Zip,
            _ => Self::Plain,
        }
    }
}

/// The members of a zip archive that are files, each with whether and why it cannot be read.
pub(crate) fn members(path: &Path) -> Result<Vec<Member>> {
    let mut archive = open_zip(path)?;
    let mut members = Vec::new();
    for index in 0..archive.len() {
        let file = archive.by_index_raw(index).map_err(|cause| zip_error(path, None, &cause))?;
        if file.is_dir() {
            continue;
        }
        let name = String::from_utf8_lossy(file.name_raw()).into_owned();
        let why_not = refusal(&name, &file);
        members.push(Member { bytes: file.size(), supported: why_not.is_none(), why_not, name });
    }
    if members.iter().any(|m| m.name == "xl/workbook.xml") {
        return Err(Error::new(Code::Unsupported, format!("{} is an Excel workbook.", path.display()))
            .hint("Save the sheet as CSV and import that."));
    }
    Ok(members)
}

/// Why a member cannot be read.
fn refusal<R: Read>(name: &str, file: &zip::read::ZipFile<'_, R>) -> Option<String> {
    let leaves = name.contains('\0')
        || name.contains('\\')
        || Path::new(name).components().any(|part| !matches!(part, Component::Normal(_) | Component::CurDir));
    let base = name.rsplit('/').next().unwrap_or(name);
    if leaves {
        Some("its name leads out of the archive".into())
    } else if file.is_symlink() {
        Some("it is a symbolic link".into())
    } else if file.encrypted() {
        Some("it is encrypted".into())
    } else if name.starts_with("__MACOSX/") || base.starts_with('.') {
        Some("it is a hidden file of the operating system".into())
    } else if file.size() == 0 {
        Some("it is empty".into())
    } else if !matches!(file.compression(), zip::CompressionMethod::Stored | zip::CompressionMethod::Deflated) {
        Some("it is packed with a method other than deflate".into())
    } else if !formats::is_readable_name(base) {
        Some("its format is not supported".into())
    } else {
        None
    }
}

/// The member to read: the one that was named, or the only one that can be read.
pub(crate) fn choose(path: &Path, named: Option<&str>) -> Result<String> {
    let members = members(path)?;
    if let Some(name) = named {
        let member = members.iter().find(|m| m.name == name).ok_or_else(|| {
            Error::not_found(format!("{} has no member `{name}`.", path.display()))
                .hint(format!("It holds {}.", list(&members)))
                .field("member")
        })?;
        return match &member.why_not {
            None => Ok(member.name.clone()),
            Some(why) => {
                Err(Error::new(Code::Unsupported, format!("`{name}` in {} is refused: {why}.", path.display()))
                    .hint("Unpack the archive yourself if you trust it, and import the file.")
                    .field("member"))
            }
        };
    }
    let readable: Vec<&Member> = members.iter().filter(|m| m.supported).collect();
    match readable.as_slice() {
        [only] => Ok(only.name.clone()),
        [] => Err(Error::new(
            Code::Unsupported,
            format!("{} holds no file that can be read: {}.", path.display(), list(&members)),
        )
        .hint("CSV, TSV, JSON, NDJSON and Parquet files can be read.")),
        several => {
            Err(Error::invalid(format!("{} holds {} files; choose which to read.", path.display(), several.len()))
                .hint(format!("Name one of them: {}.", list(&members)))
                .field("member"))
        }
    }
}

fn list(members: &[Member]) -> String {
    let mut names: Vec<String> = members
        .iter()
        .take(10)
        .map(|m| m.why_not.as_ref().map_or_else(|| format!("`{}`", m.name), |why| format!("`{}` ({why})", m.name)))
        .collect();
    if members.len() > names.len() {
        names.push(format!("{} more", members.len() - names.len()));
    }
    if names.is_empty() { "nothing".into() } else { names.join(", ") }
}

/// One packed file: a gzip file, or a member of a zip archive.
#[derive(Clone, Debug)]
pub(crate) struct Packed {
    /// The gzip file or the archive.
    pub path: PathBuf,
    /// The member; nothing for gzip.
    pub member: Option<String>,
}

/// What unpacking gave.
pub(crate) struct Unpacked {
    pub bytes: u64,
    pub complete: bool,
    /// The share of everything that was unpacked, from 0 to 1.
    pub share: f64,
}

impl Packed {
    /// Unpacks into `to`, at most about `limit` bytes.
    pub(crate) fn unpack(&self, to: &Path, limit: Option<u64>, progress: &Progress) -> Result<Unpacked> {
        progress.stage("Unpacking", 0, 0);
        let mut out = File::create_new(to).map_err(|cause| Error::io("create", to, &cause))?;
        self.read(progress, |from| {
            let mut block = vec![0; 1 << 20];
            loop {
                let count = from.read(&mut block).map_err(|cause| self.failure(cause))?;
                out.write_all(&block[..count]).map_err(|cause| Error::io("write", to, &cause))?;
                progress.add_bytes(count as u64);
                let bytes = from.bytes;
                if count == 0 {
                    return Ok(Unpacked { bytes, complete: true, share: 1.0 });
                }
                if limit.is_some_and(|limit| bytes >= limit) {
                    return Ok(Unpacked { bytes, complete: false, share: from.share() });
                }
            }
        })
    }

    /// Gives `work` the unpacked bytes, without a file. A failed read holds an error for people, see
    /// [`Packed::failure`]: damage, a bomb, or the job's cancel.
    pub(crate) fn read<T>(&self, progress: &Progress, work: impl FnOnce(&mut Unpacking<'_>) -> Result<T>) -> Result<T> {
        let path = &self.path;
        let Some(member) = &self.member else {
            let file = File::open(path).map_err(|cause| Error::io("read", path, &cause))?;
            let packed = file.metadata().map_err(|cause| Error::io("read", path, &cause))?.len();
            // The clone shares the position, which shows how much of the packed file was used.
            let position = file.try_clone().map_err(|cause| Error::io("read", path, &cause))?;
            let mut decoder = MultiGzDecoder::new(BufReader::with_capacity(1 << 16, file));
            let name = path.display().to_string();
            let size = Size::Position(position);
            return work(&mut Unpacking { from: &mut decoder, size, packed, name, bytes: 0, progress });
        };
        let mut archive = open_zip(path)?;
        let mut file = archive.by_name(member).map_err(|cause| zip_error(path, Some(member), &cause))?;
        let (packed, size) = (file.compressed_size(), Size::Claimed(file.size()));
        let name = format!("{}!{member}", path.display());
        work(&mut Unpacking { from: &mut file, size, packed, name, bytes: 0, progress })
    }

    /// How many bytes it unpacks to, as a zip archive claims; nothing for gzip, which does not say.
    pub(crate) fn claimed(&self) -> Result<Option<u64>> {
        let Some(member) = &self.member else { return Ok(None) };
        let mut archive = open_zip(&self.path)?;
        let file = archive.by_name(member).map_err(|cause| zip_error(&self.path, Some(member), &cause))?;
        Ok(Some(file.size()))
    }

    /// The error for people inside a failed read.
    pub(crate) fn failure(&self, cause: std::io::Error) -> Error {
        match cause.downcast::<Error>() {
            Ok(error) => error,
            Err(cause) => Error::io("read", &self.path, &cause),
        }
    }
}

/// Unpacked bytes as they come, counted: more than any honest file holds are an error.
pub(crate) struct Unpacking<'a> {
    from: &'a mut dyn Read,
    size: Size,
    packed: u64,
    name: String,
    bytes: u64,
    progress: &'a Progress,
}

/// What tells how much of everything was unpacked.
enum Size {
    Claimed(u64),
    Position(File),
}

impl Unpacking<'_> {
    /// The share of everything that was unpacked so far, from 0 to 1.
    fn share(&mut self) -> f64 {
        match &mut self.size {
            Size::Claimed(claimed) => (self.bytes as f64 / (*claimed).max(1) as f64).min(1.0),
            // A position that cannot be told leaves the estimate of the rows at what was read.
            Size::Position(file) => file.stream_position().unwrap_or(self.packed) as f64 / self.packed.max(1) as f64,
        }
    }
}

impl Read for Unpacking<'_> {
    fn read(&mut self, block: &mut [u8]) -> std::io::Result<usize> {
        let told = std::io::Error::other::<Error>;
        self.progress.check().map_err(told)?;
        let count = match self.from.read(block) {
            Ok(count) => count,
            Err(cause) if cause.kind() == std::io::ErrorKind::Interrupted => return Err(cause),
            Err(cause) => return Err(told(broken(&self.name, self.bytes, &cause))),
        };
        self.bytes += count as u64;
        let Self { bytes, packed, name, .. } = self;
        if *bytes > MAX_BYTES || (*bytes > FREE_BYTES && *bytes / MAX_RATIO > *packed) {
            let text = format!(
                "Could not unpack {name}: {packed} packed bytes grew to more than {bytes} bytes, as in a zip bomb."
            );
            return Err(told(
                Error::new(Code::LimitExceeded, text)
                    .hint("If you trust the file, unpack it yourself and import the result."),
            ));
        }
        Ok(count)
    }
}

fn broken(name: &str, bytes: u64, cause: &std::io::Error) -> Error {
    let what = match cause.kind() {
        std::io::ErrorKind::UnexpectedEof => format!("it ends too early, after {bytes} unpacked bytes"),
        _ => format!("it is damaged after {bytes} unpacked bytes ({cause})"),
    };
    Error::damaged(format!("Could not unpack {name}: {what}."))
        .hint("Fetch the file again; it is incomplete or changed.")
}

fn open_zip(path: &Path) -> Result<ZipArchive<BufReader<File>>> {
    let file = File::open(path).map_err(|cause| Error::io("read", path, &cause))?;
    let archive = ZipArchive::new(BufReader::new(file)).map_err(|cause| zip_error(path, None, &cause))?;
    if archive.len() > MAX_ENTRIES {
        return Err(Error::new(
            Code::LimitExceeded,
            format!("{} holds {} entries; at most {MAX_ENTRIES} are accepted.", path.display(), archive.len()),
        )
        .hint("Unpack the archive yourself and import the folder."));
    }
    // The archive keeps one member of each name, so a second one would vanish, or hide the first.
    let listed = directory_length(path, archive.central_directory_start());
    if listed.map_err(|cause| Error::io("read", path, &cause))? != archive.len() {
        return Err(Error::new(Code::Unsupported, format!("{} holds several members of one name.", path.display()))
            .hint("Unpack it with another program if you trust it, and import the file."));
    }
    Ok(archive)
}

/// How many entries the directory of a zip archive lists; it begins at byte `start`.
fn directory_length(path: &Path, start: u64) -> std::io::Result<usize> {
    let mut file = BufReader::new(File::open(path)?);
    file.seek(SeekFrom::Start(start))?;
    let mut count = 0;
    loop {
        let mut entry = Vec::with_capacity(ENTRY);
        Read::by_ref(&mut file).take(ENTRY as u64).read_to_end(&mut entry)?;
        if entry.len() < ENTRY || !entry.starts_with(b"PK\x01\x02") {
            return Ok(count);
        }
        count += 1;
        // The lengths of the name, the extra field and the comment, which follow.
        let rest: i64 = [28, 30, 32].map(|at| i64::from(u16::from_le_bytes([entry[at], entry[at + 1]]))).iter().sum();
        file.seek_relative(rest)?;
    }
}

fn zip_error(path: &Path, member: Option<&str>, cause: &ZipError) -> Error {
    let name = member.map_or_else(|| path.display().to_string(), |member| format!("{}!{member}", path.display()));
    match cause {
        ZipError::Io(cause) if cause.kind() != std::io::ErrorKind::UnexpectedEof => Error::io("read", path, cause),
        ZipError::UnsupportedArchive(_) | ZipError::CompressionMethodNotSupported(_) | ZipError::InvalidPassword => {
            Error::new(Code::Unsupported, format!("Could not unpack {name}: {cause}."))
                .hint("Unpack the archive with another program and import the file.")
        }
        _ => Error::damaged(format!("Could not read the zip archive {name}: {cause}."))
            .hint("Fetch the file again; it is incomplete or changed."),
    }
}
