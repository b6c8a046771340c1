//! Object stores and folders as destinations: a Delta table, or a dataset of Parquet or CSV files.
//!
//! Files are put first, under names of the run; one small object then makes them all visible: the commit of a Delta
//! table, or a dataset's manifest. It is put on the condition that no one else put it first, so that the target holds
//! either all rows or none, whatever instant a run ends at, and nothing is ever renamed in a bucket.

mod check;
mod dataset;
mod delta;
mod disk;
mod fields;
mod marker;
mod pieces;
mod register;
mod room;
mod schema;
mod shelf;
mod stats;
mod target;
mod values;
mod verify;

use pulse_core::{Progress, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Place;
use crate::destination::{Fate, Journal, Preflight, Receipt, SyncMode, Verification, Writes, Written};
use crate::outgoing::Outgoing;

use target::Format;
pub(crate) use target::Target;

/// What is kept beside the data in a folder of this name; readers of Delta, Spark and Hive pass over it.
const OURS: &str = "_cloud_pulse/";

/// The entry in the catalogue.
pub(crate) fn writes() -> Writes {
    Writes { modes: &[SyncMode::Replace, SyncMode::Append], main: "path", keyed: false }
}

/// The target's address. A path that cannot be one fails in the preflight.
pub(crate) fn identity(place: &dyn Place, target: &Target) -> String {
    place.address(target.folder().unwrap_or_default().trim_end_matches('/'))
}

/// See [`crate::destination::Destination::preflight`].
pub(crate) fn preflight(
    place: &dyn Place,
    target: &Target,
    outgoing: &Outgoing,
    progress: &Progress,
) -> Result<Preflight> {
    check::preflight(place, target, outgoing, progress)
}

/// See [`crate::destination::Destination::write`].
pub(crate) fn write(
    place: &dyn Place,
    target: &Target,
    outgoing: &Outgoing,
    journal: &dyn Journal,
    progress: &Progress,
) -> Result<Written> {
    let shelf = shelf::Shelf::new(place, target.folder()?);
    let (outcome, seen) = match target.format {
        Format::Delta => delta::write(&shelf, target, outgoing, journal, progress)?,
        Format::Parquet | Format::Csv => dataset::write(&shelf, target, outgoing, journal, progress)?,
    };
    let superseded = "A later run of this sync has been written to the target already.";
    let receipt = |rows: &std::ops::Range<u64>| match outcome.superseded {
        false => Receipt::delivered(rows.clone()),
        true => Receipt { fate: Fate::Superseded, reason: superseded.into(), ..Receipt::delivered(rows.clone()) },
    };
    let receipts: Vec<Receipt> = outgoing.todo.iter().map(receipt).collect();
    journal.note(&receipts, None)?;
    marker::remove(&shelf, outgoing, progress)?;
    let mut warnings = outcome.warnings;
    if let Err(error) = register::put(&shelf, target, outgoing, progress) {
        warnings.push(format!("The statements that register the table were not put beside it: {error}"));
    }
    Ok(Written {
        rows: if outcome.superseded { 0 } else { outgoing.rows.count() },
        deleted: outcome.deleted,
        bytes: outcome.bytes,
        warnings,
        seen: serde_json::to_value(seen).unwrap_or(Value::Null),
    })
}

/// See [`crate::destination::Destination::verify`].
pub(crate) fn verify(
    place: &dyn Place,
    target: &Target,
    outgoing: &Outgoing,
    written: &Written,
    progress: &Progress,
) -> Result<Verification> {
    verify::verify(place, target, outgoing, written, progress)
}

/// What became of a write.
#[derive(Debug, Default)]
struct Outcome {
    /// Whether a later run was there already, so that these rows were not put.
    superseded: bool,
    /// Rows that were there and are not any more.
    deleted: u64,
    /// Bytes of the files.
    bytes: u64,
    warnings: Vec<String>,
}

/// What the target looked like after a write.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Seen {
    /// The version of the Delta table after it.
    version: Option<u64>,
    /// The Delta table's own id.
    table: String,
    /// The SHA-256 of a dataset's manifest.
    manifest: String,
}

impl Seen {
    /// What the last sync that succeeded saw.
    fn last(outgoing: &Outgoing) -> Option<Self> {
        outgoing.last_seen.as_ref().and_then(|seen| Self::deserialize(seen).ok())
    }
}
