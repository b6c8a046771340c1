//! The beginning of a file, which is all that a preview needs of a text file.

use std::fs::File;
use std::io::Write;

use pulse_core::{Error, Result};

use super::api::Api;
use super::browse::size;
use super::fetch::{Wanted, at_storage, base, must_be_the_file};
use crate::connector::Task;
use crate::model::Input;

/// Bytes that are fetched: more than a preview parses, so that it sees that the file goes on.
const PART: usize = 5_000_000;
/// How files begin that say nothing without their end: gzip, zip and Parquet.
const CLOSED: [&[u8]; 3] = [b"\x1f\x8b", b"PK", b"PAR1"];

/// What a preview reads of a file.
pub(super) enum Sample {
    /// Its beginning, with a sentence that says so.
    Part(Input, String),
    /// All of it: what the download of that is called, and why it must be if that is worth a sentence.
    Whole(String, Option<String>),
}

/// Fetches the beginning of a file where that can be read without the rest.
pub(super) fn sample(api: &Api, wanted: &Wanted<'_>, task: &Task<'_>) -> Result<Sample> {
    let name = wanted.title();
    if wanted.is_in(task.downloads) || wanted.bytes.is_some_and(|bytes| bytes <= PART as u64) {
        return Ok(whole(wanted, None));
    }
    if !is_text(&name) {
        return Ok(whole(wanted, Some("this format is not read in parts")));
    }
    task.progress.stage(&format!("Reading the beginning of {name}"), 0, PART as u64);
    let got = at_storage(api, wanted, task.progress, |request| {
        if wanted.is_packed_at(request.address()) {
            return Ok(None);
        }
        api.http().beginning(request, PART, task.progress).map(Some)
    })?;
    let Some((reply, bytes)) = got else { return Ok(whole(wanted, Some("Kaggle packs it for the way"))) };
    must_be_the_file(wanted, &reply.headers, reply.body.len() as u64, &reply.body)?;
    let bytes = bytes.or(wanted.bytes).unwrap_or(0);
    let goes_on = reply.body.len() == PART && bytes > PART as u64;
    if !goes_on || CLOSED.iter().any(|mark| reply.body.starts_with(mark)) {
        return Ok(whole(wanted, goes_on.then_some("it is packed")));
    }
    let path = task.scratch.join(wanted.file_name());
    let write = |cause: std::io::Error| Error::io("write", &path, &cause);
    let mut file = File::create(&path).map_err(write)?;
    file.write_all(&reply.body).map_err(write)?;
    // The rest is a hole that takes no room: the preview reads nothing of it but estimates all rows from its size.
    file.set_len(bytes).map_err(write)?;
    let text = format!("The preview shows the first {} MB of `{name}` ({}).", PART / 1_000_000, size(bytes));
    Ok(Sample::Part(Input { path, member: None, name: Some(base(&name).to_owned()) }, text))
}

/// A file that has to be downloaded as a whole; `why` ends the sentence that says so.
fn whole(wanted: &Wanted<'_>, why: Option<&str>) -> Sample {
    let name = wanted.title();
    let Some(why) = why else { return Sample::Whole(format!("Downloading {name}"), None) };
    let bytes = wanted.bytes.map(|bytes| format!(", {}", size(bytes))).unwrap_or_default();
    Sample::Whole(
        format!("Downloading all of {name}{bytes}: {why}"),
        Some(format!("The preview had to download all of `{name}`{bytes}: {why}. The import takes what is here now.")),
    )
}

/// Whether a name is that of a text of which every part can be read.
fn is_text(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [".csv", ".tsv", ".txt", ".ndjson", ".jsonl", ".json"].iter().any(|end| name.ends_with(end))
}
