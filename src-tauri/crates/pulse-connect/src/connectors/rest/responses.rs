//! Where answers come from: the network, which is recorded, or an earlier recording.

use std::collections::{BTreeMap, VecDeque};
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use pulse_core::{Error, Progress, Result};
use reqwest::Method as HttpMethod;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use url::Url;

use super::Rest;
use super::auth::Auth;
use super::paging::Ask;
use super::selection::{Method, Selection};
use super::settings::AuthKind;
use crate::net::{Http, Request, recorded, shown, trusts};
use crate::source::hex;

/// The headers that are kept, beside those that speak of rates.
const KEPT: [&str; 8] =
    ["content-type", "date", "etag", "last-modified", "link", "retry-after", "x-total-count", "x-next-page"];
/// A part of an earlier read is not gone on with when it is older than this.
const STALE: Duration = Duration::from_secs(24 * 3600);

/// An answer, from wherever it came.
pub(super) struct Page {
    /// The address, by which relative addresses in the answer are understood.
    pub url: Url,
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Page {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// A line of a recording.
#[derive(Serialize, Deserialize)]
struct Line {
    /// What was asked, as a hash: an address may hold secrets.
    key: String,
    method: String,
    /// The address it came from, without secrets.
    url: String,
    status: u16,
    headers: BTreeMap<String, String>,
    /// The exact text.
    body: String,
}

/// The answers of one read, in the order they are asked for.
pub(super) struct Responses<'a> {
    rest: &'a Rest,
    http: Http,
    selection: &'a Selection,
    progress: &'a Progress,
    /// An address on the host that gets the credentials.
    home: Url,
    earlier: Option<Earlier>,
    /// The recording that is written; none while one is played.
    out: Option<(PathBuf, File)>,
    /// Answers that came from a recording.
    pub played: u64,
    foreign: bool,
}

impl<'a> Responses<'a> {
    /// Answers from the recordings only.
    pub(super) fn replay(
        rest: &'a Rest,
        selection: &'a Selection,
        home: &Url,
        recordings: &[PathBuf],
        progress: &'a Progress,
    ) -> Self {
        let earlier = Some(Earlier::new(recordings));
        Self { earlier, ..Self::bare(rest, selection, home, progress) }
    }

    /// Answers from the network, recorded in `file`; those that it holds already from an earlier attempt are used first.
    pub(super) fn record(
        rest: &'a Rest,
        selection: &'a Selection,
        home: &Url,
        file: &Path,
        progress: &'a Progress,
    ) -> Result<Self> {
        let failed = |cause: std::io::Error| Error::io("write", file, &cause);
        let age = std::fs::metadata(file).and_then(|meta| meta.modified()).ok().and_then(|time| time.elapsed().ok());
        let stale = age.is_some_and(|age| age > STALE);
        let out = OpenOptions::new().read(true).write(true).create(true).truncate(stale).open(file).map_err(failed)?;
        let held = out.metadata().map_err(failed)?.len() > 0;
        let earlier = held.then(|| Earlier::new(&[file.to_owned()]));
        let out = Some((file.to_owned(), out));
        Ok(Self { earlier, out, ..Self::bare(rest, selection, home, progress) })
    }

    fn bare(rest: &'a Rest, selection: &'a Selection, home: &Url, progress: &'a Progress) -> Self {
        let (http, home) = (rest.http.fresh(), home.clone());
        Self { rest, http, selection, progress, home, earlier: None, out: None, played: 0, foreign: false }
    }

    /// The answer to a request. Where `may_miss` is set, one that nothing is there is an answer too (status 404 or 410).
    pub(super) fn get(&mut self, ask: &Ask, may_miss: bool) -> Result<Page> {
        self.progress.check()?;
        let key = key(ask);
        if let Some(page) = self.play(&key)? {
            self.played += 1;
            return Ok(page);
        }
        if self.out.is_none() {
            return Err(Error::not_found(format!("The recording does not hold the answer of `{}`.", shown(&ask.url)))
                .hint("What is read has changed since it was recorded; refresh from the network."));
        }
        let page = self.fetch(ask, may_miss)?;
        self.keep(key, ask, &page)?;
        Ok(page)
    }

    /// Whether a host that is not the connection's was asked, without credentials.
    pub(super) fn asked_foreign(&self) -> bool {
        self.foreign
    }

    /// The recording, complete; none if an earlier one was played.
    pub(super) fn finish(self) -> Result<Option<PathBuf>> {
        let Some((path, file)) = self.out else { return Ok(None) };
        file.sync_all().map_err(|cause| Error::io("write", &path, &cause))?;
        Ok(Some(path))
    }

    /// The next recorded answer, if it answers this request. A part of an earlier attempt ends where it does not fit.
    fn play(&mut self, key: &str) -> Result<Option<Page>> {
        let Some(earlier) = &mut self.earlier else { return Ok(None) };
        if let Some(line) = earlier.take(key)? {
            let url = Url::parse(&line.url).map_err(|_| Error::damaged("The recording holds no readable address."))?;
            return Ok(Some(Page { url, status: line.status, headers: line.headers, body: line.body }));
        }
        if let Some((path, file)) = &mut self.out {
            let cut = file.set_len(earlier.taken).and_then(|()| file.seek(SeekFrom::End(0)));
            cut.map_err(|cause| Error::io("write", path, &cause))?;
            if self.played > 0 {
                self.progress.log(format!("Going on after {} answers of an earlier attempt.", self.played));
            }
            self.earlier = None;
        }
        Ok(None)
    }

    fn fetch(&mut self, ask: &Ask, may_miss: bool) -> Result<Page> {
        let mut request = self.request(ask)?;
        let renewable = Auth::renewable(&self.rest.settings);
        let expected = |request: Request| {
            let request = if may_miss { request.expect(&[404, 410]) } else { request };
            if renewable { request.expect(&[401]) } else { request }
        };
        request = expected(request);
        let mut reply = self.http.fetch(&request, self.progress)?;
        if reply.status == 401 {
            self.progress.log("The access token is not accepted any more; getting a new one.");
            self.rest.auth.forget();
            request = expected(self.request(ask)?);
            reply = self.http.fetch(&request, self.progress)?;
            if reply.status == 401 {
                return Err(reply.failure(&request));
            }
        }
        if reply.status < 300 {
            reply.must_be_json()?;
        }
        let kept = |name: &str| KEPT.contains(&name) || name.contains("ratelimit") || name.contains("rate-limit");
        let headers = reply.headers.iter().filter(|(name, _)| kept(name.as_str()));
        let headers = headers.filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())));
        let (headers, body) = (headers.collect(), if reply.status < 300 { reply.text()? } else { String::new() });
        Ok(Page { url: reply.url, status: reply.status, headers, body })
    }

    /// The request with headers and, on the connection's own host, credentials.
    fn request(&mut self, ask: &Ask) -> Result<Request> {
        let method = if ask.method == Method::Post { HttpMethod::POST } else { HttpMethod::GET };
        let mut request = Request::new(method, ask.url.clone()).repeatable();
        request = request.header("accept", "application/json, */*;q=0.5")?;
        if let Some(body) = &ask.body {
            request = request.header("content-type", "application/json")?.body(body.to_string());
        }
        if !trusts(&self.home, &ask.url) {
            if !self.foreign {
                let host = ask.url.host_str().unwrap_or_default();
                self.progress.log(format!("The answers lead to another host, {host}; it gets no credentials."));
            }
            self.foreign = true;
            return Ok(request);
        }
        let settings = &self.rest.settings;
        for pair in settings.headers.iter().chain(&self.selection.headers).filter(|pair| !pair.name.trim().is_empty()) {
            request = request.header(&pair.name, pair.value.trim())?;
        }
        for (name, value) in settings.secret_headers()? {
            request = request.secret_header(&name, &value)?;
        }
        self.rest.auth.apply(settings, &self.http, request, self.progress)
    }

    fn keep(&mut self, key: String, ask: &Ask, page: &Page) -> Result<()> {
        let settings = &self.rest.settings;
        let secrets = [settings.key_name.trim()];
        let hides = settings.auth == AuthKind::ApiKeyQuery;
        let url = recorded(&page.url, if hides { &secrets } else { &[] });
        let method = if ask.method == Method::Post { "POST" } else { "GET" }.to_owned();
        let (status, headers, body) = (page.status, page.headers.clone(), page.body.clone());
        let line = Line { key, method, url, status, headers, body };
        let Some((path, file)) = &mut self.out else { return Ok(()) };
        let mut text = serde_json::to_vec(&line).map_err(|cause| Error::internal("record an answer", cause))?;
        text.push(b'\n');
        file.write_all(&text).map_err(|cause| Error::io("write", path, &cause))
    }
}

/// What a request is, as a hash.
fn key(ask: &Ask) -> String {
    let mut hash = Sha256::new();
    hash.update(if ask.method == Method::Post { "POST " } else { "GET " });
    hash.update(ask.url.as_str());
    hash.update("\n");
    hash.update(ask.body.as_ref().map(ToString::to_string).unwrap_or_default());
    hex(&hash.finalize())
}

/// Recordings that are played line by line.
struct Earlier {
    files: VecDeque<PathBuf>,
    open: Option<BufReader<File>>,
    next: Option<(Line, u64)>,
    /// Bytes of the current file that were played.
    taken: u64,
}

impl Earlier {
    fn new(files: &[PathBuf]) -> Self {
        Self { files: files.iter().cloned().collect(), open: None, next: None, taken: 0 }
    }

    /// Takes the next line if it answers `key`. A line that was cut off is none.
    fn take(&mut self, key: &str) -> Result<Option<Line>> {
        while self.next.is_none() {
            let Some(reader) = &mut self.open else {
                let Some(path) = self.files.pop_front() else { return Ok(None) };
                let file = File::open(&path).map_err(|cause| Error::io("read the recording", &path, &cause))?;
                self.open = Some(BufReader::with_capacity(1 << 18, file));
                self.taken = 0;
                continue;
            };
            let mut text = Vec::new();
            let count = reader.read_until(b'\n', &mut text);
            let count = count.map_err(|cause| Error::damaged(format!("Could not read the recording: {cause}.")))?;
            match serde_json::from_slice(&text) {
                Ok(line) if text.last() == Some(&b'\n') => self.next = Some((line, count as u64)),
                _ if count == 0 && !self.files.is_empty() => self.open = None,
                _ => return Ok(None),
            }
        }
        let Some((line, bytes)) = self.next.take_if(|(line, _)| line.key == key) else { return Ok(None) };
        self.taken += bytes;
        Ok(Some(line))
    }
}
