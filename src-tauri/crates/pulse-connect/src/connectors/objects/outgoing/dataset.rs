//! A dataset of Parquet or CSV files as the target. Its manifest lists the files that belong to it and is put last.

use std::collections::{BTreeMap, HashSet};

use pulse_core::{Code, Error, Progress, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::fields::fields;
use super::pieces::{Piece, hex, put_all};
use super::schema::{fit, schema};
use super::shelf::{Kept, Shelf, is_ours};
use super::target::{Format, Target};
use super::{OURS, Outcome, Seen, marker};
use crate::destination::{Journal, SyncMode};
use crate::outgoing::Outgoing;

/// How often a manifest is put after another writer was first.
const ATTEMPTS: usize = 100;

/// What a dataset consists of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Manifest {
    /// What wrote it.
    pub engine: String,
    pub format: Format,
    /// What was sent last, such as `silver.prices@3`.
    pub origin: String,
    /// The columns, as a Delta table's schema has them.
    pub schema: Value,
    pub partition_by: Vec<String>,
    pub rows: u64,
    pub bytes: u64,
    pub files: Vec<Piece>,
    /// The sequence of the last run of each sync that wrote to it.
    pub syncs: BTreeMap<String, u64>,
    /// Files of the manifest before, to be removed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removing: Vec<String>,
    pub written_at_ms: u64,
}

/// A manifest that is there.
pub(super) struct Found {
    pub manifest: Manifest,
    pub sha256: String,
    kept: Kept,
}

/// Where the manifest lies.
pub(super) fn path() -> String {
    format!("{OURS}manifest.json")
}

/// The manifest that is there.
pub(super) fn read(shelf: &Shelf<'_>, progress: &Progress) -> Result<Option<Found>> {
    let Some(kept) = shelf.get(&path(), progress)? else { return Ok(None) };
    let manifest = serde_json::from_slice(&kept.bytes).map_err(|cause| {
        let address = shelf.place.address(&format!("{}{}", shelf.folder, path()));
        Error::damaged(format!("The manifest {address} cannot be read: {cause}."))
            .hint("Copy it back from a backup, or remove the dataset's files and its manifest.")
    })?;
    let sha256 = hex(&Sha256::digest(&kept.bytes));
    Ok(Some(Found { manifest, sha256, kept }))
}

/// Files below the target that belong neither to the manifest nor to a run of ours.
pub(super) fn foreign(shelf: &Shelf<'_>, known: Option<&Manifest>, progress: &Progress) -> Result<Vec<String>> {
    let mut ours: HashSet<&str> = HashSet::new();
    if let Some(known) = known {
        ours.extend(known.files.iter().map(|piece| piece.path.as_str()));
        ours.extend(known.removing.iter().map(String::as_str));
    }
    let left = marker::stems(shelf, progress)?;
    let of_a_run = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        left.iter().any(|stem| name.starts_with(stem.as_str()))
    };
    let files = shelf.list("", progress)?.into_iter().map(|file| file.path);
    Ok(files.filter(|path| !is_ours(path) && !ours.contains(path.as_str()) && !of_a_run(path)).collect())
}

/// Puts the files and then the manifest.
pub(super) fn write(
    shelf: &Shelf<'_>,
    target: &Target,
    outgoing: &Outgoing,
    journal: &dyn Journal,
    progress: &Progress,
) -> Result<(Outcome, Seen)> {
    let mut now = read(shelf, progress)?;
    if let Some(done) = done(shelf, now.as_ref(), outgoing, progress)? {
        return Ok(done);
    }
    let committed = now.as_ref().and_then(|now| now.manifest.syncs.get(&outgoing.sync).copied());
    marker::begin(shelf, outgoing, |_, sequence| committed.is_some_and(|done| done >= sequence), progress)?;
    let fields = fields(target, outgoing);
    let pieces = put_all(shelf, target, &fields, outgoing, journal, progress)?;
    progress.stage("Putting the manifest", 0, 0);
    for _ in 0..ATTEMPTS {
        progress.check()?;
        if let Some((text, hint)) = misfit(target, outgoing, now.as_ref().map(|now| &now.manifest)).first() {
            return Err(Error::new(Code::Unsupported, text).hint(hint));
        }
        marker::check(shelf, outgoing, progress)?;
        let known = now.as_ref().map(|now| &now.manifest);
        let manifest = next(target, outgoing, &pieces, known);
        let bytes =
            serde_json::to_vec_pretty(&manifest).map_err(|cause| Error::internal("write the manifest", cause))?;
        let sha256 = hex(&Sha256::digest(&bytes));
        let put = match &now {
            Some(now) => shelf.put_instead(&path(), bytes, &now.kept, progress)?,
            None => shelf.put_new(&path(), bytes, progress)?,
        };
        if put {
            shelf.remove(manifest.removing.iter().map(String::as_str), progress)?;
            let deleted = if manifest.removing.is_empty() { 0 } else { known.map_or(0, |known| known.rows) };
            let bytes = pieces.iter().map(|piece| piece.bytes).sum();
            let outcome = Outcome { deleted, bytes, ..Outcome::default() };
            return Ok((outcome, Seen { manifest: sha256, ..Seen::default() }));
        }
        now = read(shelf, progress)?;
        if let Some(done) = done(shelf, now.as_ref(), outgoing, progress)? {
            return Ok(done);
        }
    }
    Err(Error::new(Code::Conflict, format!("Other writers were first {ATTEMPTS} times at {}.", shelf.address()))
        .hint("Start again when they are done; the files that were put are kept."))
}

/// What came of this run, if the manifest has it, or a later one, already; what is left to be removed is removed.
fn done(
    shelf: &Shelf<'_>,
    now: Option<&Found>,
    outgoing: &Outgoing,
    progress: &Progress,
) -> Result<Option<(Outcome, Seen)>> {
    let Some(now) = now else { return Ok(None) };
    let done = now.manifest.syncs.get(&outgoing.sync).copied().filter(|done| *done >= outgoing.sequence);
    let Some(done) = done else { return Ok(None) };
    shelf.remove(now.manifest.removing.iter().map(String::as_str), progress)?;
    let outcome = Outcome { superseded: done > outgoing.sequence, ..Outcome::default() };
    Ok(Some((outcome, Seen { manifest: now.sha256.clone(), ..Seen::default() })))
}

/// The manifest with these files.
fn next(target: &Target, outgoing: &Outgoing, pieces: &[Piece], known: Option<&Manifest>) -> Manifest {
    let mut own = fields(target, outgoing);
    let (mut files, mut removing) = (Vec::new(), Vec::new());
    let mut columns = schema(&own);
    if let Some(known) = known {
        if outgoing.mode == SyncMode::Append {
            files.extend(known.files.iter().cloned());
            columns = fit(&known.schema, &mut own).schema;
        } else {
            removing.extend(known.files.iter().map(|piece| piece.path.clone()));
        }
    }
    files.extend(pieces.iter().cloned());
    let mut syncs = known.map(|known| known.syncs.clone()).unwrap_or_default();
    syncs.insert(outgoing.sync.clone(), outgoing.sequence);
    Manifest {
        engine: concat!("Cloud-Pulse/", env!("CARGO_PKG_VERSION")).into(),
        format: target.format,
        origin: outgoing.origin.clone(),
        schema: columns,
        partition_by: target.partition_by.clone(),
        rows: files.iter().map(|piece| piece.rows).sum(),
        bytes: files.iter().map(|piece| piece.bytes).sum(),
        files,
        syncs,
        removing,
        written_at_ms: super::delta::now_ms(),
    }
}

/// Why these rows cannot be appended to the dataset that is there; each with what to do.
pub(super) fn misfit(target: &Target, outgoing: &Outgoing, known: Option<&Manifest>) -> Vec<(String, String)> {
    let Some(known) = known.filter(|_| outgoing.mode == SyncMode::Append) else { return Vec::new() };
    let mut found = Vec::new();
    let hint = "Choose as the dataset was made, or replace it.";
    if known.format != target.format || known.partition_by != target.partition_by {
        found.push((
            "The dataset that is there has another format, or other partition columns.".to_owned(),
            hint.to_owned(),
        ));
    }
    let mut own = fields(target, outgoing);
    let before = own.clone();
    let fit = fit(&known.schema, &mut own);
    let add =
        |column: &str, text: String| (format!("The column `{column}` does not fit the dataset. {text}"), hint.into());
    found.extend(fit.misfits.into_iter().map(|(column, text)| add(&column, text)));
    // Files of a dataset must be alike: there is no log that says how they differ.
    for (own, before) in own.iter().zip(&before).filter(|(own, before)| own.dtype != before.dtype) {
        found.push(add(
            &own.name,
            format!("It is {} here and {} in the files that are there.", before.dtype, own.dtype),
        ));
    }
    for column in fit.new.iter().chain(&fit.missing) {
        found.push(add(column, "It is in only one of the two.".into()));
    }
    found
}
