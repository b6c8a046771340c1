//! The comparison after a write: the log or the manifest, and what lies there, with the rows that were sent.

use std::collections::HashMap;

use polars::prelude::*;
use pulse_core::{Error, Progress, Result};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::super::{Place, Selection, delta as reading};
use super::fields::Field;
use super::pieces::{Piece, hex};
use super::shelf::Shelf;
use super::target::{Format, Target};
use super::{Seen, dataset, delta, marker, stats, values};
use crate::connector::{Content, Task};
use crate::destination::{Comparison, SyncMode, Verification, Written};
use crate::outgoing::{JsonRows, Outgoing, Ranges};

/// Targets up to so many rows and bytes are read back as a whole.
const SMALL_ROWS: u64 = 200_000;
const SMALL_BYTES: u64 = 64 << 20;
/// Rows that are read at once.
const BATCH: usize = 50_000;

/// See [`crate::destination::Destination::verify`].
pub(super) fn verify(
    place: &dyn Place,
    target: &Target,
    outgoing: &Outgoing,
    written: &Written,
    progress: &Progress,
) -> Result<Verification> {
    let shelf = Shelf::new(place, target.folder()?);
    let seen = Seen::deserialized(&written.seen)?;
    let mut found = Verification::default();
    match target.format {
        Format::Delta => table(&shelf, target, outgoing, &seen, &mut found, progress)?,
        Format::Parquet | Format::Csv => files(&shelf, outgoing, &seen, &mut found, progress)?,
    }
    Ok(found)
}

impl Seen {
    fn deserialized(value: &Value) -> Result<Self> {
        serde::Deserialize::deserialize(value).map_err(|cause| Error::internal("understand what was written", cause))
    }
}

fn compare(found: &mut Verification, name: impl Into<String>, here: impl ToString, there: impl ToString) {
    found.comparisons.push(Comparison { name: name.into(), here: here.to_string(), there: there.to_string() });
}

/// The commit of this run against the rows.
fn table(
    shelf: &Shelf<'_>,
    target: &Target,
    outgoing: &Outgoing,
    seen: &Seen,
    found: &mut Verification,
    progress: &Progress,
) -> Result<()> {
    let Some(now) = delta::read(shelf, outgoing, progress)? else {
        compare(found, "Rows", outgoing.rows.count(), "no table");
        return Ok(());
    };
    let stem = marker::stem(outgoing);
    let own: Vec<&reading::Live> = now.files.iter().filter(|file| file.path.starts_with(&stem)).collect();
    let replace = outgoing.mode == SyncMode::Replace;
    let counted: u64 = if replace {
        now.files.iter().filter_map(|file| file.rows).sum()
    } else {
        own.iter().filter_map(|file| file.rows).sum()
    };
    compare(found, "Rows", outgoing.rows.count(), counted);
    let mut whole = 0;
    for file in &own {
        whole += usize::from(shelf.size(&file.path, progress)? == Some(file.bytes));
    }
    compare(found, "Files", own.len(), whole);
    if replace && own.len() != now.files.len() {
        found.note = "Another writer added files since.".into();
    }
    let plan = delta::plan(target, outgoing, Some(&now));
    let inside: Vec<Field> = plan.fields.iter().filter(|field| !field.partition).cloned().collect();
    let pieces = committed(shelf, seen.version.unwrap_or(now.version), &stem, progress)?;
    if pieces.len() == own.len() {
        bounds(&inside, outgoing, &pieces, found)?;
    } else {
        found.note = "The commit of this run is no longer in the log, so statistics were not compared.".into();
    }
    let bytes: u64 = now.files.iter().map(|file| file.bytes).sum();
    if !replace {
        found.note = format!("{} Values were compared by the statistics of the files.", found.note).trim().into();
    } else if outgoing.rows.count() <= SMALL_ROWS && bytes <= SMALL_BYTES {
        let there = read_back(shelf, outgoing, progress)?;
        compare(found, "Values", digest(outgoing, &plan.fields, progress)?, there.digest(&plan.fields, progress)?);
    } else {
        found.note = "The table is large: values were compared by the statistics of the files.".into();
    }
    Ok(())
}

/// The statistics of the files that the commit of `version`, or one shortly before it, added for this run.
fn committed(shelf: &Shelf<'_>, version: u64, stem: &str, progress: &Progress) -> Result<Vec<Value>> {
    // A run that found itself committed already saw a later version.
    for version in (version.saturating_sub(20)..=version).rev() {
        let Some(kept) = shelf.get(&format!("_delta_log/{version:020}.json"), progress)? else { break };
        let actions =
            kept.bytes.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice::<Value>(line).ok());
        let own = actions.filter(|action| action["add"]["path"].as_str().is_some_and(|path| path.starts_with(stem)));
        let stats = own.filter_map(|action| serde_json::from_str(action["add"]["stats"].as_str()?).ok());
        let stats: Vec<Value> = stats.collect();
        if !stats.is_empty() {
            return Ok(stats);
        }
    }
    Ok(Vec::new())
}

/// Missing values and bounds of every column, in the log and here.
fn bounds(fields: &[Field], outgoing: &Outgoing, pieces: &[Value], found: &mut Verification) -> Result<()> {
    let failed = |cause: PolarsError| Error::internal("compare the columns", cause);
    let simple = |field: &&Field| !matches!(field.dtype, DataType::List(_) | DataType::Struct(_));
    for field in fields.iter().filter(simple) {
        let name = field.name.as_str();
        let count = |piece: &Value| piece["nullCount"][name].as_u64();
        let Some(nulls) = pieces.iter().map(count).sum::<Option<u64>>() else { continue };
        let column = || Expr::Column(PlSmallStr::from(name));
        let missing = outgoing.rows.frame().select([column().null_count().cast(DataType::UInt64)]).collect();
        let missing = missing.map_err(failed)?.columns()[0].u64().map_err(failed)?.get(0).unwrap_or_default();
        compare(found, format!("{name}: missing values"), missing, nulls);
        let ends = |end: Expr| outgoing.rows.frame().select([end]);
        let ends = concat([ends(column().min()), ends(column().max())], UnionArgs::default());
        let Ok(ends) = ends.and_then(LazyFrame::collect) else { continue };
        let ends = values::typed(&ends, std::slice::from_ref(field))?;
        let here = stats::bounds(&ends.columns()[0]);
        for (what, member, here, smaller) in
            [("smallest", "minValues", here.low, true), ("largest", "maxValues", here.high, false)]
        {
            let theirs: Vec<&Value> = pieces.iter().map(|piece| &piece[member][name]).collect();
            let lacks = |(piece, value): (&Value, &&Value)| {
                value.is_null() && piece["nullCount"][name].as_u64() != piece["numRecords"].as_u64()
            };
            // A file without a bound says nothing about the whole.
            if pieces.iter().zip(&theirs).any(lacks) {
                continue;
            }
            let Some(here) = here.and_then(|text| serde_json::from_str::<Value>(&text).ok()) else { continue };
            let there = theirs
                .into_iter()
                .filter(|value| !value.is_null())
                .reduce(|a, b| if is_less(a, b) == smaller { a } else { b });
            compare(found, format!("{name}: {what} value"), here, there.unwrap_or(&Value::Null));
        }
    }
    Ok(())
}

fn is_less(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::String(a), Value::String(b)) => a < b,
        (a, b) => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => a < b,
            _ => a.as_f64() < b.as_f64(),
        },
    }
}

/// Rows that were read back.
struct ReadBack(Vec<DataFrame>);

impl ReadBack {
    fn digest(&self, fields: &[Field], progress: &Progress) -> Result<String> {
        let mut sum = 0;
        for frame in &self.0 {
            progress.check()?;
            sum = add(sum, &values::typed(frame, fields)?)?;
        }
        Ok(format!("{sum:032x}"))
    }
}

fn read_back(shelf: &Shelf<'_>, outgoing: &Outgoing, progress: &Progress) -> Result<ReadBack> {
    std::fs::create_dir_all(&outgoing.folder)
        .map_err(|cause| Error::io("make the folder", &outgoing.folder, &cause))?;
    let scratch = tempfile::tempdir_in(&outgoing.folder)
        .map_err(|cause| Error::io("make a folder in", &outgoing.folder, &cause))?;
    let at = scratch.path();
    let task = Task { progress, scratch: at, downloads: at, limit: None, state: None, merges: false, replay: &[] };
    let fetched = reading::read(shelf.place, &shelf.folder, &Selection::default(), &task)?;
    let Content::Typed { files, .. } = fetched.content else { return Ok(ReadBack(Vec::new())) };
    let mut frames = Vec::new();
    for path in files {
        let opened = std::fs::File::open(&path).map_err(|cause| Error::io("read back", &path, &cause))?;
        frames
            .push(ParquetReader::new(opened).finish().map_err(|cause| Error::internal("read the table back", cause))?);
    }
    Ok(ReadBack(frames))
}

/// A sum over all rows that does not depend on their order.
fn digest(outgoing: &Outgoing, fields: &[Field], progress: &Progress) -> Result<String> {
    let mut sum = 0;
    for batch in outgoing.rows.batches(&Ranges::all(outgoing.rows.count()), 0, BATCH, false) {
        progress.check()?;
        sum = add(sum, &values::typed(&batch?.frame, fields)?)?;
    }
    Ok(format!("{sum:032x}"))
}

fn add(mut sum: u128, frame: &DataFrame) -> Result<u128> {
    let (rows, mut text) = (JsonRows::new(frame)?, Vec::new());
    for at in 0..frame.height() {
        text.clear();
        rows.write(at, &mut text);
        let mut first = [0; 16];
        first.copy_from_slice(&Sha256::digest(&text)[..16]);
        sum = sum.wrapping_add(u128::from_be_bytes(first));
    }
    Ok(sum)
}

/// The manifest and the files that it lists against the rows.
fn files(
    shelf: &Shelf<'_>,
    outgoing: &Outgoing,
    seen: &Seen,
    found: &mut Verification,
    progress: &Progress,
) -> Result<()> {
    let Some(now) = dataset::read(shelf, progress)? else {
        compare(found, "Rows", outgoing.rows.count(), "no manifest");
        return Ok(());
    };
    if now.sha256 != seen.manifest {
        found.note = "Another writer changed the manifest since.".into();
    }
    let stem = marker::stem(outgoing);
    let is_own = |piece: &&Piece| piece.path.rsplit('/').next().is_some_and(|name| name.starts_with(&stem));
    let own: Vec<&Piece> = now.manifest.files.iter().filter(is_own).collect();
    let counted: u64 = match outgoing.mode {
        SyncMode::Replace => now.manifest.rows,
        _ => own.iter().map(|piece| piece.rows).sum(),
    };
    compare(found, "Rows", outgoing.rows.count(), counted);
    let there: HashMap<String, u64> =
        shelf.list("", progress)?.into_iter().map(|file| (file.path, file.bytes)).collect();
    let whole = own.iter().filter(|piece| there.get(&piece.path) == Some(&piece.bytes)).count();
    compare(found, "Files", own.len(), whole);
    let mut left = SMALL_BYTES;
    for piece in own {
        progress.check()?;
        let Some(after) = left.checked_sub(piece.bytes) else {
            found.note = format!("{} The larger files were compared by their size.", found.note).trim().into();
            break;
        };
        left = after;
        let kept = shelf.get(&piece.path, progress)?;
        let sha256 = kept.map_or_else(|| "missing".into(), |kept| hex(&Sha256::digest(&kept.bytes)));
        compare(found, format!("{}: SHA-256", piece.path), &piece.sha256, sha256);
    }
    Ok(())
}
