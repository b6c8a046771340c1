//! The storage on another host: signed addresses, ranges, checksums.

use base64::Engine as _;
use md5::{Digest, Md5};

use super::exchange::{Answer, decoded};
use super::{Fault, Seen, State, fault, lock, zipped};

/// The storage: signed addresses, ranges, checksums.
pub(super) fn storage(seen: &Seen, state: &State) -> Answer {
    let (path, query) = seen.path.split_once('?').unwrap_or((&seen.path, ""));
    if seen.headers.contains_key("authorization") {
        return Answer::new(400, "application/xml", "<Error><Code>InvalidArgument</Code></Error>");
    }
    let happens = fault(state, true);
    match happens {
        Some(Fault::StoragePage) => return Answer::page(),
        Some(Fault::Expired) => return Answer::new(403, "application/xml", "<Error><Code>ExpiredToken</Code></Error>"),
        Some(Fault::StorageBusy(seconds)) => {
            return Answer::new(429, "application/xml", "<Error/>").header("Retry-After", seconds.to_string());
        }
        Some(Fault::NoRange) => return Answer::new(416, "application/xml", "<Error><Code>InvalidRange</Code></Error>"),
        _ => {}
    }
    let Some(bytes) = stored(path, state).filter(|_| query.contains("X-Goog-Signature=sig")) else {
        return Answer::new(404, "application/xml", "<Error><Code>NoSuchKey</Code></Error>");
    };
    let digest = match happens {
        Some(Fault::WrongMd5) => Md5::digest(b"something else"),
        _ => Md5::digest(&bytes),
    };
    let crc = match happens {
        Some(Fault::WrongCrc) => 0,
        _ => crc32c(&bytes),
    };
    let etag = format!("\"{}\"", Md5::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect::<String>());
    let range = seen.headers.get("range").filter(|_| seen.headers.get("if-range").is_none_or(|known| *known == etag));
    let range = range.and_then(|range| range.strip_prefix("bytes=")?.split_once('-'));
    let number = |text: &str| text.parse::<usize>().ok();
    let mut answer = match range.and_then(|(from, to)| Some((number(from)?, number(to)))) {
        Some((from, _)) if from >= bytes.len() => return Answer::new(416, "application/xml", "<Error/>"),
        Some((from, to)) => {
            let end = to.map_or(bytes.len(), |to| (to + 1).min(bytes.len()));
            let about = format!("bytes {from}-{}/{}", end - 1, bytes.len());
            Answer::new(206, "application/octet-stream", &bytes[from..end]).header("Content-Range", about)
        }
        None => Answer::new(200, "application/octet-stream", bytes),
    };
    let md5 = base64::engine::general_purpose::STANDARD.encode(digest);
    answer = answer.header("ETag", etag).header("Accept-Ranges", "bytes");
    answer = answer.header("Last-Modified", "Fri, 02 Jan 2026 03:04:05 GMT");
    let crc = base64::engine::general_purpose::STANDARD.encode(crc.to_be_bytes());
    answer = answer.header("x-goog-hash", format!("crc32c={crc}"));
    // An object that was put together from parts has no MD5.
    if !matches!(happens, Some(Fault::NoMd5 | Fault::WrongCrc)) {
        answer = answer.header("x-goog-hash", format!("md5={md5}"));
    }
    match happens {
        Some(Fault::Truncated(after)) => Answer { cut: Some(after), ..answer },
        Some(Fault::Stalls(after)) => Answer { stall: Some(after), ..answer },
        _ => answer,
    }
}

/// The bytes of `/bucket/owner/name/version/file` or `/bucket/c/name/file`.
fn stored(path: &str, state: &State) -> Option<Vec<u8>> {
    let parts: Vec<String> = path.strip_prefix("/bucket/")?.split('/').map(decoded).collect();
    let (files, name) = match parts.as_slice() {
        [first, name, file] if first == "c" => (lock(&state.competitions).get(name)?.0.clone(), file),
        [owner, name, version, file] => {
            let versions = lock(&state.datasets).get(&format!("{owner}/{name}"))?.clone();
            (versions.get(version.parse::<usize>().ok()?.checked_sub(1)?)?.clone(), file)
        }
        _ => return None,
    };
    if name == "archive.zip" {
        return Some(zipped(&files));
    }
    let packed = name.strip_suffix(".zip").and_then(|name| files.iter().find(|file| file.packed && file.name == name));
    match packed {
        Some(item) => Some(zipped(std::slice::from_ref(item))),
        None => Some(files.iter().find(|file| file.name == *name)?.bytes.clone()),
    }
}

/// CRC-32C bit by bit, as its definition has it (RFC 3720, appendix B.4).
fn crc32c(bytes: &[u8]) -> u32 {
    let step = |crc: u32| if crc & 1 == 1 { (crc >> 1) ^ 0x82f6_3b78 } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc)))
}
