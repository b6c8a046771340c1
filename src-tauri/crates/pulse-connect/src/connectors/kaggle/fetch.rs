//! One file fetched into the folder of downloads: resumed, signed anew when its address expired, checked.

use std::io::Read;
use std::path::{Path, PathBuf};

use pulse_core::{Code, Error, Progress, Result};
use reqwest::header::HeaderMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use url::Url;

use super::answers::Refusal;
use super::api::{Api, Whereabouts};
use super::checksum;
use super::reference::Reference;
use super::wire::Call;
use crate::net::{Request, is_web_page};
use crate::source::hex;

/// How often Kaggle is asked for a fresh address of one file, and how often a file is fetched again because its bytes
/// do not match its checksum.
const ADDRESSES: u32 = 4;
const MISMATCHES: u32 = 1;
/// Bytes that tell whether a file is what was asked for.
const HEAD: u64 = 64 << 10;

/// A file to fetch.
pub(super) struct Wanted<'a> {
    pub of: &'a Reference,
    /// The version of a dataset.
    pub version: Option<u64>,
    /// The file's name; everything as an archive without.
    pub file: Option<&'a str>,
    /// What tells states of the same file apart where there are no versions.
    pub stamp: &'a str,
    /// Its size, if known.
    pub bytes: Option<u64>,
}

/// A file that was fetched, as it is noted beside it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Fetched {
    #[serde(skip)]
    pub path: PathBuf,
    /// Its name, with `.zip` at its end if Kaggle packed it for the way.
    pub name: String,
    pub bytes: u64,
    pub md5: String,
    /// Whether Kaggle packed the one file for the way.
    pub packed: bool,
    /// Whether the storage named a checksum and it was the same.
    pub checked: bool,
}

/// Fetches a file into `folder`, or takes what was completed there before. `stage` says what is done.
///
/// Fails with [`Code::Damaged`] if the bytes are not those that the storage names, or are a web page; the part that
/// came is kept for everything that may go on later.
pub(super) fn fetch(
    api: &Api,
    wanted: &Wanted<'_>,
    stage: &str,
    folder: &Path,
    progress: &Progress,
) -> Result<Fetched> {
    let to = folder.join(wanted.file_name());
    let note = to.with_extension("json");
    if let Some(done) = completed(&to, &note) {
        progress.log(format!("`{}` was downloaded before.", done.name));
        return Ok(done);
    }
    std::fs::create_dir_all(folder).map_err(|cause| Error::io("create the folder", folder, &cause))?;
    let mut mismatches = 0;
    loop {
        progress.stage(stage, 0, wanted.bytes.unwrap_or(0));
        let got = at_storage(api, wanted, progress, |request| api.http().download(request, &to, progress))?;
        if let Err(error) = must_be_the_file(wanted, &got.headers, got.bytes, &head_of(&to)?) {
            remove(&to)?;
            return Err(error);
        }
        match checksum::check(&got, &to, progress) {
            Ok(checked) => {
                let packed = wanted.is_packed_at(&got.url);
                let name = match wanted.file {
                    Some(file) if packed => format!("{}.zip", base(file)),
                    Some(file) => base(file).to_owned(),
                    None => format!("{}.zip", wanted.of.name()),
                };
                let done = Fetched { path: to, name, bytes: got.bytes, md5: hex(&got.md5), packed, checked };
                let text = serde_json::to_vec(&done).map_err(|cause| Error::internal("note a download", cause))?;
                std::fs::write(&note, text).map_err(|cause| Error::io("write", &note, &cause))?;
                return Ok(done);
            }
            Err(error) => {
                remove(&to)?;
                if mismatches >= MISMATCHES {
                    return Err(error);
                }
                mismatches += 1;
                progress.log(format!("{} It is fetched again.", error.message));
            }
        }
    }
}

impl Wanted<'_> {
    /// The name in the folder of downloads, unique by content: version and stamp are part of it.
    pub(super) fn file_name(&self) -> String {
        let version = self.version.map(|version| version.to_string()).unwrap_or_default();
        let parts = [&self.of.text(), &version, self.file.unwrap_or_default(), self.stamp];
        let mut hash = Sha256::new();
        for part in parts {
            hash.update(part);
            hash.update([0]);
        }
        format!("kaggle-{}", &hex(&hash.finalize())[..24])
    }

    /// What it is called in words.
    pub(super) fn title(&self) -> String {
        self.file.map_or_else(|| self.of.text(), str::to_owned)
    }

    /// Whether an earlier read has completed it in `folder`.
    pub(super) fn is_in(&self, folder: &Path) -> bool {
        let to = folder.join(self.file_name());
        completed(&to, &to.with_extension("json")).is_some()
    }

    /// Whether the one file is packed for the way at this address.
    pub(super) fn is_packed_at(&self, url: &Url) -> bool {
        self.file.is_some_and(|file| last_part(url) == format!("{}.zip", base(file)))
    }
}

/// What an earlier read has completed.
fn completed(to: &Path, note: &Path) -> Option<Fetched> {
    let done: Fetched = serde_json::from_slice(&std::fs::read(note).ok()?).ok()?;
    let bytes = std::fs::metadata(to).ok()?.len();
    (bytes == done.bytes).then(|| Fetched { path: to.to_owned(), ..done })
}

/// Asks where the file is and does `work` there; asks anew when the storage says that the address has expired.
pub(super) fn at_storage<T>(
    api: &Api,
    wanted: &Wanted<'_>,
    progress: &Progress,
    mut work: impl FnMut(&Request) -> Result<T>,
) -> Result<T> {
    let call = Call::Download { of: wanted.of, version: wanted.version, file: wanted.file };
    let mut asked = 0;
    loop {
        asked += 1;
        let (request, signed) = match api.whereabouts(&call, progress)? {
            // Nothing but the address itself goes to the storage; above all not the credentials for Kaggle.
            Whereabouts::Signed(url) => (Request::get(url), true),
            Whereabouts::Direct(request) => (*request, false),
        };
        match work(&request) {
            Err(error) if signed && error.code == Code::PermissionDenied && asked < ADDRESSES => {
                progress.log("The address of the file has expired; Kaggle is asked for a new one.");
            }
            Err(error) if signed && error.code == Code::PermissionDenied => {
                let text =
                    format!("Could not {}: the storage refuses the addresses that Kaggle gives.", call.attempt());
                return Err(Error::new(error.code, text).hint("Check this computer's clock, and try again later."));
            }
            outcome => return outcome,
        }
    }
}

/// Fails if what came is a web page or a refusal in the place of the file; `head` is its beginning.
pub(super) fn must_be_the_file(wanted: &Wanted<'_>, headers: &HeaderMap, bytes: u64, head: &[u8]) -> Result<()> {
    let kind = headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let extension = wanted.file.and_then(|file| file.rsplit_once('.')).map_or("", |(_, extension)| extension);
    let is_page = is_web_page(Some(kind), head) && !["html", "htm", "xml", "svg"].contains(&extension);
    let refusal = if kind.contains("json") && bytes < HEAD && extension != "json" {
        serde_json::from_slice::<Value>(head).ok().and_then(|value| Refusal::find(&value, 200))
    } else {
        None
    };
    if !is_page && refusal.is_none() {
        return Ok(());
    }
    let what = refusal.map_or_else(|| "a web page".to_owned(), |refusal| format!("\"{}\"", refusal.message));
    Err(Error::damaged(format!("Could not download `{}`: {what} came instead of the file.", wanted.title()))
        .hint("A proxy or a sign-in page may have answered; try again, or download it in the browser."))
}

/// The beginning of a file.
fn head_of(path: &Path) -> Result<Vec<u8>> {
    let mut head = Vec::new();
    let file = std::fs::File::open(path).map_err(|cause| Error::io("read", path, &cause))?;
    file.take(HEAD).read_to_end(&mut head).map_err(|cause| Error::io("read", path, &cause))?;
    Ok(head)
}

/// The last part of an address' path, decoded.
fn last_part(url: &Url) -> String {
    let last = url.path().rsplit('/').next().unwrap_or_default();
    let decoded = percent_encoding::percent_decode_str(last).decode_utf8_lossy().into_owned();
    // A storage may keep the folders of a name inside one part.
    base(&decoded).to_owned()
}

/// A name without its folders.
pub(super) fn base(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

fn remove(path: &Path) -> Result<()> {
    std::fs::remove_file(path).map_err(|cause| Error::io("remove", path, &cause))
}
