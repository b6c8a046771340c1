//! Whether a download is what the storage has: by the MD5 that it names, or else by its CRC-32C.

use std::io::Read;
use std::path::Path;

use base64::Engine as _;
use crc::{CRC_32_ISCSI, Crc};
use pulse_core::{Error, Progress, Result};

use crate::net::Downloaded;
use crate::source::hex;

/// The checksum of which the storage says `crc32c` (RFC 3720, appendix B.4).
const CRC32C: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);

/// Whether the storage named a checksum and the file at `path` has it; an error if it has another.
///
/// An object that was put together from parts has no MD5 but always a CRC-32C.
pub(super) fn check(got: &Downloaded, path: &Path, progress: &Progress) -> Result<bool> {
    let (name, named, actual) = match (said(got, "md5="), said(got, "crc32c=")) {
        (Some(md5), _) => ("MD5", md5, got.md5.to_vec()),
        (None, Some(crc)) => ("CRC-32C", crc, crc32c(path, progress)?.to_be_bytes().to_vec()),
        (None, None) => return Ok(false),
    };
    if named == actual {
        return Ok(true);
    }
    let text = format!("The file that was downloaded is damaged: its {name} is {}, not {}.", hex(&actual), hex(&named));
    Err(Error::damaged(text).hint("Try again; if it happens again, something on the way changes the bytes."))
}

/// The bytes of a checksum that the answer's headers name.
fn said(got: &Downloaded, name: &str) -> Option<Vec<u8>> {
    let values = got.headers.get_all("x-goog-hash").iter().filter_map(|value| value.to_str().ok());
    let named = values.flat_map(|value| value.split(',')).find_map(|part| part.trim().strip_prefix(name));
    // What is no Base64 is no checksum of these bytes either.
    named.map(|text| base64::engine::general_purpose::STANDARD.decode(text.trim()).unwrap_or_default())
}

fn crc32c(path: &Path, progress: &Progress) -> Result<u32> {
    let mut file = std::fs::File::open(path).map_err(|cause| Error::io("read", path, &cause))?;
    let (mut digest, mut block) = (CRC32C.digest(), vec![0; 1 << 20]);
    loop {
        progress.check()?;
        match file.read(&mut block).map_err(|cause| Error::io("read", path, &cause))? {
            0 => return Ok(digest.finalize()),
            count => digest.update(&block[..count]),
        }
    }
}
