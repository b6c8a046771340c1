//! The note of a run that is being written: by it the files that an abandoned run left are found and removed.

use pulse_core::{Code, Error, Progress, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::OURS;
use super::shelf::Shelf;
use crate::outgoing::Outgoing;

/// What a run notes beside the data before it puts its first file.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Marker {
    /// The beginning of the names of its files.
    stem: String,
    sequence: u64,
}

/// The beginning of the names of a run's files: the same in every attempt, another one for every run.
pub(super) fn stem(outgoing: &Outgoing) -> String {
    format!("part-{}-{:010}-{}", short(&outgoing.sync), outgoing.sequence, short(&outgoing.run))
}

/// Notes this run; what an earlier run of the sync left is removed unless `is_committed` says that its files belong to
/// the table. Fails if the store cannot keep writers apart.
pub(super) fn begin(
    shelf: &Shelf<'_>,
    outgoing: &Outgoing,
    is_committed: impl Fn(&str, u64) -> bool,
    progress: &Progress,
) -> Result<()> {
    let path = path(outgoing);
    let now = Marker { stem: stem(outgoing), sequence: outgoing.sequence };
    if let Some(kept) = shelf.get(&path, progress)?
        && let Ok(earlier) = serde_json::from_slice::<Marker>(&kept.bytes)
    {
        if earlier == now {
            return Ok(());
        }
        if !is_committed(&earlier.stem, earlier.sequence) {
            let files = shelf.list("", progress)?;
            let left = files.iter().map(|file| file.path.as_str());
            let left = left.filter(|path| path.rsplit('/').next().is_some_and(|name| name.starts_with(&earlier.stem)));
            shelf.remove(left, progress)?;
        }
    }
    let bytes = serde_json::to_vec(&now).unwrap_or_default();
    shelf.put(&path, bytes.clone(), progress)?;
    shelf.check_conditions(&path, bytes, progress)
}

/// Fails if another run of the sync has begun meanwhile: it took this one for abandoned and removed its files.
pub(super) fn check(shelf: &Shelf<'_>, outgoing: &Outgoing, progress: &Progress) -> Result<()> {
    let kept = shelf.get(&path(outgoing), progress)?;
    let noted = kept.and_then(|kept| serde_json::from_slice::<Marker>(&kept.bytes).ok());
    if noted.is_some_and(|noted| noted.stem == stem(outgoing)) {
        return Ok(());
    }
    Err(Error::new(Code::Conflict, format!("Another run of this sync is writing to {}.", shelf.address()))
        .hint("Wait until it is done, then start again."))
}

/// The beginnings of the names of files that runs are putting, or were when they were interrupted.
pub(super) fn stems(shelf: &Shelf<'_>, progress: &Progress) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for file in shelf.list(OURS, progress)? {
        if file.name().starts_with("writing-")
            && let Some(kept) = shelf.get(&file.path, progress)?
            && let Ok(marker) = serde_json::from_slice::<Marker>(&kept.bytes)
        {
            found.push(marker.stem);
        }
    }
    Ok(found)
}

/// Removes the note of a run that is done.
pub(super) fn remove(shelf: &Shelf<'_>, outgoing: &Outgoing, progress: &Progress) -> Result<()> {
    shelf.tidy();
    shelf.remove([path(outgoing).as_str()], progress)
}

fn path(outgoing: &Outgoing) -> String {
    format!("{OURS}writing-{}.json", short(&outgoing.sync))
}

fn short(text: &str) -> String {
    Sha256::digest(text).iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}
