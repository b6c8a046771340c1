//! An input made into a plain file: as it lies there, or unpacked into the scratch folder.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use pulse_core::{Error, Progress, Result};
use sha2::{Digest, Sha256};

use crate::archive::{self, Packed, Packing, Unpacked};
use crate::inspect::{check_file, file_name, head_of, inner_name};
use crate::model::Input;

/// How a Parquet file begins. It can be read as a whole only, because what describes it stands at its end.
const PARQUET: &[u8] = b"PAR1";

/// A packed text that unpacks to more than this is read from the archive itself. Tests read nearly everything so.
const STREAMED: u64 = if cfg!(test) { 256 } else { 64 << 20 };
/// Packed bytes of a gzip file, which does not say what it holds, that count as that much.
const STREAMED_GZIP: u64 = STREAMED / 8;
/// Unpacked bytes of a streamed text that lie on disk, for what looks at its beginning.
const HEAD: u64 = 1 << 20;

/// A plain file to read, and where it came from.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// The name in `source_file` and in the ledger.
    pub name: String,
    /// The name whose extension tells the format.
    pub inner_name: String,
    /// The plain file; only its first part as long as `packed` is set.
    pub path: PathBuf,
    /// Its size; 0 if it is not known yet.
    pub content_bytes: u64,
    /// What is still packed and can be read from there; see [`Source::unpack`].
    pub packed: Option<Packed>,
    /// Size of the file as it lies on disk.
    pub bytes: u64,
    /// The file as it lies on disk.
    pub origin: PathBuf,
    /// Whether the plain file is the file on disk.
    pub is_origin: bool,
    /// Whether the plain file is only the first part.
    pub is_head: bool,
    /// The share of the whole that the plain file holds, from 0 to 1.
    pub share: f64,
    /// A number that keeps scratch files of several inputs apart.
    pub number: usize,
}

impl Source {
    /// Opens input `number`; with a `limit`, only about that many bytes of text are needed.
    pub(crate) fn open(
        input: &Input,
        number: usize,
        scratch: &Path,
        limit: Option<u64>,
        progress: &Progress,
    ) -> Result<Self> {
        let origin = std::path::absolute(&input.path).map_err(|cause| Error::io("find", &input.path, &cause))?;
        let bytes = check_file(&origin)?;
        let head = head_of(&origin)?;
        let name = input.name.clone().unwrap_or_else(|| file_name(&origin));
        let mut source = Self {
            inner_name: inner_name(Path::new(&name)),
            name,
            path: origin.clone(),
            content_bytes: bytes,
            packed: None,
            bytes,
            origin,
            is_origin: true,
            is_head: false,
            share: 1.0,
            number,
        };
        let unpacked = source.scratch_file(scratch, "input");
        let packing = Packing::of(&head);
        if packing != Packing::Zip && input.member.is_some() {
            return Err(Error::invalid(format!("{} is no zip archive and has no members.", source.origin.display()))
                .hint("Leave the member out.")
                .field("member"));
        }
        let packed = match packing {
            Packing::Gzip => Packed { path: source.origin.clone(), member: None },
            Packing::Zip => {
                let member = archive::choose(&source.origin, input.member.as_deref())?;
                source.name = format!("{}!{member}", source.name);
                source.inner_name = member.rsplit('/').next().unwrap_or(&member).to_owned();
                Packed { path: source.origin.clone(), member: Some(member) }
            }
            Packing::Plain => {
                if let Some(limit) = limit.filter(|limit| bytes > *limit && !head.starts_with(PARQUET)) {
                    copy_head(&source.origin, &unpacked, limit)?;
                    let share = limit as f64 / bytes as f64;
                    source.take(unpacked, &Unpacked { bytes: limit, complete: false, share });
                }
                return Ok(source);
            }
        };
        if limit.is_none() {
            let claimed = packed.claimed()?;
            if claimed.map_or(bytes > STREAMED_GZIP, |claimed| claimed > STREAMED) {
                let first = source.scratch_file(scratch, "first");
                packed.unpack(&first, Some(HEAD), progress)?;
                source.path = first;
                source.content_bytes = claimed.unwrap_or(0);
                source.is_origin = false;
                source.packed = Some(packed);
                return Ok(source);
            }
        }
        let result = whole_if_parquet(limit, &unpacked, |limit| packed.unpack(&unpacked, limit, progress))?;
        source.take(unpacked, &result);
        Ok(source)
    }

    /// Unpacks what is still packed, for readers that need a plain file.
    pub(crate) fn unpack(&mut self, scratch: &Path, progress: &Progress) -> Result<()> {
        if let Some(packed) = self.packed.take() {
            let unpacked = self.scratch_file(scratch, "input");
            let result = packed.unpack(&unpacked, None, progress)?;
            self.take(unpacked, &result);
        }
        Ok(())
    }

    /// Reads from a plain file in the scratch folder from now on.
    fn take(&mut self, path: PathBuf, result: &Unpacked) {
        self.path = path;
        self.content_bytes = result.bytes;
        self.is_origin = false;
        self.is_head = !result.complete;
        self.share = result.share;
    }

    /// A file of this source's own in the scratch folder.
    pub(crate) fn scratch_file(&self, scratch: &Path, what: &str) -> PathBuf {
        scratch.join(format!("{what}-{}", self.number))
    }

    /// The file's hash, read on its own.
    pub(crate) fn sha256(&self, progress: &Progress) -> Result<String> {
        let mut file = File::open(&self.origin).map_err(|cause| Error::io("read", &self.origin, &cause))?;
        let (mut hash, mut block) = (Sha256::new(), vec![0; 1 << 20]);
        loop {
            progress.check()?;
            let count = file.read(&mut block).map_err(|cause| Error::io("read", &self.origin, &cause))?;
            if count == 0 {
                return Ok(hex(&hash.finalize()));
            }
            hash.update(&block[..count]);
        }
    }
}

/// Unpacks at most about `limit` bytes to `to`, or everything if that is a Parquet file.
fn whole_if_parquet(
    limit: Option<u64>,
    to: &Path,
    unpack: impl Fn(Option<u64>) -> Result<Unpacked>,
) -> Result<Unpacked> {
    let first = unpack(limit)?;
    if first.complete || !head_of(to)?.starts_with(PARQUET) {
        return Ok(first);
    }
    std::fs::remove_file(to).map_err(|cause| Error::io("remove", to, &cause))?;
    unpack(None)
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        text.push_str(&format!("{byte:02x}"));
        text
    })
}

fn copy_head(from: &Path, to: &Path, limit: u64) -> Result<()> {
    let file = File::open(from).map_err(|cause| Error::io("read", from, &cause))?;
    let mut head = Vec::new();
    file.take(limit).read_to_end(&mut head).map_err(|cause| Error::io("read", from, &cause))?;
    let mut out = File::create_new(to).map_err(|cause| Error::io("create", to, &cause))?;
    out.write_all(&head).map_err(|cause| Error::io("write", to, &cause))
}
