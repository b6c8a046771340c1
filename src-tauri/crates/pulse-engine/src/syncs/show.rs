//! Syncs and their runs as the window sees them.

use pulse_catalog::{RunState, StoredRun, StoredSync};
use pulse_core::Result;
use pulse_rpc::types::*;

use super::run::{RunBody, body};
use super::{doc, find, running};
use crate::clock::now_ms;
use crate::{Engine, connections};

/// Runs that a history shows.
const SHOWN: u32 = 200;

/// The runs of a sync, newest first.
pub(crate) fn runs(engine: &Engine, request: &SyncId) -> Result<Vec<SyncRunInfo>> {
    let sync = find(engine, &request.id)?.id;
    engine.0.catalog.syncs().runs(&sync, SHOWN)?.into_iter().map(|run| run_info(engine, run)).collect()
}

/// A sync with its latest run.
pub(crate) fn info(engine: &Engine, stored: StoredSync) -> Result<SyncInfo> {
    let doc = doc(&stored)?;
    let connection = connections::find(engine, &stored.connection).ok();
    let kind = connection.as_ref().map(|found| found.kind.as_str()).unwrap_or_default();
    let connector = pulse_connect::connectors().iter().find(|info| info.about.kind == kind);
    let runs = engine.0.catalog.syncs().runs(&stored.id, SHOWN)?;
    let batch = runs.first().map(|run| run.batch.clone());
    let last = runs.into_iter().filter(|run| Some(&run.batch) == batch.as_ref());
    let mut last: Vec<SyncRunInfo> = last.map(|run| run_info(engine, run)).collect::<Result<_>>()?;
    last.reverse();
    let job = running(engine, &stored.id);
    Ok(SyncInfo {
        connection_name: connection.as_ref().map_or_else(|| doc.connection.clone(), |found| found.name.clone()),
        kind_title: connector.map_or_else(|| kind.to_owned(), |info| info.about.title.to_owned()),
        state: state(&last, job.is_some()).to_owned(),
        id: stored.id,
        doc,
        last,
        job,
    })
}

/// How a sync stands, as its tables do: the worst of them counts.
fn state(last: &[SyncRunInfo], is_running: bool) -> &'static str {
    let any = |state: RunState| last.iter().any(|run| run.state == state.as_str());
    let differs = |run: &SyncRunInfo| run.verification.as_ref().is_some_and(|found| !found.matched);
    match () {
        () if is_running => "running",
        () if last.is_empty() => "new",
        () if any(RunState::Failed) || any(RunState::Abandoned) => "failed",
        () if any(RunState::Cancelled) => "cancelled",
        () if any(RunState::Interrupted) || any(RunState::Running) => "interrupted",
        () if last.iter().any(differs) => "differs",
        () if last.iter().any(|run| run.rejected > 0) => "rejected",
        () => "done",
    }
}

fn run_info(engine: &Engine, run: StoredRun) -> Result<SyncRunInfo> {
    let tally = engine.0.catalog.receipts().tally(&run.id)?;
    let RunBody { target, frozen, written, verification, problem, seconds, sending_seconds, .. } = body(&run);
    let written = written.unwrap_or_default();
    let is_running = run.state == RunState::Running;
    let known = tally.delivered + tally.superseded + tally.rejected;
    Ok(SyncRunInfo {
        origin: frozen.map_or_else(|| run.part.clone(), |frozen| frozen.origin()),
        target,
        state: run.state.as_str().to_owned(),
        at_ms: run.started_at_ms as f64,
        seconds: if is_running { (now_ms() - run.started_at_ms).max(0) as f64 / 1000.0 } else { seconds },
        sending_seconds,
        total: run.total,
        delivered: tally.delivered,
        superseded: tally.superseded,
        rejected: tally.rejected,
        pending: run.total.saturating_sub(known),
        rows: written.rows,
        deleted: written.deleted,
        bytes: written.bytes,
        warnings: written.warnings,
        verification: verification.map(|found| SyncVerification {
            matched: found.matched(),
            comparisons: found
                .comparisons
                .into_iter()
                .map(|c| SyncComparison { name: c.name, here: c.here, there: c.there })
                .collect(),
            differing: found.differing,
            note: found.note,
        }),
        problem,
        run: run.id,
        batch: run.batch,
    })
}
