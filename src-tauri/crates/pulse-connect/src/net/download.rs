//! Downloads into a file that go on where they stopped, also after a restart.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use md5::{Digest as _, Md5};
use pulse_core::{Error, Progress, Result};
use reqwest::header::{CONTENT_RANGE, ETAG, HeaderMap, IF_RANGE, LAST_MODIFIED, RANGE};
use url::Url;

use super::fault::{Again, Failure};
use super::reply::Incoming;
use super::{Http, Request, run};

/// What was downloaded.
pub(crate) struct Downloaded {
    /// Bytes of the file.
    pub bytes: u64,
    /// MD5, which some services name.
    pub md5: [u8; 16],
    /// The headers of the last answer.
    pub headers: HeaderMap,
    /// Where it came from at last; it may hold secrets.
    pub url: Url,
}

impl Http {
    /// Downloads into `to`. The bytes lie in `to` with `.part` at its end until they are complete, beside a `.part.mark`
    /// that says which version they belong to; a later call goes on after them if the server still has that version and
    /// gives ranges. Every attempt begins at the request's own address, so that signed addresses are made anew.
    ///
    /// The bytes are those on the wire, not unpacked. Blocks; fails as [`Http::fetch`], the part is kept.
    pub(crate) fn download(&self, request: &Request, to: &Path, progress: &Progress) -> Result<Downloaded> {
        let mut part = Part::open(to, progress)?;
        if part.bytes > 0 {
            progress.log(format!("Going on with the download after {} bytes.", part.bytes));
        }
        progress.add_bytes(part.bytes);
        let (headers, url) = run(
            progress,
            self.retrying(request, progress, async || {
                let before = part.bytes;
                let outcome = self.attempt(request, &mut part, progress).await;
                outcome.map_err(|failure| Failure { moved: part.resumable() && part.bytes > before, ..failure })
            }),
        )?;
        part.file.sync_all().map_err(|cause| Error::io("write", &part.path, &cause))?;
        std::fs::rename(&part.path, to).map_err(|cause| Error::io("rename the download to", to, &cause))?;
        // A mark without its part is harmless.
        let _ = std::fs::remove_file(&part.mark_path);
        Ok(Downloaded { bytes: part.bytes, md5: part.md5.finalize().into(), headers, url })
    }

    async fn attempt(
        &self,
        request: &Request,
        part: &mut Part,
        progress: &Progress,
    ) -> Result<(HeaderMap, Url), Failure> {
        let mut asked = request.clone().header("accept-encoding", "identity")?;
        let goes_on = part.bytes > 0 && part.resumable();
        if goes_on {
            asked = asked.header(RANGE.as_str(), &format!("bytes={}-", part.bytes))?;
            asked = asked.header(IF_RANGE.as_str(), &part.mark)?.expect(&[416]);
        }
        let mut incoming = self.once(&asked, true, progress).await?;
        let status = incoming.response.status().as_u16();
        let headers = incoming.response.headers().clone();
        if status == 206 && goes_on && range_start(&headers) == Some(part.bytes) {
            let whole = range_whole(&headers);
            part.append(&mut incoming, whole).await?;
        } else if status == 200 {
            part.restart(&headers)?;
            let announced = incoming.response.content_length();
            part.append(&mut incoming, announced).await?;
        } else {
            // The range or its version is not there any more.
            part.restart(&HeaderMap::new())?;
            let text = format!("{} was answered with {status} instead of the file.", asked.shown());
            let error = Error::damaged(text).hint("Try again; the download begins anew.");
            return Err(Failure { again: Again::IfRepeatable, ..error.into() });
        }
        Ok((headers, incoming.url))
    }
}

/// The bytes so far.
struct Part {
    path: PathBuf,
    mark_path: PathBuf,
    file: File,
    bytes: u64,
    md5: Md5,
    /// What names the version: a strong ETag or a date; empty if the server gave none.
    mark: String,
}

impl Part {
    /// Opens what an earlier attempt left, or begins.
    fn open(to: &Path, progress: &Progress) -> Result<Self> {
        let with = |end: &str| {
            let mut name = to.as_os_str().to_owned();
            name.push(end);
            PathBuf::from(name)
        };
        let (path, mark_path) = (with(".part"), with(".part.mark"));
        let file = OpenOptions::new().read(true).append(true).create(true).open(&path);
        let file = file.map_err(|cause| Error::io("write", &path, &cause))?;
        let mark = std::fs::read_to_string(&mark_path).unwrap_or_default();
        let mut part = Self { path, mark_path, file, bytes: 0, md5: Md5::new(), mark };
        if part.resumable() {
            part.take_in(progress)?
        } else {
            part.restart(&HeaderMap::new())?
        }
        Ok(part)
    }

    fn resumable(&self) -> bool {
        !self.mark.is_empty()
    }

    /// Hashes the bytes that are there.
    fn take_in(&mut self, progress: &Progress) -> Result<()> {
        let mut buffer = vec![0; 1 << 18];
        loop {
            progress.check()?;
            let count = self.file.read(&mut buffer).map_err(|cause| Error::io("read", &self.path, &cause))?;
            if count == 0 {
                return Ok(());
            }
            self.learn(&buffer[..count]);
        }
    }

    fn learn(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        self.md5.update(bytes);
    }

    /// Empties the part, for the version that `headers` name.
    fn restart(&mut self, headers: &HeaderMap) -> Result<()> {
        let text = |name| headers.get(name).and_then(|value: &reqwest::header::HeaderValue| value.to_str().ok());
        let etag = text(ETAG).filter(|etag| !etag.starts_with("W/"));
        self.mark = etag.or_else(|| text(LAST_MODIFIED)).unwrap_or_default().to_owned();
        self.file.set_len(0).map_err(|cause| Error::io("write", &self.path, &cause))?;
        (self.bytes, self.md5) = (0, Md5::new());
        std::fs::write(&self.mark_path, &self.mark).map_err(|cause| Error::io("write", &self.mark_path, &cause))
    }

    /// Adds the body of an answer; fails if the file does not have the size that was announced.
    async fn append(&mut self, incoming: &mut Incoming<'_>, whole: Option<u64>) -> Result<(), Failure> {
        while let Some(bytes) = incoming.chunk().await? {
            self.file.write_all(&bytes).map_err(|cause| Error::io("write", &self.path, &cause))?;
            self.learn(&bytes);
        }
        match whole {
            Some(whole) if whole != self.bytes => {
                let error = Error::damaged(format!("The download ended after {} of {whole} bytes.", self.bytes))
                    .hint("Try again; it goes on where it stopped if the server can do that.");
                Err(Failure { again: Again::IfRepeatable, ..error.into() })
            }
            _ => Ok(()),
        }
    }
}

/// Where the bytes of a partial answer begin.
fn range_start(headers: &HeaderMap) -> Option<u64> {
    let text = headers.get(CONTENT_RANGE)?.to_str().ok()?;
    text.strip_prefix("bytes ")?.split_once('-')?.0.trim().parse().ok()
}

/// How many bytes the whole file has that a partial answer is part of.
pub(super) fn range_whole(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_RANGE)?.to_str().ok()?.rsplit_once('/')?.1.trim().parse().ok()
}
