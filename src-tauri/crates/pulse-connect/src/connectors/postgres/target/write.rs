//! Writing: load, make visible, note.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use polars::prelude::*;
use pulse_core::{Code, Error, Progress, Result};

use super::super::settings::Settings;
use super::encode::{self, Encoder, HEADER, TRAILER};
use super::form::Target;
use super::link::Link;
use super::load::{self, Load};
use super::plan::{Path, Plan};
use super::publish;
use super::stage::{Kind, Stage};
use super::types::Fit;
use super::watermark::Watermark;
use super::{drift, lock};
use crate::destination::{Fate, Journal, Receipt, SyncMode, Written};
use crate::outgoing::{Outgoing, Ranges};

/// Rows that are looked up again at once, to show those that were refused.
const SHOWN: usize = 8192;

/// Writes the rows of `outgoing` that have no receipt.
pub(super) fn write(
    settings: &Settings,
    target: &Target,
    outgoing: &Outgoing,
    journal: &dyn Journal,
    progress: &Progress,
) -> Result<Written> {
    let name = lock::name(outgoing);
    let lead = Link::open(settings, &name, progress)?;
    lock::take(&lead, target, outgoing, progress)?;
    let looked = Plan::new(&lead, target, outgoing, false)?;
    Watermark::prepare(&lead, &looked)?;
    let before = Watermark::read(&lead, &looked)?;
    let ours = before.as_ref().filter(|before| before.run == outgoing.run);
    let mut todo = Ranges::of(outgoing.todo.iter().cloned());
    if let Some(ours) = ours {
        // The last attempt was committed, whatever became of its receipts.
        todo = outgoing.todo.without(&ours.delivered);
        let there = outgoing.todo.without(&todo);
        note_delivered(journal, &there)?;
        if todo.is_empty() {
            let seen = drift::seen(&lead, &looked, ours)?;
            let puts = 0..outgoing.rows.count();
            let rows = ours.delivered.within(&puts).map(|range| range.end - range.start).sum();
            return Ok(Written { rows, seen, ..Written::default() });
        }
    } else if let Some(newer) =
        before.as_ref().filter(|before| before.sequence > outgoing.sequence && looked.existing.is_some())
        && outgoing.mode != SyncMode::Append
    {
        return superseded(&lead, &looked, newer, journal);
    }
    drift::check_gap(&looked, before.as_ref())?;
    let outgoing = outgoing.narrowed(todo);
    let plan = Plan::new(&lead, target, &outgoing, ours.is_some())?;
    let stage = Stage::open(&lead, &plan)?;
    let loaded = stage.loaded(&lead)?;
    let rest = outgoing.narrowed(outgoing.todo.without(&loaded));
    progress.stage("Sending rows", outgoing.todo.count(), 0);
    progress.add_rows(outgoing.todo.count() - rest.todo.count());
    let key = key_fits(&plan, &stage);
    let work = Load { settings, name: &name, stage: &stage, key: &key, journal, progress, bytes: AtomicU64::new(0) };
    work.all(&lead, &rest, target.parallel)?;
    let loaded = stage.loaded(&lead)?;
    progress.stage("Making the rows visible", 0, 0);
    if ours.is_none() && plan.path == Path::Into && plan.outgoing.mirrors() {
        keep(&lead, &plan, &stage, &key, &loaded)?;
    }
    let merged = publish::publish(&lead, &plan, &stage, &loaded, ours)?;
    let refused = note_refused(&outgoing, &merged.rejected, journal)?;
    note_delivered(journal, &loaded.without(&refused))?;
    finish(&lead, &plan, &loaded.without(&refused), merged.deleted, work.bytes.load(Relaxed))
}

/// What is done after the rows are there; nothing in it makes the sync fail.
fn finish(lead: &Link, plan: &Plan, delivered: &Ranges, deleted: u64, bytes: u64) -> Result<Written> {
    let mut warnings = Vec::new();
    if plan.target.analyze {
        lead.progress.stage("Measuring the table", 0, 0);
        if let Err(failure) = lead.run(&format!("ANALYZE {}", plan.target.quoted()), "measure the table") {
            warnings.push(format!("{} The rows are there nevertheless.", failure.error.message));
        }
    }
    let seen = match Watermark::read(lead, plan)? {
        Some(mark) => drift::seen(lead, plan, &mark)?,
        None => serde_json::Value::Null,
    };
    let rows = delivered.within(&(0..plan.outgoing.rows.count())).map(|range| range.end - range.start).sum::<u64>();
    Ok(Written { rows, deleted, bytes, warnings, seen })
}

fn note_delivered(journal: &dyn Journal, rows: &Ranges) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    journal.note(&rows.iter().cloned().map(Receipt::delivered).collect::<Vec<_>>(), None)
}

/// Notes the rows that the server refused, with what they hold.
fn note_refused(outgoing: &Outgoing, refused: &[(u64, String)], journal: &dyn Journal) -> Result<Ranges> {
    let rows = load::ranges(refused.iter().map(|(number, _)| *number));
    let why: BTreeMap<u64, &str> = refused.iter().map(|(number, why)| (*number, why.as_str())).collect();
    for batch in outgoing.narrowed(rows.clone()).batches(SHOWN) {
        let batch = batch?;
        let numbers: Vec<u64> = batch.numbers(0..batch.len()).into_iter().flatten().collect();
        let rows =
            numbers.iter().enumerate().map(|(at, number)| (at, *number, why.get(number).copied().unwrap_or_default()));
        journal.note(&load::rejected(&batch.frame, rows)?, None)?;
    }
    Ok(rows)
}

/// A later run of the sync is there already: these rows are older.
fn superseded(lead: &Link, plan: &Plan, newer: &Watermark, journal: &dyn Journal) -> Result<Written> {
    let reason = format!("The target holds a later state of the sync, from {}.", newer.at);
    let receipt = |rows: &std::ops::Range<u64>| Receipt {
        rows: rows.clone(),
        fate: Fate::Superseded,
        reason: reason.clone(),
        row: String::new(),
    };
    journal.note(&plan.outgoing.todo.iter().map(receipt).collect::<Vec<_>>(), None)?;
    Ok(Written { warnings: vec![reason.clone()], seen: drift::seen(lead, plan, newer)?, ..Written::default() })
}

fn key_fits(plan: &Plan, stage: &Stage) -> Vec<(String, Fit)> {
    let key = &plan.outgoing.key;
    let fit = |name: &String| stage.fits.iter().find(|(own, _)| own == name).cloned();
    key.iter().filter_map(fit).collect()
}

/// Adds the keys of rows that were refused, so that their older states stay at the target.
fn keep(lead: &Link, plan: &Plan, stage: &Stage, key: &[(String, Fit)], loaded: &Ranges) -> Result<()> {
    let refused = Ranges::all(plan.outgoing.rows.count()).without(loaded);
    if refused.is_empty() {
        return Ok(());
    }
    let attempt = "keep the rows that were refused";
    let names = plan.outgoing.key.iter().map(|name| Expr::Column(name.as_str().into())).collect::<Vec<_>>();
    let keys = Outgoing {
        rows: crate::outgoing::Rows::new(plan.outgoing.rows.frame().select(names), plan.outgoing.rows.count()),
        deleted: None,
        ..plan.outgoing.narrowed(refused)
    };
    for batch in keys.batches(1 << 16) {
        let batch = batch?;
        // A key that does not fit is not at the target either.
        let good =
            key.iter().flat_map(|(_, fit)| &fit.checks).map(|check| check.when.clone().fill_null(lit(false)).not());
        let fitting = good
            .reduce(Expr::and)
            .map_or(Ok(batch.frame.clone()), |good| batch.frame.clone().lazy().filter(good).collect());
        let fitting = fitting.map_err(|cause| Error::internal(attempt, cause))?;
        let encoder = Encoder::new(&fitting, key, 2)?;
        let mut bytes = HEADER.to_vec();
        for at in 0..fitting.height() {
            encoder.write(at, &mut bytes);
            encode::int8(-1, &mut bytes);
            encode::int2(Kind::Keep as i16, &mut bytes);
        }
        bytes.extend_from_slice(&TRAILER);
        load::copy(lead, &stage.copy(key), bytes, attempt)?;
    }
    Ok(())
}

/// The error for a target that is no table.
pub(super) fn no_table(target: &Target, kind: &str) -> Error {
    let what = match kind {
        "v" => "a view",
        "m" => "a materialized view",
        "f" => "a foreign table",
        "S" => "a sequence",
        "i" | "I" => "an index",
        _ => "no table",
    };
    Error::new(Code::InvalidInput, format!("{} is {what}; rows are only sent to tables.", target.title()))
        .hint("Choose another name for the table.")
        .field("table")
}
